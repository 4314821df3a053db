"""The real servers that the checks talk to: docker-registry, nginx, tinyproxy, and two stand-ins of our own."""
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

from harness import ROOT, Failed, free_port, listens

HERE = pathlib.Path(__file__).resolve().parent
DIGESTS = dict(line.split() for line in
               subprocess.run([ROOT / "scripts/seed.sh", "--print"], capture_output=True, text=True,
                              check=True).stdout.splitlines())
INDEX = DIGESTS["team/web:1.10"]
MANIFEST = DIGESTS["team/migrate:2"]
ARM64 = "sha256:2c26771f8a7282d2e34315783fca50a2fa21dcc55be1ae2dd5c5a0fd3e752e9c"
USER, PASSWORD = "digester", "correct-horse"


def certificate(h, name, *names):
    """A directory with tls.crt, tls.key and the ca.crt of an authority of its own."""
    folder = h.work / f"certificate-{name}"
    subprocess.run([ROOT / "certs/make-dev-certificate.sh", folder, *names], check=True, env=h.environment())
    return folder


class Registry:
    """Debian's docker-registry on a port that the kernel chose, seeded with the small images."""

    def __init__(self, h, name, extra="", tls=None, seed_options=(), seed=True):
        scheme = "https" if tls else "http"
        config = h.work / f"{name}.yml"
        tls_lines = f"\n  tls: {{certificate: {tls}/tls.crt, key: {tls}/tls.key}}" if tls else ""
        config.write_text(
            f"version: 0.1\nlog: {{level: info, accesslog: {{disabled: false}}}}\n"
            f"storage: {{filesystem: {{rootdirectory: {h.work}/{name}.storage}}, delete: {{enabled: true}}}}\n"
            f"http:\n  addr: 127.0.0.1:0{tls_lines}\n{extra}")
        self.h, self.name = h, name
        self.process = h.start(name, ["docker-registry", "serve", config])
        self.port = int(h.wait_for(name, self.process, lambda: re.search(
            r"listening on 127\.0\.0\.1:(\d+)", h.log(name))).group(1))
        self.host = f"127.0.0.1:{self.port}"
        if seed:
            run = subprocess.run([ROOT / "scripts/seed.sh", f"{scheme}://{self.host}", *seed_options],
                                 capture_output=True, text=True, env=h.environment())
            if run.returncode != 0:
                raise Failed(f"seeding {name}: {run.stderr}")

    def move(self, name, digest):
        """repository:tag stands for another of the repository's manifests from now on. Only without TLS and login."""
        repository, _, tag = name.rpartition(":")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = f"http://{self.host}/v2/{repository}/manifests"
        accept = {"Accept": "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"}
        with opener.open(urllib.request.Request(f"{url}/{digest}", headers=accept)) as answer:
            kind, manifest = answer.headers["Content-Type"], answer.read()
        push = urllib.request.Request(f"{url}/{tag}", manifest, {"Content-Type": kind}, method="PUT")
        with opener.open(push) as answer:
            if answer.headers["Docker-Content-Digest"] != digest:
                raise Failed(f"{name} is {answer.headers['Docker-Content-Digest']}, not {digest}")

    def requests(self):
        """(method, path) of every request that the registry logged."""
        return re.findall(r'"(GET|HEAD|PUT|POST) (\S+) HTTP/', self.h.log(self.name))


def htpasswd_registry(h):
    file = h.work / "htpasswd"
    line = subprocess.run(["htpasswd", "-nbB", USER, PASSWORD], capture_output=True, text=True, check=True).stdout
    file.write_text(line.strip() + "\n")
    return Registry(h, "htpasswd", f"auth: {{htpasswd: {{realm: test, path: {file}}}}}\n",
                    seed_options=["--user", f"{USER}:{PASSWORD}"])


class TokenServer:
    """Our stand-in for a token service (token_server.py), and a docker-registry that trusts it."""

    def __init__(self, h):
        self.h = h
        self.folder = certificate(h, "token", "token-issuer.test")
        self.process = h.start("token-server", [
            sys.executable, "-B", HERE / "token_server.py", "--key", self.folder / "tls.key",
            "--certificate", self.folder / "tls.crt", "--user", USER, "--password", PASSWORD,
            "--private", "team/migrate"])
        self.port = int(h.wait_for("token-server", self.process, lambda: re.search(
            r"^listening on (\d+)$", h.log("token-server"), re.M)).group(1))
        self.realm = f"http://127.0.0.1:{self.port}/token"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        token = json.load(opener.open(f"{self.realm}?everything=1"))["token"]
        self.registry = Registry(
            h, "token", f"auth:\n  token: {{realm: {self.realm}, service: registry.test, issuer: token-issuer.test, "
            f"rootcertbundle: {self.folder}/ca.crt}}\n", seed_options=["-H", f"Authorization: Bearer {token}"])

    def requests(self):
        """(user or '-', scopes) of every token handed out or refused."""
        return re.findall(r"^token (\S+) (\S+) (\d+)$", self.h.log("token-server"), re.M)


class Nginx:
    """nginx as a broken front: `servers` are server blocks with a listen directive for each port in `ports`."""

    def __init__(self, h, name, http_lines, ports):
        config = h.work / f"{name}.nginx.conf"
        config.write_text(f"""daemon off;
master_process off;
pid {h.work}/{name}.nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  log_format seen '$server_port $request_method $uri $status auth=[$http_authorization]';
  access_log {h.work}/{name}.access.log seen;
  client_body_temp_path {h.work}/{name}.tmp; proxy_temp_path {h.work}/{name}.tmp;
  fastcgi_temp_path {h.work}/{name}.tmp; uwsgi_temp_path {h.work}/{name}.tmp; scgi_temp_path {h.work}/{name}.tmp;
{http_lines}
}}
""")
        self.access_log = h.work / f"{name}.access.log"
        self.process = h.start(name, ["nginx", "-p", h.work, "-e", "stderr", "-c", config])
        for port in ports:
            h.wait_for(name, self.process, lambda port=port: listens(port))

    def seen(self):
        return self.access_log.read_text().splitlines()


class Tinyproxy:
    """tinyproxy, which hands names under .test to our stand-in that finds every one of them on this machine."""

    def __init__(self, h, name, user=None):
        self.h, self.name, self.port = h, name, free_port()
        upstream = h.start(f"{name}-upstream", [sys.executable, "-B", HERE / "name_proxy.py"])
        upstream_port = h.wait_for(f"{name}-upstream", upstream, lambda: re.search(
            r"^listening on (\d+)$", h.log(f"{name}-upstream"), re.M)).group(1)
        config = h.work / f"{name}.conf"
        config.write_text(f"Port {self.port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 30\nLogLevel Connect\n"
                          f'Upstream http 127.0.0.1:{upstream_port} ".test"\n'
                          + (f"BasicAuth {user} {PASSWORD}\n" if user else ""))
        self.process = h.start(name, ["tinyproxy", "-d", "-c", config])
        h.wait_for(name, self.process, lambda: listens(self.port))

    def connects(self):
        return re.findall(r"Request \(file descriptor \d+\): (\S+ \S+)", self.h.log(self.name))
