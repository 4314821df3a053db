"""digester as a KRM function under kpt and kustomize, as kustomize's legacy plugin under kubectl too, and with a
cluster's pull secrets."""
import json
import re
import sys

import toolbox
from function_checks import HEAD, app, function, pinned
from harness import ROOT, expect
from servers import ARM64, INDEX

PLUGINS = ROOT / "deploy/kustomize-plugin"


@toolbox.needs("kpt")
def function_kpt(h):
    registry = toolbox.acceptance_registry(h)
    package = {"app.yaml": app(registry), "styles.yaml": toolbox.fixture("kpt/styles.yaml", registry),
               "Kptfile": toolbox.fixture("kpt/Kptfile", registry), "sub/kustomization.yaml": "resources: [] # none\n"}

    def kpt(folder, *arguments, executable="digester", before=("fn", "eval")):
        return toolbox.run(h, "kpt", *before, folder, "--exec", executable, *arguments)

    with h.check("kpt fn eval: a package's file, comments and quotes kept"):
        folder = toolbox.lay(h, "a", {"app.yaml": app(registry)})
        done = kpt(folder)
        expect(done.code == 0, done)
        toolbox.same((folder / "app.yaml").read_bytes(), toolbox.fixture("kpt/app.expected.yaml", registry))
        expect(done.trouble.count("[info] apps/v1/Deployment/web spec.template.spec.") == 2, done)
    with h.check("kpt fn eval: every other file is what --exec cat makes of it, and digests"):
        plain, folder = toolbox.lay(h, "cat", package), toolbox.lay(h, "b", package)
        expect(kpt(plain, executable="cat").code == 0)
        done = kpt(folder)
        expect(done.code == 0, done)
        seen, wanted = toolbox.contents(folder), toolbox.contents(plain)
        expect(seen.keys() == wanted.keys() and len(seen) == 4, seen.keys(), wanted.keys())
        for name in wanted:  # the values of setters are no images of a Kptfile's
            toolbox.same(seen[name], wanted[name] if name == "Kptfile" else pinned(wanted[name]))
        expect([seen[name].count(b"@sha256:") for name in ("app.yaml", "styles.yaml")] == [2, 7], seen)
        expect(re.search(r"\[warning\] apps/v1/Deployment/web: .* written over at the next render by the setter web",
                         done.trouble), done)
    with h.check("kpt fn eval with --pin-setters: the Kptfile's setter has the digest too, its comment stays"):
        for executable, arguments in (("digester fn --pin-setters", []), ("digester", ["--", "pin-setters=true"])):
            kept = toolbox.lay(h, "setters", package)
            done = kpt(kept, *arguments, executable=executable)
            expect(done.code == 0 and "[warning]" not in done.trouble, done)
            toolbox.same((kept / "Kptfile").read_bytes(), pinned(package["Kptfile"]))
            toolbox.same((kept / "app.yaml").read_bytes(), toolbox.fixture("kpt/app.expected.yaml", registry))
    with h.check("kpt fn eval again: nothing changes"):
        before = toolbox.contents(folder)
        expect(kpt(folder).code == 0 and toolbox.contents(folder) == before)
    with h.check("kpt fn eval: results with field and file"):
        folder = toolbox.lay(h, "c", {"app.yaml": app(registry)})
        done = kpt(folder, "--results-dir", h.work / "results")
        text = (h.work / "results/results.yaml").read_text()
        expect(f"proposedValue: {registry.host}/team/web:1.10@{INDEX}" in text and "severity: info" in text and
               "path: app.yaml" in text, done, text)
    with h.check("kpt fn eval --output unwrap: manifests on standard output, files untouched"):
        folder = toolbox.lay(h, "d", {"app.yaml": app(registry)})
        done = kpt(folder, "--output", "unwrap")
        toolbox.same(done.out, toolbox.fixture("kpt/app.expected.yaml", registry))
        toolbox.same((folder / "app.yaml").read_bytes(), app(registry))
    with h.check("kpt fn source | kpt fn eval -: a pipe of hosts"):
        source = toolbox.run(h, "kpt", "fn", "source", folder)
        done = toolbox.run(h, "kpt", "fn", "eval", "-", "--exec", "digester", "-o", "unwrap", stdin=source.out)
        toolbox.same(done.out, toolbox.fixture("kpt/app.expected.yaml", registry))
    with h.check("kpt fn eval -- key=value, --fn-config, and flags of the function"):
        web = f"{registry.host}/team/web"
        settings = toolbox.lay(h, "settings", {"d.yaml": "apiVersion: digester.dev/v1\nkind: Digester\n"
                                               "metadata: {name: d}\nspec: {digest-only: true}\n"})
        for arguments, wanted in ((["--", "platform=linux/arm64"], f"{web}:1.10@{ARM64}"),
                                  (["--fn-config", settings / "d.yaml"], f"{web}@{INDEX}")):
            folder = toolbox.lay(h, "e", {"app.yaml": app(registry)})
            done = kpt(folder, *arguments)
            expect(done.code == 0 and f"image: {wanted} # kpt-set" in (folder / "app.yaml").read_text(), done)
        folder = toolbox.lay(h, "e", {"app.yaml": app(registry)})
        done = kpt(folder, executable="digester fn --digest-only=true")
        expect(f"image: {web}@{INDEX} # kpt-set" in (folder / "app.yaml").read_text(), done)
    with h.check("kpt fn eval: a setting that is not for a package to say fails, and kpt shows why"):
        before = toolbox.contents(toolbox.lay(h, "f", {"app.yaml": app(registry)}))
        done = kpt(h.work / "f", "--", "insecure-registries=evil.example")
        expect(done.code != 0 and "not for a package to say" in done.trouble, done)
        expect(toolbox.contents(h.work / "f") == before)
    with h.check("kpt fn render: a pipeline pins, and again; a \"no\" from which kpt takes the quotes is one"):
        kptfile = ("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: app # the package\npipeline:\n"
                   "  mutators:\n  - exec: digester\n    configMap:\n      digest-only: \"false\"\n"
                   "      ignore-errors: \"no\"\n")
        folder = toolbox.lay(h, "g", {"app.yaml": app(registry), "Kptfile": kptfile})
        for _ in range(2):
            done = toolbox.run(h, "kpt", "fn", "render", folder, "--allow-exec")
            expect(done.code == 0, done)
            toolbox.same((folder / "app.yaml").read_bytes(), toolbox.fixture("kpt/app.expected.yaml", registry))
            expect((folder / "Kptfile").read_text() == kptfile)
    with h.check("kpt fn eval: no items in, no items out"):
        folder = toolbox.lay(h, "empty", {"README.md": "nothing\n"})
        done = kpt(folder)
        expect(done.code == 0 and toolbox.contents(folder) == {"README.md": b"nothing\n"}, done)
    with h.check("kpt fn eval: what is no manifest of ours passes through"):
        files = {"a.yaml": "kind: Own\napiVersion: x.example/v1\nmetadata: {name: a}\ndata: \"1.10\" # text\n",
                 "kustomization.yaml": "resources: [a.yaml]\n"}
        folder, plain = toolbox.lay(h, "h", files), toolbox.lay(h, "i", files)
        expect(kpt(folder).code == 0 and kpt(plain, executable="cat").code == 0)
        expect(toolbox.contents(folder) == toolbox.contents(plain))
    with h.check("kpt fn eval and render with the registry away: status, cause, and every byte where it was"):
        files = package | {"Kptfile": kptfile}
        before = toolbox.contents(toolbox.lay(h, "j", files))
        with toolbox.stopped(registry):
            for done in (kpt(h.work / "j"), toolbox.run(h, "kpt", "fn", "render", h.work / "j", "--allow-exec")):
                expect(done.code != 0 and "connection refused" in done.trouble and "[error]" in done.trouble, done)
                expect("digester fn: app.yaml[0] Deployment/web" in done.trouble, done)
        expect(toolbox.contents(h.work / "j") == before)


