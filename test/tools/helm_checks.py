"""helm, both versions: through a pipe, and with digester as the post-renderer. The chart has a hook, which Helm 3 shows
to no post-renderer and Helm 4 to all of them."""
import re
import sys

import toolbox
from harness import ROOT, expect
from servers import INDEX, MANIFEST

PLUGIN = ROOT / "deploy/helm-plugin/digester"
CHART = ("Chart.yaml", "values.yaml", "templates/web.yaml", "templates/migrate.yaml")


def chart(h, registry, *left_out, folder="chart", **more):
    files = {name: toolbox.fixture(f"helm/{name}", registry) for name in CHART if name not in left_out}
    return toolbox.lay(h, folder, files | more)


def templated(h, program, folder, *flags, **env):
    return toolbox.run(h, program, "template", "r", folder, *flags, env=env)


def pinned(manifests, *names):
    """Rendered manifests with the digests behind these images."""
    text = manifests.decode()
    for name, digest in (("team/web:1.10", INDEX), ("team/migrate:2", MANIFEST)):
        if name in names:
            text = re.sub(rf"({re.escape(name)})(?!@)", rf"\1@{digest}", text)
    return text.encode()


def through_a_pipe(h, program, registry):
    plain = templated(h, program, chart(h, registry))
    expect(plain.code == 0 and b"# Source: shop/templates/migrate.yaml" in plain.out, plain)
    done = toolbox.run(h, "digester", "resolve", "-f", "-", stdin=plain.out)
    expect(done.code == 0, done)
    toolbox.same(done.out, pinned(plain.out, "team/web:1.10", "team/migrate:2"))


@toolbox.needs("helm")
def helm3(h):
    registry = toolbox.acceptance_registry(h)
    folder = chart(h, registry)
    with h.check("Helm 3: helm template | digester resolve -f - pins all, the hook too, and keeps # Source:"):
        through_a_pipe(h, "helm", registry)
    with h.check("Helm 3: --post-renderer digester pins the release, and cannot see its hook"):
        plain, done = templated(h, "helm", folder), templated(h, "helm", folder, "--post-renderer", "digester")
        expect(done.code == 0, done)
        toolbox.same(done.out, pinned(plain.out, "team/web:1.10"))
    with h.check("Helm 3: --post-renderer-args reach the function"):
        done = templated(h, "helm", folder, "--post-renderer", "digester", "--post-renderer-args", "fn",
                         "--post-renderer-args", f"--skip-prefix={registry.host}/team/web")
        expect(done.code == 0, done)
        toolbox.same(done.out, templated(h, "helm", folder).out)
    with h.check("Helm 3: a chart with nothing but hooks, zero bytes for the post-renderer, is no error"):
        hooks = chart(h, registry, "templates/web.yaml", folder="hooks")
        done = templated(h, "helm", hooks, "--post-renderer", "digester")
        expect(done.code == 0 and b"/team/migrate:2\n" in done.out, done)
    with h.check("Helm 3: an image that is not there ends it, with the cause, and nothing is rendered"):
        wrong = chart(h, registry, folder="wrong", **{"values.yaml": f"registry: {registry.host}/nowhere\n"})
        done = templated(h, "helm", wrong, "--post-renderer", "digester")
        expect(done.code != 0 and not done.out, done)
        expect(f"{registry.host}/nowhere/team/web:1.10" in done.trouble, done)


