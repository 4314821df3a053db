"""Builds the image twice, compares the two, and runs the program from the image's root file system.

    python3 -B test/deploy/image.py [--quick] [--keep]

No container engine is needed: buildah with --isolation chroot, over a base that debootstrap makes; that, the compiler's
cache and a finished base stay in build/image for the next run. The second build compiles everything anew, with --quick
out of the same cache. --keep leaves the built image there and says how to push it. Needs root. Exit status 77:
something is missing, the last line says what.
"""
import argparse
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "test/integration"), str(ROOT / "test/deploy")]
from harness import Failed, Harness, expect, free_port  # noqa: E402

PLACE = ROOT / "build/image"
BASE = "localhost/digester-base"
LIMIT = 40 << 20


def buildah(*arguments, seconds=3600):
    command = ["buildah", "--storage-driver", "vfs", "--root", PLACE / "storage", "--runroot", PLACE / "run", *arguments]
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=seconds)
    if done.returncode != 0:
        raise Failed(f"buildah {' '.join(str(a) for a in arguments)}: status {done.returncode}\n"
                     f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def base():
    """Debian's smallest, with what scripts/setup.sh installs to build. Made once for each setup.sh."""
    setup = (ROOT / "scripts/setup.sh").read_bytes()
    name = f"{BASE}:{hashlib.sha256(setup).hexdigest()[:12]}"
    if name in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return name
    tree = PLACE / "base"
    if not (tree / "etc/debian_version").exists():
        shutil.rmtree(tree, ignore_errors=True)
        new = PLACE / "base.new"
        shutil.rmtree(new, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", new], check=True, stdout=subprocess.DEVNULL)
        new.rename(tree)
    container = buildah("from", "scratch").strip()
    try:
        buildah("add", container, tree, "/")
        buildah("copy", container, ROOT / "scripts/setup.sh", "/tmp/setup.sh")
        buildah("run", "--isolation", "chroot", container, "--", "/tmp/setup.sh", "--build")
        buildah("run", "--isolation", "chroot", container, "--", "sh", "-c",
                "apt-get install -y --no-install-recommends ca-certificates && rm /tmp/setup.sh")
        buildah("commit", container, name)
    finally:
        buildah("rm", container)
    return name


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def build(tag, base_image, of, cached):
    arguments = []
    if cached:
        (PLACE / "ccache").mkdir(exist_ok=True)
        arguments = ["--volume", f"{PLACE / 'ccache'}:/root/.cache/ccache"]
    buildah("bud", "--isolation", "chroot", "--no-cache", "--layers=false", "--pull-never", *arguments, "--build-arg",
            f"BASE={base_image}", "--build-arg", f"COMMIT={of}", "--tag", tag, ROOT)
    return json.loads(buildah("inspect", "--type", "image", tag))


def unpack(tag, target):
    container = buildah("from", tag).strip()
    try:
        mounted = buildah("mount", container).strip()
        shutil.copytree(mounted, target, symlinks=True)
        # copytree makes them ours, and does not keep the mode of what it may not.
        for path in pathlib.Path(mounted).rglob("*"):
            if not path.is_symlink():
                shutil.copystat(path, target / path.relative_to(mounted))
    finally:
        buildah("rm", container)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for tool in ("buildah", "debootstrap", "openssl", "chroot"):
        if not shutil.which(tool):
            print(f"{tool} is not installed")
            return 77
    if os.geteuid() != 0:
        print("root is needed to make a root file system")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    PLACE.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(PLACE)
    h = Harness("/bin/true")
    try:
        started = time.monotonic()
        base_image = base()
        print(f"     base ready in {time.monotonic() - started:.0f} s", flush=True)
        first = second = None
        of = commit()
        with h.check("the image can be built"):
            first = build("localhost/digester:first", base_image, of, True)
        if not first:
            return 1
        checks(h, first)
        with h.check("built again it has the same layers" + (" (compiled out of a cache)" if options.quick else "")):
            second = build("localhost/digester:second", base_image, of, options.quick)
            layers = [image["OCIv1"]["rootfs"]["diff_ids"] for image in (first, second)]
            expect(layers[0] == layers[1], layers)
            expect(len(layers[0]) <= 2, layers)
        if options.keep:
            print(f"     kept: buildah --storage-driver vfs --root {PLACE}/storage --runroot {PLACE}/run push "
                  "localhost/digester:first docker://…")
        else:
            buildah("rmi", "--force", *(f"localhost/digester:{tag}" for tag in ["first"] + ["second"] * bool(second)))
    finally:
        h.close()
    print(f"{h.ok + h.failed} checks, {h.ok} ok, {h.failed} failed")
    return 1 if h.failed else 0


@contextlib.contextmanager
def stranger(h):
    """A server with a certificate that nobody trusts."""
    folder = h.work / "stranger"
    subprocess.run([ROOT / "certs/make-dev-certificate.sh", folder], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def checks(h, image):
    root = h.work / "root"
    unpack("localhost/digester:first", root)
    files = {path.relative_to(root): path for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}
    size = sum(path.lstat().st_size for path in files.values())
    with h.check(f"it is smaller than {LIMIT >> 20} MiB: {size / (1 << 20):.1f} MiB in {len(files)} files"):
        expect(size < LIMIT, size)
    with h.check("nobody but root may write, nothing is setuid, and there is no shell and no package manager"):
        wrong = [path for path in files if files[path].lstat().st_mode & 0o6022 and not files[path].is_symlink()]
        expect(not wrong, wrong)
        programs = [str(path) for path in files if files[path].lstat().st_mode & 0o111 and "/lib" not in f"/{path}"]
        expect(programs == ["usr/bin/digester"], programs)
    with h.check("user, entry point, ports and labels"):
        config = image["OCIv1"]["config"]
        # Without arguments it is the KRM function, which hosts start so, as a user whom they call nobody.
        expect(config["User"] == "65532:65532" and config["Entrypoint"] == ["/usr/bin/digester"] and
               not config.get("Cmd"), config)
        expect(re.search(r"^nobody:x:65534:", (root / "etc/passwd").read_text(), re.M), "no user nobody")
        expect(set(config["ExposedPorts"]) == {"8443", "8888", "9090"} or
               {port.split("/")[0] for port in config["ExposedPorts"]} == {"8443", "8888", "9090"}, config)
        version = re.search(r"project\(digester VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        expect(config["Labels"]["org.opencontainers.image.version"] == version, config["Labels"], version)
    with h.check("the SPDX document names the packages of all libraries, with versions"):
        document = json.loads((root / "usr/share/sbom/digester.spdx.json").read_text())
        expect(document["spdxVersion"] == "SPDX-2.3", document["spdxVersion"])
        packages = {package["SPDXID"]: package for package in document["packages"]}
        expect(len(packages) == len(document["packages"]), "an identifier twice")
        checksum = hashlib.sha256((root / "usr/bin/digester").read_bytes()).hexdigest()
        expect(packages["SPDXRef-digester"]["checksums"][0]["checksumValue"] == checksum, "the program's checksum")
        for relation in document["relationships"]:
            for end in ("spdxElementId", "relatedSpdxElement"):
                expect(relation[end] in packages or relation[end] == "SPDXRef-DOCUMENT", relation)
        names = {package["name"] for package in packages.values()}
        expect({"libc6", "libssl3", "libstdc++6", "ca-certificates", "libboost1.81-dev"} <= names, names)
        expect(all(package.get("versionInfo") for package in packages.values()), "a package without version")
        status = {path.name for path in (root / "var/lib/dpkg/status.d").iterdir()}
        expect(status <= names and len(status) > 10, status - names)
    # Found now: what runs there gets an empty environment.
    run = [shutil.which("chroot"), "--userspec=65532:65532", str(root), "/usr/bin/digester"]
    with h.check("its root file system is enough to run from, as its user"):
        done = subprocess.run([*run, "version"], capture_output=True, text=True, env={}, timeout=30)
        expect(done.returncode == 0 and done.stdout.startswith("digester "), done.returncode, done.stdout, done.stderr)
    with h.check("without arguments it is the KRM function, as a user whom nobody told it of"):
        given = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"
        as_nobody = [word.replace("65532:65532", "65534:65534") for word in run]
        done = subprocess.run(as_nobody, input=given, capture_output=True, text=True, env={}, timeout=30)
        expect((done.returncode, done.stdout) == (0, given), done.returncode, done.stdout, done.stderr)
    with h.check("the webhook serves out of it"):
        subprocess.run([ROOT / "certs/make-dev-certificate.sh", root / "certs"], check=True, capture_output=True)
        for path in (root / "certs").iterdir():
            os.chown(path, 65532, 65532)
        (root / "certs").chmod(0o755)
        port, health, metrics = free_port(), free_port(), free_port()
        process = h.start("image", [*run, "webhook", "--offline", "--disable-cert-rotation", "--drain=0s",
                                    "--listen-address=127.0.0.1", f"--port={port}", f"--health-addr=127.0.0.1:{health}",
                                    f"--metrics-addr=127.0.0.1:{metrics}"], {"PATH": "/usr/bin:/usr/sbin:/bin"})

        def is_ready():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{health}/readyz", timeout=1).status == 200
            except OSError:
                return False
        h.wait_for("image", process, is_ready)
        expect(h.stop(process) == 0, h.log("image"))
    with h.check("a registry's certificate is checked against the image's authorities"):
        with stranger(h) as port:
            done = subprocess.run([*run, "digest", f"127.0.0.1:{port}/x:1"], capture_output=True, text=True, env={},
                                  timeout=60)
        expect(done.returncode == 1 and "certificate" in done.stderr and "no certificate authority" not in done.stderr,
               done.returncode, done.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
