"""A stand-in for a registry, for measuring: it knows every image, answers late on purpose, and counts.

The digest of NAME:TAG is the sha256 of that text, so that whoever asks can tell that an answer is its own.
--latency MS holds each answer back; --token wants a token from its own /token first; --tls DIR serves TLS; --chaos
adds a random delay of up to --latency instead, and resets one connection in fifty. /counts tells and resets.
"""
import argparse
import asyncio
import hashlib
import json
import random
import re
import ssl

INDEX_TYPE = b"application/vnd.oci.image.index.v1+json"


class Counts:
    def __init__(self):
        self.clear()
        self.in_flight = 0

    def clear(self):
        self.connections = self.head = self.get = self.unauthorized = self.token = self.resets = 0
        self.most_heads_in_flight = 0
        self.heads_before_first_answer = 0
        self.answered = False


class Connection(asyncio.Protocol):
    def __init__(self, options, counts):
        self.options, self.counts = options, counts
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        self.counts.connections += 1

    def data_received(self, data):
        self.buffer += data
        if not self.buffer[:1].isalpha():  # TLS spoken to a plain port: answered as real servers do
            self.transport.write(b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n")
            return self.transport.close()
        while b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            self.request(head)

    def request(self, head):
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        counts = self.counts
        if target == b"/counts":
            told = {k: v for k, v in vars(counts).items()}
            counts.clear()
            return self.send(b"200 OK", json.dumps(told).encode(), b"application/json", False)
        if target.startswith(b"/token"):
            counts.token += 1
            return self.later(False, b"200 OK", b'{"token":"let-me-in","expires_in":300}', b"application/json", False)
        wanted = re.fullmatch(rb"/v2/(.+)/manifests/([^/]+)", target)
        if not wanted:
            return self.later(False, b"404 Not Found", b"{}", b"application/json", method == b"HEAD")
        counts.head += method == b"HEAD"
        counts.get += method == b"GET"
        if self.options.token and b"\r\nauthorization: bearer let-me-in" not in head.lower():
            counts.unauthorized += 1
            host = re.search(rb"(?i)\r\nhost: (\S+)", head).group(1)
            scheme = b"https" if self.options.tls else b"http"
            challenge = b'WWW-Authenticate: Bearer realm="%s://%s/token",service="bench"\r\n' % (scheme, host)
            return self.later(True, b"401 Unauthorized", b"{}", b"application/json", method == b"HEAD", challenge)
        digest = hashlib.sha256(wanted.group(1) + b":" + wanted.group(2)).hexdigest().encode()
        body = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % INDEX_TYPE
        self.later(True, b"200 OK", body, INDEX_TYPE, method == b"HEAD",
                   b"Docker-Content-Digest: sha256:%s\r\n" % digest)

    def later(self, counted, *answer):
        options, counts = self.options, self.counts
        if counted:
            counts.in_flight += 1
            counts.most_heads_in_flight = max(counts.most_heads_in_flight, counts.in_flight)
            counts.heads_before_first_answer += not counts.answered
        delay = options.latency / 1000
        if options.chaos:
            delay *= random.random()
        if delay:
            asyncio.get_running_loop().call_later(delay, self.finish, counted, *answer)
        else:
            self.finish(counted, *answer)

    def finish(self, counted, *answer):
        if counted:
            self.counts.in_flight -= 1
            self.counts.answered = True
        if self.options.chaos and random.random() < 0.02:
            self.counts.resets += 1
            return self.transport.abort()
        self.send(*answer)

    def send(self, status, body, kind, bodiless, more=b""):
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
            status, kind, len(body), more, b"" if bodiless else body))


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--token", action="store_true")
    parser.add_argument("--tls")
    parser.add_argument("--chaos", action="store_true")
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{options.tls}/tls.crt", f"{options.tls}/tls.key")
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(options, counts), "127.0.0.1", 0, ssl=context, backlog=512)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