TRANSFORMER = """apiVersion: digester.dev/v1
kind: Digester
metadata:
  name: digests
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: digester
"""
LEGACY = "apiVersion: digester.dev/v1\nkind: Digester\nmetadata:\n  name: digests\n"
KUSTOMIZATION = "resources: [app.yaml]\ntransformers: [digests.yaml]\n"


@toolbox.needs("kustomize")
def function_kustomize(h):
    registry = toolbox.acceptance_registry(h)
    with h.check("kustomize fn run --exec-path: the file, comments and quotes kept"):
        folder = toolbox.lay(h, "run", {"app.yaml": app(registry)})
        done = toolbox.run(h, "kustomize", "fn", "run", folder, "--enable-exec", "--exec-path", h.program)
        expect(done.code == 0, done)
        toolbox.same((folder / "app.yaml").read_bytes(), toolbox.fixture("kpt/app.expected.yaml", registry))
    plain = toolbox.lay(h, "plain", {"app.yaml": app(registry), "kustomization.yaml": "resources: [app.yaml]\n"})
    built = toolbox.run(h, "kustomize", "build", plain).out
    files = {"app.yaml": app(registry), "kustomization.yaml": KUSTOMIZATION, "digests.yaml": TRANSFORMER}
    with h.check("kustomize build: a transformer with the function's annotation"):
        folder = toolbox.lay(h, "transformer", files)
        done = toolbox.run(h, "kustomize", "build", folder, "--enable-alpha-plugins", "--enable-exec")
        expect(done.code == 0, done)
        toolbox.same(done.out, pinned(built))
    with h.check("kustomize build: the transformer's settings count, and what it may not say fails"):
        for spec, wanted in ((f"spec: {{skip-prefixes: ['{registry.host}/team/migrate']}}\n", ("team/web:1.10",)),
                             ("spec: {kubeconfig: x}\n", None)):
            folder = toolbox.lay(h, "settings", files | {"digests.yaml": TRANSFORMER + spec})
            done = toolbox.run(h, "kustomize", "build", folder, "--enable-alpha-plugins", "--enable-exec")
            if wanted:
                toolbox.same(done.out, pinned(built, *wanted))
            else:
                expect(done.code != 0 and not done.out and "not for a package to say" in done.trouble, done)
    with h.check("kustomize build without --enable-exec starts no function and says so with no word"):
        folder = toolbox.lay(h, "silent", files)
        done = toolbox.run(h, "kustomize", "build", folder, "--enable-alpha-plugins")
        expect(done.code == 0 and b"@sha256" not in done.out, done)
    with h.check("the registry away: status, and nothing built"):
        with toolbox.stopped(registry):
            done = toolbox.run(h, "kustomize", "build", h.work / "transformer", "--enable-alpha-plugins",
                               "--enable-exec")
            expect(done.code != 0 and not done.out and "connection refused" in done.trouble, done)


