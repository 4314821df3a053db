"""The plugin for Argo CD: what argocd-cmp-server would run, run the same way, and the component that installs it,
rendered. Argo CD itself does not run here."""
import os

import toolbox
import yaml
from harness import ROOT, expect
from servers import INDEX

FOLDER = ROOT / "deploy/argocd"
REPO_SERVER = """apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app: argocd-repo-server}}
  template:
    metadata: {labels: {app: argocd-repo-server}}
    spec:
      containers:
      - {name: argocd-repo-server, image: registry.example/argocd}
      volumes:
      - {name: var-files, emptyDir: {}}
      - {name: plugins, emptyDir: {}}
"""


@toolbox.needs("kustomize")
def argocd(h):
    registry = toolbox.acceptance_registry(h)
    plugin = yaml.safe_load((FOLDER / "plugin.yaml").read_text())
    command = plugin["spec"]["generate"]["command"] + plugin["spec"]["generate"].get("args", [])

    def generate(files):
        """As the server does it: the command with its arguments, in the application's folder, with the application's
        data in the environment. Standard output is what is applied."""
        return toolbox.run(h, toolbox.tool(command[0]), *command[1:], cwd=toolbox.lay(h, "application", files),
                           env={"ARGOCD_APP_NAME": "shop", "ARGOCD_APP_NAMESPACE": "shop", "ARGOCD_APP_REVISION": "abc",
                                "KUBE_VERSION": "1.37"})

    overlay = {"kustomization.yaml": "resources: [pod.yaml]\nnamePrefix: prod-\n",
               "pod.yaml": toolbox.fixture("kustomize/pod.yaml", registry)}
    with h.check("Argo CD: the plugin's command gives what kustomize builds, with digests"):
        done = generate(overlay)
        expect(done.code == 0, done)
        built = toolbox.run(h, "kustomize", "build", ".", cwd=h.work / "application")
        toolbox.same(done.out, built.out.replace(b"team/web:1.10", b"team/web:1.10@" + INDEX.encode()))
    with h.check("Argo CD: a build that fails fails the plugin, which gives nothing to apply"):
        done = generate({"kustomization.yaml": "resources: [missing.yaml]\n"})
        expect(done.code != 0 and not done.out and "missing.yaml" in done.trouble, done)
    with h.check("Argo CD: an image that is not there fails the plugin, with the cause, and gives nothing to apply"):
        done = generate(overlay | {"pod.yaml": overlay["pod.yaml"].replace(b":1.10", b":nope")})
        expect(done.code != 0 and not done.out and "team/web:nope" in done.trouble, done)
    with h.check("Argo CD: the component gives the repository server its sidecar, beside what it has (rendered)"):
        folder = toolbox.lay(h, "install/argocd", {
            "kustomization.yaml": f"resources: [repo-server.yaml]\ncomponents: [{os.path.relpath(FOLDER, h.work / 'install/argocd')}]\n"
                                  "images: [{name: digester-cmp, newName: registry.example/cmp, newTag: '0.1.0'}]\n",
            "repo-server.yaml": REPO_SERVER})
        done = toolbox.run(h, "kustomize", "build", folder)
        expect(done.code == 0, done)
        made = {item["kind"]: item for item in yaml.safe_load_all(done.text)}
        pod = made["Deployment"]["spec"]["template"]["spec"]
        expect([c["name"] for c in pod["containers"]] == ["argocd-repo-server", "digester-cmp"], done)
        sidecar = pod["containers"][1]
        expect(sidecar["image"] == "registry.example/cmp:0.1.0", done)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        expect({mount["name"] for mount in sidecar["volumeMounts"]} <= volumes.keys(), done)
        expect(volumes["digester-cmp"]["configMap"]["name"] == made["ConfigMap"]["metadata"]["name"], done)
        expect(yaml.safe_load(made["ConfigMap"]["data"]["plugin.yaml"]) == plugin, done)


GROUPS = (argocd,)
