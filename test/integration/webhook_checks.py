"""The webhook over TLS: captured reviews byte for byte, refusals, caching, limits, certificates, the way out."""
import json
import os
import signal
import socket
import ssl
import subprocess
import time

from digest_checks import docker_config
from harness import ROOT, Failed, cpu_seconds, expect, free_port
from raw_tls import Records, TwiceAnswering, digest_of
from servers import INDEX, MANIFEST, Registry, TokenServer, certificate, htpasswd_registry
from webhook import REVIEWS, Webhook, captured, with_decoded_patch

EXPECTED = ROOT / "test/data/expected"
POD = "create-pod-by-replicaset"   # a controller's: may be answered from the cache
APPLIED = "create-pod-dry-run"     # a person's: always asked anew


def pod(host, image, name=POD):
    """The review of a Pod with this image instead of its own."""
    return captured(name, host).replace(f"{host}/team/web:1.10".encode(), image.encode())


def captured_reviews(h):
    registry = Registry(h, "captured")
    webhook = Webhook(h, "webhook", insecure=[registry.host])
    for path in sorted(REVIEWS.glob("*.json")):
        with h.check(f"captured: {path.stem} is answered byte for byte as expected"):
            status, headers, answer = webhook.post(captured(path.stem, registry.host))
            expect(status == 200 and headers["Content-Type"] == "application/json", status, headers)
            seen = with_decoded_patch(answer, registry.host)
            expected = EXPECTED / path.name
            if h.update:
                expected.parent.mkdir(exist_ok=True)
                expected.write_text(seen + "\n")
            expect(expected.exists(), f"{expected} is missing")
            expect(seen + "\n" == expected.read_text(), "expected " + expected.read_text(), "seen     " + seen)
    with h.check("captured: the same again on one connection, answered the same"):
        connection = webhook.connect()
        for path in sorted(REVIEWS.glob("*.json")):
            _, _, answer = webhook.post(captured(path.stem, registry.host), connection=connection)
            expect(with_decoded_patch(answer, registry.host) + "\n" == (EXPECTED / path.name).read_text(), path.stem)
    with h.check("captured: a dry run gives the same answer as the real request"):
        body = captured("create-deployment", registry.host)
        dry = body.replace(b'"dryRun":false', b'"dryRun":true')
        expect(body != dry and webhook.post(body)[2] == webhook.post(dry)[2])
    with h.check("captured: the v1beta1 envelope is answered in kind"):
        body = captured(POD, registry.host).replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1")
        answer = json.loads(webhook.post(body)[2])
        expect(answer["apiVersion"] == "admission.k8s.io/v1beta1" and "patch" in answer["response"], answer)


