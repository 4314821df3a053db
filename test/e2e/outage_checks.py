"""What works and what is refused while the API server, etcd, a registry or the server itself is away, and how it
heals: docs/OPERATIONS.md, "What fails how", line by line on a running server.

E2E_API_RESTARTS: how often the API server is restarted to see whether anything grows (2).
"""
import itertools
import os
import pathlib
import re
import signal
import threading
import time

from cluster import wait_until
from direct import Direct, ask, owned
from harness import Failed, expect
from installed import CONFIGURATION, Installed, bundle, is_pinned
from objects import Space, pod, workload
from private_registry import PrivateRegistry, login, names, pull_secret
from tenant_checks import MIGRATE, WEB, lines, tenant

# The longest wait between two tries while nobody answers is 5 s (lib/kube/watch.hpp): a longer absence is no other.
AWAY_SECONDS = 12


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def resident_mib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Reviews:
    """Somebody who asks the server itself, all along. What was not pinned, or not answered, is kept."""

    def __init__(self, direct, namespace, image, **spec):
        self.count, self.troubles = 0, []
        self.stopping = threading.Event()

        def run():
            while not self.stopping.is_set():
                try:
                    answer = direct.ask(owned(pod("p", image, **spec)), namespace)
                    if not answer.pinned:
                        self.troubles.append(answer)
                except Exception as error:
                    self.troubles.append(error)
                self.count += 1
                time.sleep(0.02)
        self.thread = threading.Thread(target=run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(30)

    def flawless(self):
        expect(self.count > 50 and not self.troubles, self.count, *self.troubles[:5])


class Changes:
    """What somebody changes as soon as an outage is over, and how long it takes until it is noticed. Made before the
    outage: a namespace that is off, a login that is wrong."""

    numbers = itertools.count(1)

    def __init__(self, cluster, direct, space, image, good):
        self.cluster, self.direct, self.space, self.image, self.good = cluster, direct, space, image, good
        self.name = f"login-{next(self.numbers)}"
        space.create(pull_secret(self.name, login(image.partition("/")[0], password="wrong")))
        expect(direct.ask(self.item(), space.name).refused, "a wrong password works")
        self.fresh = Space(cluster, f"after-{self.name}")
        self.fresh.create(good)

    def item(self):
        return pod("p", self.image, imagePullSecrets=names(self.name))

    def noticed(self):
        api, direct, image = self.cluster.api, self.direct, self.image
        path, started, took = f"/api/v1/namespaces/{self.fresh.name}", time.monotonic(), {}
        api.patch(CONFIGURATION, [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}], "json")
        api.patch(path, {"metadata": {"labels": {"digest-resolution": "enabled"},
                                      "annotations": {"digester.dev/on-reapply": "keep"}}})
        self.space.api.patch(self.space.path("v1", "Secret", self.name), {"data": self.good["data"]})
        old = workload("Deployment", "d", f"{image}@sha256:{'1' * 64}")
        waiting = {
            "a namespace": lambda: direct.ask(
                owned(pod("p", image, imagePullSecrets=names("good"))), self.fresh.name).pinned,
            # From memory: that is not confirmed by a live read once the label is known.
            "an annotation": lambda: (direct.ask(workload("Deployment", "d", image), self.fresh.name,
                                                 operation="UPDATE", old=old).image or "").endswith("1" * 64),
            "the bundle": lambda: bundle(self.cluster),
            "a corrected login": lambda: direct.ask(self.item(), self.space.name).pinned}
        while waiting:
            for what in [what for what, condition in waiting.items() if condition()]:
                took[what] = time.monotonic() - started
                del waiting[what]
            if time.monotonic() - started > 40:
                raise Failed(f"not noticed: {', '.join(waiting)}; noticed: {took}")
            time.sleep(0.05)
        print("     noticed: " + ", ".join(f"{what} after {seconds:.1f} s" for what, seconds in took.items()),
              flush=True)
        wait_until("the webhook is called again", lambda: dry(self.space, image))
        api.delete(path)
        expect(max(took.values()) < 15, took)


