"""k8s-digester 0.1.16 beside us: its own rotator of certificates, at its version, on the same Secret and configuration.

    python3 -B test/e2e/rival_checks.py [--group NAME]
"""
import contextlib
import threading
import time

import runner
from api import Watch
from cluster import PROGRAMS, wait_until
from harness import expect
from installed import CONFIGURATION, SECRET, bundle, switch_on
from objects import Space
from pod_stream import failing_closed
from turnover_checks import authorities, decoded, empty_secret, in_bundle, installed

ROTATOR = PROGRAMS / "k8s-digester-rotator"
# Long enough for a loop to show itself: each round of one takes milliseconds.
BESIDE = 8


class Writes:
    """How often an object was written since."""

    def __init__(self, cluster, path):
        collection, self.name = path.rsplit("/", 1)
        self.versions = set()
        self.watch = Watch(cluster.api, collection, cluster.api.get(path)["metadata"]["resourceVersion"])
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed
            for type_, item in self.watch:
                if type_ == "MODIFIED" and item["metadata"]["name"] == self.name:
                    self.versions.add(item["metadata"]["resourceVersion"])

    def end(self):
        self.watch.close()
        self.thread.join(5)
        return len(self.versions)


class Rotator:
    """k8s-digester's. The file that it waits for is there, as a mounted Secret's would be."""

    def __init__(self, h, cluster, name):
        folder = h.work / f"{name}.mounted"
        folder.mkdir()
        (folder / "tls.crt").touch()
        self.h, self.name = h, name
        self.process = h.start(name, [ROTATOR, "--kubeconfig", cluster.kubeconfig, folder])
        h.wait_for(name, self.process, lambda: "ready" in h.log(name).split(), 30)

    def close(self):
        self.h.stop(self.process)


def authority(cluster):
    return cluster.api.get(SECRET)["data"]["ca.crt"]


def is_same(cluster, replicas):
    """All serve what the Secret holds, and the bundle is its CA."""
    keys = cluster.api.get(SECRET)["data"]
    return (set(replicas.served()) == {decoded(keys, "tls.crt")}
            and in_bundle(cluster) == authorities(decoded(keys, "ca.crt")))


@contextlib.contextmanager
def few_writes(cluster, secret, configuration):
    """Not more than so many while it lasts."""
    writes = [Writes(cluster, path) for path in (SECRET, CONFIGURATION)]
    try:
        yield
    finally:
        seen = [w.end() for w in writes]
        print(f"     {seen[0]} writes to the Secret, {seen[1]} to the configuration", flush=True)
    expect(seen[0] <= secret and seen[1] <= configuration, f"{seen[0]} and {seen[1]} writes")


def rivals(h, cluster):
    if not ROTATOR.exists():
        print("SKIPPED k8s-digester's rotator beside ours: it could not be built (build_control_plane.sh says why)",
              flush=True)
        return
    with installed(h, cluster, "rivals") as (replicas, stream, image):
        space = Space(cluster, "rivals")
        replicas.start()
        switch_on(space, image)
        with failing_closed(cluster):
            they_come(h, cluster, replicas, stream(space))
        for one in list(replicas.all):
            replicas.remove(one)
        empty_secret(cluster)
        with h.check("we come to k8s-digester: what it has made is used as it is, and neither writes"):
            theirs = Rotator(h, cluster, "rotator-first")
            wait_until("it has written its CA", lambda: bundle(cluster))
            with failing_closed(cluster), few_writes(cluster, 0, 0):
                replicas.start()
                with stream(space) as s:
                    time.sleep(BESIDE)
                    s.all_well("we come to k8s-digester", 50)
            theirs.close()
            expect(is_same(cluster, replicas), "not all have the same")


def they_come(h, cluster, replicas, stream):
    what = "k8s-digester comes to us: it replaces our Secret by its own, once, and we go on with that"
    with h.check(what), stream as s:
        ours = authority(cluster)
        with few_writes(cluster, 3, 3):
            theirs = Rotator(h, cluster, "rotator-second")
            wait_until("it has replaced our Secret", lambda: authority(cluster) != ours)
            wait_until("we follow", lambda: is_same(cluster, replicas))
            # Its way knows no overlap: an API server has the new bundle a moment before or after a replica has the new
            # certificate.
            wrong = s.take("while k8s-digester takes over")
            expect(len(wrong) < 10 and all("x509" in text for text in wrong), *wrong[:5])
            time.sleep(BESIDE)
            s.all_well("beside k8s-digester", 50)
        theirs.close()
        expect(is_same(cluster, replicas), "not all have the same")
        for one in replicas.all:
            expect("somebody else keeps" not in one.log(), one.log()[-2000:])
            expect(one.is_ready(), f"{one.name} is not ready")


GROUPS = (rivals,)

if __name__ == "__main__":
    runner.main(GROUPS, __doc__)