def legacy(h, registry, program, arguments):
    def build(files, **env):
        folder = toolbox.lay(h, "legacy", {"app.yaml": app(registry), "kustomization.yaml": KUSTOMIZATION} | files)
        return toolbox.run(h, program, *arguments, folder, "--enable-alpha-plugins",
                           env={"KUSTOMIZE_PLUGIN_HOME": PLUGINS} | env)

    plain = toolbox.lay(h, "plain", {"app.yaml": app(registry), "kustomization.yaml": "resources: [app.yaml]\n"})
    built = toolbox.run(h, program, *arguments, plain).out
    name = " ".join([program, *arguments])
    with h.check(f"{name}: the legacy plugin in deploy/kustomize-plugin pins what is built"):
        done = build({"digests.yaml": LEGACY})
        expect(done.code == 0, done)
        toolbox.same(done.out, pinned(built))
        expect(len(re.findall(rb"@sha256:", done.out)) == 2, done)
    with h.check(f"{name}: its settings count"):
        done = build({"digests.yaml": LEGACY + f"spec:\n  skip-prefixes: ['{registry.host}/team/migrate']\n"})
        toolbox.same(done.out, pinned(built, "team/web:1.10"))
    with h.check(f"{name}: its arguments are no flags, and what it may not say fails with the cause"):
        for more in ("spec: {insecure-registries: evil}\n", "argsOneLiner: --insecure-registries=evil\n"):
            done = build({"digests.yaml": LEGACY + more})
            expect(done.code != 0 and not done.out and "functionConfig: " in done.trouble, done)
    with h.check(f"{name}: without digester in PATH it says so"):
        done = build({"digests.yaml": LEGACY}, PATH="/usr/bin:/bin")
        expect(done.code != 0 and "digester is not in PATH" in done.trouble, done)
    return build


