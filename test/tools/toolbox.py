"""What checks with other people's tools need: the tools, the fixtures, a registry with the images that they name.

A tool is looked for in build/e2e/bin first (build_tools.sh and the control plane's script build into it), then in PATH.
What is not there skips the check that asked for it, or the whole group where a group asks: see `tool` and `needs`.
"""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from harness import ROOT, Failed, Skipped, expect  # noqa: E402
from servers import ARM64, INDEX, MANIFEST, Registry  # noqa: E402

BUILT = ROOT / "build/e2e/bin"
DATA = ROOT / "test/data/manifests"
# Where the tools come from, for whoever reads why a check was left out.
SOURCES = {
    "helm": "test/tools/build_tools.sh builds it", "helm4": "test/tools/build_tools.sh builds it",
    "kustomize": "test/tools/build_tools.sh builds it", "ko": "test/tools/build_tools.sh builds it",
    "pre-commit": "test/tools/build_tools.sh installs it", "check-jsonschema": "test/tools/build_tools.sh installs it",
    "kpt": "not among Go's modules: from its releases or Google's CLI",
    "kubectl": "test/e2e/build_control_plane.sh builds it",
}


def tool(name):
    """The path of a tool. `helm` is Helm 3, `helm4` Helm 4. Skips whoever asks for what is not there."""
    built = BUILT / name
    if built.exists():
        return str(built)
    if found := shutil.which(name):
        return found
    raise Skipped(f"{name} is not installed" + (f" ({SOURCES[name]})" if name in SOURCES else ""))


def needs(*names):
    """For a group (a decorator), all of whose checks need these tools."""
    def decorate(group):
        def checked(h):
            for name in names:
                tool(name)
            group(h)
        checked.__name__ = group.__name__
        checked.__doc__ = group.__doc__
        return checked
    return decorate


@dataclasses.dataclass
class Done:
    """A program that ended. Both outputs are bytes; `text` and `trouble` are them as text."""
    command: list
    code: int
    out: bytes
    err: bytes

    @property
    def text(self):
        return self.out.decode(errors="replace")

    @property
    def trouble(self):
        return self.err.decode(errors="replace")

    def __str__(self):
        return (f"{' '.join(map(str, self.command))}\nstatus {self.code}\n--- standard output\n{self.text}\n"
                f"--- standard error\n{self.trouble}")


def environment(h, **more):
    """A clean one (harness) in which `digester` and the tools are found by their names."""
    names = h.work / "names"
    if not names.exists():
        names.mkdir()
        (names / "digester").symlink_to(h.program)
    clean = h.environment()
    # No tool asks anybody outside this machine whether there is a newer one.
    return clean | {"PATH": f"{names}:{BUILT}:{clean['PATH']}", "KPT_DISABLE_UPDATE_CHECK": "true"} | {
        key: str(value) for key, value in more.items()}


def run(h, program, *arguments, stdin=b"", env=None, cwd=None, seconds=60):
    """Runs `digester`, a tool by its name, or a path, to its end. stdin is bytes or text, env is added to a clean
    environment. What lasts longer than `seconds` fails the check."""
    path = h.program if program == "digester" else program if os.sep in str(program) else tool(program)
    command = [str(path), *(str(a) for a in arguments)]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, cwd=cwd or h.work,
                              env=environment(h, **(env or {})))
    except subprocess.TimeoutExpired as late:
        raise Failed(f"not within {seconds} s: {' '.join(command)}", late.stdout, late.stderr) from None
    return Done(command, done.returncode, done.stdout, done.stderr)


def acceptance_registry(h, name="registry"):
    """docker-registry with the images of the scenarios: team/web:1.10 is INDEX (of MANIFEST for amd64 and ARM64),
    team/migrate:2 is MANIFEST. Fails unless the registry says so itself."""
    registry = Registry(h, name)
    kinds = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for reference, digest in (("team/web/manifests/1.10", INDEX), ("team/migrate/manifests/2", MANIFEST),
                              (f"team/web/manifests/{ARM64}", ARM64)):
        question = urllib.request.Request(f"http://{registry.host}/v2/{reference}", method="HEAD", headers={"Accept": kinds})
        with opener.open(question) as answer:
            expect(answer.headers["Docker-Content-Digest"] == digest, reference, answer.headers)
    return registry


def fixture(path, registry=None):
    """The bytes of test/data/manifests/<path>, the address of `registry` (or a text) in the place of REGISTRY."""
    data = (DATA / path).read_bytes()
    if registry is None:
        return data
    return data.replace(b"REGISTRY", getattr(registry, "host", registry).encode())


def lay(h, folder, files):
    """A fresh directory under the group's work directory with these files: {name: bytes or text}."""
    place = h.work / folder
    shutil.rmtree(place, ignore_errors=True)
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def contents(folder):
    """{name: bytes} of every file below a directory, to see what was changed."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file()}


def without_digests(data):
    """What pinning started from, where nothing had a digest."""
    return re.sub(rb"@sha256:[0-9a-f]{64}", b"", data)


def same(seen, wanted):
    """Fails with a readable difference."""
    if seen != wanted:
        import difflib
        lines = difflib.unified_diff(*(side.decode(errors="backslashreplace").splitlines(keepends=True)
                                       for side in (wanted, seen)), "wanted", "seen")
        raise Failed("".join(line if line.endswith("\n") else line + "\n" for line in lines) or
                     f"differ in bytes: {wanted!r} {seen!r}")


@contextlib.contextmanager
def stopped(registry):
    """Nobody answers at the registry's address within; afterwards neither. For the end of a group."""
    registry.h.stop(registry.process)
    yield
