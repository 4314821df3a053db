"""`create pod` through a real API server, with and without the webhook in one run.

Each side is a namespace of the same API server; wrk loads them in turn, a second each, so that what else the machine
does hits all of them. No controllers run: nothing but API server, etcd, registry, webhook and load.
"""
import collections
import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "e2e")]
from cluster import Cluster, wait_until  # noqa: E402
from harness import cpu_seconds  # noqa: E402
from installed import CONFIGURATION, Installed, images, is_pinned, switch_on  # noqa: E402
from objects import Space, pod, workload  # noqa: E402
from runner import tools  # noqa: E402
from servers import DIGESTS, Registry  # noqa: E402

CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"
SAMPLE_SECONDS = 1
ADMISSION, REGISTRY = "digester_admission_duration_seconds", "digester_registry_request_duration_seconds"
WORDS = {"not called": "a digest already there: conditions looked at, we are not called",
         "floor": "a digest already there, called all the same: what a call costs", "with": "pinned"}


def percentile(seen, share):
    """`seen`: [(value, how often)], rising."""
    left = share * sum(times for _, times in seen)
    for value, times in seen:
        left -= times
        if left <= 0:
            return value
    raise RuntimeError("nothing was seen")


class Side:
    """A namespace in which Pods are created, and what was seen of that."""

    def __init__(self, name, space, image, owner=None):
        self.name, self.space, self.owner = name, space, owner
        item = pod("NAME", image)
        item["metadata"]["labels"] = {"app": "bench"}
        if owner:
            item["metadata"]["ownerReferences"] = [{
                "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]
        self.pod = item
        self.clear()

    def clear(self):
        self.seen, self.requests, self.seconds = [], 0, 0.0
        self.cpu, self.told = collections.Counter(), collections.Counter()

    def percentile(self, share):
        """In milliseconds: the median of the samples' own, so that a bad second of the machine's is not ours."""
        return statistics.median(percentile(sample, share) for sample in self.seen) / 1000

    @property
    def rate(self):
        return self.requests / self.seconds

    def spent(self, name):
        """CPU time of a process a Pod, in milliseconds."""
        return self.cpu[name] / self.requests * 1000

    def took(self, what):
        """Mean of what the webhook says that it took, in milliseconds; 0 where it was not asked."""
        return self.told[f"{what}_sum"] / max(1, self.told[f"{what}_count"]) * 1000


class Plane:
    """The control plane, the installed webhook, a registry, and the sides."""

    def __init__(self, h):
        if trouble := tools():
            raise RuntimeError(trouble[1])
        self.h, self.samples = h, 0
        self.cluster = Cluster(h, "bench-plane", controllers=False)
        self.registry = Registry(h, "bench-registry")
        tag = f"{self.registry.host}/team/web:1.10"
        pinned = f"{tag}@{DIGESTS['team/web:1.10']}"
        self.installed = Installed(h, self.cluster, [self.registry])
        off, on, floor = (self.space(name) for name in ("bench-off", "bench-on", "bench-floor"))
        switch_on(on, tag)
        switch_on(floor, tag)
        self.always_call(floor, pinned)
        self.processes = {"API server": self.cluster.apiserver.process, "webhook": self.installed.replica.process,
                          "registry": self.registry.process, "etcd": self.cluster.etcd.process}
        owners = {space: space.create(workload("ReplicaSet", "web", pinned, replicas=0)) for space in (off, on)}
        self.persons = [Side("without", off, tag), Side("not called", on, pinned), Side("floor", floor, pinned),
                        Side("with", on, tag)]
        self.controllers = [Side("without", off, tag, owners[off]), Side("with", on, tag, owners[on])]
        for side in (*self.persons, *self.controllers):
            self.look(side, side.space is on or side.space is floor)

    def space(self, name):
        """A namespace. Its ServiceAccount is made here, where no controller does it."""
        self.cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.cluster.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, name)
        return Space(self.cluster, name, make=False)

    def always_call(self, space, pinned):
        """A second configuration, for this namespace, without conditions: we are asked about a Pod that has a digest
        already and have nothing to say. What is left is what a call costs the API server."""
        configuration = self.cluster.api.get(CONFIGURATION)
        webhook = configuration["webhooks"][0]
        del webhook["matchConditions"], webhook["objectSelector"]
        webhook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": space.name}}
        self.cluster.api.create({"apiVersion": configuration["apiVersion"], "kind": configuration["kind"],
                                 "metadata": {"name": "floor"}, "webhooks": [webhook]})
        replica = self.installed.replica

        def called():
            before = replica.metric("digester_admissions_total")
            self.cluster.api.call("POST", space.path("v1", "Pod") + "?dryRun=All", pod("probe", pinned))
            return replica.metric("digester_admissions_total") > before
        wait_until("the second configuration is in force", called)

    def look(self, side, pinned):
        """One Pod, to see that a side is what it says."""
        image = images(self.cluster.api.call("POST", side.space.path("v1", "Pod") + "?dryRun=All",
                                             json.loads(json.dumps(side.pod).replace("NAME", "probe"))))[0]
        if is_pinned(image) != pinned:
            raise RuntimeError(f"{side.name}: {image}")

    def counters(self):
        """(CPU seconds of every process, the webhook's own sums)."""
        used = {name: cpu_seconds(process.pid) for name, process in self.processes.items()}
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used["load"] = children.ru_utime + children.ru_stime
        metrics = self.installed.replica.metrics()
        return used, {f"{what}_{end}": metrics.get(f"{what}_{end}", 0) for what in (ADMISSION, REGISTRY)
                      for end in ("sum", "count")}

    def sample(self, side, clients):
        """Creates Pods for a second, each client on a connection of its own."""
        self.samples += 1
        before = self.counters()
        body = self.h.work / "pod.json"
        body.write_text(json.dumps(side.pod))
        run = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{SAMPLE_SECONDS}s", "-s", HERE / "create_pod.lua",
             self.cluster.url + side.space.path("v1", "Pod")], capture_output=True, text=True,
            env=self.h.environment(BENCH_BODY=body, BENCH_NAME=f"s{self.samples}-", BENCH_TOKEN=self.cluster.admin_token,
                                   BENCH_USER=CONTROLLER if side.owner else ""))
        found = re.search(r"^\{.*\}$", run.stdout, re.M)
        if not found:
            raise RuntimeError(f"wrk: {run.stdout}{run.stderr}")
        told = json.loads(found[0])
        if told["errors"]:
            raise RuntimeError(f"{side.name}: {told['errors']} of {told['requests']} Pods were not created")
        after = self.counters()
        for sums, now, then in zip((side.cpu, side.told), after, before):
            sums.update({key: now[key] - then[key] for key in now})
        side.seen.append(told["seen"])
        side.requests += told["requests"]
        side.seconds += told["microseconds"] / 1e6

    def rounds(self, sides, clients, count):
        """All sides in turn, the first round for warming up. Every round begins with another side."""
        for side in sides:
            self.sample(side, clients)
            side.clear()
        for number in range(count):
            for i in range(len(sides)):
                self.sample(sides[(i + number) % len(sides)], clients)

    def close(self):
        self.installed.close()
        self.cluster.stop()
        self.h.stop(self.registry.process)


