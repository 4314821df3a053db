"""The registry does not answer, or refuses: nothing is un-pinned, no digest goes back to an older one, controllers get
their Pods, and people are told (H6, H8). With the flags that ship, but that
what is known is no longer fresh after a second."""
import json

from cluster import wait_until
from front import Front
from harm_checks import long_jobs, scale
from harms import Full, all_have, everything
from harness import expect
from installed import Installed, images, is_pinned, switch_on
from objects import pod
from servers import ARM64, INDEX, MANIFEST, Registry



class Bench:
    """In front of the registry stands what breaks on demand. `known` was asked for, `unknown` never was."""

    def __init__(self, h, cluster, name):
        self.h, self.cluster, self.name = h, cluster, name
        self.registry = Registry(h, f"{name}-registry")
        self.front = Front(self.registry)
        self.known, self.unknown = (f"{self.front.host}/team/{what}" for what in ("web:1.10", "migrate:2"))
        self.pinned, self.newer = f"{self.known}@{INDEX}", f"{self.known}@{ARM64}"
        self.older, self.older_unknown = (Full(h, cluster, f"{name}-{what}", everything(image)) for what, image in (
            ("older", self.known), ("unknown", self.unknown)))
        for space in (self.older, self.older_unknown):
            space.apply()

    def prepare(self):
        """Namespaces that were full before the label, of which the server has seen one image, and a pinned one."""
        for space in (self.older, self.older_unknown):
            space.settled()
            switch_on(space, self.known)
        self.new = Full(self.h, self.cluster, f"{self.name}-new", everything(self.known))
        switch_on(self.new, self.known)
        self.new.apply()
        self.keep = Full(self.h, self.cluster, f"{self.name}-keep", everything(self.known),
                         {"digester.dev/on-reapply": "keep"})
        switch_on(self.keep, self.known)
        self.keep.apply()
        for space in (self.new, self.keep):
            space.settled()


def refused(space, item, *words):
    done = space.kubectl("create", "-f", "-", stdin=json.dumps(item), check=False)
    expect(done.returncode != 0, "not refused", done.stdout)
    for word in words:
        expect(word in done.stderr, f"does not say {word}", done.stderr)


def controllers_go_on(h, bench, why):
    """What is the same for every way in which a registry fails."""
    front = bench.front.host
    with h.check(f"{why}, H8: Pods of a known image come, pinned with what is known; no revision more"):
        before = bench.older.seen()
        scale(bench.older)
        all_have(before.unharmed(scaled=True), bench.pinned)
    with h.check(f"{why}, H8: Pods of an image never asked for come unpinned; no revision more"):
        before = bench.older_unknown.seen()
        scale(bench.older_unknown)
        all_have(before.unharmed(scaled=True), bench.unknown)
    with h.check(f"{why}, H8: the Job that a CronJob makes runs"):
        expect(bench.older_unknown.tick() == {bench.unknown}, "images")
    with h.check(f"{why}, H8: set env on an old Deployment whose image cannot be resolved is not refused"):
        before = bench.older_unknown.seen()
        bench.older_unknown.kubectl("set", "env", "deployment/web", f"WHY={len(why)}")
        before.one_revision_more(bench.unknown, ["Deployment"])
    with h.check(f"{why}, H8: a restart is not refused, and makes exactly one revision of each"):
        before = bench.older_unknown.seen()
        bench.older_unknown.kubectl("rollout", "restart", "deployment/web", "statefulset/db", "daemonset/agent")
        before.one_revision_more(bench.unknown)
    with h.check(f"{why}: an object that a person makes is refused, with image, registry and cause"):
        refused(bench.older_unknown, pod("new", bench.unknown), "team/migrate:2", front)


def outage(h, cluster):
    bench = Bench(h, cluster, "outage")
    with long_jobs(cluster), Installed(h, cluster, [bench.front], "--cache-ttl=1s") as installed:
        bench.prepare()
        new = bench.new
        bench.front.down()
        with h.check("the registry away, H6: the unchanged file again un-pins nothing, is not refused, and warns"):
            before = new.seen()
            done = new.apply()
            before.unharmed()
            expect("keeps its digest" in done.stderr, done.stderr)
        with h.check("the registry away, keep: applying again changes nothing, and there is nothing to warn of"):
            before = bench.keep.seen()
            done = bench.keep.apply()
            before.unharmed()
            expect("Warning" not in done.stderr, done.stderr)
        with h.check("the registry away: kubectl diff is empty"):
            for space in (new, bench.keep):
                expect(not space.diff(), space.diff())
        with h.check("the registry away, H6: a newer digest, of another replica, does not go back to the known one"):
            before = new.seen()
            new.kubectl("set", "image", "deployment/web", f"main={bench.newer}")
            before.one_revision_more(bench.newer, ["Deployment"])
            before = new.seen()
            new.apply()
            before.unharmed()
            expect(new.images()["Deployment/web"] == [bench.newer], new.images())
        with h.check("the registry away: what is pinned is scaled and restarted as ever"):
            before = new.seen()
            new.kubectl("scale", "statefulset/db", "--replicas=2")
            all_have(before.unharmed(scaled=True), bench.pinned)
            before = new.seen()
            new.kubectl("rollout", "restart", "statefulset/db", "daemonset/agent")
            before.one_revision_more(bench.pinned, ["StatefulSet", "DaemonSet"])
        controllers_go_on(h, bench, "the registry away")
        with h.check("the registry away: the answers are counted"):
            count = installed.replica.metric
            expect(count("digester_admissions_total", outcome="admitted_with_errors") > 5, "admitted_with_errors")
            expect(count("digester_lookups_total", source="stale") > 0, "stale")

        bench.front.up()
        with h.check("the registry back: a new object is pinned, once a failing registry is asked again"):
            wait_until("pinned", lambda: is_pinned(images(create(new, pod("probe", bench.unknown)))[0]), 70)
        with h.check("the registry back: what came in unpinned changes only when it is restarted, then it is pinned"):
            before = bench.older_unknown.seen()
            bench.older_unknown.apply()
            before.unharmed(scaled=True)
            bench.older_unknown.kubectl("rollout", "restart", "deployment/web", "statefulset/db", "daemonset/agent")
            before.one_revision_more(f"{bench.unknown}@{MANIFEST}")
        with h.check("the registry back, the tag moved: applying again makes one revision of each that differs"):
            bench.registry.move("team/web:1.10", ARM64)
            before = new.seen()
            new.apply()
            before.one_revision_more(bench.newer, ["StatefulSet", "DaemonSet"])


def create(space, item):
    """A dry run of it, or itself as it was when that is refused."""
    status, answer = space.api.request("POST", space.path("v1", "Pod") + "?dryRun=All", item)
    return answer if status == 201 else item


def rate_limited(h, cluster):
    bench = Bench(h, cluster, "limited")
    with long_jobs(cluster), Installed(h, cluster, [bench.front]) as installed:
        bench.prepare()
        bench.front.status = 429
        controllers_go_on(h, bench, "the registry answers 429")
        with h.check("the registry answers 429: applying again un-pins nothing and is not refused"):
            before = bench.new.seen()
            bench.new.apply()
            before.unharmed()
        with h.check("the registry answers 429: who is refused reads of too many requests, and so does the log"):
            refused(bench.new, pod("other", bench.unknown), "too many requests")
            expect("too many requests" in installed.replica.log(), "the log")


GROUPS = (outage, rate_limited)
