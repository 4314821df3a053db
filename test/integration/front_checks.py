"""`digester digest` through fronts that misbehave as real ones do (nginx), and through a CONNECT proxy (tinyproxy)."""
import time

from digest_checks import docker_config, one_line_error
from harness import expect, free_port
from servers import INDEX, MANIFEST, PASSWORD, USER, Nginx, Registry, Tinyproxy, certificate, htpasswd_registry


def broken_front(h):
    registry = Registry(h, "behind-nginx")
    names = ["no_head", "hidden", "both", "limited", "refused", "stale", "moved", "far", "down", "short"]
    port = {name: free_port() for name in names}
    plain = f"proxy_pass http://{registry.host}; proxy_set_header Host $http_host;"
    redirects = "\n".join(f"location ~ ^/v2/r{code}/(.*)$ {{ return {code} http://127.0.0.1:{port['far']}/v2/$1; }}"
                          for code in (301, 302, 303, 307, 308))
    Nginx(h, "front", f"""
  limit_req_zone $server_port zone=calm:64k rate=1r/s;
  server {{ listen 127.0.0.1:{port['no_head']};
    location / {{ if ($request_method = HEAD) {{ return 405; }} {plain} }} }}
  server {{ listen 127.0.0.1:{port['hidden']}; location / {{ {plain} proxy_hide_header Docker-Content-Digest; }} }}
  server {{ listen 127.0.0.1:{port['both']};
    location / {{ if ($request_method = HEAD) {{ return 403; }} {plain}
      proxy_hide_header Docker-Content-Digest; gzip on; gzip_types *; gzip_min_length 0; }} }}
  server {{ listen 127.0.0.1:{port['limited']}; limit_req zone=calm; limit_req_status 429; error_page 429 = @wait;
    location / {{ {plain} }} location @wait {{ add_header Retry-After 1 always; return 429 'slow down'; }} }}
  server {{ listen 127.0.0.1:{port['refused']};
    location / {{ add_header Retry-After 3600 always; return 429 'toomanyrequests: secret detail'; }} }}
  server {{ listen 127.0.0.1:{port['stale']}; keepalive_timeout 0; location / {{ {plain} }} }}
  server {{ listen 127.0.0.1:{port['moved']}; {redirects}
    location = /v2/loop/manifests/1 {{ return 307 http://127.0.0.1:{port['moved']}/v2/loop/manifests/1; }} }}
  server {{ listen 127.0.0.1:{port['far']}; location / {{ {plain} }} }}
  server {{ listen 127.0.0.1:{port['down']}; location / {{ return 503 'maintenance'; }} }}
  server {{ listen 127.0.0.1:{port['short']}; location / {{ return 200 'not a manifest'; }} }}
""", port.values())

    def image(name, repository="team/web:1.10"):
        return f"127.0.0.1:{port[name]}/{repository}"

    def finds(name, what=INDEX, **more):
        run = h.digest(image(name, **more))
        expect((run.returncode, run.stdout) == (0, what + "\n"), run)

    with h.check("nginx: HEAD answered 405, GET's body is hashed"):
        finds("no_head")
    with h.check("nginx: digest header hidden, the body is hashed"):
        finds("hidden")
    with h.check("nginx: HEAD 403, no header, compression offered"):
        finds("both")
    with h.check("nginx: 429 with Retry-After 1 is waited for"):
        started = time.monotonic()
        finds("limited")
        finds("limited")
        expect(time.monotonic() - started > 0.5, "no 429 was ever seen")
    with h.check("nginx: 429 with Retry-After 3600 fails now and says rate limit"):
        started = time.monotonic()
        run = h.digest(image("refused"))
        one_line_error(run, "rate|429|too many")
        expect("secret detail" not in run.stderr, run.stderr)
        expect(time.monotonic() - started < 5, "waited for an hour's Retry-After")
    with h.check("nginx: a front that closes every connection"):
        run = h.digest(image("stale"), image("stale", "team/migrate:2"), image("stale", "team/model:3"))
        expect(run.stdout.split() == [INDEX, MANIFEST, MANIFEST], run)
    for code in (301, 302, 303, 307, 308):
        with h.check(f"nginx: {code} to another port is followed"):
            finds("moved", repository=f"r{code}/team/web:1.10")
    with h.check("nginx: a redirect loop ends"):
        one_line_error(h.digest(image("moved", "loop:1")), "redirect")
    with h.check("nginx: 503 is an error that names the status"):
        one_line_error(h.digest("--timeout", "15s", image("down")), "503|unavailable")
    with h.check("nginx: 200 with something else is no digest"):
        one_line_error(h.digest(image("short")))


