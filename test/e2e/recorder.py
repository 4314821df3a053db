"""A webhook that lets everything pass and remembers what it was asked, and the Service in front of it.

It stands where the real one does: at the address of the shipped Service, with a certificate for the shipped name. So
what arrives here is what the shipped MutatingWebhookConfiguration sends.
"""
import base64
import http.server
import json
import ssl
import subprocess
import threading

from harness import ROOT
from installed import CONFIGURATION, service_address


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        self.server.seen.append(request)
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"],
                           "response": {"uid": request["uid"], "allowed": True}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Connections that the API server drops are no news.
    def handle_error(self, request, client_address):
        pass


class Recorder:
    """Answers for the shipped Service of a cluster that has the manifests. With failurePolicy Fail, so that an
    expression that cannot be evaluated is a refusal. `handler`: who answers."""

    def __init__(self, h, cluster, handler=Handler):
        self.api = cluster.api
        certificates = h.work / "recorder"
        subprocess.run([ROOT / "certs/make-dev-certificate.sh", certificates], check=True, capture_output=True,
                       env=h.environment())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "tls.crt", certificates / "tls.key")
        address = service_address(cluster)
        self.server = Server((address, 443), handler)
        self.server.seen = []
        # The handshake belongs to the connection's own thread.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.authority = base64.b64encode((certificates / "ca.crt").read_bytes()).decode()
        self.patch_configuration([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"},
                                  {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": self.authority}])

    def patch_configuration(self, operations):
        self.api.patch(CONFIGURATION, operations, "json")

    def take(self, namespace):
        """What arrived from a namespace since the last call, of what we wrote ourselves: controllers write as well."""
        taken = [request for request in self.server.seen
                 if request.get("namespace") == namespace and request["userInfo"]["username"] == "admin"]
        self.server.seen = [request for request in self.server.seen if request.get("namespace") != namespace]
        return taken

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
