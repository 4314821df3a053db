"""Replicas and certificates that come and go while Pods are made, with failurePolicy Fail: three real servers on
loopback ports, a proxy in the place of the Service, and not one Pod refused or unpinned.

    python3 -B test/e2e/turnover_checks.py [--group NAME]
"""
import base64
import contextlib
import pathlib
import ssl
import sys
import threading
import time

import runner
from api import Watch
from cluster import wait_until
from harness import expect, free_port
from installed import CONFIGURATION, NAMESPACE, SECRET, Replica, apply, bundle, service_address, switch_on
from objects import Space
from pod_stream import Reconnecting, Stream, failing_closed
from servers import DIGESTS, Registry

HERE = pathlib.Path(__file__).resolve().parent
# How often the proxy looks who is ready; the drain has to be longer.
POLL, DRAIN = 0.25, "1500ms"
# Renewed after some 7.6 s; the next CA is added after some 23 s, signs after 27 s, and the old one is gone after 32 s.
LIVES = ("--ca-lifetime=36s", "--cert-lifetime=12s", "--ca-overlap=4s")


def decoded(keys, name):
    return base64.b64decode(keys.get(name, "")).decode()


def authorities(text):
    """The certificates in a PEM text, each as its own text."""
    begin = "-----BEGIN CERTIFICATE-----"
    return [begin + part.split("-----END", 1)[0] for part in text.split(begin)[1:]]


def in_bundle(cluster):
    return authorities(base64.b64decode(bundle(cluster) or "").decode())


class Replicas:
    """Three servers behind the Service's address."""

    def __init__(self, h, cluster, registry, *flags):
        self.h, self.cluster = h, cluster
        self.flags = ["--drain", DRAIN, "--insecure-registries", registry.host, *flags]
        self.endpoints = h.work / "endpoints"
        self.endpoints.write_text("")
        self.all, self.made = [], 0
        self.proxy = h.start("service-proxy", [sys.executable, "-B", HERE / "service_proxy.py",
                                               service_address(cluster), 443, self.endpoints, "--poll", POLL])
        h.wait_for("service-proxy", self.proxy, lambda: "listening" in h.log("service-proxy"))

    def add(self, *flags):
        """A new one, started and not waited for."""
        self.made += 1
        one = Replica(self.h, self.cluster, f"replica-{self.made}", "127.0.0.1", free_port(), [*self.flags, *flags])
        one.start(wait=False)
        self.all.append(one)
        self.publish()
        return one

    def publish(self):
        new = self.endpoints.with_suffix(".new")
        new.write_text("".join(f"{one.port} {one.health}\n" for one in self.all))
        new.rename(self.endpoints)

    def remove(self, one):
        """As a Pod ends: SIGTERM, and it is an endpoint as long as it says that it is ready. Its exit status."""
        status = one.stop(seconds=20)
        self.all.remove(one)
        self.publish()
        return status

    def start(self, *flags):
        for one in [self.add(*flags) for _ in range(3)]:
            one.wait_ready()
        last = f"ready {' '.join(str(one.port) for one in self.all)}"
        wait_until("the proxy has seen them", lambda: last in self.h.log("service-proxy"))

    def served(self):
        """What each replica shows to who connects."""
        return [ssl.get_server_certificate(("127.0.0.1", one.port), timeout=5) for one in self.all]

    def sum(self, metric, **labels):
        return sum(one.metric(metric, **labels) for one in self.all)

    def close(self):
        for one in self.all:
            one.process.terminate()
        for one in list(self.all):
            self.remove(one)
        self.h.stop(self.proxy)
        self.cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration",
                             "--ignore-not-found")
        self.cluster.api.request("DELETE", SECRET)


@contextlib.contextmanager
def installed(h, cluster, name):
    """deploy/ with three replicas, and a switched-on namespace: (replicas, function that makes a stream of Pods)."""
    registry = Registry(h, f"{name}-registry")
    image = f"{registry.host}/team/web:1.10"
    apply(cluster)
    replicas = Replicas(h, cluster, registry)
    try:
        yield replicas, lambda space, **how: Stream(space, image, f"{image}@{DIGESTS['team/web:1.10']}", **how), image
    finally:
        replicas.close()
        h.stop(registry.process)


class History:
    """Every state of the Secret, in order."""

    def __init__(self, cluster):
        start = cluster.api.get(SECRET)
        collection, name = SECRET.rsplit("/", 1)
        self.states = [start.get("data") or {}]
        self.watch = Watch(cluster.api, collection, start["metadata"]["resourceVersion"])

        def run():
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed
                for type_, item in self.watch:
                    if type_ == "MODIFIED" and item["metadata"]["name"] == name:
                        self.states.append(item.get("data") or {})
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def close(self):
        self.watch.close()
        self.thread.join(5)


def empty_secret(cluster):
    """As it ships, the bundle with it."""
    keys = cluster.api.get(SECRET).get("data") or {}
    cluster.api.patch(SECRET, {"data": dict.fromkeys(keys)})
    if bundle(cluster):
        cluster.api.patch(CONFIGURATION, [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}], "json")