def refusals(h):
    registry = Registry(h, "refusals")
    webhook = Webhook(h, "webhook", insecure=[registry.host, f"127.0.0.1:{free_port()}"])
    body = captured(POD, registry.host)
    for what, status, sent in [
            ("no JSON", 400, {"body": b"{"}), ("an empty body", 400, {"body": b""}),
            ("another kind", 400, {"body": body.replace(b'"AdmissionReview"', b'"AdmissionReviews"', 1)}),
            ("another version", 400, {"body": body.replace(b"admission.k8s.io/v1", b"admission.k8s.io/v9", 1)}),
            ("no request", 400, {"body": b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'}),
            ("another path", 404, {"body": body, "path": "/v1/validate"}),
            ("GET", 405, {"body": None, "method": "GET"}),
            ("another content type", 415, {"body": body, "Content_Type": "text/plain"})]:
        with h.check(f"refused: {what} is HTTP {status}, one line"):
            got, _, text = webhook.post(**sent)
            expect(got == status, got, text)
            expect(text.decode().strip().count("\n") == 0, text)
    with h.check("refused: over 8 MiB is HTTP 413"):
        try:
            got = webhook.post(b" " * (8 * 1024 * 1024 + 1))[0]
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError) as error:
            raise Failed(f"cut off without an answer: {error}")
        expect(got == 413, got)
    with h.check("refused: no such image is code 403, its message names it"):
        response, patch = webhook.review(pod(registry.host, f"{registry.host}/team/web:nope"))
        expect(not response["allowed"] and patch is None and response["status"]["code"] == 403, response)
        expect(f"{registry.host}/team/web:nope" in response["status"]["message"], response)
    with h.check("refused: what is no reference is code 403"):
        response, _ = webhook.review(pod(registry.host, f"{registry.host}/Team/Web:1"))
        expect(not response["allowed"] and response["status"]["code"] == 403, response)
    with h.check("refused: loopback that nobody listed, and nobody learns what listens there"):
        other = Registry(h, "unlisted")
        texts = []
        for host in (other.host, f"127.0.0.1:{free_port()}"):
            response, _ = webhook.review(pod(registry.host, f"{host}/team/web:1.10"))
            expect(not response["allowed"], response)
            texts.append(response["status"]["message"].replace(host, "HOST"))
        expect(texts[0] == texts[1], *texts)
        expect(not [r for r in other.requests() if r[0] == "HEAD"], other.requests())
    with h.check("refused: the cloud's metadata address"):
        started = time.monotonic()
        response, _ = webhook.review(pod(registry.host, "169.254.169.254/team/web:1"))
        expect(not response["allowed"] and time.monotonic() - started < 2, response)
        expect("--insecure" not in response["status"]["message"], response)
        expect(response["status"]["message"].count("169.254.169.254") == 2, response)
    for flags, allowed in [(["--on-error=admit-controlled"], True), (["--ignore-errors"], True), ([], False)]:
        with h.check(f"on error {' '.join(flags) or '(default)'}: a controller's Pod is {'let in' if allowed else 'refused'}"):
            server = Webhook(h, f"on-error{len(flags)}{allowed}", *flags, insecure=[registry.host])
            response, patch = server.review(pod(registry.host, f"{registry.host}/team/web:nope"))
            expect(response["allowed"] is allowed and patch is None, response)
            if allowed:
                expect(response["warnings"] and all(len(w) <= 120 for w in response["warnings"]), response)
            h.stop(server.process)
    with h.check("on error admit-controlled: a person's Pod is refused all the same"):
        server = Webhook(h, "on-error-person", "--on-error=admit-controlled", insecure=[registry.host])
        response, _ = server.review(pod(registry.host, f"{registry.host}/team/web:nope", APPLIED))
        expect(not response["allowed"], response)
    with h.check("--dry-run: no patch, a warning that says what would be done"):
        server = Webhook(h, "dry-run", "--dry-run", insecure=[registry.host])
        response, patch = server.review(captured(POD, registry.host))
        expect(response["allowed"] and patch is None and "team/web" in " ".join(response["warnings"]), response)
    with h.check("--digest-only writes name@digest, --skip-prefix leaves alone"):
        server = Webhook(h, "digest-only", "--digest-only", insecure=[registry.host])
        expect(server.review(captured(POD, registry.host))[1][0]["value"] == f"{registry.host}/team/web@{INDEX}")
        server = Webhook(h, "skipping", f"--skip-prefix={registry.host}/team/", insecure=[registry.host])
        expect(server.review(captured(POD, registry.host))[1] is None)


def caching(h):
    registry = Registry(h, "cached")
    webhook = Webhook(h, "webhook", "--cache-ttl=30s", insecure=[registry.host])

    def asked():
        return sum(method in ("GET", "HEAD") and "/manifests/" in path for method, path in registry.requests())
    with h.check("cache: fifty Pods of a controller, one request"):
        before = asked()
        connection = webhook.connect()
        for _ in range(50):
            _, patch = webhook.review(captured(POD, registry.host), connection=connection)
            expect(patch[0]["value"].endswith(INDEX), patch)
        expect(asked() - before == 1, asked() - before)
    with h.check("cache: what people apply is asked anew each time"):
        before = asked()
        for _ in range(3):
            webhook.review(captured(APPLIED, registry.host))
        expect(asked() - before == 3, asked() - before)
    with h.check("cache: metrics tell hits from requests"):
        text = webhook.get(webhook.metrics_port, "/metrics")[1]
        expect("digester_" in text and "# TYPE" in text, text[:500])
    with h.check("cache: log lines are JSON and name image, digest and source"):
        lines = [json.loads(line) for line in h.log("webhook").splitlines()]
        images = [image for line in lines for image in line.get("images", [])]
        expect(any(INDEX in json.dumps(i) and i.get("source") == "cache" for i in images), images[:3])
        expect(any(i.get("source") == "registry" for i in images), images[:3])
    with h.check("stale: with its registry gone, a controller's Pod gets the known digest and a warning"):
        server = Webhook(h, "stale", "--cache-ttl=50ms", insecure=[registry.host])
        server.review(captured(POD, registry.host))
        h.stop(registry.process)
        time.sleep(0.2)
        response, patch = server.review(captured(POD, registry.host))
        expect(patch and patch[0]["value"].endswith(INDEX) and response.get("warnings"), response, h.log("stale")[-1500:])
        expect("unreachable" in response["warnings"][0], response)

        def warned():
            lines = [json.loads(line) for line in h.log("stale").splitlines() if '"level":"warn"' in line]
            return any(registry.host in line.get("why", "") and "refused" in line["why"] for line in lines)
        h.wait_for("stale", server.process, warned, 3)
    with h.check("stale: switched off, the Pod is refused with code 500"):
        server = Webhook(h, "no-stale", "--cache-ttl=50ms", "--cache-stale=0s", insecure=[registry.host])
        response, _ = server.review(captured(POD, registry.host))
        expect(not response["allowed"] and response["status"]["code"] == 500, response)


def credentials(h):
    registry = htpasswd_registry(h)
    with h.check("credentials: a registry behind a password, by DOCKER_AUTH_CONFIG"):
        server = Webhook(h, "with-password", insecure=[registry.host],
                         environment={"DOCKER_AUTH_CONFIG": docker_config(registry.host)})
        _, patch = server.review(captured(POD, registry.host))
        expect(patch and patch[0]["value"].endswith(INDEX), patch)
        expect("correct-horse" not in h.log("with-password"))
    with h.check("credentials: without them the Pod is refused with code 403"):
        response, _ = Webhook(h, "without-password", insecure=[registry.host]).review(captured(POD, registry.host))
        expect(not response["allowed"] and response["status"]["code"] == 403, response)
    with h.check("credentials: a token service, anonymous and with a password"):
        service = TokenServer(h)
        host = service.registry.host
        server = Webhook(h, "with-token", insecure=[host, f"127.0.0.1:{service.port}"],
                         environment={"DOCKER_AUTH_CONFIG": docker_config(host)})
        for image, digest in (("team/web:1.10", INDEX), ("team/migrate:2", MANIFEST)):
            _, patch = server.review(pod(host, f"{host}/{image}"))
            expect(patch and patch[0]["value"] == f"{host}/{image}@{digest}", patch)


def transport(h):
    registry = Registry(h, "transport")
    webhook = Webhook(h, "webhook", insecure=[registry.host])

    def handshake(*arguments):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{webhook.port}", "-CAfile",
                               webhook.certificates / "ca.crt", "-verify_return_error", "-verify_hostname",
                               "digester-webhook-service.digester-system.svc", *arguments],
                              input="", capture_output=True, text=True, timeout=20)
    for version, accepted in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
        with h.check(f"tls: {version[1:]} is {'accepted' if accepted else 'refused'}"):
            run = handshake(version, *([] if accepted else ["-cipher", "DEFAULT:@SECLEVEL=0"]))
            expect((run.returncode == 0) == accepted, run.stdout[-800:], run.stderr[-400:])
    with h.check("tls: ALPN chooses http/1.1"):
        run = handshake("-alpn", "h2,http/1.1")
        expect("ALPN protocol: http/1.1" in run.stdout, run.stdout[-800:])
    with h.check("tls: a new certificate is served without dropping a connection"):
        old = webhook.connect()
        webhook.review(captured(POD, registry.host), connection=old)
        fresh = certificate(h, "fresh", "localhost", "127.0.0.1")
        for name in ("tls.crt", "tls.key"):
            os.replace(fresh / name, webhook.certificates / name)
        trust = ssl.create_default_context(cafile=fresh / "ca.crt")

        def serves_new():
            try:
                connection = webhook.connect(trust)
                connection.connect()
                connection.close()
                return True
            except ssl.SSLError:
                return False
        h.wait_for("webhook", webhook.process, serves_new, 5)
        webhook.review(captured(POD, registry.host), connection=old)
    with h.check("health and metrics answer in plain http"):
        expect(webhook.get(webhook.health_port, "/healthz")[0] == 200)
        expect(webhook.get(webhook.health_port, "/readyz")[0] == 200)
        expect(webhook.get(webhook.metrics_port, "/metrics")[0] == 200)


