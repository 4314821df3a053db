"""A front of a real registry that breaks on demand: a stand-in, as no real registry refuses when it is told to."""
import http.client
import http.server
import threading

from harness import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    # A connection for each request (HTTP/1.0), so that none is left open when the front goes away.

    def do_GET(self):
        front = self.server.front
        if front.status:
            return self.answer(front.status, {"Retry-After": "3600"}, b"a stand-in that is told to refuse\n")
        behind = http.client.HTTPConnection(front.registry.host, timeout=10)
        behind.request(self.command, self.path, headers={"Accept": self.headers.get("Accept", "*/*")})
        reply = behind.getresponse()
        self.answer(reply.status, dict(reply.getheaders()), reply.read())
        behind.close()

    do_HEAD = do_GET

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for key, value in headers.items():
            if key.lower() not in ("transfer-encoding", "connection"):
                self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Front:
    """Hands everything on to `registry`, unless `status` is set: then that is every answer. Plain http."""

    def __init__(self, registry):
        self.registry, self.status = registry, None
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.up()

    def up(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.front = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def down(self):
        """Connections are refused from now on."""
        self.server.shutdown()
        self.server.server_close()
