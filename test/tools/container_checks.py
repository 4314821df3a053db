"""The container form of the function, under kpt and kustomize. No container can be run here: the hosts are real, their
`docker` is stand_in_docker.py, and the image itself is what `scripts/test.sh image` checks."""
import base64
import json
import re

import toolbox
from harness import ROOT, expect
from servers import INDEX, MANIFEST, PASSWORD, USER, htpasswd_registry

IMAGE = "registry.example/platform/digester:0.1.0"
POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    image: REGISTRY/team/web:1.10 # the app
"""


class Docker:
    """The stand-in in its place, and what it was asked for."""

    def __init__(self, h):
        self.log = h.work / "docker.log"
        settings = h.work / "docker.json"
        users = re.findall(r"(\w+):x:\d+:\d+:\w*:/", (ROOT / "scripts/image_root.sh").read_text())
        settings.write_text(json.dumps({"program": h.program, "users": users, "log": str(self.log)}))
        toolbox.environment(h)  # makes the folder
        (h.work / "names/docker").symlink_to(ROOT / "test/tools/stand_in_docker.py")
        self.env = {"DIGESTER_STAND_IN": settings}

    def run(self):
        """The words of the newest `docker run`."""
        return [asked for asked in map(json.loads, self.log.read_text().splitlines()) if asked[0] == "run"][-1]


def with_digest(data):
    return data.replace(b"team/web:1.10", b"team/web:1.10@" + INDEX.encode())


@toolbox.needs("kpt", "unshare")
def container_kpt(h):
    registry, docker = toolbox.acceptance_registry(h), Docker(h)
    pod = POD.replace("REGISTRY", registry.host).encode()

    def package():
        return toolbox.lay(h, "package", {"pod.yaml": pod})

    with h.check("kpt fn eval --image … --network pins (docker: a stand-in)"):
        folder = package()
        done = toolbox.run(h, "kpt", "fn", "eval", folder, "--image", IMAGE, "--network", env=docker.env)
        expect(done.code == 0, done)
        toolbox.same((folder / "pod.yaml").read_bytes(), with_digest(pod))
        expect(docker.run()[-1] == IMAGE, docker.run())
    with h.check("without --network it fails, says why, and leaves the files as they are (docker: a stand-in)"):
        folder = package()
        done = toolbox.run(h, "kpt", "fn", "eval", folder, "--image", IMAGE, env=docker.env)
        expect(done.code != 0 and registry.host in done.trouble, done)
        toolbox.same((folder / "pod.yaml").read_bytes(), pod)
    with h.check("the Kptfile of docs/CI.md renders with --allow-network, and not without (docker: a stand-in)"):
        text = (ROOT / "docs/CI.md").read_text()
        kptfile = re.search(r"^```yaml\n(apiVersion: kpt\.dev/v1\n.*?)^```$", text, re.M | re.S)[1]
        expect(IMAGE in kptfile, kptfile)
        for flags, wanted in (([], pod), (["--allow-network"], with_digest(pod))):
            folder = toolbox.lay(h, "render", {"Kptfile": kptfile, "pod.yaml": pod})
            done = toolbox.run(h, "kpt", "fn", "render", folder, *flags, env=docker.env)
            expect((done.code == 0) == bool(flags), done)
            toolbox.same((folder / "pod.yaml").read_bytes(), wanted)
    with h.check("the same Kptfile with exec: digester renders with --allow-exec"):
        folder = toolbox.lay(h, "render", {"Kptfile": kptfile.replace(f"image: {IMAGE}", "exec: digester"),
                                           "pod.yaml": pod})
        done = toolbox.run(h, "kpt", "fn", "render", folder, "--allow-exec")
        expect(done.code == 0, done)
        toolbox.same((folder / "pod.yaml").read_bytes(), with_digest(pod))
    with h.check("kpt fn eval --image … --mount of a docker configuration logs in (docker: a stand-in)"):
        closed = htpasswd_registry(h)
        secret = POD.replace("REGISTRY", closed.host).encode()
        folder = toolbox.lay(h, "closed", {"pod.yaml": secret})
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        config = toolbox.lay(h, "docker", {"config.json": json.dumps({"auths": {closed.host: {"auth": login}}})})
        words = ["fn", "eval", folder, "--image", IMAGE, "--network"]
        refused = toolbox.run(h, "kpt", *words, env=docker.env)
        expect(refused.code != 0, refused)
        done = toolbox.run(h, "kpt", *words, "--mount", f"type=bind,src={config},dst=/docker", "--env",
                           "DOCKER_CONFIG=/docker", env=docker.env)
        expect(done.code == 0, done)
        toolbox.same((folder / "pod.yaml").read_bytes(), with_digest(secret))


@toolbox.needs("kustomize", "unshare")
def container_kustomize(h):
    registry, docker = toolbox.acceptance_registry(h), Docker(h)
    pod = POD.replace("REGISTRY", registry.host)

    function = re.search(r"^```yaml\n(apiVersion: digester\.dev/v1\n.*?)^```$", (ROOT / "docs/CI.md").read_text(),
                         re.M | re.S)[1]
    expect(IMAGE in function, function)

    def overlay(network):
        return toolbox.lay(h, "overlay", {
            "kustomization.yaml": "resources: [pod.yaml]\ntransformers: [digests.yaml]\n", "pod.yaml": pod,
            "digests.yaml": function.replace("network: true", f"network: {network}")})

    with h.check("kustomize build --enable-alpha-plugins --network runs the container (docker: a stand-in)"):
        done = toolbox.run(h, "kustomize", "build", "--enable-alpha-plugins", "--network", overlay("true"), env=docker.env)
        expect(done.code == 0 and f"image: {registry.host}/team/web:1.10@{INDEX}\n" in done.text, done)
        expect(docker.run()[-1] == IMAGE, docker.run())
    with h.check("network: true in the file is not enough, and neither is the flag (docker: a stand-in)"):
        for network, flags in (("true", []), ("false", ["--network"])):
            done = toolbox.run(h, "kustomize", "build", "--enable-alpha-plugins", *flags, overlay(network), env=docker.env)
            expect(done.code != 0 and not done.out, done)


GROUPS = (container_kpt, container_kustomize)
