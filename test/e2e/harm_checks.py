"""A request that would not have changed what runs does not change it because of us: H1 to H4 on live controllers, in a
namespace that was full when it was labelled, and in one that was labelled first. And that the checks would see harm."""
import base64
import contextlib
import json

from cluster import wait_until
from harms import Full, all_have, everything
from harness import expect
from installed import Installed, apply, switch_on
from objects import workload
from recorder import Handler, Recorder
from servers import DIGESTS, Registry

KINDS = "deployments,statefulsets,daemonsets,replicasets,jobs,cronjobs,pods"


@contextlib.contextmanager
def long_jobs(cluster):
    """The Pods of Jobs run on, as other Pods do."""
    usual, cluster.kubelet.job_seconds = cluster.kubelet.job_seconds, 3600
    try:
        yield
    finally:
        cluster.kubelet.job_seconds = usual


def scale(space):
    space.kubectl("scale", "deployment/web", "statefulset/db", "--replicas=3")
    space.kubectl("patch", "job", "once", "-p", '{"spec": {"parallelism": 2}}')


def walk(h, space, when, image, pinned):
    """`image` stands in the file, `pinned` is what it means. Starts from what is settled."""
    old = space.seen()
    with h.check(f"{when}: everything is as it was applied{', pinned' if space.labelled_first else ''}"):
        wanted = pinned if space.labelled_first else image
        expect(all(set(found) == {wanted} for found in space.images().values()), space.images())
        expect(all(set(found) == {wanted} for _, found, _ in old.pods.values()), old.pods)

    with h.check(f"{when}, H1: scaling makes no revision, and the Pods that come are pinned"):
        scale(space)
        new = old.unharmed(scaled=True)
        expect({name.partition("-")[0] for name in new} >= {"web", "db", "once"}, new)
        all_have(new, pinned)

    before = space.seen()
    with h.check(f"{when}, H2, H3, H4: every object can be labelled; no rollout, no container restarts"):
        space.kubectl("label", KINDS, "--all", "some=label")
        before.unharmed()

    with h.check(f"{when}, H2, H3, H4: every object can be annotated; no rollout, no container restarts"):
        space.kubectl("annotate", KINDS, "--all", "some=annotation")
        before.unharmed()

    with h.check(f"{when}: applying the unchanged file again changes nothing"):
        space.apply()
        before.unharmed()

    with h.check(f"{when}: applying it by the server changes nothing"):
        space.apply("--server-side", "--force-conflicts")
        before.unharmed()

    with h.check(f"{when}: a Pod that is deleted comes back pinned, of every controller"):
        gone = [min(name for name in before.pods if name.startswith(f"{app}-")) for app in ("web", "db", "agent")]
        space.kubectl("delete", "pod", *gone)
        space.settled()

        def back():
            return {name: pod for name, pod in space.seen().pods.items() if before.pods.get(name, [None])[0] != pod[0]}
        wait_until("new Pods", lambda: len(back()) == len(gone))
        all_have(back(), pinned)
        expect(space.seen().revisions == before.revisions, "revisions")

    with h.check(f"{when}: the Job that a CronJob makes has pinned Pods"):
        expect(space.tick() == {pinned}, "images")

    before = space.seen()
    with h.check(f"{when}: a restart makes exactly one revision of each, pinned"):
        space.kubectl("rollout", "restart", *(f"{kind.lower()}/{name}" for kind, name in (
            ("Deployment", "web"), ("StatefulSet", "db"), ("DaemonSet", "agent"))))
        before.one_revision_more(pinned)

    before = space.seen()
    with h.check(f"{when}: after that, applying the unchanged file again changes nothing"):
        space.apply()
        before.unharmed()

    if space.labelled_first:
        with h.check(f"{when}: undoing goes back to the revision that there is"):
            space.kubectl("rollout", "undo", "deployment/web")
            space.settled()
            after = space.seen()
            expect(after.revisions == before.revisions, before.revisions, after.revisions)
            expect(after.images["Deployment/web"] == [pinned], after.images)


def harms(h, cluster):
    registry = Registry(h, "harm-registry")
    image = f"{registry.host}/team/web:1.10"
    pinned = f"{image}@{DIGESTS['team/web:1.10']}"
    with long_jobs(cluster):
        later = Full(h, cluster, "labelled-later", everything(image))
        later.labelled_first = False
        later.apply()
        with Installed(h, cluster, [registry]) as installed:
            first = Full(h, cluster, "labelled-first", everything(image))
            first.labelled_first = True
            switch_on(first, image)
            first.apply()
            later.settled()
            switch_on(later, image)
            first.settled()
            walk(h, later, "the label put on later", image, pinned)
            walk(h, first, "labelled from the start", image, pinned)
            with h.check("in all of this the server refused nothing"):
                for outcome in ("denied", "bad_request", "admitted_with_errors"):
                    expect(installed.replica.metric("digester_admissions_total", outcome=outcome) == 0, outcome)


class Careless(Handler):
    """Pins whatever it is sent, as k8s-digester does. A stand-in, to see what the checks make of it."""

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        item = review["request"]["object"]
        spec = item["spec"].get("template", item).get("spec", {})
        path = "/spec/template/spec/containers" if "template" in item["spec"] else "/spec/containers"
        tagged = [(n, c["image"]) for n, c in enumerate(spec.get("containers", [])) if "@" not in c["image"]]
        patch = [{"op": "replace", "path": f"{path}/{number}/image", "value": f"{image}@{DIGESTS['team/web:1.10']}"}
                 for number, image in tagged]
        response = {"uid": review["request"]["uid"], "allowed": True}
        if patch:
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def harms_seen(h, cluster):
    """Every check above is only as good as what it would notice."""
    image = "registry.test/team/web:1.10"

    def noticed(space, what, action, word):
        before = space.seen()
        with h.check(f"a webhook that pins whatever it is sent would be noticed: {what}"):
            try:
                action()
                before.unharmed(scaled=True)
            except Exception as error:
                expect(word in str(error), "noticed, but for", str(error))
            else:
                expect(False, "not noticed")
    with long_jobs(cluster):
        space = Full(h, cluster, "careless", everything(image))
        space.apply()
        space.settled()
        apply(cluster)
        with Recorder(h, cluster, Careless) as recorder:
            recorder.patch_configuration([{"op": "remove", "path": "/webhooks/0/matchConditions"}])
            cluster.kubectl("label", "namespace", space.name, "digest-resolution=enabled")
            wait_until("it is asked", lambda: "@" in space.api.call(
                "POST", space.path("apps/v1", "Deployment") + "?dryRun=All", workload("Deployment", "probe", image)
            )["spec"]["template"]["spec"]["containers"][0]["image"])
            noticed(space, "a Job cannot be annotated",
                    lambda: space.kubectl("annotate", "job", "once", "a=b"), "immutable")
            noticed(space, "a labelled Pod restarts",
                    lambda: space.kubectl("label", "pod", "bare", "a=b"), "Pods that changed")
            with h.check("a webhook that pins whatever it is sent would be noticed: ReplicaSets without end"):
                space.kubectl("scale", "deployment", "web", "--replicas=3")
                wait_until("more ReplicaSets", lambda: len(space.replica_sets()) > 4)
            cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration")
        cluster.kubectl("delete", "namespace", space.name, "--wait=false")


GROUPS = (harms, harms_seen)