def measure(bench):
    """Rows of the table: what the webhook adds to creating a Pod."""
    plane = Plane(bench.h)
    try:
        for who, sides in (("a person", plane.persons), ("a controller", plane.controllers)):
            for clients in (1, 8):
                plane.rounds(sides, clients, 4 if bench.options.quick else 16)
                base = sides[0]
                bench.row(f"create pod by {who}, {clients} client{'s' if clients > 1 else ''}, without webhook",
                          f"p50 {base.percentile(.5):.2f} ms, p99 {base.percentile(.99):.2f} ms; {base.rate:.0f}/s; "
                          f"CPU: API server {base.spent('API server'):.2f} ms")
                for side in sides[1:]:
                    p50, p99 = (side.percentile(share) - base.percentile(share) for share in (.5, .99))
                    marked = side.name == "with"
                    bench.row(f"… {WORDS[side.name]}", f"p50 {p50:+.2f} ms ({side.percentile(.5) / base.percentile(.5):.2f} ×)"
                              f", p99 {p99:+.2f} ms; {side.rate:.0f}/s{told(side)}",
                              "p50 ≤ +1 ms, p99 ≤ +5 ms" if marked else "", p50 <= 1 and p99 <= 5 if marked else None)
        print(f"  the load itself: {base.spent('load'):.2f} ms CPU a Pod", flush=True)
    finally:
        plane.close()


def told(side):
    """Where it goes: CPU time a Pod, and how long the webhook has a review."""
    parts = [f"CPU: API server {side.spent('API server'):.2f} ms"]
    if side.took(ADMISSION):
        parts[0] += f", webhook {side.spent('webhook'):.2f} ms"
        waited = f", {side.took(REGISTRY):.2f} ms of it for the registry" if side.told[f"{REGISTRY}_count"] > 10 else ""
        parts.append(f"with the webhook for {side.took(ADMISSION):.2f} ms{waited}")
    return "".join(f"; {part}" for part in parts)

