"""A running `digester webhook` and a client that speaks to it as the API server does."""
import base64
import http.client
import json
import re
import ssl
import urllib.error
import urllib.request

from harness import ROOT, Failed
from servers import certificate

REVIEWS = ROOT / "test/data/reviews"
CAPTURED_HOST = "127.0.0.1:5000"  # the registry that the captured reviews name


class Webhook:
    def __init__(self, h, name, *flags, insecure=(), environment=None):
        self.h, self.name = h, name
        self.certificates = certificate(h, name)
        command = [h.program, "webhook", "--offline", "--disable-cert-rotation", "--cert-dir", self.certificates,
                   "--listen-address", "127.0.0.1", "--port", "0", "--health-addr", "127.0.0.1:0",
                   "--metrics-addr", "127.0.0.1:0", "--log-format", "json"]
        if not any(flag.startswith("--drain") for flag in flags):
            command += ["--drain", "0s"]
        if insecure:
            command += ["--insecure-registries", ",".join(insecure)]
        self.process = h.start(name, [*command, *flags], h.environment(**(environment or {})))
        ready = h.wait_for(name, self.process, lambda: re.search(r'^\{.*"msg":"ready".*\}$', h.log(name), re.M))
        ready = json.loads(ready.group(0))
        self.port, self.health_port, self.metrics_port = (
            ready[key] for key in ("port", "health_port", "metrics_port"))
        self.trust = ssl.create_default_context(cafile=self.certificates / "ca.crt")

    def connect(self, context=None):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context or self.trust, timeout=20)

    def post(self, body, path="/v1/mutate?timeout=10s", method="POST", connection=None, **headers):
        """The answer's status, headers and body."""
        ours = connection or self.connect()
        head = {"Content-Type": "application/json", "Accept": "application/json, */*",
                "User-Agent": "kube-apiserver-admission"}
        head.update({key.replace("_", "-"): value for key, value in headers.items()})
        ours.request(method, path, body=body, headers={k: v for k, v in head.items() if v is not None})
        answer = ours.getresponse()
        data = answer.read()
        if connection is None:
            ours.close()
        return answer.status, answer.headers, data

    def review(self, body, **more):
        """The answer's response object, and its patch decoded (None: there is none)."""
        status, _, data = self.post(body, **more)
        if status != 200:
            raise Failed(f"HTTP {status}: {data!r}")
        response = json.loads(data)["response"]
        patch = json.loads(base64.b64decode(response["patch"])) if "patch" in response else None
        return response, patch

    def get(self, port, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, pattern):
        """The sum of all samples whose name and labels match."""
        text = self.get(self.metrics_port, "/metrics")[1]
        return sum(float(value) for value in re.findall(rf"^{pattern}(?:\{{[^}}]*\}})? (\S+)$", text, re.M))


def captured(name, host):
    """A captured review whose images live at `host`."""
    return (REVIEWS / f"{name}.json").read_bytes().replace(CAPTURED_HOST.encode(), host.encode())


def with_decoded_patch(answer, host):
    """Our answer as it is kept in test/data/expected: the patch as JSON instead of base64, the host as captured.

    Every byte of the answer is in it, so that equal texts mean equal answers.
    """
    text = answer.decode()
    match = re.search(r'"patch":"([A-Za-z0-9+/=]+)"', text)
    if match:
        patch = base64.b64decode(match.group(1), validate=True).decode()
        text = text[:match.start()] + '"patch":' + patch + text[match.end():]
    return text.replace(host, CAPTURED_HOST)
