"""`digester fn` over ResourceLists and `digester resolve` over files, with many images each looked up at a registry on this
machine: nginx, which answers every manifest's HEAD with a digest.

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

    def __init__(self, bench, command, output, given=subprocess.DEVNULL):
        measured = pathlib.Path(bench.h.program).parent / "test/bench/measured_run"
        with open(output, "wb") as out:
            done = subprocess.run([str(word) for word in (measured, *command)], stdin=given, stdout=out,
                                  stderr=subprocess.PIPE, text=True, env=bench.h.environment())
        if done.returncode != 0:
            raise RuntimeError(f"{command}: status {done.returncode}: {done.stderr[-500:]}")
        wall, cpu, self.kib = map(int, done.stderr.splitlines()[-1].split())
        self.wall, self.cpu = wall / 1e6, cpu / 1e6


def resource_list(documents):
    """As kpt hands it to a function."""
    items = "".join("- " + document.rstrip("\n").replace("\n", "\n  ") + "\n" for document in documents)
    return f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{items}"


def heads(bench, registry, count):
    """Seconds that as many HEADs take wrk."""
    script = bench.h.work / "head.lua"
    script.write_text('wrk.method = "HEAD"\nfunction done(s) io.write(string.format("%d %d\\n", s.requests, s.duration)) end\n')
    told = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", "-d1s", "-s", script,
                           f"http://{registry.host}/v2/team/app/manifests/1.10"], capture_output=True, text=True).stdout
    requests, microseconds = map(int, re.search(r"^(\d+) (\d+)$", told, re.M).groups())
    return count * microseconds / requests / 1e6


def run_fn(bench, file, output):
    with open(file, "rb") as given:
        return Run(bench, [bench.h.program, "fn"], output, given)


def run_resolve(bench, file, output):
    return Run(bench, [bench.h.program, "resolve", "-f", file], output)


def measure(bench):
    """Rows of the table."""
    registry = Registry(bench)
    folder = bench.h.work / "manifests"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("resources: [app.yaml]\n")
    for objects, images, mark in ((1, 1, 0.02), (1000, 100, 0.1), (10000, 100, 1.0), (1000, 1000, None),
                                  (10000, 10000, None)):
        documents = [DEPLOYMENT.format(n=n, image=n % images, host=registry.host) for n in range(objects)]
        manifests, packaged = folder / "app.yaml", folder / "list.yaml"
        manifests.write_text("---\n".join(documents))
        packaged.write_text(resource_list(documents))
        what = "one Deployment" if objects == 1 else f"{objects:,} Deployments, {images:,} images"
        commands = [(run_fn, packaged, f"fn, a ResourceList of {what}", None)] if mark else []
        commands.append((run_resolve, manifests, f"resolve, a file of {what}", KUBECTL))
        rounds = (3 if bench.options.quick else 9) if objects < 10000 else (2 if bench.options.quick else 5)
        for run, file, title, beside in commands:
            take_turns(bench, registry, rounds, run, file, title, beside, (objects, images, mark))
    bench.h.stop(registry.process)


def take_turns(bench, registry, rounds, run, file, title, beside, size):
    """One row for the time, one for the memory."""
    objects, images, mark = size
    output = file.parent / "out"
    ours, floor, theirs = [], [], []
    for round_ in range(rounds):
        ours.append(run(bench, file, output))
        floor.append(heads(bench, registry, images))
        if beside and beside.exists() and objects <= 1000 and round_ < 3:
            theirs.append(Run(bench, [beside, "kustomize", file.parent], file.parent / "theirs"))
    pinned = output.read_text().split("\nresults:\n")[0].rstrip("\n")
    if pinned.replace(f"@{DIGEST}", "") != file.read_text().rstrip("\n") or pinned.count(DIGEST) != objects:
        raise RuntimeError(f"{title}: the output is not the input with digests")

    def median(runs, what):
        return statistics.median(getattr(one, what) for one in runs)

    wall, cpu, kib = (median(ours, what) for what in ("wall", "cpu", "kib"))
    ratios = f"; {wall / statistics.median(floor):.1f} × the HEADs alone by wrk"
    if theirs:
        ratios += f", {wall / median(theirs, 'wall'):.2f} × kubectl kustomize"
    bench.row(title, f"{wall * 1000:.0f} ms, {cpu * 1000:.0f} ms CPU{ratios}",
              f"≤ {mark * 1000:.0f} ms" if mark else "", wall <= mark if mark else None)
    mib = file.stat().st_size / 1024 / 1024
    allowed = 16 + 4 * mib
    bench.row("… memory", f"{kib / 1024:.1f} MiB for {mib:.2f} MiB of manifests", f"≤ {allowed:.1f} MiB",
              kib / 1024 <= allowed)