def turnover(h, cluster):
    with installed(h, cluster, "turnover") as (replicas, stream, image):
        with h.check("three replicas that start at once on an empty Secret agree on one CA, and all are ready"):
            replicas.start()
            keys = cluster.api.get(SECRET)["data"]
            expect(len(authorities(decoded(keys, "ca.crt"))) == 1, "the Secret holds several CAs")
            expect(in_bundle(cluster) == authorities(decoded(keys, "ca.crt")), "the bundle is not the Secret's CA")
            expect(set(replicas.served()) == {decoded(keys, "tls.crt")}, "not all serve what the Secret holds")
            made = replicas.sum("digester_certificate_changes_total", change="created")
            expect(made == 1, f"{made} of them think that they made it")

        space = Space(cluster, "turnover")
        switch_on(space, image)
        with failing_closed(cluster):
            restart(h, replicas, stream(space, threads=6, pause=0.005))
            for one in list(replicas.all):
                one.process.terminate()
            for one in list(replicas.all):
                replicas.remove(one)
            empty_secret(cluster)
            replicas.start(*LIVES)
            rotate(h, cluster, replicas, stream(space))
            emptied(h, cluster, replicas, stream(space))


def restart(h, replicas, stream):
    what = "a rolling restart of three replicas while Pods are made: not one is refused or unpinned"
    with h.check(what), stream as s:
        old = list(replicas.all)
        before = [one.port for one in old]
        for one in old:
            replicas.add().wait_ready()
            status = replicas.remove(one)
            expect(status == 0, f"{one.name} ended with {status}")
            end = one.log().rsplit('"msg":"stopped"', 1)[-1]
            expect('"clean":true' in end, "requests were cut off", one.log()[-500:])
        expect(not set(before) & {one.port for one in replicas.all}, "an old replica is left")
        s.all_well("rolling restart", 100)
        expect(replicas.sum("digester_http_requests_total", listener="webhook") > 0, "the new ones were never asked")


def rotate(h, cluster, replicas, stream):
    history = History(cluster)
    try:
        with stream as s, Reconnecting(cluster):
            with h.check("serving certificates renewed while Pods are made: not one is refused or unpinned"):
                first = replicas.served()
                renewals = 2
                wait_until(f"{renewals} renewals", lambda: replicas.sum(
                    "digester_certificate_changes_total", change="renewed") >= renewals, 60)
                wait_until("all serve the newest", lambda: set(replicas.served()) == {
                    decoded(cluster.api.get(SECRET)["data"], "tls.crt")}, 10)
                expect(not set(first) & set(replicas.served()), "a replica serves what it did at first")
                leaves = {keys.get("tls.crt") for keys in history.states}
                expect(len(leaves) > renewals, f"the Secret held {len(leaves)} certificates")
                connections = replicas.sum("digester_http_connections_total", listener="webhook")
                s.all_well(f"{renewals} renewals, {connections:.0f} connections", 100)

            with h.check("the CA rotated while Pods are made: both in the bundle, then the new one signs, the old one "
                         "leaves, not one Pod refused or unpinned"):
                started = time.monotonic()
                old = authorities(decoded(history.states[0], "ca.crt"))
                wait_until("two CAs in the bundle", lambda: len(in_bundle(cluster)) == 2, 60)
                both = time.monotonic()
                keys = cluster.api.get(SECRET)["data"]
                expect(authorities(decoded(keys, "ca.crt")) == old, "the new CA signs before the wait is over")
                new = authorities(decoded(keys, "ca-next.crt"))
                expect(set(in_bundle(cluster)) == {*old, *new}, "other CAs are in the bundle")

                def switched():
                    data = cluster.api.get(SECRET)["data"]
                    return authorities(decoded(data, "ca.crt")) == new and data
                keys = wait_until("the new CA signs", switched, 60)
                signs = time.monotonic()
                expect(signs - both > 3, f"it signed after {signs - both:.1f} s")
                expect(authorities(decoded(keys, "ca-old.crt")) == old, "the old CA is not kept")
                expect(set(in_bundle(cluster)) == {*old, *new}, "the old CA has left too early")
                wait_until("the old CA is out of the bundle", lambda: in_bundle(cluster) == new, 60)
                gone = time.monotonic()
                expect(gone - signs > 1.5, f"the old CA left after {gone - signs:.1f} s")
                wait_until("the old CA is forgotten", lambda: "ca-old.crt" not in cluster.api.get(SECRET)["data"], 20)
                print(f"     both in the bundle after {both - started:.1f} s, {signs - both:.1f} s later the new one "
                      f"signs, {gone - signs:.1f} s later the old one is gone", flush=True)
                s.all_well("CA rotation", 100)
                repaired = replicas.sum("digester_certificate_changes_total", change="repaired")
                expect(repaired == 0, f"{repaired} repairs: a rotation came too late")
    finally:
        history.close()


def emptied(h, cluster, replicas, stream):
    """What an operator does who wants a new CA at once."""
    with h.check("a Secret that somebody empties while Pods are made: a new CA, and not one is refused or unpinned"), \
            stream as s:
        old = authorities(decoded(cluster.api.get(SECRET)["data"], "ca.crt"))
        cluster.kubectl("-n", NAMESPACE, "patch", "secret", "digester-webhook-server-cert", "--type=json", "-p",
                        '[{"op": "remove", "path": "/data"}]')

        def renewed():
            data = cluster.api.get(SECRET).get("data") or {}
            return "tls.crt" in data and set(replicas.served()) == {decoded(data, "tls.crt")}
        wait_until("all serve a new one", renewed)
        expect(authorities(decoded(cluster.api.get(SECRET)["data"], "ca.crt")) != old, "the old CA is back")
        expect(set(old) < set(in_bundle(cluster)), "the old CA has left too early")
        s.all_well("Secret emptied", 50)


GROUPS = (turnover,)

if __name__ == "__main__":
    runner.main(GROUPS, __doc__)
