"""A stand-in for a registry's token service, for tests: it signs what docker-registry's token mode verifies.

GET /token?service=…&scope=repository:NAME:pull answers an RS256-like JWT (ES256, the key is P-256) with its
certificate in x5c. Repositories named by --private need the user's password; the rest is open to anybody.
Prints a line per token: "token USER SCOPE STATUS".
"""
import argparse
import base64
import http.server
import json
import subprocess
import sys
import tempfile
import time
import urllib.parse


def url_base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der):
    """r and s of an ECDSA signature, 32 bytes each, out of openssl's DER."""
    length = der[3]
    r, rest = der[4:4 + length], der[4 + length:]
    s = rest[2:2 + rest[1]]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")


class Issuer:
    def __init__(self, options):
        self.options = options
        pem = open(options.certificate).read()
        self.x5c = "".join(line for line in pem.splitlines() if "-----" not in line)

    def token(self, access):
        now = int(time.time())
        header = {"typ": "JWT", "alg": "ES256", "x5c": [self.x5c]}
        claims = {"iss": "token-issuer.test", "sub": "", "aud": "registry.test", "exp": now + 300, "nbf": now - 10,
                  "iat": now, "jti": str(time.monotonic_ns()), "access": access}
        signed = ".".join(url_base64(json.dumps(part).encode()) for part in (header, claims))
        with tempfile.NamedTemporaryFile() as text:
            text.write(signed.encode())
            text.flush()
            der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.options.key, text.name],
                                 capture_output=True, check=True).stdout
        return signed + "." + url_base64(raw_signature(der))


def handler(issuer):
    options = issuer.options

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            if "everything" in query:  # for the tests' own pushes
                names = ["team/web", "team/migrate", "team/model"]
                access = [{"type": "repository", "name": n, "actions": ["pull", "push"]} for n in names]
                return self.answer(200, {"token": issuer.token(access)})
            user, status, access = "-", 200, []
            authorization = self.headers.get("Authorization", "")
            if authorization.startswith("Basic "):
                user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
                if (user, password) != (options.user, options.password):
                    status = 401
            scope = (query.get("scope") or ["-"])[0]
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if status == 200 and kind == "repository" and (name not in options.private or user != "-"):
                access = [{"type": kind, "name": name, "actions": actions.split(",")}]
            print(f"token {user} {scope} {status}", flush=True)
            if status != 200:
                return self.answer(status, {"errors": [{"code": "UNAUTHORIZED"}]})
            # As Harbor does: an empty access_token beside the good token.
            self.answer(200, {"token": issuer.token(access), "access_token": "", "expires_in": 300})

        def answer(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--key", "--certificate", "--user", "--password"):
        parser.add_argument(name, required=True)
    parser.add_argument("--private", action="append", default=[])
    issuer = Issuer(parser.parse_args())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(issuer))
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


sys.exit(main())