@toolbox.needs("helm4")
def helm4(h):
    registry = toolbox.acceptance_registry(h)
    folder = chart(h, registry)
    with h.check("Helm 4: helm template | digester resolve -f - pins all, the hook too, and keeps # Source:"):
        through_a_pipe(h, "helm4", registry)
    with h.check("Helm 4: helm plugin install takes deploy/helm-plugin/digester"):
        # Into the group's own home: Helm 3 would find it there, too, and complain of its form.
        done = toolbox.run(h, "helm4", "plugin", "install", PLUGIN)
        expect(done.code == 0, done)
        listed = toolbox.run(h, "helm4", "plugin", "list")
        expect(re.search(r"^digester\s+\S+\s+postrenderer/v1", listed.text, re.M), listed)
    with h.check("the plugin's version is the project's"):
        version = re.search(r"^project\(digester VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
        expect(f"\nversion: {version}\n" in (PLUGIN / "plugin.yaml").read_text(), version)
    with h.check("Helm 4: --post-renderer digester pins the release and its hook"):
        plain = templated(h, "helm4", folder)
        done = templated(h, "helm4", folder, "--post-renderer", "digester")
        expect(done.code == 0, done)
        # Helm 4 puts the documents together anew from what comes back; each still knows the template that it is from.
        for source in ("shop/templates/web.yaml", "shop/templates/migrate.yaml"):
            expect(f"# Source: {source}\n" in done.text, done)
        wanted = pinned(plain.out, "team/web:1.10", "team/migrate:2")
        expect(set(images(done.out)) == set(images(wanted)) and len(images(wanted)) == 2, done)
        expect(b"postrender-filename" not in done.out and b"# the shop" in done.out, done)
    with h.check("Helm 4: helm install --dry-run=client shows the same"):
        done = toolbox.run(h, "helm4", "install", "r", folder, "--dry-run=client", "--post-renderer", "digester")
        expect(done.code == 0, done)
        expect(set(images(done.out)) == set(images(wanted)), done)
    with h.check("Helm 4: --post-renderer-args reach the function"):
        done = templated(h, "helm4", folder, "--post-renderer", "digester", "--post-renderer-args",
                         f"--skip-prefix={registry.host}/team/web")
        expect(done.code == 0, done)
        expect(set(images(done.out)) == set(images(pinned(plain.out, "team/migrate:2"))), done)
    with h.check("Helm 4: a chart that renders nothing is no error"):
        nothing = chart(h, registry, "templates/web.yaml", "templates/migrate.yaml", folder="nothing",
                        **{"templates/off.yaml": "{{ if .Values.on }}\nkind: Secret\n{{ end }}\n"})
        done = templated(h, "helm4", nothing, "--post-renderer", "digester")
        expect(done.code == 0, done)
    with h.check("Helm 4: an image that is not there ends it, and the cause, which Helm drops, is said all the same"):
        wrong = chart(h, registry, folder="wrong", **{"values.yaml": f"registry: {registry.host}/nowhere\n"})
        done = templated(h, "helm4", wrong, "--post-renderer", "digester")
        expect(done.code != 0 and not done.out, done)
        expect(re.search(rf"{re.escape(registry.host)}/nowhere/team/\S+", done.trouble), done)
    with h.check("Helm 4: without digester in PATH it says so"):
        # A PATH without ours: the plugin's script needs no other program than a shell.
        done = templated(h, "helm4", folder, "--post-renderer", "digester", PATH="/usr/bin:/bin")
        expect(done.code != 0 and "digester is not in PATH" in done.trouble, done)
    with h.check("Helm 4 refuses a bare path, which is why there is a plugin"):
        done = templated(h, "helm4", folder, "--post-renderer", h.work / "names/digester")
        expect(done.code != 0 and "not found" in done.trouble, done)


def images(manifests):
    return re.findall(rb"image: \"?([^\"\s]+)", manifests)


@toolbox.needs("kube-apiserver", "etcd", "setpriv", "helm", "helm4", "kubectl")
def helm_install(h):
    """Into a real API server, where what was post-rendered is what there is: the hook's Job runs, too."""
    sys.path.append(str(ROOT / "test/e2e"))
    from cluster import Cluster
    from kubelet import Kubelet
    registry = toolbox.acceptance_registry(h)
    folder = chart(h, registry)
    with Cluster(h) as cluster, Kubelet(cluster):
        def install(program, name):
            where = {"KUBECONFIG": cluster.kubeconfig}
            done = toolbox.run(h, program, "install", name, folder, "-n", name, "--create-namespace", "--post-renderer",
                               "digester", "--timeout", "60s", env=where, seconds=90)
            expect(done.code == 0, done)
            return [toolbox.run(h, "kubectl", "-n", name, "get", kind, f"{name}-{what}", "-o",
                                "jsonpath={.spec.template.spec.containers[0].image}", env=where).text
                    for kind, what in (("deployment", "web"), ("job", "migrate"))]

        web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
        with h.check("Helm 3 installs a pinned Deployment; its hook's Job has run with the tag"):
            seen = install("helm", "three")
            expect(seen == [f"{web}@{INDEX}", migrate], seen)
        with h.check("Helm 4 installs a pinned Deployment; its hook's Job has run with the digest"):
            expect(toolbox.run(h, "helm4", "plugin", "install", PLUGIN).code == 0)
            seen = install("helm4", "four")
            expect(seen == [f"{web}@{INDEX}", f"{migrate}@{MANIFEST}"], seen)


GROUPS = (helm3, helm4, helm_install)
