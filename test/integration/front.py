"""A front of a real registry that breaks on demand: a stand-in, as no real registry refuses when it is told to."""
import http.client
import http.server
import threading

from harness import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.front.asked.append(self.path)
        if self.server.front.status:
            return self.answer(self.server.front.status, {"Retry-After": "3600"}, b"a stand-in that is told to refuse")
        behind = http.client.HTTPConnection(self.server.front.registry.host, timeout=10)
        behind.request(self.command, self.path, headers={"Accept": self.headers.get("Accept", "*/*")})
        reply = behind.getresponse()
        body = reply.read()
        self.answer(reply.status, dict(reply.getheaders()), body)
        behind.close()

    do_HEAD = do_GET

    def answer(self, status, headers, body):
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(key, value)
        length = headers.get("Content-Length", 0) if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length))
        if self.server.front.status:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


class Front:
    """Hands everything on to `registry`, unless `status` is set: then that is every answer. Plain http."""

    def __init__(self, registry):
        self.registry, self.status, self.asked = registry, None, []
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.server = None
        self.up()

    def up(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.front = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def down(self):
        """Nobody listens: connections are refused. Those that are open are told to go with their next answer."""
        self.status = 503
        self.server.shutdown()
        self.server.server_close()

    def heal(self):
        if self.status == 503:
            self.up()
        self.status = None
