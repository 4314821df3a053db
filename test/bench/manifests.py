"""`digester resolve` over files of many images, each looked up at a registry on this machine: nginx, which answers every
manifest's HEAD with a digest.

Time on the clock, processor time and memory are those of the whole process, from start to end; the median of the
rounds. Beside them, in turn and in the same run: the same number of HEADs by wrk on as many connections, which is what
the registry alone takes, and `kubectl kustomize` of the same manifests, which reads and writes them and asks nobody.
"""
import pathlib
import re
import statistics
import subprocess

from harness import ROOT, free_port, listens

KUBECTL = ROOT / "build/e2e/bin/kubectl"
DIGEST = "sha256:" + "5" * 64
CONNECTIONS = 16
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels: {{app: app-{n}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{n}}}
  template:
    metadata:
      labels: {{app: app-{n}}}
    spec:
      containers:
      - name: app # the {n}th
        image: {host}/team/app-{image}:1.10
        ports:
        - containerPort: 8080
        resources:
          limits: {{cpu: "1", memory: 256Mi}}
"""


class Registry:
    def __init__(self, bench):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        work = bench.h.work
        config = work / "fast-registry.conf"
        config.write_text(f"""daemon off; master_process off; error_log stderr error; pid {work}/fast-registry.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 180s;
  client_body_temp_path {work}/fast.t; proxy_temp_path {work}/fast.t; fastcgi_temp_path {work}/fast.t;
  uwsgi_temp_path {work}/fast.t; scgi_temp_path {work}/fast.t;
  types {{ }} default_type application/vnd.oci.image.index.v1+json;
  server {{ listen 127.0.0.1:{self.port} backlog=1024; location / {{
    add_header Docker-Content-Digest {DIGEST}; return 200; }} }} }}
""")
        self.process = bench.h.start("fast-registry", ["nginx", "-p", work, "-e", "stderr", "-c", config])
        bench.h.wait_for("fast-registry", self.process, lambda: listens(self.port))


class Run:
    """One process from start to end: seconds on the clock and of the processor, KiB at most, standard output."""

    def __init__(self, bench, command, output):
        measured = pathlib.Path(bench.h.program).parent / "test/bench/measured_run"
        with open(output, "wb") as out:
            done = subprocess.run([str(word) for word in (measured, *command)], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.PIPE, text=True, env=bench.h.environment())
        if done.returncode != 0:
            raise RuntimeError(f"{command}: status {done.returncode}: {done.stderr[-500:]}")
        wall, cpu, self.kib = map(int, done.stderr.splitlines()[-1].split())
        self.wall, self.cpu = wall / 1e6, cpu / 1e6


def heads(bench, registry, count):
    """Seconds that as many HEADs take wrk."""
    script = bench.h.work / "head.lua"
    script.write_text('wrk.method = "HEAD"\nfunction done(s) io.write(string.format("%d %d\\n", s.requests, s.duration)) end\n')
    told = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", "-d1s", "-s", script,
                           f"http://{registry.host}/v2/team/app/manifests/1.10"], capture_output=True, text=True).stdout
    requests, microseconds = map(int, re.search(r"^(\d+) (\d+)$", told, re.M).groups())
    return count * microseconds / requests / 1e6


def measure(bench):
    """Rows of the table."""
    registry = Registry(bench)
    folder = bench.h.work / "manifests"
    folder.mkdir()
    medians = lambda runs, what: statistics.median(getattr(run, what) for run in runs)  # noqa: E731
    for objects, images, mark in ((1, 1, 0.02), (1000, 100, None), (1000, 1000, 0.1), (10000, 100, None),
                                  (10000, 10000, 1.0)):
        file = folder / "app.yaml"
        file.write_text("---\n".join(DEPLOYMENT.format(n=n, image=n % images, host=registry.host) for n in range(objects)))
        (folder / "kustomization.yaml").write_text("resources: [app.yaml]\n")
        rounds = (3 if bench.options.quick else 9) if objects < 10000 else (2 if bench.options.quick else 5)
        ours, floor, theirs = [], [], []
        for round_ in range(rounds):
            ours.append(Run(bench, [bench.h.program, "resolve", "-f", file], folder / "out"))
            floor.append(heads(bench, registry, images))
            if KUBECTL.exists() and objects <= 1000 and round_ < 3:
                theirs.append(Run(bench, [KUBECTL, "kustomize", folder], folder / "theirs"))
        pinned = (folder / "out").read_text()
        if pinned.replace(f"@{DIGEST}", "") != file.read_text() or pinned.count(DIGEST) != objects:
            raise RuntimeError("the output is not the input with digests")
        wall, cpu, kib = (medians(ours, what) for what in ("wall", "cpu", "kib"))
        beside = f"; {wall / statistics.median(floor):.1f} × the HEADs alone by wrk"
        if theirs:
            beside += f", {wall / medians(theirs, 'wall'):.2f} × kubectl kustomize"
        what = "a file of one Deployment" if objects == 1 else f"{objects:,} Deployments, {images:,} images"
        bench.row(f"resolve, {what}", f"{wall * 1000:.0f} ms, {cpu * 1000:.0f} ms CPU{beside}",
                  f"≤ {mark * 1000:.0f} ms" if mark else "", wall <= mark if mark else None)
        size = file.stat().st_size / 1024
        allowed = 16 * 1024 + 4 * size
        bench.row("… memory", f"{kib / 1024:.1f} MiB for {size / 1024:.2f} MiB of manifests",
                  f"≤ {allowed / 1024:.1f} MiB", kib <= allowed)
    bench.h.stop(registry.process)
