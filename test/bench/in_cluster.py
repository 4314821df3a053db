"""Warm admissions in a cluster beside the same with --offline: what namespaces and pull secrets cost a review.

Both servers run on one core and answer the same reviews, in turn; the one in the cluster has read the namespace, the
ServiceAccount and the secrets before it is measured, as it has after the first review of every half minute.
"""
import asyncio
import base64
import json
import os
import ssl
import statistics
import sys

import reviews

HERE = reviews.HERE
sys.path += [str(HERE.parent / "e2e")]
from cluster import Cluster, wait_until  # noqa: E402
from installed import Installed  # noqa: E402
from objects import Space  # noqa: E402
from private_registry import login, names, pull_secret  # noqa: E402
from runner import tools  # noqa: E402

MARK = 1.05


class Named:
    """What Installed wants to know of a registry."""

    def __init__(self, host):
        self.host = host


def prepare(cluster, namespace, registry):
    """The review's namespace, switched on, with secrets that match the registry and an account without any."""
    cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": namespace, "labels": {"digest-resolution": "enabled"}}})
    space = Space(cluster, namespace, make=False)
    space.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
    for number in range(2):
        space.create(pull_secret(f"login-{number}", login(registry, f"user-{number}")))


def measure(bench):
    """Rows of the table: a review's CPU time in the cluster, as a multiple of --offline's."""
    if trouble := tools():
        raise RuntimeError(trouble[1])
    registry = bench.registry()
    cluster = Cluster(bench.h, "bench-in-cluster", controllers=False)
    try:
        prepare(cluster, reviews.namespace(), registry)
        flags = ("--threads=1", "--cache-ttl=1h")
        with Installed(bench.h, cluster, [Named(registry)], *flags) as installed:
            replica = installed.replica
            for thread in os.listdir(f"/proc/{replica.process.pid}/task"):
                os.sched_setaffinity(int(thread), {bench.core})
            offline = bench.webhook(*flags, "--on-error=admit-controlled", registry=registry, pin=True)
            sides = {"offline": (offline, "127.0.0.1", offline.port),
                     "cluster": (replica.process, replica.address, replica.port)}
            for images in (1, 10):
                for secrets in (0, 1, 2):
                    body = reviews.pod(reviews.images(registry, images, f"warm{secrets}"), 3072,
                                       secrets=names(*(f"login-{n}" for n in range(secrets))))
                    used = compare(bench, sides, body)
                    # Of every round by itself: what else the machine does then hits both.
                    ratio = statistics.median(a / b for a, b in zip(used["cluster"], used["offline"]))
                    here, there = (statistics.median(used[side]) for side in ("cluster", "offline"))
                    marked = secrets < 2
                    bench.row(f"in a cluster, 3 KB, {images} image{'s' if images > 1 else ''}, {secrets or 'no'} pull "
                              f"secret{'s' if secrets != 1 else ''}",
                              f"{here:.1f} µs CPU, --offline {there:.1f}: {ratio:.2f} × --offline",
                              f"≤ {MARK}" if marked else "", ratio <= MARK if marked else None)
            bench.h.stop(offline)
    finally:
        cluster.stop()


def compare(bench, sides, body):
    """{side: CPU µs a request, round by round}, both loaded in turn, their answers warm."""
    for process, address, port in sides.values():
        wait_until("images are cached", lambda: is_pinned(address, port, body))
    used = {side: [] for side in sides}
    order = list(sides)
    for number in range(4 if bench.options.quick else 16):
        seen = {}
        for side in order if number % 2 else order[::-1]:
            process, address, port = sides[side]
            told, cpu = bench.load(process, port, body, 1, address)
            seen[side] = told["requests"] and cpu / told["requests"] * 1e6
        if not all(seen.values()):  # a machine so busy that nothing came through says nothing
            print("  warning: a round without a request is left out", flush=True)
            continue
        for side in sides:
            used[side].append(seen[side])
    return used


def is_pinned(address, port, body):
    async def ask():
        trust = ssl._create_unverified_context()
        reader, writer = await asyncio.open_connection(address, port, ssl=trust)
        writer.write(b"POST /v1/mutate?timeout=10s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                     b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        answer = await reader.read()
        writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])["response"]
    response = asyncio.run(ask())
    return response["allowed"] and b"@sha256:" in base64.b64decode(response.get("patch", ""))
