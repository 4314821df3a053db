"""Whom the API server asks the server about, by the server's own count: who is never sent, and what the shipped
matchConditions save."""
from cluster import wait_until
from harness import expect
from installed import CONFIGURATION, Installed, images, is_pinned, switch_on
from objects import Space, job, pod, workload
from servers import DIGESTS, Registry

OWN = "digester-system"
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
              "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
REPLICAS = 10


class Existing(Space):
    """A namespace that is there already."""

    def __init__(self, cluster, name):
        self.cluster, self.api, self.name = cluster, cluster.api, name


def restricted(item):
    """As the policy of the server's own namespace wants it."""
    for container in (item["spec"].get("template") or item)["spec"]["containers"]:
        container["securityContext"] = RESTRICTED
    return item


def live(space, image, labels=None):
    """What people and controllers do with a Deployment and a Pod in their lives. The images of all that came of it."""
    items = [restricted(workload("Deployment", "calls", image, replicas=2)), restricted(pod("calls-pod", image))]
    for item in items:
        item["metadata"]["labels"] = labels or {}
    items[0]["spec"]["template"]["metadata"]["labels"] |= labels or {}
    made = [space.create(item) for item in items]
    space.ready("calls", 2)
    space.kubectl("scale", "deployment", "calls", "--replicas=3")
    space.kubectl("annotate", "deployment/calls", "pod/calls-pod", "a=b")
    space.kubectl("rollout", "restart", "deployment", "calls")
    space.kubectl("rollout", "status", "deployment", "calls", "--timeout=30s")
    found = {image for item in space.pods() if item["metadata"]["name"].startswith("calls") for image in images(item)}
    space.kubectl("delete", "deployment/calls", "pod/calls-pod", "--wait=false")
    return found | {images(made[0]["spec"]["template"])[0]} | set(images(made[1]))


def never_called(h, cluster):
    registry = Registry(h, "calls-registry")
    image = f"{registry.host}/team/web:1.10"
    pinned = f"{image}@{DIGESTS['team/web:1.10']}"
    with Installed(h, cluster, [registry]) as installed:
        def calls():
            return sum(installed.replica.metric(name) for name in (
                "digester_admissions_total", "digester_admissions_not_selected_total"))

        labelled = Space(cluster, "calls-labelled")
        switch_on(labelled, image)

        def not_called(what, space, labels=None):
            with h.check(f"{what}: never called"):
                before = calls()
                found = live(space, image, labels)
                expect(found == {image}, found)
                expect(calls() == before, f"{calls() - before} calls")
        not_called("a namespace without the label", Space(cluster, "calls-unlabelled"))
        for name in ("kube-system", OWN):
            cluster.kubectl("label", "namespace", name, "digest-resolution=enabled")
            try:
                not_called(f"{name}, though it is labelled", Existing(cluster, name))
                if name == OWN:
                    with h.check("the server's own Deployment, restarted in a labelled digester-system: never called"):
                        before, own = calls(), Existing(cluster, OWN)
                        own.kubectl("rollout", "restart", "deployment", "digester-controller-manager")
                        own.kubectl("rollout", "status", "deployment", "digester-controller-manager", "--timeout=60s")
                        expect(calls() == before, f"{calls() - before} calls")
            finally:
                cluster.kubectl("label", "namespace", name, "digest-resolution-")
        not_called('objects with the label digester.dev/pin: "false"', labelled, {"digester.dev/pin": "false"})
        with h.check("the same in a labelled namespace: called, and pinned; so the count would have moved"):
            before = calls()
            expect(live(labelled, image) == {pinned}, "images")
            expect(calls() > before, "no calls")


def scenario(space, image):
    """A Deployment of ten is applied, restarted, scaled to twenty; ten Pods of a Job run to their end."""
    space.create(workload("Deployment", "web", image, replicas=REPLICAS))
    space.ready("web", REPLICAS)
    roll_scale_finish(space, image)


def roll_scale_finish(space, image):
    space.kubectl("rollout", "restart", "deployment", "web")
    space.kubectl("rollout", "status", "deployment", "web", "--timeout=60s")
    space.ready("web", REPLICAS)
    space.kubectl("scale", "deployment", "web", f"--replicas={2 * REPLICAS}")
    space.ready("web", 2 * REPLICAS)
    space.create(job("batch", image, completions=REPLICAS, parallelism=REPLICAS))
    wait_until("the Job is done", lambda: space.get("batch/v1", "Job", "batch")["status"].get("completionTime"))


def saved(h, cluster):
    registry = Registry(h, "saved-registry")
    image = f"{registry.host}/team/web:1.10"
    probe = pod("probe", f"{image}@{DIGESTS['team/web:1.10']}")
    with Installed(h, cluster, [registry]) as installed:
        def calls():
            return int(installed.replica.metric("digester_admissions_total"))

        def run(name):
            new, older = Space(cluster, f"{name}-new"), Space(cluster, f"{name}-older")
            switch_on(new, image)
            before = calls()
            scenario(new, image)
            of_new = calls() - before
            older.create(workload("Deployment", "web", image, replicas=REPLICAS))
            older.ready("web", REPLICAS)
            switch_on(older, image)
            before = calls()
            older.kubectl("scale", "deployment", "web", f"--replicas={2 * REPLICAS}")
            older.ready("web", 2 * REPLICAS)
            of_older = calls() - before
            expect(all(is_pinned(images(item)[0]) for item in new.pods()), "not pinned")
            return of_new, of_older

        with h.check("matchConditions keep away nine calls of ten where everything is pinned"):
            shipped, shipped_older = run("conditions")
            cluster.api.patch(CONFIGURATION, [{"op": "remove", "path": "/webhooks/0/matchConditions"}], "json")
            space = Space(cluster, "conditions-probe")
            switch_on(space, image)

            def without_conditions():
                before = calls()
                space.api.call("POST", space.path("v1", "Pod") + "?dryRun=All", probe)
                return calls() > before
            wait_until("what is pinned is sent", without_conditions)
            without, without_older = run("no-conditions")
            twice = 2 * REPLICAS
            print(f"     calls for a Deployment of {REPLICAS} made, restarted, scaled to {twice}, and a Job whose"
                  f" {REPLICAS} Pods finish: {shipped}, without matchConditions {without}\n"
                  f"     for scaling one older than the label from {REPLICAS} to {twice}: {shipped_older}, "
                  f"without {without_older}", flush=True)
            expect(shipped * 10 <= without, f"{shipped} and {without} calls")
            expect(shipped_older <= without_older, f"{shipped_older} and {without_older} calls")


GROUPS = (never_called, saved)
