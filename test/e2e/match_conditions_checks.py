"""Which requests the shipped matchConditions let through to the webhook, and that no object makes them fail.

    python3 -B test/e2e/match_conditions_checks.py [--group NAME]

A recorder stands in for the server, under failurePolicy Fail: an expression that cannot be evaluated is a refusal
here, where the shipped Ignore would hide it.
"""
import time

import runner
from api import ApiError, path_of
from cluster import wait_until
from harness import ROOT, Failed, expect
from installed import CONFIGURATION
from recorder import Recorder

PINNED = "registry.test/team/web:1@sha256:" + "a" * 64
TAGGED = "registry.test/team/web:1"
NOT_OURS = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "someone", "uid": "1", "controller": True}

# kind: (apiVersion, the path to the Pod template's parent)
TEMPLATED = {
    "Deployment": ("apps/v1", ("spec",)), "ReplicaSet": ("apps/v1", ("spec",)),
    "StatefulSet": ("apps/v1", ("spec",)), "DaemonSet": ("apps/v1", ("spec",)),
    "ReplicationController": ("v1", ("spec",)), "Job": ("batch/v1", ("spec",)),
    "CronJob": ("batch/v1", ("spec", "jobTemplate", "spec")), "PodTemplate": ("v1", ()),
}


def containers(image, name="c", count=1):
    return [{"name": f"{name}{number}", "image": image, "terminationMessagePolicy": "File"}
            for number in range(count)]


def pod(name, image=TAGGED, owner=None, **spec):
    meta = {"name": name} | ({"ownerReferences": [owner]} if owner else {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "spec": {"containers": containers(image), "automountServiceAccountToken": False} | spec}


def templated(kind, name, image=TAGGED, owner=None, **pod_spec):
    api_version, path = TEMPLATED[kind]
    spec = {"containers": containers(image)} | pod_spec
    if kind in ("Job", "CronJob"):
        spec["restartPolicy"] = "Never"
    item = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}
    if owner:
        item["metadata"]["ownerReferences"] = [owner]
    parent = item
    for key in path:
        parent = parent.setdefault(key, {})
    parent["template"] = {"metadata": {"labels": {"app": name}}, "spec": spec}
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        parent["selector"] = {"matchLabels": {"app": name}}
    elif kind == "ReplicationController":
        parent["selector"] = {"app": name}
    elif kind == "CronJob":
        item["spec"]["schedule"] = "0 0 1 1 *"
    if kind == "StatefulSet":
        parent["serviceName"] = name
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"):
        parent["replicas"] = 0
    return item


def template_of(item):
    for key in TEMPLATED[item["kind"]][1]:
        item = item[key]
    return item["template"]


class Bench:
    """A switched-on namespace, its API, and what the recorder got of it."""

    def __init__(self, cluster, recorder, name):
        self.api, self.recorder = cluster.api, recorder
        self.name = cluster.namespace(name, {"digest-resolution": "enabled"})
        self.settle()

    def settle(self):
        """Until the API server calls the webhook for this namespace: it learns of both from watches."""
        def called():
            self.dry("POST", pod("settle"))
            return self.recorder.take(self.name)
        wait_until("the webhook is called", called)

    def path(self, item, named=True, *rest):
        return path_of(item["apiVersion"], item["kind"], self.name, item["metadata"]["name"] if named else None, *rest)

    def dry(self, method, item, path=None):
        path = path or self.path(item, named=method != "POST")
        return self.api.request(method, path + "?dryRun=All", item)

    def sent(self, method, item, path=None, status=range(200, 300), really=False):
        """How often the webhook was asked. A status that is not expected is a failure: so is what an expression does
        that cannot be evaluated. An item that is a function is made anew when somebody else was quicker."""
        make = item if callable(item) else lambda: item
        for _ in range(20):
            self.recorder.take(self.name)
            item = make()
            if really:
                got, answer = self.api.request(method, path or self.path(item, named=method != "POST"), item)
            else:
                got, answer = self.dry(method, item, path)
            if got != 409:
                break
            time.sleep(0.1)
        expect(got in status, f"{method} {item['kind']} {item['metadata']['name']}: {got}",
               answer.get("message", answer) if isinstance(answer, dict) else answer)
        seen = self.recorder.take(self.name)
        expect(all(request["operation"] in ("CREATE", "UPDATE") for request in seen), seen)
        return len(seen)

    def create(self, item):
        answer = self.api.create(item, self.name)
        self.recorder.take(self.name)
        return answer


