"""`digester digest` against real registries: open, behind a password, behind a token service, over TLS."""
import base64
import json
import re
import socket
import subprocess
import threading
import time

from harness import expect, free_port
from servers import (ARM64, INDEX, MANIFEST, PASSWORD, USER, Registry, TokenServer, certificate, htpasswd_registry)


def one_line_error(run, *words):
    """Failures end with status 1 and one printable line that holds these words."""
    expect(run.returncode == 1, f"status {run.returncode}", run.stdout, run.stderr)
    lines = run.stderr.rstrip("\n").split("\n")
    expect(len(lines) == 1 and lines[0].isprintable(), "not one printable line:", run.stderr)
    for word in words:
        expect(re.search(word, lines[0], re.I), f"no word of {word!r}:", lines[0])


def docker_config(host, user=USER, password=PASSWORD):
    return json.dumps({"auths": {host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}})


def open_registry(h):
    registry = Registry(h, "open")
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    with h.check("open: prints the digest that the registry has"):
        run = h.digest(web)
        expect((run.returncode, run.stdout, run.stderr) == (0, INDEX + "\n", ""), run)
    with h.check("open: one HEAD and nothing else is asked"):
        before = len(registry.requests())
        h.digest(web)
        expect(registry.requests()[before:] == [("HEAD", "/v2/team/web/manifests/1.10")], registry.requests()[before:])
    with h.check("open: --full prints name:tag@digest"):
        expect(h.digest("--full", web).stdout == f"{web}@{INDEX}\n", h.digest("--full", web))
    with h.check("open: several images, answers in their order"):
        run = h.digest(migrate, web, migrate)
        expect(run.stdout.split() == [MANIFEST, INDEX, MANIFEST], run)
    with h.check("open: -o json is JSON that holds image and digest"):
        run = h.digest("-o", "json", web)
        expect(run.returncode == 0 and INDEX in json.dumps(json.loads(run.stdout)), run)
    with h.check("open: --platform picks the platform's manifest"):
        expect(h.digest("--platform", "linux/arm64", web).stdout == ARM64 + "\n", h.digest("--platform", "linux/arm64", web))
        expect(h.digest("--platform", "linux/amd64", web).stdout == MANIFEST + "\n")
    with h.check("open: --platform that is not there is an error"):
        one_line_error(h.digest("--platform", "linux/s390x", web), "s390x")
    with h.check("open: a tag that is not there is named"):
        one_line_error(h.digest(f"{registry.host}/team/web:nope"), "team/web:nope")
    with h.check("open: what is found is printed beside what is not"):
        run = h.digest(web, f"{registry.host}/team/web:nope")
        expect(run.returncode == 1 and INDEX in run.stdout and "nope" in run.stderr, run)
    with h.check("open: a broken reference is refused without asking anybody"):
        before = len(registry.requests())
        run = h.digest(f"{registry.host}/Team/Web:1")
        expect(run.returncode in (1, 2) and run.stderr.count("\n") == 1, run)
        expect(len(registry.requests()) == before)
    with h.check("usage: no image, unknown flag and unknown command end with 2"):
        for arguments in ([], ["--no-such-flag", web]):
            expect(h.digest(*arguments).returncode == 2, arguments)
        expect(subprocess.run([h.program, "dijest"], capture_output=True).returncode == 2)
    with h.check("usage: what only shows later ends with 2 and says where help is, too"):
        for arguments in (["--platform", "x"], ["--redirect-allow", "http://foo"], ["--insecure-registries", "a..b"],
                          ["--realm-allow", "=x"], ["--timeout="]):
            run = h.digest(*arguments, web)
            expect(run.returncode == 2 and run.stderr.endswith('Run "digester digest --help" for usage.\n'), run)
            expect(arguments[0].rstrip("=") in run.stderr and arguments[-1].split("=")[-1] in run.stderr, run)
    with h.check("open: a malformed reference is status 1, what is found is printed all the same"):
        run = h.digest(web, "Not/A:Reference")
        expect((run.returncode, run.stdout) == (1, INDEX + "\n"), run)
    with h.check("open: without a tag, the error says that latest was asked for"):
        one_line_error(h.digest(f"{registry.host}/team/none"), "no such image", '"latest" was asked for')
    with h.check("open: -v tells each exchange with its scheme, the https one that failed with its cause"):
        lines = h.digest("-v", web).stderr.splitlines()
        # On a machine under load http, which starts a moment later, may answer first.
        expect(any("https://" in line and ("TLS" in line or "given up: http answered" in line) and "status" not in line
                   for line in lines), *lines)
        expect(any(" url=http://" in line or '"http://' in line for line in lines), *lines)
        expect(not any('error=""' in line for line in lines), *lines)
    with h.check("nobody listens: one line that says so, for both schemes, with a cure"):
        one_line_error(h.digest(f"127.0.0.1:{free_port()}/team/web:1"), "127.0.0.1", "refused",
                       "over https and over http", "is the registry up")
    with h.check("a name that does not exist is told with a cure"):
        one_line_error(h.digest("--timeout", "5s", "registry.invalid/a:1"), "registry.invalid", "resolve")


