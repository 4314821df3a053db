"""Pods made without a pause while something happens to the webhook: none may be refused, none may come out unpinned."""
import base64
import contextlib
import threading
import time

from api import ApiError
from cluster import wait_until
from harness import expect
from installed import CONFIGURATION, images
from objects import pod


class Stream:
    """Several threads that make Pods of a switched-on namespace, through the API server. Nothing schedules these Pods:
    they cost no node anything."""

    def __init__(self, space, image, pinned, threads=3, pause=0.03):
        self.space, self.image, self.pinned, self.pause = space, image, pinned, pause
        self.made, self.wrong, self.longest = 0, [], 0.0
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(f"{id(self):x}-{number}",), daemon=True)
                        for number in range(threads)]

    def run(self, name):
        number = 0
        while not self.ending.wait(self.pause):
            number += 1
            started = time.monotonic()
            try:
                made = self.space.create(pod(f"{name}-{number}", self.image, schedulingGates=[{"name": "test/never"}]))
                fault = None if images(made) == [self.pinned] else f"unpinned: {images(made)}"
            except (ApiError, OSError) as error:
                fault = f"refused: {error}"
            with self.lock:
                self.made += 1
                self.longest = max(self.longest, time.monotonic() - started)
                if fault:
                    self.wrong.append(f"{time.strftime('%H:%M:%S')} {fault}")

    def take(self, what, at_least=1):
        """What went wrong since the last call, after at least so many Pods."""
        wait_until(f"{at_least} Pods are made", lambda: self.made >= at_least)
        with self.lock:
            made, wrong, longest = self.made, self.wrong, self.longest
            self.made, self.wrong, self.longest = 0, [], 0.0
        print(f"     {what}: {made} Pods, {len(wrong)} refused or unpinned, the slowest took {longest * 1000:.0f} ms",
              flush=True)
        return wrong

    def all_well(self, what, at_least):
        wrong = self.take(what, at_least)
        expect(not wrong, f"{len(wrong)} Pods", *wrong[:5])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(70)
        self.space.api.delete(self.space.path("v1", "Pod"), gracePeriodSeconds=0)


@contextlib.contextmanager
def failing_closed(cluster):
    """While it lasts, an object that the webhook cannot be asked about is refused."""
    where = "/webhooks/0/failurePolicy"
    cluster.api.patch(CONFIGURATION, [{"op": "replace", "path": where, "value": "Fail"}], "json")
    try:
        yield
    finally:
        cluster.api.patch(CONFIGURATION, [{"op": "replace", "path": where, "value": "Ignore"}], "json")


class Reconnecting:
    """Makes API servers connect anew, again and again: they keep connections for one bundle, so an empty line is added
    to ours, which says the same as before. Otherwise hardly anybody would ever see a new certificate."""

    def __init__(self, cluster, pause=0.4):
        self.api, self.pause, self.ending = cluster.api, pause, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        where, lines = "/webhooks/0/clientConfig/caBundle", 0
        while not self.ending.wait(self.pause):
            old = self.api.get(CONFIGURATION)["webhooks"][0]["clientConfig"].get("caBundle")
            if not old:
                continue
            lines += 1
            new = base64.b64encode(base64.b64decode(old).rstrip() + b"\n" * lines).decode()
            # Not if the server has changed it meanwhile.
            self.api.request("PATCH", CONFIGURATION, [{"op": "test", "path": where, "value": old},
                                                      {"op": "replace", "path": where, "value": new}],
                             "application/json-patch+json")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(10)
