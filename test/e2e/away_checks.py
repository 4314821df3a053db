"""A registry away, and the server itself away: docs/OPERATIONS.md, "What fails how", line by line."""
import re
import signal
import threading
import time

from cluster import wait_until
from direct import ask, owned
from harness import expect
from installed import CONFIGURATION, Installed, is_pinned
from objects import pod, workload
from private_registry import OpenRegistry
from servers import DIGESTS
from tenant_checks import MIGRATE, MODEL, WEB, lines, tenant


def at_once(*calls):
    """Of each its result, and how long it took."""
    results, started = [None] * len(calls), time.monotonic()

    def run(number, call):
        results[number] = call(), time.monotonic() - started
    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def outages_registry(h, cluster):
    registry = OpenRegistry(h, "away")
    web, migrate, model = (f"{registry.host}/{name}" for name in (WEB, MIGRATE, MODEL))
    installed = Installed(h, cluster, [registry], "--cache-ttl=1s", name="digester-away")
    replica = installed.replica
    space = tenant(cluster, "away", registry.host)

    def person(image):
        return ask(space, pod("p", image))

    def controller(image):
        return ask(space, owned(pod("c", image)))

    with h.check("no such tag: people are refused with image, registry, cause and cure, controllers get it with a "
                 "warning"):
        missing = f"{registry.host}/team/web:none"
        answer = person(missing)
        expect(answer.refused and all(words in answer.text for words in (
            missing, registry.host, "no such image", "check its name")), answer)
        answer = controller(missing)
        expect(answer.unpinned and "not pinned" in answer.text and "no such image" in answer.text, answer)

    expect(person(web).pinned and controller(web).pinned, "web")
    time.sleep(1)  # --cache-ttl
    with h.check("a registry that does not answer: known images keep their digest with a warning, unknown ones are "
                 "refused or let in, when the budget of 5 s is over"):
        registry.process.send_signal(signal.SIGSTOP)
        before = replica.metric("digester_lookups_total", outcome="timed_out")
        stale = replica.metric("digester_lookups_total", source="stale")
        calls = (lambda: person(web), lambda: controller(web), lambda: person(migrate), lambda: controller(migrate))
        (known, took), (for_controller, soon), (refused, late), (let_in, late_too) = at_once(*calls)
        registry.process.send_signal(signal.SIGCONT)
        print(f"     known: {took:.1f} s, to a controller {soon:.1f} s; unknown: {late:.1f} and {late_too:.1f} s",
              flush=True)
        for answer in (known, for_controller):
            expect(answer.pinned and "pinned as known for" in answer.text, answer)
        expect(refused.refused and "no answer within" in refused.text, refused)
        expect(let_in.unpinned and "timed out" in let_in.text, let_in)
        expect(max(took, late, late_too) < 10 and soon < 4, took, soon, late, late_too)
        expect(replica.metric("digester_lookups_total", outcome="timed_out") >= before + 2, "not counted")
        expect(replica.metric("digester_lookups_total", source="stale") >= stale + 2, "not counted")
    wait_until("it answers", lambda: person(migrate).pinned)

    with h.check("a registry that is down: known images get the digest of before with a warning, unknown ones are "
                 "refused with the cause or let in"):
        expect(person(web).pinned, "web")
        time.sleep(1)
        registry.away()
        stale = replica.metric("digester_lookups_total", source="stale")
        for answer in (person(web), controller(web)):
            expect(answer.image == f"{web}@{DIGESTS[WEB]}" and "pinned as known for" in answer.text, answer)
        expect(replica.metric("digester_lookups_total", source="stale") == stale + 2, "not counted")
        answer = person(model)
        expect(answer.refused and model in answer.text and "connection refused" in answer.text, answer)
        answer = controller(model)
        expect(answer.unpinned and re.search("unreachable|unavailable", answer.text), answer)
        wait_until("the log", lambda: [r for r in lines(replica, "") if r["level"] == "warn" and model in str(r)])

    with h.check("the registry back: all are pinned again, without a restart"):
        registry.back()
        started = time.monotonic()
        for image, digest in ((model, MODEL), (web, WEB)):
            wait_until(image, lambda image=image: (last := person(image)).pinned and "known for" not in last.text, 70)
            expect(person(image).image.endswith(DIGESTS[digest]), person(image))
        print(f"     after {time.monotonic() - started:.1f} s", flush=True)
    installed.close()


def outages_server(h, cluster):
    registry = OpenRegistry(h, "server-away")
    web = f"{registry.host}/{WEB}"
    installed = Installed(h, cluster, [registry], name="digester-away")
    replica = installed.replica
    space = tenant(cluster, "server-away", registry.host)
    space.create(workload("Deployment", "web", web, replicas=2))
    space.rolled_out("web", 2)

    def policy(value, seconds=15):
        cluster.api.patch(CONFIGURATION, [
            {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": value},
            {"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": seconds}], "json")

    def outcome():
        """'pinned', 'unpinned', or why the API server refused."""
        status, answer = space.api.request("POST", space.path("v1", "Pod") + "?dryRun=All", pod("p", web))
        if status != 201:
            return answer["message"]
        return "pinned" if is_pinned(answer["spec"]["containers"][0]["image"]) else "unpinned"

    def back():
        started = time.monotonic()
        replica.start()
        ready = time.monotonic() - started
        wait_until("pinned again", lambda: outcome() == "pinned")
        print(f"     ready after {ready:.2f} s, pinned again after {time.monotonic() - started:.2f} s", flush=True)

    with h.check("killed, under Ignore: Pods come in unpinned at once, controllers go on, what is pinned stays so"):
        expect(outcome() == "pinned", outcome())
        replica.stop(how=signal.SIGKILL)
        started = time.monotonic()
        expect(outcome() == "unpinned", outcome())
        expect(time.monotonic() - started < 5, "not at once")
        space.kubectl("scale", "deployment", "web", "--replicas=4")
        space.rolled_out("web", 4)
        # The template is pinned, so what comes of it is.
        expect(all(is_pinned(p["spec"]["containers"][0]["image"]) for p in space.pods("web")), "a Pod is not")
    with h.check("back: Pods are pinned again within seconds, nothing else has to be done"):
        back()

    with h.check("it hangs, under Ignore: Pods come in unpinned after timeoutSeconds"):
        policy("Ignore", seconds=2)
        wait_until("the new time limit", lambda: outcome() == "pinned")
        time.sleep(1)
        replica.process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        expect(outcome() == "unpinned", "pinned")
        took = time.monotonic() - started
        replica.process.send_signal(signal.SIGCONT)
        expect(1.5 < took < 8, took)
        wait_until("pinned again", lambda: outcome() == "pinned")

    with h.check("killed, under Fail: refused with a message that names the webhook; break glass lets all in; back: "
                 "pinned"):
        policy("Fail", seconds=2)
        replica.stop(how=signal.SIGKILL)
        wait_until("refused", lambda: "failed calling webhook" in outcome())
        expect("digester-webhook-service.digester-system.svc" in outcome(), outcome())
        started = cluster.api.get(CONFIGURATION)
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration")
        wait_until("let in", lambda: outcome() == "unpinned")
        for field in ("uid", "resourceVersion", "managedFields", "creationTimestamp", "generation"):
            started["metadata"].pop(field, None)
        cluster.api.create(started)
        wait_until("refused", lambda: "failed calling webhook" in outcome())
        back()
    installed.close()


GROUPS = (outages_registry, outages_server)