def silent_server(h):
    registry = Registry(h, "beside-silence")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        taken = []

        def take():
            while True:
                try:
                    taken.append(silent.accept()[0])
                except OSError:
                    return
        threading.Thread(target=take, daemon=True).start()
        with h.check("silent: --timeout holds, and the others are answered"):
            started = time.monotonic()
            run = h.digest("--timeout", "2s", f"127.0.0.1:{silent.getsockname()[1]}/team/web:1",
                           f"{registry.host}/team/web:1.10")
            took = time.monotonic() - started
            expect(run.returncode == 1 and INDEX in run.stdout, run)
            expect(took < 4, f"took {took:.1f} s", run)
            expect("no answer within 2s" in run.stderr and "--timeout" in run.stderr, run)
        with h.check("silent: a short time-out is stated as it is"):
            one_line_error(h.digest("--timeout", "40ms", f"127.0.0.1:{silent.getsockname()[1]}/team/web:1"),
                           "no answer within 40ms; ", "--timeout")
        silent.shutdown(socket.SHUT_RDWR)


def htpasswd(h):
    registry = htpasswd_registry(h)
    web = f"{registry.host}/team/web:1.10"
    config = h.work / "docker-config"
    config.mkdir()
    (config / "config.json").write_text(docker_config(registry.host))
    with h.check("htpasswd: without credentials it says what is missing"):
        one_line_error(h.digest(web), "credential|unauthori[sz]ed|denied|401", "docker login", "DOCKER_CONFIG")
    with h.check("htpasswd: DOCKER_CONFIG's password works"):
        expect(h.digest(web, DOCKER_CONFIG=config).stdout == INDEX + "\n", h.digest(web, DOCKER_CONFIG=config))
    with h.check("htpasswd: DOCKER_AUTH_CONFIG works, and where it is refused the next source is tried"):
        run = h.digest(web, DOCKER_AUTH_CONFIG=docker_config(registry.host))
        expect(run.stdout == INDEX + "\n", run)
        wrong = docker_config(registry.host, password="wrong-horse")
        run = h.digest(web, DOCKER_AUTH_CONFIG=wrong, DOCKER_CONFIG=config)
        expect(run.stdout == INDEX + "\n", run)
    with h.check("htpasswd: a wrong password is refused and not repeated to anybody"):
        run = h.digest(web, DOCKER_AUTH_CONFIG=docker_config(registry.host, password="wrong-horse"))
        one_line_error(run, "credential|unauthori[sz]ed|denied|401")
        verbose = h.digest("-v", web, DOCKER_AUTH_CONFIG=docker_config(registry.host, password="wrong-horse"))
        for secret in ("wrong-horse", base64.b64encode(f"{USER}:wrong-horse".encode()).decode()):
            expect(secret not in run.stderr + verbose.stderr + verbose.stdout, verbose.stderr)
    with h.check("htpasswd: another registry's credentials are not used"):
        expect(h.digest(web, DOCKER_AUTH_CONFIG=docker_config("127.0.0.1:1")).returncode == 1)


