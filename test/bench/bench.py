"""Measures the webhook beside nginx and against counting registries, and prints a table. Started by bench.sh.

CPU time is the process's own, user and system, as the kernel counts it; nginx and we run in turn on one core with
the same certificate while wrk loads them from the other cores, several rounds, sums compared. What another machine
shares of these figures is the ratios.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import socket
import ssl
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]
import reviews  # noqa: E402
from harness import ROOT, Harness, cpu_seconds, free_port, listens  # noqa: E402
from servers import certificate  # noqa: E402


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def is_ready(health_port):
    """Whether /readyz says so, by one raw exchange."""
    try:
        with socket.create_connection(("127.0.0.1", health_port), timeout=5) as s:
            s.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            return b" 200 " in s.recv(64)
    except OSError:
        return False


class Bench:
    def __init__(self, options):
        self.options, self.rows = options, []
        self.h = Harness(options.program)
        self.core, *others = sorted(os.sched_getaffinity(0))
        self.client_cores = ",".join(str(core) for core in others or [self.core])
        self.certificate = certificate(self.h, "bench")
        self.trust = ssl.create_default_context(cafile=self.certificate / "ca.crt")
        self.count = 0
        self.yardstick = None

    def row(self, what, measured, mark="", met=None):
        self.rows.append((what, measured, mark, {None: "", True: "yes", False: "**no**"}[met]))
        print(f"  {what}: {measured}" + (f"  (mark {mark}: {'met' if met else 'MISSED'})" if met is not None else ""),
              flush=True)

    def name(self, what):
        self.count += 1
        return f"{what}-{self.count}"

    def pinned(self, command):
        return ["taskset", "-c", str(self.core), *command]

    def registry(self, *flags):
        name = self.name("registry")
        process = self.h.start(name, [sys.executable, "-B", HERE / "registry.py", *flags])
        port = self.h.wait_for(name, process, lambda: re.search(r"^listening on (\d+)$", self.h.log(name), re.M))
        return f"127.0.0.1:{port.group(1)}"

    def counts(self, host, tls=False):
        """What the registry counted since it was last asked."""
        command = ["curl", "-sk", "--noproxy", "*", f"{'https' if tls else 'http'}://{host}/counts"]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def webhook(self, *flags, registry=None, pin=False):
        """A webhook process that is ready, its ports in .port, .health_port and .metrics_port."""
        name = self.name("webhook")
        port, health, metrics = free_port(), free_port(), free_port()
        command = [self.h.program, "webhook", "--offline", "--disable-cert-rotation", "--cert-dir", self.certificate,
                   "--listen-address", "127.0.0.1", "--port", port, "--health-addr", f"127.0.0.1:{health}",
                   "--metrics-addr", f"127.0.0.1:{metrics}", "--log-format", "json", "--drain", "0s", *flags]
        if registry:
            command += ["--insecure-registries", registry]
        process = self.h.start(name, self.pinned(command) if pin else command)
        process.port, process.health_port, process.metrics_port = port, health, metrics
        self.h.wait_for(name, process, lambda: is_ready(health))
        return process

    def metric(self, process, pattern):
        text = subprocess.run(["curl", "-s", "--noproxy", "*",
                               f"http://127.0.0.1:{process.metrics_port}/metrics"],
                              capture_output=True, text=True).stdout
        return sum(float(v) for v in re.findall(rf"^{pattern}(?:\{{[^}}]*\}})? (\S+)$", text, re.M))

    def canned(self, size):
        """Our HTTP server with a handler that answers `size` bytes and does nothing else."""
        program = pathlib.Path(self.h.program).parent / "test/bench/server_bench"
        name, port = self.name("canned"), free_port()
        process = self.h.start(name, self.pinned([program, self.certificate / "tls.crt", self.certificate / "tls.key",
                                                  port, 1, size]))
        self.h.wait_for(name, process, lambda: listens(port))
        process.port = port
        return process

    def nginx(self):
        name, port = self.name("nginx"), free_port()
        config = self.h.work / f"{name}.conf"
        config.write_text(f"""daemon off; master_process off; error_log stderr error; pid {self.h.work}/{name}.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 180s; client_body_buffer_size 64k;
  ssl_session_cache off; ssl_session_tickets off;
  client_body_temp_path {self.h.work}/{name}.t; proxy_temp_path {self.h.work}/{name}.t;
  fastcgi_temp_path {self.h.work}/{name}.t; uwsgi_temp_path {self.h.work}/{name}.t; scgi_temp_path {self.h.work}/{name}.t;
  server {{ listen 127.0.0.1:{port} ssl backlog=1024; ssl_certificate {self.certificate}/tls.crt;
    ssl_certificate_key {self.certificate}/tls.key; location / {{ return 200; }} }} }}