def redirect_credentials(h):
    registry = htpasswd_registry(h)
    near, far = free_port(), free_port()
    front = Nginx(h, "leak", f"""
  server {{ listen 127.0.0.1:{near};
    location / {{ if ($http_authorization = '') {{ add_header WWW-Authenticate 'Basic realm=x' always; return 401; }}
      return 307 http://127.0.0.1:{far}$request_uri; }} }}
  server {{ listen 127.0.0.1:{far}; location / {{ proxy_pass http://{registry.host}; }} }}
""", [near, far])
    with h.check("redirect: the password does not follow to another port"):
        h.digest(f"127.0.0.1:{near}/team/web:1.10", DOCKER_AUTH_CONFIG=docker_config(f"127.0.0.1:{near}"))
        seen = front.seen()
        expect(any(line.startswith(f"{near} ") and "auth=[Basic" in line for line in seen), "never sent at all", seen)
        expect(any(line.startswith(f"{far} ") for line in seen), "the redirect was not followed", seen)
        expect(not any(line.startswith(f"{far} ") and "auth=[-]" not in line for line in seen), *seen)


def proxy(h):
    folder = certificate(h, "proxied", "registry.test")
    registry = Registry(h, "proxied", tls=folder, seed_options=[
        "--cacert", folder / "ca.crt", "--insecure"])
    web = f"registry.test:{registry.port}/team/web:1.10"
    trust = ["--ca-file", folder / "ca.crt"]
    tinyproxy = Tinyproxy(h, "proxy")
    url = f"http://127.0.0.1:{tinyproxy.port}"
    with h.check("proxy: https goes through CONNECT, the name unresolved here"):
        run = h.digest(*trust, web, HTTPS_PROXY=url)
        expect(run.stdout == INDEX + "\n", run, tinyproxy.connects())
        expect(f"CONNECT registry.test:{registry.port}" in tinyproxy.connects(), tinyproxy.connects())
    with h.check("proxy: lower case and a value without scheme"):
        run = h.digest(*trust, web, https_proxy=f"127.0.0.1:{tinyproxy.port}")
        expect(run.stdout == INDEX + "\n", run)
    with h.check("proxy: NO_PROXY keeps the name away from it"):
        before = len(tinyproxy.connects())
        one_line_error(h.digest(*trust, "--timeout", "5s", web, HTTPS_PROXY=url, NO_PROXY=".test"), "registry.test")
        expect(len(tinyproxy.connects()) == before, tinyproxy.connects())
    with h.check("proxy: loopback is never proxied"):
        before = len(tinyproxy.connects())
        h.digest(*trust, f"127.0.0.1:{registry.port}/team/web:1.10", HTTPS_PROXY=url)
        expect(len(tinyproxy.connects()) == before, tinyproxy.connects())
    with h.check("proxy: plain http by HTTP_PROXY for an insecure registry"):
        plain = Registry(h, "proxied-plain")
        name = f"registry.test:{plain.port}"
        run = h.digest("--insecure-registries", name, f"{name}/team/web:1.10", HTTP_PROXY=url)
        expect(run.stdout == INDEX + "\n", run, tinyproxy.connects())
    with h.check("proxy: one that cannot be reached is named"):
        one_line_error(h.digest(*trust, web, HTTPS_PROXY=f"http://127.0.0.1:{free_port()}"), "proxy")
    with h.check("proxy: socks5 is an explicit error"):
        run = h.digest(*trust, web, HTTPS_PROXY="socks5://127.0.0.1:1080")
        expect(run.returncode in (1, 2) and "socks" in run.stderr.lower(), run)
    guarded = Tinyproxy(h, "guarded-proxy", user=USER)
    with h.check("proxy: its own password by userinfo"):
        run = h.digest(*trust, web, HTTPS_PROXY=f"http://{USER}:{PASSWORD}@127.0.0.1:{guarded.port}")
        expect(run.stdout == INDEX + "\n", run)
    with h.check("proxy: 407 is named, its password is not"):
        one_line_error(h.digest(*trust, web, HTTPS_PROXY=f"http://127.0.0.1:{guarded.port}"), "proxy", "407|password|credential")
        run = h.digest("-v", *trust, web, HTTPS_PROXY=f"http://{USER}:wrong-horse@127.0.0.1:{guarded.port}")
        expect(run.returncode == 1 and "wrong-horse" not in run.stderr, run)


GROUPS = [broken_front, redirect_credentials, proxy]
