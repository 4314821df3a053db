"""The namespace filter of the server itself: where its selector comes from, what is confirmed, what is said."""
import json
import signal
import time

from cluster import wait_until
from direct import Direct, ask, owned, review
from harness import expect, free_port
from installed import CONFIGURATION, Installed, Replica
from objects import Space, pod, workload
from servers import DIGESTS, Registry
from tenant_checks import lines

SELECTOR = "/webhooks/0/namespaceSelector"


def selected_by(cluster, replica, selector):
    """Puts it into the webhook configuration; waits until the server has taken it up, and says how long it took."""
    before = len(lines(replica, "namespaces are selected by"))
    started = time.monotonic()
    cluster.kubectl("patch", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration", "--type=json",
                    "-p", json.dumps([{"op": "replace", "path": SELECTOR, "value": selector}]))
    wait_until("the server's selector", lambda: len(lines(replica, "namespaces are selected by")) > before)
    return time.monotonic() - started


def namespaces(h, cluster):
    registry = Registry(h, "namespaces-registry")
    image, digest = f"{registry.host}/team/web:1.10", DIGESTS["team/web:1.10"]
    installed = Installed(h, cluster, [registry], name="digester-namespaces")
    replica = installed.replica
    direct = Direct(cluster, replica)
    shipped = cluster.api.get(CONFIGURATION)["webhooks"][0]["namespaceSelector"]

    def space(name, **labels):
        made = Space(cluster, f"filter-{name}")
        cluster.api.patch(f"/api/v1/namespaces/{made.name}", {"metadata": {"labels": labels}})
        return made

    def passed(replica):
        return replica.metric("digester_admissions_not_selected_total")

    on, off = space("on", **{"digest-resolution": "enabled"}), space("off")
    wait_until("the server knows the namespace", lambda: direct.ask(pod("p", image), on.name).pinned)

    with h.check("sent from a namespace that is not switched on: passes unpinned, is counted, logged with the reason"):
        before = passed(replica)
        for item in (pod("stray", image), owned(pod("stray", image)), workload("Deployment", "stray", image)):
            expect(direct.ask(item, off.name).unpinned, item["kind"])
        expect(passed(replica) == before + 3, passed(replica) - before)
        said = wait_until("the log", lambda: [r for r in lines(replica, "passed untouched") if r["name"] == "stray"])
        expect(all("not selected" in r["msg"] and r["namespace"] == off.name for r in said), said)
        expect(passed(replica) == before + 3 and direct.ask(pod("p", image), on.name).pinned, "the other namespace")

    with h.check("kube-system and the server's own namespace pass even with the label"):
        for name in ("kube-system", "digester-system"):
            cluster.kubectl("label", "namespace", name, "digest-resolution=enabled")
            wait_until("the label", lambda name=name: cluster.api.get(
                f"/api/v1/namespaces/{name}")["metadata"]["labels"].get("digest-resolution"))
            expect(direct.ask(pod("p", image), name).unpinned, name)
            cluster.kubectl("label", "namespace", name, "digest-resolution-")

    with h.check("a namespace labelled a moment ago is pinned, though the watch may not know yet: a live read says so"):
        fresh = space("fresh")
        path = f"/api/v1/namespaces/{fresh.name}"
        for number in range(20):
            # The answer to the label's own request and the review follow each other as fast as they can.
            body = json.dumps(review(pod("p", image), fresh.name))
            cluster.api.patch(path, {"metadata": {"labels": {"digest-resolution": "enabled"}}})
            expect("patch" in direct.post(body), f"try {number}")
            cluster.api.patch(path, {"metadata": {"labels": {"digest-resolution": None}}})
            wait_until("off again", lambda: direct.ask(pod("p", image), fresh.name).unpinned)

    with h.check("who changes the selector in the webhook configuration is followed without a restart"):
        team = space("team", **{"pin": "yes"})
        expect(direct.ask(pod("p", image), team.name).unpinned, "selected before")
        took = selected_by(cluster, replica, {"matchLabels": {"pin": "yes"}})
        print(f"     after {took:.2f} s, kubectl's start included", flush=True)
        expect(direct.ask(pod("p", image), team.name).pinned, "the new one")
        expect(direct.ask(pod("p", image), on.name).unpinned, "the old one")
        wait_until("the API server's own filter", lambda: ask(team, pod("p", image)).pinned)
        selected_by(cluster, replica, {})
        expect(direct.ask(pod("p", image), off.name).pinned, "no selector means every namespace")
        selected_by(cluster, replica, shipped)
        expect(direct.ask(pod("p", image), team.name).unpinned, "still the one before")

    with h.check("--namespace-selector with sets and `!` wins over the configuration"):
        own = Replica(h, cluster, "digester-selector", "127.0.0.1", free_port(), [
            "--insecure-registries", registry.host, "--drain", "0s",
            "--namespace-selector", "stage in (test,live),!frozen"])
        own.start()
        mine = Direct(cluster, own)
        for name, labels, pinned in (("test", {"stage": "test"}, True), ("live", {"stage": "live"}, True),
                                     ("build", {"stage": "build"}, False),
                                     ("frozen", {"stage": "live", "frozen": ""}, False)):
            answer = mine.ask(pod("p", image), space(name, **labels).name)
            expect(answer.pinned == pinned and not answer.refused, name, answer)
        expect(mine.ask(pod("p", image), on.name).unpinned, "the configuration's")
        expect(passed(own) == 3, passed(own))
        own.stop()

    with h.check("the namespace's digester.dev/on-reapply is followed as soon as it changes, from the same memory"):
        policy = space("policy", **{"digest-resolution": "enabled"})
        wait_until("known", lambda: direct.ask(pod("p", image), policy.name).pinned)
        other = "sha256:" + "1" * 64
        old, new = workload("Deployment", "d", f"{image}@{other}"), workload("Deployment", "d", image)

        def reapplied():
            return direct.ask(new, policy.name, operation="UPDATE", old=old).image
        expect(reapplied().endswith(digest), "resolve, as shipped", reapplied())
        for value, wanted in (("keep", other), ("resolve", digest), ("keep", other)):
            started = time.monotonic()
            cluster.api.patch(f"/api/v1/namespaces/{policy.name}",
                              {"metadata": {"annotations": {"digester.dev/on-reapply": value}}})
            wait_until(value, lambda wanted=wanted: reapplied().endswith(wanted))
            expect(time.monotonic() - started < 10, value)

    with h.check("the API out of reach: whoever calls is trusted, and the log says so; back: the filter holds again"):
        cluster.apiserver.stop(signal.SIGKILL)
        try:
            expect(direct.ask(pod("p", image), off.name).pinned, "not trusted")
            expect(direct.ask(pod("p", image), on.name).pinned, "the one that is switched on")
            wait_until("the log", lambda: lines(replica, "namespaces cannot be read"), 10)
        finally:
            cluster.apiserver.start()
        expect(direct.ask(pod("p", image), off.name).unpinned, "trusted though the API is back")
        expect(direct.ask(pod("p", image), on.name).pinned, "the one that is switched on")
    installed.close()


GROUPS = (namespaces,)