""")
        process = self.h.start(name, self.pinned(["nginx", "-p", self.h.work, "-e", "stderr", "-c", config]))
        self.h.wait_for(name, process, lambda: listens(port))
        return process, port

    def load(self, process, port, body, seconds, address="127.0.0.1"):
        """Runs wrk; returns its figures and the server's CPU seconds."""
        file = self.h.work / "body.json"
        file.write_bytes(body)
        before = cpu_seconds(process.pid)
        run = subprocess.run(["taskset", "-c", self.client_cores, "wrk", "-t1", "-c8", f"-d{seconds}s", "-s",
                              HERE / "post.lua", f"https://{address}:{port}/v1/mutate?timeout=10s"],
                             capture_output=True, text=True, env=self.h.environment(BENCH_BODY=file))
        used = cpu_seconds(process.pid) - before
        told = json.loads(re.search(r"^\{.*\}$", run.stdout, re.M).group(0))
        if told["errors"]:
            print(f"  warning: wrk counted {told['errors']} errors", flush=True)
        return told, used

    def shake_hands(self, process, port, seconds):
        """Opens TLS connections one after another, none resumed (wrk would, no API server does); see load()."""
        before = cpu_seconds(process.pid)
        run = subprocess.run(["taskset", "-c", self.client_cores, "openssl", "s_time", "-new", "-connect",
                              f"127.0.0.1:{port}", "-time", str(seconds)], capture_output=True, text=True)
        used = cpu_seconds(process.pid) - before
        connections, real = re.search(r"(\d+) connections in (\d+) real seconds", run.stdout).groups()
        return {"requests": int(connections), "microseconds": int(real) * 1e6, "p99": 0}, used

    async def ask(self, port, bodies, connections):
        """POSTs the reviews over keep-alive TLS; returns [(seconds, response object)] in their order."""
        answers, todo = [None] * len(bodies), iter(enumerate(bodies))

        async def client():
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=self.trust)
            for i, body in todo:
                started = time.perf_counter()
                writer.write(b"POST /v1/mutate?timeout=10s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head).group(1))
                text = await reader.readexactly(length)
                if not head.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(head.decode() + text.decode())
                answers[i] = (time.perf_counter() - started, json.loads(text)["response"])
            writer.close()
        await asyncio.gather(*(client() for _ in range(connections)))
        return answers

    def beside_nginx(self, ours, load):
        """Loads both in turn; (our CPU µs a request, nginx's, the client's figures of our rounds)."""
        if not self.yardstick:
            self.yardstick = self.nginx()
        sides = [(ours, ours.port), self.yardstick]
        seconds, requests, used, told = 1 if self.options.quick else 3, [0, 0], [0.0, 0.0], []
        for _ in range(2 if self.options.quick else 4):
            for i, (process, port) in enumerate(sides):
                figures, cpu = load(process, port, seconds)
                requests[i] += figures["requests"]
                used[i] += cpu
                told += [figures] if i == 0 else []
        return used[0] / requests[0] * 1e6, used[1] / requests[1] * 1e6, told

    def warm(self):
        """CPU time a request, images cached, beside nginx."""
        registry = self.registry()
        default = self.webhook("--threads=1", "--cache-ttl=1h", registry=registry, pin=True)
        quiet = self.webhook("--threads=1", "--cache-ttl=1h", "--log-level=warn", registry=registry, pin=True)
        for ours, size, images, mark in (
                (default, 1024, 1, 0.9), (default, 3072, 1, None), (default, 3072, 10, 0.75), (default, 6144, 3, None),
                (default, 20480, 10, 0.4), (quiet, 1024, 1, None), (quiet, 3072, 10, None), (quiet, 20480, 10, None)):
            body = reviews.pod(reviews.images(registry, images), size)
            _, response = asyncio.run(self.ask(ours.port, [body], 1))[0]
            assert response["allowed"] and response.get("patch"), response
            mine, other, told = self.beside_nginx(ours, lambda process, port, seconds: self.load(process, port, body, seconds))
            rate = sum(t["requests"] for t in told) / sum(t["microseconds"] for t in told) * 1e6
            p99 = statistics.median(t["p99"] for t in told) / 1000
            self.row(f"warm admission, {size // 1024} KB, {images} image{'s' if images > 1 else ''}"
                     + (", --log-level=warn" if ours is quiet else ""),
                     f"{mine:.1f} µs CPU, nginx {other:.1f}: {other / mine:.2f} × nginx; {rate:.0f}/s, p99 {p99:.1f} ms",
                     f"≥ {mark}" if mark else "", other / mine >= mark if mark else None)
        self.h.stop(default)
        self.h.stop(quiet)

    def floor(self):
        """What remains of warm admissions when parsing, deciding and logging cost nothing at all."""
        registry = self.registry()
        ours = self.webhook("--threads=1", "--cache-ttl=1h", registry=registry, pin=True)
        for size, images in ((1024, 1), (3072, 10)):
            body = reviews.pod(reviews.images(registry, images), size)
            _, response = asyncio.run(self.ask(ours.port, [body], 1))[0]
            answer = len(json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
                                     "response": response}, separators=(",", ":")))
            canned = self.canned(answer)
            mine, other, _ = self.beside_nginx(canned, lambda process, port, seconds: self.load(process, port, body, seconds))
            self.row(f"the floor: {size // 1024} KB in, {answer:,} bytes out by a handler that does nothing",
                     f"{mine:.1f} µs CPU, nginx {other:.1f}: {other / mine:.2f} × nginx")
            self.h.stop(canned)
        self.h.stop(ours)

    def handshakes(self):
        """CPU time of a new TLS connection, beside nginx."""
        ours = self.webhook("--threads=1", pin=True)
        mine, other, _ = self.beside_nginx(ours, self.shake_hands)
        self.row("new TLS connection, no resumption", f"{mine:.0f} µs CPU, nginx {other:.0f}: "
                 f"{other / mine:.2f} × nginx; {1e6 / mine:.0f}/s a core", "≥ 1.0", other / mine >= 1)
        self.h.stop(ours)

    def cold(self):
        """Ten images nobody knows yet, in one Pod, each answer of the registry 20 ms late."""
        registry = self.registry("--latency", "20")
        ours = self.webhook(registry=registry)
        body = reviews.pod(reviews.images(registry, 10, "cold"))
        took, response = asyncio.run(self.ask(ours.port, [body], 1))[0]
        counts = self.counts(registry)
        assert response["allowed"] and response.get("patch"), response
        self.row("10 cold images, registry 20 ms away: requests", f"{counts['head']} HEAD, {counts['get']} GET",
                 "10 HEAD, 0 GET", (counts["head"], counts["get"]) == (10, 0))
        self.row("… HEADs in flight before the first answer", counts["heads_before_first_answer"], "10",
                 counts["heads_before_first_answer"] == 10)
        self.row("… answered after", f"{took * 1000:.1f} ms")
        self.h.stop(ours)

        # The same with TLS and a token service: one image against ten, each in a process that knows nothing.
        folder = certificate(self.h, "bench-registry", "localhost", "127.0.0.1")
        registry = self.registry("--latency", "20", "--token", "--tls", folder)
        medians = {}
        for images in (1, 10):
            times = []
            for n in range(3 if self.options.quick else 9):
                ours = self.webhook("--ca-file", folder / "ca.crt", "--insecure-registries", registry)
                body = reviews.pod(reviews.images(registry, images, f"path{n}x{images}"))
                took, response = asyncio.run(self.ask(ours.port, [body], 1))[0]
                assert response["allowed"] and response.get("patch"), response
                times.append(took * 1000)
                self.h.stop(ours)
            medians[images] = statistics.median(times)
            counts = self.counts(registry, tls=True)
        self.row("cold Pod over TLS with challenge and token (3 × 20 ms), 1 image", f"{medians[1]:.1f} ms")
        self.row("… 10 images", f"{medians[10]:.1f} ms, {counts['get']} GET", "+ < 20 ms",
                 medians[10] - medians[1] < 20 and counts["get"] == 0)

    def thousand(self):
        """A thousand Pods of one ReplicaSet, one image nobody knows yet, on eight connections."""
        registry = self.registry("--latency", "20")
        ours = self.webhook(registry=registry)
        bodies = [reviews.pod(reviews.images(registry, 1, "replicas"))] * 1000
        started = time.perf_counter()
        answers = asyncio.run(self.ask(ours.port, bodies, 8))
        took = time.perf_counter() - started
        assert all(r["allowed"] and r.get("patch") for _, r in answers)
        counts = self.counts(registry)
        self.row("1,000 Pods of one ReplicaSet: registry requests", counts["head"] + counts["get"], "1",
                 counts["head"] + counts["get"] == 1)
        self.row("… all answered after", f"{took * 1000:.0f} ms")
        self.h.stop(ours)

    def own_digest(self):
        """A hundred images, 10^5 look-ups through four registry connections with delays and resets."""
        registry = self.registry("--latency", "1", "--chaos")
        ours = self.webhook("--registry-concurrency=4", "--admission-budget=9s", registry=registry)
        known = {image: "sha256:" + hashlib.sha256(image.split("/", 1)[1].encode()).hexdigest()
                 for image in reviews.images(registry, 100, "own")}
        draw = random.Random(1)
        total = 10_000 if self.options.quick else 100_000
        bodies = [reviews.pod(draw.sample(sorted(known), 10), controlled=False) for _ in range(total // 10)]
        started = time.perf_counter()
        answers = asyncio.run(self.ask(ours.port, bodies, 8))
        took = time.perf_counter() - started
        right = wrong = refused = 0
        for _, response in answers:
            if not response["allowed"]:
                refused += 1
                continue
            for operation in json.loads(base64.b64decode(response["patch"])):
                image, _, digest = operation["value"].partition("@")
                right += known[image] == digest
                wrong += known[image] != digest
        counts = self.counts(registry)
        self.row(f"{total:,} look-ups of 100 images on 4 connections, delays and {counts['resets']} resets",
                 f"{right:,} right, {wrong} of another image, {refused} Pods refused; {counts['head']:,} HEAD, "
                 f"{counts['get']} GET in {took:.0f} s", "0 of another", wrong == 0 and right > total * 0.99)
        self.h.stop(ours)

    def memory(self):
        """Resident memory idle, and with 100,000 cached images."""
        registry = self.registry()
        ours = self.webhook("--cache-ttl=1h", registry=registry)
        time.sleep(2)
        idle = resident_mib(ours.pid)
        self.row("memory, idle", f"{idle:.1f} MiB", "≤ 15 MiB", idle <= 15)
        total, a_pod = (10_000 if self.options.quick else 100_000), 100
        bodies = (reviews.pod([f"{registry}/memory/app-{n}:v1" for n in range(first, first + a_pod)])
                  for first in range(0, total, a_pod))
        answers = asyncio.run(self.ask(ours.port, list(bodies), 4))
        refused = [r["status"]["message"] for _, r in answers if not r["allowed"]]
        full = resident_mib(ours.pid)
        entries = self.metric(ours, "digester_cache_entries")
        self.row(f"memory, {total:,} images asked for", f"{full:.1f} MiB, {entries:,.0f} entries cached"
                 + (f", {len(refused)} Pods refused: {refused[0][:200]}" if refused else ""))
        self.h.stop(ours)

    def start(self):
        """From exec to the first 200 of /readyz."""
        times = []
        for _ in range(5 if self.options.quick else 25):
            health, port = free_port(), free_port()
            command = [self.h.program, "webhook", "--offline", "--disable-cert-rotation", "--cert-dir",
                       str(self.certificate), "--listen-address", "127.0.0.1", "--port", str(port), "--health-addr",
                       f"127.0.0.1:{health}", "--metrics-addr", "127.0.0.1:0", "--drain", "0s"]
            started = time.perf_counter()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=self.h.environment())
            self.h.processes.append(process)
            while not is_ready(health):
                if process.poll() is not None:
                    raise RuntimeError(f"the webhook ended with status {process.returncode}")
                time.sleep(0.0003)
            times.append((time.perf_counter() - started) * 1000)
            self.h.stop(process)
        median = statistics.median(times)
        self.row("exec to ready", f"{median:.1f} ms (median of {len(times)}, least {min(times):.1f})", "≤ 20 ms", median <= 20)

    def in_cluster(self):
        """CPU time a request in a cluster, where namespaces and pull secrets count, beside --offline."""
        import in_cluster
        in_cluster.measure(self)

    def create_pod(self):
        """What creating a Pod takes through a real API server, with and without the webhook."""
        import create_pod
        create_pod.measure(self)

    def manifests(self):
        """What resolve takes for files of one, a thousand and ten thousand objects."""
        import manifests
        manifests.measure(self)


PARTS = ["warm", "floor", "handshakes", "cold", "thousand", "own_digest", "memory", "start", "in_cluster", "create_pod",
         "manifests"]


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text()).group(1)
    return f"{len(os.sched_getaffinity(0))} × {model.group(1) if model else os.uname().machine}, {release}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/digester")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--update", action="store_true", help="put the table into docs/PERFORMANCE.md")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {' '.join(PARTS)}; default: all")
    options = parser.parse_args()
    if set(options.parts) - set(PARTS):
        parser.error(f"parts are {' '.join(PARTS)}")
    if not options.program.exists():
        sys.exit(f"{options.program} is not built")
    bench = Bench(options)
    failed = []
    try:
        for part in options.parts or PARTS:
            print(f"{part}: {getattr(bench, part).__doc__.splitlines()[0]}", flush=True)
            try:
                getattr(bench, part)()
            except Exception as error:  # the others are still worth measuring
                failed.append(part)
                print(f"  FAILED {type(error).__name__}: {error}", flush=True)
    finally:
        bench.h.close()
    version = subprocess.run([options.program, "--version"], capture_output=True, text=True).stdout
    table = "\n".join([f"{' '.join(version.split()[:4])}; {machine()}.", "",
                       "| what | measured | mark | met |", "|---|---|---|---|",
                       *(f"| {' | '.join(str(c) for c in row)} |" for row in bench.rows),
                       *(f"| {part} | could not be measured | | **no** |" for part in failed)])
    print(f"\n{table}")
    if options.update:
        page = ROOT / "docs/PERFORMANCE.md"
        before, _, rest = page.read_text().partition("<!-- table -->\n")
        _, _, after = rest.partition("<!-- end -->")
        page.write_text(f"{before}<!-- table -->\n{table}\n<!-- end -->{after}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