def match_conditions_create(h, cluster):
    with Recorder(h, cluster) as recorder:
        bench = Bench(cluster, recorder, "conditions-create")

        def asked(name, item, times, **options):
            with h.check(f"create: {name}"):
                seen = bench.sent("POST", item, **options)
                expect(seen == times, f"the webhook was asked {seen} times, not {times}")

        asked("a Pod with a tag is sent", pod("p"), 1)
        asked("a Pod with a digest is not", pod("p", PINNED), 0)
        asked("a Pod with a digest without tag is not", pod("p", PINNED.replace(":1@", "@")), 0)
        asked("a controller's Pod with a tag is sent", pod("p", owner=NOT_OURS), 1)
        asked("a Pod with a tag in an init container alone is sent",
              pod("p", PINNED, initContainers=containers(TAGGED, "i")), 1)
        asked("a Pod with pinned init containers is not", pod("p", PINNED, initContainers=containers(PINNED, "i")), 0)
        volume = [{"name": "v", "emptyDir": {}}, {"name": "w", "image": {"reference": TAGGED}}]
        asked("a Pod with a tag in an image volume alone is sent", pod("p", PINNED, volumes=volume), 1)
        pinned_volume = [{"name": "v", "emptyDir": {}}, {"name": "w", "image": {"reference": PINNED}}]
        asked("a Pod with a pinned image volume is not", pod("p", PINNED, volumes=pinned_volume), 0)
        asked("the second container counts", pod("p", PINNED, containers=containers(PINNED, "a") +
                                                  containers(TAGGED, "b")), 1)
        asked("a Pod with empty lists is not sent",
              pod("p", PINNED, initContainers=[], volumes=[], ephemeralContainers=[]), 0)
        asked("a Pod with lists that are null is not sent",
              pod("p", PINNED, initContainers=None, volumes=None, ephemeralContainers=None, imagePullSecrets=None), 0)
        asked("a Pod whose containers are null is not sent, and is refused for that alone",
              pod("p", containers=None), 0, status=[422])
        no_spec = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
        asked("a Pod without spec is not sent, and is refused for that alone", no_spec, 0, status=[422])
        asked("a Pod whose spec is null is not sent, and is refused for that alone", no_spec | {"spec": None}, 0,
              status=[422])
        no_image = pod("p", containers=[{"name": "c"}])
        asked("a container without image is not sent, and is refused for that alone", no_image, 0, status=[422])
        out = pod("p")
        out["metadata"]["labels"] = {"digester.dev/pin": "false"}
        asked("a Pod labelled digester.dev/pin=false is not sent", out, 0)

        for kind in TEMPLATED:
            asked(f"a {kind} with a tag is sent", templated(kind, "t"), 1)
            asked(f"a {kind} with a digest is not", templated(kind, "t", PINNED), 0)
            asked(f"a {kind} with a tag in an init container alone is sent",
                  templated(kind, "t", PINNED, initContainers=containers(TAGGED, "i")), 1)
            asked(f"a {kind} with a tag in an image volume alone is sent",
                  templated(kind, "t", PINNED, volumes=volume), 1)
            asked(f"a controller's {kind} is not sent", templated(kind, "t", owner=NOT_OURS), 0)
            asked(f"a {kind} that is owned by no controller is sent",
                  templated(kind, "t", owner={k: v for k, v in NOT_OURS.items() if k != "controller"}), 1)
            asked(f"a {kind} whose owner says controller: false is sent",
                  templated(kind, "t", owner=NOT_OURS | {"controller": False}), 1)
            nulls = templated(kind, "t", PINNED, initContainers=None, volumes=None)
            nulls["metadata"]["ownerReferences"] = None
            asked(f"a {kind} with lists that are null is not sent", nulls, 0)
            for what, cut in (("whose containers are null", lambda t: t["spec"].update(containers=None)),
                              ("whose template has no spec", lambda t: t.pop("spec")),
                              ("whose template's spec is null", lambda t: t.update(spec=None))):
                item = templated(kind, "t")
                cut(template_of(item))
                asked(f"a {kind} {what} is not sent, and is refused for that alone", item, 0, status=[422])
            item = templated(kind, "t")
            parent = item
            for key in TEMPLATED[kind][1]:
                parent = parent[key]
            del parent["template"]
            asked(f"a {kind} without template is not sent, and is refused for that alone", item, 0, status=[422])
            parent["template"] = None
            asked(f"a {kind} whose template is null is not sent, and is refused for that alone", item, 0,
                  status=[422])
            if kind != "PodTemplate":
                bare = {"apiVersion": TEMPLATED[kind][0], "kind": kind, "metadata": {"name": "t"}}
                asked(f"a {kind} without spec is not sent, and is refused for that alone", bare, 0, status=[422])
                asked(f"a {kind} whose spec is null is not sent, and is refused for that alone",
                      bare | {"spec": None}, 0, status=[422])
        cron = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "someone", "uid": "1", "controller": True}
        asked("a Job owned by a CronJob is sent", templated("Job", "t", owner=cron), 1)
        asked("a ReplicaSet owned by a CronJob is not", templated("ReplicaSet", "t", owner=cron), 0)
        bare = templated("CronJob", "t")
        bare["spec"]["jobTemplate"] = None
        asked("a CronJob whose jobTemplate is null is not sent, and is refused for that alone", bare, 0, status=[422])
        del bare["spec"]["jobTemplate"]
        asked("a CronJob without jobTemplate is not sent, and is refused for that alone", bare, 0, status=[422])

        with h.check("create: what is generated has no name, and is sent"):
            item = pod("p")
            item["metadata"] = {"generateName": "p-"}
            recorder.take(bench.name)
            bench.api.call("POST", path_of("v1", "Pod", bench.name) + "?dryRun=All", item)
            expect(len(recorder.take(bench.name)) == 1, "sent")

        # Every element is looked at: the dearest object that etcd would take (1.5 MiB).
        asked("2,000 pinned containers cost less than what an expression may",
              pod("big", PINNED, containers=containers(PINNED, count=2000)), 0)
        asked("a DaemonSet of 2,000 pinned containers, too",
              templated("DaemonSet", "big", PINNED, containers=containers(PINNED, count=2000)), 0)
        asked("4,000 owner references, too", templated("ReplicaSet", "big", PINNED) | {"metadata": {
            "name": "big", "ownerReferences": [NOT_OURS | {"controller": False, "uid": f"u{n}", "name": f"n{n}"}
                                               for n in range(4000)]}}, 0)

        for label, labels in (("without the label", {}), ("whose label has another value",
                                                            {"digest-resolution": "disabled"})):
            with h.check(f"create: a namespace {label} is left alone"):
                other = cluster.namespace(f"conditions-off-{len(labels)}", labels)
                recorder.take(other)
                bench.api.call("POST", path_of("v1", "Pod", other) + "?dryRun=All", pod("p"))
                expect(not recorder.take(other), "asked")
        for name in ("kube-system", "digester-system"):
            with h.check(f"create: {name} is left alone, labelled or not"):
                bench.api.patch(path_of("v1", "Namespace", None, name),
                                {"metadata": {"labels": {"digest-resolution": "enabled"}}})
                try:
                    time.sleep(1)  # nothing shows that the API server has seen the label
                    bench.api.call("POST", path_of("v1", "ConfigMap", name) + "?dryRun=All",
                                   {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
                    item = templated("PodTemplate", "t")
                    bench.api.call("POST", path_of("v1", "PodTemplate", name) + "?dryRun=All", item)
                    expect(not recorder.take(name), "asked")
                finally:
                    bench.api.patch(path_of("v1", "Namespace", None, name),
                                    {"metadata": {"labels": {"digest-resolution": None}}})


def match_conditions_update(h, cluster):
    with Recorder(h, cluster) as recorder:
        bench = Bench(cluster, recorder, "conditions-update")

        def asked(name, item, times, **options):
            with h.check(f"update: {name}"):
                seen = bench.sent("PUT", item, **options)
                expect(seen == times, f"the webhook was asked {seen} times, not {times}")

        def changed(item, change):
            """The object as it is then, changed. Controllers and nodes write to it as well."""
            def make():
                live = bench.api.get(bench.path(item))
                change(live)
                return live
            return make
        # One that is there, or the garbage collector takes what it owns; and no controller that looks after its own.
        someone = bench.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "someone"}}, bench.name)
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "someone", "controller": True,
                 "uid": someone["metadata"]["uid"]}

        volumes = [{"name": "v", "emptyDir": {}}, {"name": "w", "image": {"reference": TAGGED}}]
        full = bench.create(pod("full", initContainers=containers(TAGGED, "i"), volumes=volumes))
        small = bench.create(pod("small"))
        pinned = bench.create(pod("pinned", PINNED))

        def label(item):
            item["metadata"]["labels"] = {"a": "b"}
        for name, item in (("a Pod", small), ("a Pod with init containers and image volumes", full),
                           ("a pinned Pod", pinned)):
            asked(f"{name} that gets a label is not sent", changed(item, label), 0)
            asked(f"{name} that gets a finalizer is not sent",
                  changed(item, lambda i: i["metadata"].update(finalizers=["example.test/f"])), 0)

        def nulls(item):
            item["spec"].update(initContainers=None, ephemeralContainers=None, volumes=None)
            label(item)
        asked("a Pod whose lists become null is not sent", changed(small, nulls), 0)
        asked("a Pod whose image changes is sent",
              changed(small, lambda i: i["spec"]["containers"][0].update(image=TAGGED + "0")), 1)
        asked("a Pod whose digest is taken off is sent",
              changed(pinned, lambda i: i["spec"]["containers"][0].update(image=TAGGED)), 1)
        asked("a Pod whose image gets a digest is not sent",
              changed(small, lambda i: i["spec"]["containers"][0].update(image=PINNED)), 0)
        asked("a Pod whose init container's image changes is sent",
              changed(full, lambda i: i["spec"]["initContainers"][0].update(image=TAGGED + "0")), 1)
        asked("a Pod whose image volume changes is sent, and then refused as immutable",
              changed(full, lambda i: i["spec"]["volumes"][1]["image"].update(reference=TAGGED + "0")), 1,
              status=[422])
        asked("a Pod that loses its volumes is sent, and then refused as immutable",
              changed(full, lambda i: i["spec"].pop("volumes")), 1, status=[422])
        asked("a Pod whose containers become null is not sent, and is refused for that alone",
              changed(small, lambda i: i["spec"].update(containers=None)), 0, status=[422])
        asked("a Pod that loses its spec is not sent, and is refused for that alone",
              changed(small, lambda i: i.pop("spec")), 0, status=[422])

        with h.check("update: another subresource of a Pod is not sent"):
            item = changed(small, lambda i: i["status"].update(message="x"))
            expect(bench.sent("PUT", item, bench.path(small, True, "status")) == 0, "sent")
        with h.check("update: an ephemeral container with a digest is not, in a pinned Pod"):
            item = changed(pinned, lambda i: i["spec"].update(ephemeralContainers=containers(PINNED, "e")))
            expect(bench.sent("PUT", item, bench.path(pinned, True, "ephemeralcontainers")) == 0, "sent")
        with h.check("update: an ephemeral container with a tag is sent"):
            item = changed(pinned, lambda i: i["spec"].update(ephemeralContainers=containers(TAGGED, "e")))
            expect(bench.sent("PUT", item, bench.path(pinned, True, "ephemeralcontainers"), really=True) == 1, "sent")
        with h.check("update: a Pod with an ephemeral container that gets a label is not sent"):
            expect(bench.api.get(bench.path(pinned))["spec"]["ephemeralContainers"], "none there")
            expect(bench.sent("PUT", changed(pinned, label)) == 0, "sent")
        with h.check("update: a second ephemeral container with a tag is sent"):
            item = changed(pinned, lambda i: i["spec"]["ephemeralContainers"].append(containers(TAGGED, "f")[0]))
            expect(bench.sent("PUT", item, bench.path(pinned, True, "ephemeralcontainers")) == 1, "sent")

        for kind in TEMPLATED:
            item = bench.create(templated(kind, "t"))
            asked(f"a {kind} with a tag that gets a label is sent: who owns the template decides", changed(item, label), 1)
            item = bench.create(templated(kind, "t-pinned", PINNED))
            asked(f"a pinned {kind} that gets a label is not", changed(item, label), 0)
            if kind != "Job":
                asked(f"a {kind} whose digest is taken off is sent",
                      changed(item, lambda i: template_of(i)["spec"]["containers"][0].update(image=TAGGED)), 1)
            item = bench.create(templated(kind, "t-owned", owner=owner))
            asked(f"a controller's {kind} is not", changed(item, label), 0)
        with h.check("update: scaling through the subresource is not sent"):
            item = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "t", "namespace": bench.name},
                    "spec": {"replicas": 0}}
            path = path_of("apps/v1", "Deployment", bench.name, "t", "scale")
            expect(bench.sent("PUT", item, path) == 0, "sent")

        big = bench.create(pod("big", PINNED, containers=containers(PINNED, count=500),
                               initContainers=containers(PINNED, "i", 500)))
        asked("1,000 containers cost less than what an expression may", changed(big, label), 0)
        big = bench.create(pod("big-tags", containers=containers(TAGGED, count=500),
                               initContainers=containers(TAGGED, "i", 500)))
        asked("1,000 containers with tags, too", changed(big, label), 0)