def cut_records(h):
    folder = certificate(h, "cut")
    for begun in (0, 1, 5, 7):
        with h.check(f"client: {begun} bytes of a surplus TLS record {'close' if begun else 'keep'} a pooled connection"):
            registry = TwiceAnswering(folder, begun)
            server = Webhook(h, f"cut{begun}", f"--ca-file={folder / 'ca.crt'}", insecure=["127.0.0.1"])
            pins = []
            for n in range(4):
                image = f"{registry.host}/team/i{n}:1"
                response, patch = server.review(pod(registry.host, image))
                pins.append((patch or [{"value": str(response)}])[0]["value"])
                time.sleep(0.1)
            right = [f"{registry.host}/team/i{n}:1@{digest_of(f'/v2/team/i{n}/manifests/1')}" for n in range(4)]
            expect(pins == right and (registry.reused > 0) is (begun == 0), registry.reused, *pins)
            registry.close()
            h.stop(server.process)
    with h.check("server: a part of a TLS record costs no time, and goes at the end"):
        server = Webhook(h, "part", "--drain=0s", "--threads=1")
        trust = ssl.create_default_context(cafile=server.certificates / "ca.crt")
        connections = []
        for begun in (0, 1, 5, 7, 40):
            peer = Records(socket.create_connection(("127.0.0.1", server.port)), trust, server_hostname="localhost")
            peer.sock.sendall(peer.record(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")[:begun])
            connections.append(peer)
        time.sleep(0.2)
        before = cpu_seconds(server.process.pid)
        time.sleep(1)
        used = cpu_seconds(server.process.pid) - before
        expect(used < 0.3, used)
        h.stop(server.process)
        expect('"clean":true' in h.log("part"), h.log("part")[-500:])
        for peer in connections:
            peer.sock.close()


def way_out(h):
    registry = Registry(h, "way-out")
    body = captured(POD, registry.host)
    with h.check("SIGTERM: not ready, still answering, Connection: close, then status 0"):
        server = Webhook(h, "draining", "--drain=2s", insecure=[registry.host])
        kept = server.connect()
        server.review(body, connection=kept)
        server.process.send_signal(signal.SIGTERM)
        h.wait_for("draining", server.process, lambda: server.get(server.health_port, "/readyz")[0] == 503, 2)
        status, headers, _ = server.post(body, connection=kept)
        expect(status == 200 and headers["Connection"] == "close", status, dict(headers))
        status, headers, _ = server.post(body)
        expect(status == 200 and headers["Connection"] == "close", status, dict(headers))
        expect(server.process.wait(10) == 0, server.process.returncode, h.log("draining")[-800:])
    with h.check("SIGTERM twice: stops at once"):
        server = Webhook(h, "hurried", "--drain=30s", insecure=[registry.host])
        server.process.send_signal(signal.SIGTERM)
        h.wait_for("hurried", server.process, lambda: '"draining"' in h.log("hurried"), 2)
        server.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        server.process.wait(10)
        expect(time.monotonic() - started < 3, time.monotonic() - started)
        expect('"msg":"stopped","clean":false' in h.log("hurried"), h.log("hurried")[-800:])
    with h.check("SIGTERM twice while a review waits for a silent registry: stops at once, cleanly"):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            host = f"127.0.0.1:{silent.getsockname()[1]}"
            server = Webhook(h, "waiting", "--drain=30s", insecure=[host])
            waiting = server.connect()
            waiting.request("POST", "/v1/mutate?timeout=10s", body=pod(host, f"{host}/team/web:1", APPLIED),
                            headers={"Content-Type": "application/json"})
            silent.settimeout(5)
            asked, _ = silent.accept()
            for _ in range(2):
                server.process.send_signal(signal.SIGTERM)
                h.wait_for("waiting", server.process, lambda: '"draining"' in h.log("waiting"), 2)
            expect(server.process.wait(3) == 0, server.process.returncode, h.log("waiting")[-2000:])
            asked.close()
            waiting.close()
    with h.check("start: without a cluster it says where it looked for one, and how to do without"):
        files = ["--cert-dir", certificate(h, "no-cluster")]
        for flags in ([], ["--offline"], ["--disable-cert-rotation", *files]):
            run = subprocess.run([h.program, "webhook", *flags], capture_output=True, text=True, timeout=10,
                                 env=h.environment())
            expect(run.returncode == 1 and run.stderr.count("\n") == 1, run)
            expect(all(word in run.stderr for word in (
                "--kubeconfig", "KUBERNETES_SERVICE_HOST", "--offline", "--disable-cert-rotation")), run)
    with h.check("start: odd values are warned of, or refused with the flag's name and where help is"):
        server = Webhook(h, "warned", "--skip-owners=StatefulSet,Pod", f"--ca-file={certificate(h, 'ca') / 'ca.crt'}",
                         environment={"SSL_CERT_FILE": "/nonexistent"})
        expect(h.log("warned").count("no such kind") == 1 and '"kind":"StatefulSet"' in h.log("warned"), h.log("warned"))
        ready = json.loads(next(line for line in h.log("warned").splitlines() if '"msg":"ready"' in line))
        expect((ready["address"], ready["dry_run"], ready["skip_owners"]) == ("127.0.0.1", False, "StatefulSet,Pod"), ready)
        for _ in range(2):
            server.review(pod("x", "registry.invalid/team/web:1"))
            h.wait_for("warned", server.process,
                       lambda: h.log("warned").count("SSL_CERT_FILE /nonexistent cannot be read") == 1)
        h.stop(server.process)
        run = subprocess.run([h.program, "webhook", "--offline", "--disable-cert-rotation", "--listen-address", "foo"],
                             capture_output=True, text=True, timeout=10, env=h.environment())
        expect(run.returncode == 2 and '--listen-address "foo"' in run.stderr and "--help" in run.stderr, run)
    with h.check("start: no certificate, or a taken port, is one line and a failure"):
        base = [h.program, "webhook", "--offline", "--disable-cert-rotation", "--listen-address", "127.0.0.1",
                "--health-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0"]
        run = subprocess.run([*base, "--cert-dir", h.work / "nowhere"], capture_output=True, text=True, timeout=10,
                             env=h.environment())
        expect(run.returncode == 1 and "nowhere" in run.stderr and run.stderr.count("\n") == 1, run)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            run = subprocess.run([*base, "--cert-dir", certificate(h, "start"), "--port", str(port)],
                                 capture_output=True, text=True, timeout=10, env=h.environment())
            expect(run.returncode == 1 and str(port) in run.stderr, run)


GROUPS = [captured_reviews, refusals, caching, credentials, transport, cut_records, way_out]