def token(h):
    service = TokenServer(h)
    registry = service.registry
    web, private = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    with h.check("token: anonymous pull of an open repository"):
        expect(h.digest(web).stdout == INDEX + "\n", h.digest(web))
        expect(("-", "repository:team/web:pull", "200") in service.requests(), service.requests())
    with h.check("token: challenge, token, HEAD, and no ping before"):
        before, tokens = len(registry.requests()), len(service.requests())
        h.digest(web)
        expect([m for m, _ in registry.requests()[before:]] == ["HEAD", "HEAD"], registry.requests()[before:])
        expect(len(service.requests()) == tokens + 1, service.requests()[tokens:])
    with h.check("token: a private repository is refused to strangers"):
        one_line_error(h.digest(private), "team/migrate:2", "credential|unauthori[sz]ed|denied|401")
    with h.check("token: and opens with the password"):
        run = h.digest(private, DOCKER_AUTH_CONFIG=docker_config(registry.host))
        expect(run.stdout == MANIFEST + "\n", run)
        expect((USER, "repository:team/migrate:pull", "200") in service.requests(), service.requests())
    with h.check("token: a refused password is an error that names registry, not secret"):
        run = h.digest(private, DOCKER_AUTH_CONFIG=docker_config(registry.host, password="wrong-horse"))
        one_line_error(run, registry.host)
        expect("wrong-horse" not in run.stderr, run.stderr)
    with h.check("token: images of one repository share one token"):
        tokens = len(service.requests())
        run = h.digest(web, f"{registry.host}/team/web:none", web)
        expect(INDEX in run.stdout, run)
        expect(len(service.requests()) - tokens == 1, service.requests()[tokens:])


def tls(h):
    folder = certificate(h, "tls")
    registry = Registry(h, "tls", tls=folder, seed_options=["--cacert", folder / "ca.crt"])
    web = f"{registry.host}/team/web:1.10"
    with h.check("tls: a private authority by --ca-file"):
        expect(h.digest("--ca-file", folder / "ca.crt", web).stdout == INDEX + "\n",
               h.digest("--ca-file", folder / "ca.crt", web))
    with h.check("tls: a private authority by SSL_CERT_FILE"):
        expect(h.digest(web, SSL_CERT_FILE=folder / "ca.crt").stdout == INDEX + "\n")
    with h.check("tls: a private authority by SSL_CERT_DIR"):
        hashed = h.work / "hashed"
        hashed.mkdir()
        (hashed / "ca.pem").write_bytes((folder / "ca.crt").read_bytes())
        subprocess.run(["openssl", "rehash", hashed], check=True, capture_output=True)
        run = h.digest(web, SSL_CERT_DIR=hashed)
        expect(run.stdout == INDEX + "\n", run)
    with h.check("tls: an unknown authority is refused, with the cure"):
        one_line_error(h.digest(web), "certificate", "ca-file|SSL_CERT")
    with h.check("tls: an unknown authority is asked once, not again and again"):
        lines = h.digest("-v", web).stderr.splitlines()
        expect(sum("url=https://" in line or '"https://' in line for line in lines) == 1, *lines)
    with h.check("tls: trusted certificates that cannot be read are named"):
        one_line_error(h.digest(web, SSL_CERT_FILE="/nonexistent"), "SSL_CERT_FILE /nonexistent cannot be read")
    with h.check("tls: a password is not sent where the certificate is unknown"):
        one_line_error(h.digest(web, DOCKER_AUTH_CONFIG=docker_config(registry.host)), "certificate")
    with h.check("tls: a certificate for another name is refused"):
        other = certificate(h, "other", "registry.example.com")
        stranger = Registry(h, "tls-other", tls=other, seed=False)
        run = h.digest("--ca-file", other / "ca.crt", f"{stranger.host}/team/web:1.10")
        one_line_error(run, "certificate|name")


GROUPS = [open_registry, silent_server, htpasswd, token, tls]