def definition(group, kind, plural, version="v1"):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                         "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def define(cluster, *arguments):
    item = definition(*arguments)
    cluster.api.create(item)
    path = path_of(item["apiVersion"], item["kind"], None, item["metadata"]["name"])
    wait_until(f"{item['metadata']['name']} is served", lambda: any(
        entry["type"] == "Established" and entry["status"] == "True"
        for entry in cluster.api.get(path).get("status", {}).get("conditions") or []))


def match_conditions_custom(h, cluster):
    import yaml  # runner says so when it is missing
    define(cluster, "sources.knative.dev", "ContainerSource", "containersources")
    with Recorder(h, cluster) as recorder:
        bench = Bench(cluster, recorder, "conditions-custom")
        base = {"apiVersion": "sources.knative.dev/v1", "kind": "ContainerSource", "metadata": {"name": "s"}}
        wait_until("the custom resource can be written", lambda: bench.dry("POST", base)[0] == 201)
        for name, item in (
                ("with a template", base | {"spec": {"template": {"spec": {"containers": containers(TAGGED)}}}}),
                ("without spec", base), ("whose spec is null", base | {"spec": None}),
                ("whose spec is text", base | {"spec": "text"}),
                ("without template", base | {"spec": {"replicas": 1}}),
                ("whose template is a list", base | {"spec": {"template": [1, 2]}}),
                ("whose containers are null", base | {"spec": {"template": {"spec": {"containers": None}}}}),
                ("whose containers are text", base | {"spec": {"template": {"spec": {"containers": "text"}}}}),
                ("whose image is a number", base | {"spec": {"template": {"spec": {"containers": [{"image": 1}]}}}})):
            with h.check(f"a custom resource {name} is sent, on create"):
                expect(bench.sent("POST", item) == 1, "sent")
        bench.create(base | {"spec": None})
        with h.check("a custom resource is sent on update"):
            item = bench.api.get(bench.path(base))
            item["metadata"]["labels"] = {"a": "b"}
            expect(bench.sent("PUT", item) == 1, "sent")

        define(cluster, "argoproj.io", "Rollout", "rollouts", "v1alpha1")
        rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
                   "spec": {"template": {"spec": {"containers": containers(TAGGED)}}}}
        wait_until("the Rollout can be written", lambda: bench.dry("POST", rollout)[0] == 201)
        with h.check("a Rollout is not sent by what ships"):
            expect(bench.sent("POST", rollout) == 0, "sent")
        with h.check("a Rollout is sent with the component custom-resources"):
            component = yaml.safe_load((ROOT / "deploy/components/custom-resources/kustomization.yaml").read_text())
            recorder.patch_configuration([operation for patch in component["patches"]
                                          for operation in yaml.safe_load(patch["patch"])])
            wait_until("a Rollout is sent", lambda: bench.sent("POST", rollout) == 1)
            bare = {key: rollout[key] for key in ("apiVersion", "kind", "metadata")}
            expect(bench.sent("POST", bare | {"spec": {"workloadRef": {"kind": "Deployment"}}}) == 1,
                   "without template: sent, and nothing breaks")


