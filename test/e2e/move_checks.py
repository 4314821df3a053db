"""Moving over from k8s-digester as docs/INSTALL.md says: its rights shrink, nothing of it stays, and how long the webhook
cannot be called meanwhile."""
import json
import threading
import time

import k8s_digester
from api import Watch
from cluster import wait_until
from harness import ROOT, expect
from installed import CONFIGURATION, SECRET, Replica, apply, bundle, images, is_pinned, service_address
from objects import Space, pod
from servers import Registry

SHIPPED = ROOT / "deploy/mutating-webhook-configuration.yaml"
ME = "system:serviceaccount:digester-system:digester-admin"
# What every ServiceAccount has, and nobody's manifests gave.
ANYBODY = ("selfsubject", "clustertrustbundles", "podcertificate")


def remove(cluster):
    cluster.kubectl("delete", "-k", ROOT / "deploy", "--ignore-not-found", "--wait=false")
    wait_until("the namespace is gone", lambda: cluster.api.request("GET", "/api/v1/namespaces/digester-system")[0] == 404,
               60)


def can_i(cluster, namespace):
    """What `kubectl auth can-i --list` says of our ServiceAccount: {(resource, names): verbs}, and its text."""
    text = cluster.kubectl("auth", "can-i", "--list", f"--as={ME}", "-n", namespace).stdout
    rights = {}
    lines = text.splitlines()
    columns = [lines[0].index(title) for title in ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")]
    for line in lines[1:]:
        resource, _, names, verbs = (line[start:end].strip() for start, end in zip(columns, [*columns[1:], None]))
        if resource and not resource.startswith(ANYBODY):
            rights[resource, names.strip("[]")] = set(verbs.strip("[]").split())
    own = [line for line in lines if line[:columns[1]].strip() and not line.startswith(ANYBODY)]
    return rights, "\n".join(line[:columns[1]] + line[columns[2]:] for line in own)


def as_it_is(cluster):
    """All that the manifests name, without what differs between any two installations."""
    found = {}
    for item in json.loads(cluster.kubectl("get", "-k", ROOT / "deploy", "-o", "json").stdout)["items"]:
        meta = item["metadata"]
        kept = {key: meta[key] for key in ("labels", "finalizers", "ownerReferences") if key in meta}
        kept["annotations"] = {key: value for key, value in meta.get("annotations", {}).items()
                               if key not in ("kubectl.kubernetes.io/last-applied-configuration",
                                              "deployment.kubernetes.io/revision")}
        item = {key: value for key, value in item.items() if key not in ("metadata", "status", "data")} | kept
        for name in ("clusterIP", "clusterIPs"):
            item.get("spec", {}).pop(name, None)
        for webhook in item.get("webhooks", []):
            webhook["clientConfig"].pop("caBundle", None)
        found[item["kind"], meta["name"]] = item
    return found


def move_rights(h, cluster):
    remove(cluster)
    apply(cluster)
    fresh = as_it_is(cluster)
    remove(cluster)
    k8s_digester.apply(cluster)
    k8s_digester.fill(h, cluster)
    places = ("digester-system", "default")

    def rights():
        return {place: can_i(cluster, place) for place in places}
    wide = {"digester-system": {("secrets", ""): set(k8s_digester.EVERYTHING)},
            "default": {("secrets", ""): set(k8s_digester.READ)}}
    before = wait_until("k8s-digester's rights", lambda: (seen := rights()) and all(
        seen[place][0].get(key) == verbs for place in places for key, verbs in wide[place].items()) and seen)
    cluster.kubectl("apply", "set-last-applied", "-f", SHIPPED)
    apply(cluster)
    configuration = ("mutatingwebhookconfigurations.admissionregistration.k8s.io", k8s_digester.CONFIGURATION_NAME)
    ours = {("secrets", ""): {"get"}, ("serviceaccounts", ""): {"get"}, ("namespaces", ""): {"get", "list", "watch"},
            configuration: {"get", "list", "watch", "patch"}}
    expected = {"default": ours, "digester-system": ours | {
        ("secrets", "digester-webhook-server-cert"): {"get", "list", "watch", "patch"}}}

    with h.check("moving over from k8s-digester: kubectl auth can-i --list shows what docs/SECURITY.md says, no more"):
        after = wait_until("our rights", lambda: (seen := rights()) and "delete" not in str(seen) and seen)
        for place in places:
            for when, seen in (("before", before), ("after", after)):
                print(f"     {when}, in {place}:\n     " + seen[place][1].replace("\n", "\n     "), flush=True)
            expect(after[place][0] == expected[place], after[place][0], expected[place])

    with h.check("moving over from k8s-digester: only our two bindings name the ServiceAccount"):
        bindings = [(item["roleRef"]["kind"], item["metadata"]["name"], item["roleRef"]["name"])
                    for kind in ("clusterrolebindings", "rolebindings")
                    for item in cluster.api.items(f"/apis/rbac.authorization.k8s.io/v1/{kind}")
                    if any(s["kind"] == "ServiceAccount" and s["name"] == "digester-admin"
                           for s in item.get("subjects") or [])]
        expect(bindings == [(kind, "digester-manager-rolebinding", "digester-manager-role")
                            for kind in ("ClusterRole", "Role")], bindings)

    with h.check("moving over from k8s-digester: nothing of it is left, every object is as in a fresh installation"):
        theirs = {(item["kind"], item["metadata"]["name"]) for item in k8s_digester.objects()}
        expect(theirs <= fresh.keys(), theirs - fresh.keys())
        moved = as_it_is(cluster)
        for key in fresh:
            expect(moved[key] == fresh[key], key, json.dumps(moved[key]), json.dumps(fresh[key]))

    remove(cluster)
    k8s_digester.apply(cluster, "create")
    k8s_digester.fill(h, cluster)
    with h.check("moving over from k8s-digester that was not applied by kubectl: rights shrink, the CA bundle stays"):
        done = cluster.kubectl("apply", "set-last-applied", "-f", SHIPPED, check=False)
        expect(done.returncode == 1 and "no last-applied-configuration annotation" in done.stderr, done)
        before = bundle(cluster)
        apply(cluster)
        wait_until("our rights", lambda: all(can_i(cluster, place)[0] == expected[place] for place in places))
        expect(before and bundle(cluster) == before, bundle(cluster))
        moved = as_it_is(cluster)
        expect([key for key in fresh if moved[key] != fresh[key]] == [("Deployment", "digester-controller-manager")],
               "more differs than docs/INSTALL.md says")
        expect([v["name"] for v in moved["Deployment", "digester-controller-manager"]["spec"]["template"]["spec"][
            "volumes"]] == ["cert"], "what docs/INSTALL.md says stays")
    remove(cluster)


class Bundles(threading.Thread):
    """When the configuration had which CA bundle."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        collection = CONFIGURATION.rsplit("/", 1)[0]
        version = cluster.api.get(collection)["metadata"]["resourceVersion"]
        self.watch, self.seen = Watch(cluster.api, collection, version), []
        self.start()

    def run(self):
        try:
            for kind, item in self.watch:
                if item["metadata"]["name"] == CONFIGURATION.rsplit("/", 1)[1]:
                    self.seen.append((time.monotonic(), item["webhooks"][0]["clientConfig"].get("caBundle")))
        except (OSError, ValueError, AttributeError):
            pass  # closed

    def gap(self, right):
        """Seconds from the first wrong bundle to the next right one; 0 if it never was wrong."""
        lost = next((when for when, value in self.seen if value != right), None)
        if lost is None:
            return 0.0
        return next(when for when, value in self.seen if when > lost and value == right) - lost


def move_gap(h, cluster):
    """H11. The server stands where its Pods would; it starts when `kubectl apply` is through, or runs already."""
    registry = Registry(h, "move-registry")
    web = f"{registry.host}/team/web:1.10"
    space = Space(cluster, "move")
    cluster.kubectl("label", "namespace", space.name, "digest-resolution=enabled")
    gaps = {}

    def move(name, step, running):
        remove(cluster)
        k8s_digester.apply(cluster)
        authority = k8s_digester.fill(h, cluster)
        replica = None

        def start():
            made = Replica(h, cluster, f"move-{len(gaps)}", service_address(cluster), 443,
                           ["--drain", "0s", "--insecure-registries", registry.host])
            return made.start()
        if running:
            # Ours beside theirs for a moment, which only a rolling update in the middle has.
            cluster.kubectl("apply", "-f", "-", stdin=(ROOT / "deploy/cluster-role.yaml").read_text())
            cluster.kubectl("apply", "-f", "-", stdin=(ROOT / "deploy/role.yaml").read_text())
            replica = start()
        bundles = Bundles(cluster)
        try:
            if step:
                cluster.kubectl("apply", "set-last-applied", "-f", SHIPPED)
            apply(cluster)
            replica = replica or start()
            wait_until("the bundle is right", lambda: bundle(cluster) == authority)
            expect(cluster.api.get(SECRET)["data"]["ca.crt"] == authority, "the certificates were not adopted")
            wait_until("Pods are pinned", lambda: is_pinned(images(space.api.call(
                "POST", space.path("v1", "Pod") + "?dryRun=All", pod("probe", web)))[0]))
            wait_until("the watch has seen it", lambda: bundles.seen and bundles.seen[-1][1] == authority)
            gaps[name] = bundles.gap(authority)
        finally:
            bundles.watch.close()
            if replica:
                replica.stop()

    with h.check("H11: moving over as docs/INSTALL.md says, the webhook can be called all the time"):
        move("with", True, False)
        expect(gaps["with"] == 0, gaps)
    with h.check("H11: without that step it cannot, until our server has started and written its bundle"):
        move("without", False, False)
        expect(gaps["without"] > 0, gaps)
    with h.check("H11: a server that runs already puts the bundle back at once"):
        move("running", False, True)
        expect(0 < gaps["running"] < 5, gaps)
    print("     without a usable caBundle: " + "; ".join(f"{words} {gaps[name] * 1000:.0f} ms" for name, words in (
        ("with", "with set-last-applied"), ("without", "without it, our server started right after the apply"),
        ("running", "without it, our server running already")) if name in gaps), flush=True)
    remove(cluster)
    h.stop(registry.process)


GROUPS = (move_rights, move_gap)