@toolbox.needs("kustomize", "kubectl")
def function_plugin(h):
    registry = toolbox.acceptance_registry(h)
    legacy(h, registry, "kustomize", ["build"])
    build = legacy(h, registry, "kubectl", ["kustomize"])
    with h.check("kubectl kustomize: the registry away fails, with the cause"):
        with toolbox.stopped(registry):
            done = build({"digests.yaml": LEGACY})
            expect(done.code != 0 and not done.out and "connection refused" in done.trouble, done)


@toolbox.needs("kube-apiserver", "etcd", "setpriv", "kubectl")
def function_pull_secrets(h):
    """With --offline=false, as the kubelet would: a real API server, and a registry that lets in whom it knows."""
    sys.path.append(str(ROOT / "test/e2e"))
    from cluster import Cluster
    from private_registry import PrivateRegistry, login
    registry = PrivateRegistry(h)
    image = f"{registry.host}/team/web:1.10"
    with Cluster(h) as cluster:
        def kubectl(*arguments):
            done = toolbox.run(h, "kubectl", *arguments, env={"KUBECONFIG": cluster.kubeconfig})
            expect(done.code == 0, done)

        def secret(name, space):
            file = h.work / "auth.json"
            file.write_text(json.dumps({"auths": login(registry.host)}))
            kubectl("-n", space, "create", "secret", "generic", name, "--type=kubernetes.io/dockerconfigjson",
                    f"--from-file=.dockerconfigjson={file}")

        def pods(*pods):
            return (HEAD + "items:\n" + "".join(
                f"- {{apiVersion: v1, kind: Pod, metadata: {json.dumps({'name': f'p{i}'} | metadata)}, spec: "
                f"{json.dumps({'containers': [{'name': 'c', 'image': image}]} | spec)}}}\n"
                for i, (metadata, spec) in enumerate(pods))).encode()

        def online(before, *arguments, **env):
            return function(h, before, "fn", *arguments, **{"OFFLINE": "false", "KUBECONFIG": cluster.kubeconfig} | env)

        for space in ("shop", "other"):
            kubectl("create", "namespace", space)
        secret("mine", "shop")
        secret("default", "default")
        kubectl("-n", "shop", "create", "serviceaccount", "robot")
        kubectl("-n", "shop", "patch", "serviceaccount", "robot", "-p", '{"imagePullSecrets": [{"name": "mine"}]}')
        named = ({"namespace": "shop"}, {"imagePullSecrets": [{"name": "mine"}]})
        nobody = ({"namespace": "other"}, {})
        with h.check("the object's own pull secret opens the registry"):
            before = pods(named)
            done = online(before)
            expect(done.code == 0 and done.out.startswith(pinned(before)), done)
        with h.check("its ServiceAccount's does, too, and so does a secret in the kubeconfig's namespace"):
            for pod in (({"namespace": "shop"}, {"serviceAccountName": "robot"}),
                        ({}, {"imagePullSecrets": [{"name": "default"}]})):
                before = pods(pod)
                done = online(before, f"--kubeconfig={cluster.kubeconfig}", KUBECONFIG="/nowhere")
                expect(done.code == 0 and done.out.startswith(pinned(before)), done)
        with h.check("offline, which is the default, and without a secret: not let in, and the input comes back"):
            for done in (function(h, pods(named), KUBECONFIG=cluster.kubeconfig), online(pods(nobody)),
                         online(pods(named), "--offline")):
                expect(done.code == 1 and b"severity: error" in done.out and b"@sha256" not in done.out, done)
        with h.check("one image for two objects: whoever may see it is enough"):
            before = pods(nobody, named)
            done = online(before)
            expect(done.code == 0 and done.out.startswith(pinned(before)), done)
        with h.check("plain manifests alike"):
            done = online(f"apiVersion: v1\nkind: Pod\nmetadata: {{namespace: shop}}\nspec:\n  imagePullSecrets: "
                          f"[{{name: mine}}]\n  containers:\n  - image: {image}\n".encode())
            expect(done.code == 0 and f"{image}@{INDEX}\n" in done.text, done)
        with h.check("a kubeconfig that is not there: the cause, status and no output that could be taken for pinned"):
            done = online(pods(named), "--kubeconfig=/nowhere/config")
            expect(done.code != 0 and "/nowhere/config" in done.trouble and b"@sha256" not in done.out, done)


GROUPS = (function_kpt, function_kustomize, function_plugin, function_pull_secrets)