def match_conditions_compile(h, cluster):
    """That an expression which does not compile would have been seen."""
    with h.check("the API server refuses an expression that does not compile"):
        configuration = cluster.api.get(CONFIGURATION)
        configuration["webhooks"][0]["matchConditions"][0]["expression"] = "object.metadata.exists("
        status, answer = cluster.api.request("PUT", CONFIGURATION + "?dryRun=All", configuration)
        expect(status == 422 and "compilation failed" in answer["message"], status, answer)
    with Recorder(h, cluster) as recorder:
        bench = Bench(cluster, recorder, "conditions-error")
        with h.check("an expression that cannot be evaluated would be a refusal"):
            whole = cluster.api.get(CONFIGURATION)["webhooks"][0]["matchConditions"]
            broken = [{"name": "broken", "expression": "object.metadata.labels['none'] == 'x'"}]
            recorder.patch_configuration([{"op": "replace", "path": "/webhooks/0/matchConditions", "value": broken}])
            try:
                def refused():
                    status, answer = bench.dry("POST", pod("p"))
                    return status >= 400 and answer
                answer = wait_until("a refusal", refused)
                expect("no such key" in answer["message"], answer)
            finally:
                recorder.patch_configuration([{"op": "replace", "path": "/webhooks/0/matchConditions", "value": whole}])
                wait_until("the shipped conditions again", lambda: bench.dry("POST", pod("p", PINNED))[0] == 201)


def match_conditions(h, cluster):
    """The manifests first: all other groups need them."""
    with h.check("the manifests can be applied"):
        cluster.kubectl("apply", "-k", ROOT / "deploy")
        wait_until("the Service has an address", lambda: cluster.api.get(
            path_of("v1", "Service", "digester-system", "digester-webhook-service"))["spec"]["clusterIP"])
    for group in (match_conditions_compile, match_conditions_create, match_conditions_update,
                  match_conditions_custom):
        try:
            group(h, cluster)
        except (ApiError, Failed, OSError) as error:
            h.failed += 1
            print(f"FAIL {group.__name__}: {error}", flush=True)


GROUPS = [match_conditions]

if __name__ == "__main__":
    runner.main(GROUPS, __doc__)