def outages_api(h, cluster):
    private = PrivateRegistry(h, "outages")
    host, web, migrate = private.host, f"{private.host}/{WEB}", f"{private.host}/{MIGRATE}"
    good = pull_secret("good", login(host))
    installed = Installed(h, cluster, [private], name="digester-outages")
    replica = installed.replica
    space = tenant(cluster, "outages", host, good, pull_secret("unread", login(host)), default=["good"])
    direct, second = Direct(cluster, replica), Direct(cluster, replica)
    space.create(workload("Deployment", "web", web, replicas=2))
    space.rolled_out("web", 2)

    # All before the first outage: the controllers, which a namespace needs, take up to half a minute to come back.
    changes = [Changes(cluster, direct, space, web, good) for _ in range(3)]
    with Reviews(second, space.name, web) as reviews:
        with h.check(f"the API server away for {AWAY_SECONDS} s: the server goes on with what it has read, stays "
                     "ready, and says what it cannot read"):
            cluster.apiserver.stop(signal.SIGKILL)
            ended = time.monotonic() + AWAY_SECONDS
            try:
                # Another image, so that the credential is needed and not just the digest.
                expect(direct.ask(pod("p", migrate), space.name).pinned, "with the secret that was read")
                answer = direct.ask(pod("p", web, imagePullSecrets=names("unread")), space.name)
                expect(answer.refused and "could not be read" in answer.text, answer)
                answer = direct.ask(owned(pod("p", web, imagePullSecrets=names("unread"))), space.name)
                expect(answer.unpinned and "not pinned" in answer.text, answer)
                while time.monotonic() < ended:
                    expect(replica.is_ready() and replica.status("/healthz") == 200, "not ready")
                    time.sleep(0.5)
                wait_until("the log", lambda: lines(replica, "a watch of the Kubernetes API fails"))
            finally:
                cluster.apiserver.start()
        with h.check("the API server back: a namespace, an annotation, a bundle, a secret changed right then are "
                     "noticed within seconds; what was refused is pinned"):
            changes[0].noticed()
            expect(direct.ask(pod("p", web, imagePullSecrets=names("unread")), space.name).pinned, "unread")
        for how, change in ((signal.SIGTERM, changes[1]), (signal.SIGKILL, changes[2])):
            with h.check(f"etcd restarted by {how.name}: Pods are made and pinned again, changes are noticed"):
                cluster.etcd.stop(how)
                time.sleep(2)  # away for so long
                cluster.etcd.start()
                wait_until("the API server is well", lambda: well(cluster), 60)
                wait_until("a Pod", lambda: dry(space, web), 60)
                change.noticed()

        with h.check("controllers go on: a Deployment that is scaled after all that gets Pods that are pinned"):
            space.kubectl("scale", "deployment", "web", "--replicas=4")
            space.rolled_out("web", 4)
            expect(all(is_pinned(p["spec"]["containers"][0]["image"]) for p in space.pods("web")), "not pinned")

        restarts = int(os.environ.get("E2E_API_RESTARTS", "2"))
        with h.check(f"{restarts} restarts of the API server: neither memory nor descriptors grow"):
            cluster.apiserver.restart(signal.SIGKILL)
            wait_until("a Pod", lambda: dry(space, web), 60)
            before = descriptors(replica.process), resident_mib(replica.process)
            for number in range(restarts):
                cluster.apiserver.restart(signal.SIGKILL if number % 2 else signal.SIGTERM)
            wait_until("a Pod", lambda: dry(space, web), 60)
            time.sleep(1)
            after = descriptors(replica.process), resident_mib(replica.process)
            print(f"     descriptors {before[0]} → {after[0]}, memory {before[1]:.1f} → {after[1]:.1f} MiB",
                  flush=True)
            expect(after[0] <= before[0] + 6 and after[1] < before[1] + 4, before, after)
    with h.check("all along, the server answered every review that reached it, pinned"):
        print(f"     {reviews.count} reviews", flush=True)
        reviews.flawless()
        expect(replica.lives_on() and replica.lives == 1, "it was restarted")
    installed.close()


def well(cluster):
    try:
        return cluster.api.request("GET", "/readyz")[0] == 200
    except OSError:
        return False


def dry(space, image):
    try:
        return ask(space, pod("p", image)).pinned
    except (OSError, RuntimeError):
        return False


GROUPS = (outages_api,)
