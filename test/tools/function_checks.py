"""digester as a KRM function by itself, at the end of a pipe. Under its hosts: function_host_checks.py."""
import json
import re
import shutil

import toolbox
from harness import expect
from servers import ARM64, INDEX, MANIFEST

DIGESTS = {"team/web:1.10": INDEX, "team/migrate:2": MANIFEST}
NOWHERE = "127.0.0.1:1"
HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"


def pinned(data, *names):
    """The digests behind these images (all, if none is named) where they have none."""
    for name, digest in DIGESTS.items():
        if not names or name in names:
            data = re.sub(rf"({re.escape(name)})(?![@\w])".encode(), rb"\1@" + digest.encode(), data)
    return data


def app(registry):
    return toolbox.fixture("kpt/app.yaml", registry)


def config_map(data):
    return HEAD + "items: []\nfunctionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  data: " + json.dumps(data) + "\n"


def item(registry, image=None, **settings):
    """A ResourceList of one Deployment, as kpt hands it over, and how it is to be pinned."""
    image = image or f"{registry.host}/team/web:1.10"
    return (f"{HEAD}items:\n"
            "- # Copyright Example Corp\n"
            "  apiVersion: apps/v1\n"
            "  kind: Deployment\n"
            "  metadata:\n"
            "    name: web # keep me\n"
            "    annotations:\n"
            "      config.kubernetes.io/index: '0'\n"
            "      config.kubernetes.io/path: 'app.yaml'\n"
            "      internal.config.kubernetes.io/index: '0'\n"
            "      internal.config.kubernetes.io/path: 'app.yaml'\n"
            "      internal.config.kubernetes.io/seqindent: 'compact'\n"
            "      internal.config.k8s.io/kpt-resource-id: '0'\n"
            "      example.com/unknown: \"1.10\"\n"
            "  spec:\n"
            "    template:\n"
            "      spec:\n"
            "        containers:\n"
            f"        - {{name: web, image: '{image}'}} # kpt-set: ${{web}}\n"
            "functionConfig:\n"
            "  apiVersion: v1\n"
            "  kind: ConfigMap\n"
            "  metadata: {name: function-input}\n"
            f"  data: {json.dumps(settings)}\n").encode()


def function(h, stdin, *arguments, **env):
    return toolbox.run(h, "digester", *arguments, stdin=stdin, env=env)


def results(data):
    """The lines behind `results:`, without their indentation."""
    return [line.strip() for line in data.decode().partition("\nresults:\n")[2].splitlines()]


def function_lists(h):
    """ResourceLists by a pipe."""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web:1.10"
    with h.check("a ResourceList comes back byte for byte with its digest and, behind it, results"):
        before = item(registry)
        done = function(h, before)
        expect(done.code == 0 and not done.err, done)
        expect(done.out.startswith(pinned(before) + b"results:\n- message: "), done)
        expect(results(done.out) == [
            f"- message: pinned {web}", "severity: info", "resourceRef:", "apiVersion: apps/v1", "kind: Deployment",
            "name: web", "field:", "path: spec.template.spec.containers[0].image", f"currentValue: {web}",
            f"proposedValue: {web}@{INDEX}", "file:", "path: app.yaml", "index: 0"], done)
    with h.check("a second run changes nothing, and says nothing"):
        before = pinned(item(registry))
        done = function(h, before)
        expect((done.code, done.err) == (0, b""), done)
        toolbox.same(done.out, before)
    with h.check("`digester fn` is the same"):
        expect(function(h, item(registry), "fn").out == function(h, item(registry)).out)
    with h.check("Windows' line ends, a closing `...` and a comment at the end stay"):
        before = item(registry).replace(b"functionConfig", b"# about it\nfunctionConfig").replace(b"\n", b"\r\n")
        done = function(h, before + b"# the end\r\n...\r\n")
        expect(done.out.startswith(pinned(before) + b"# the end\r\nresults:\r\n"), done)
        expect(done.out.endswith(b"    index: 0\r\n...\r\n") and b"\n" not in done.out.replace(b"\r\n", b""), done)
    with h.check("JSON in, JSON out"):
        before = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": web}]}}]}
        for indent in (None, 2):
            text = json.dumps(before, indent=indent).encode()
            done = function(h, text)
            expect(done.code == 0, done)
            expect(done.out.startswith(pinned(text).rstrip(b"\n}")), done)
            after = json.loads(done.out)
            result, = after.pop("results")
            expect(after == json.loads(pinned(text)), done)
            expect(result["field"] == {"path": "spec.containers[0].image", "currentValue": web,
                                       "proposedValue": f"{web}@{INDEX}"}, result)
    with h.check("items alone are touched: neither the configuration nor earlier results"):
        before = (item(registry).replace(b"name: function-input", f"name: function-input, image: {web}".encode()) +
                  f"results:\n- message: old\n  field: {{currentValue: '{web}'}}\n".encode())
        done = function(h, before)
        expect(done.code == 0, done)
        after = before.replace(f"image: '{web}'".encode(), f"image: '{web}@{INDEX}'".encode())
        toolbox.same(done.out[:len(after)], after)
        expect(done.out.count(b"- message: ") == 2, done)
        reaching = function(h, before, "fn", "--image-path=functionConfig/metadata/image")
        expect(reaching.code == 1 and reaching.out.startswith(before) and "not within the items" in reaching.trouble,
               reaching)
    with h.check("an unreachable registry: the input as it was and an error, cause first, status 1"):
        before = item(registry, f"{NOWHERE}/team/web:1.10")
        done = function(h, before)
        expect(done.code == 1 and done.out.startswith(before + b"results:\n- message: "), done)
        expect(done.out.count(b"severity: error") == 1 and b"index: 0" in done.out, done)
        expect(re.match(rf"digester fn: app\.yaml\[0\] Deployment/web spec\.template\.spec\.containers\[0\]\.image: "
                        rf"{NOWHERE}/team/web:1\.10: .*connection refused", done.trouble), done)
    with h.check("one image of two fails: nothing is pinned"):
        first = f"{{name: x, image: '{registry.host}/none:1'}}\n        - {{name: web"
        before = item(registry).replace(b"{name: web", first.encode())
        done = function(h, before)
        expect(done.code == 1 and done.out.startswith(before + b"results:\n"), done)
        expect(b"severity: info" not in done.out and f"{registry.host}/none:1" in done.trouble, done)
        ignored = function(h, before, "fn", "--ignore-errors")
        expect(ignored.code == 0 and ignored.out.startswith(pinned(before)), ignored)
        expect((ignored.out.count(b"severity: warning"), ignored.out.count(b"severity: info")) == (1, 1), ignored)
    with h.check("no items in, no items out"):
        for before in (HEAD + "items: []\n", HEAD + "items:\n", HEAD, config_map({"digest-only": "true"})):
            done = function(h, before)
            expect((done.code, done.text, done.trouble) == (0, before, ""), done)
    with h.check("no byte in: a comment out, which Helm 4 takes, and a warning"):
        done = function(h, b"")
        expect((done.code, done.out) == (0, b"# no objects\n") and "warning: standard input holds no objects" in
               done.trouble, done)
        expect(function(h, b"\n").out == b"\n# no objects\n")
    with h.check("what is neither YAML nor a ResourceList that can be read: status 1, nothing out"):
        for broken in ("a: [\n", "a: b\n\tc: d\n", HEAD + "items: {a: b}\n", HEAD.replace("/v1", "/v9")):
            done = function(h, broken)
            expect(done.code == 1 and not done.out and done.trouble.startswith("digester fn: standard input: "), done)


def function_settings(h):
    """Whose word counts."""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web:1.10"

    def image(done):
        return re.search(rb"image: '([^']+)'", done.out)[1].decode()

    with h.check("functionConfig: platform, digest-only, skip-prefixes, results"):
        expect(image(function(h, item(registry, platform="linux/arm64"))) == f"{web}@{ARM64}")
        expect(image(function(h, item(registry, **{"digest-only": "true"}))) == f"{registry.host}/team/web@{INDEX}")
        expect(image(function(h, item(registry, **{"skip-prefixes": "quay.io:127.0.0.1"}))) == web)
        done = function(h, item(registry, results="warning"))
        expect(image(done) == f"{web}@{INDEX}" and b"\nresults:" not in done.out, done)
    with h.check("functionConfig: image-path"):
        before = item(registry, **{"image-path": "spec/steps[]/image"}).replace(
            b"    template:", f"    steps: [{{image: {registry.host}/team/migrate:2}}]\n    template:".encode())
        done = function(h, before)
        expect(done.code == 0 and done.out.startswith(pinned(before)), done)
    with h.check("an object with spec says the same, with lists"):
        before = item(registry)
        before = before[:before.index(b"functionConfig")] + (
            "functionConfig:\n  apiVersion: digester.dev/v1\n  kind: Digester\n  metadata: {name: d}\n"
            f"  spec:\n    skip-prefixes: ['{registry.host}/team']\n    digest-only: true\n").encode()
        done = function(h, before)
        expect((done.code, done.out, done.err) == (0, before, b""), done)
    with h.check("a flag wins over the environment, that over functionConfig"):
        before = item(registry, **{"skip-prefixes": registry.host.split(":")[0], "platform": "linux/arm64"})
        expect(image(function(h, before)) == web)
        expect(image(function(h, before, SKIP_PREFIXES="quay.io")) == f"{web}@{ARM64}")
        expect(image(function(h, before, "fn", "--skip-prefixes=127", SKIP_PREFIXES="quay.io")) == web)
        amd64 = function(h, before, "fn", "--skip-prefixes=gcr.io", "--platform=linux/amd64")
        expect(image(amd64) == f"{web}@{MANIFEST}", amd64)
    with h.check("colons split off a port: a warning, and --skip-prefix as the cure"):
        done = function(h, item(registry), SKIP_PREFIXES=f"{registry.host}/team")
        expect(image(done) == web and "warning: " in done.trouble and "--skip-prefix" in done.trouble, done)
        done = function(h, item(registry), "fn", f"--skip-prefix={registry.host}/team")
        expect(image(done) == web and not done.err, done)
    with h.check("what is unknown, malformed or not for a package to say: an error result, status 1, nothing changed"):
        for key, value, why in (("kubeconfig", "/tmp/x", "give --kubeconfig to `digester fn`"),
                                ("insecure-registries", "evil.example", "not for a package to say"),
                                ("offline", "false", "can only be true"),
                                ("skip_prefixes", "a", "is unknown: there are"),
                                ("digest-only", True, "write it in quotes"), ("platform", "x", "platform"),
                                ("image-path", "a//b", "empty key")):
            before = item(registry, **{key: value})
            done = function(h, before)
            expect(done.code == 1 and done.out.startswith(before + b"results:\n- message: "), done)
            expect(key in done.trouble and why in done.trouble and b"severity: error" in done.out, done)
    with h.check("offline means the Kubernetes API, not registries; DEBUG says what is asked"):
        done = function(h, item(registry), OFFLINE="true", DEBUG="true", KUBECONFIG="/nowhere")
        expect(done.code == 0 and image(done) == f"{web}@{INDEX}" and "team/web" in done.trouble, done)
        expect(not function(h, item(registry), DEBUG="*").err)
    with h.check("wrong usage: status 2, and help on a terminal"):
        expect(function(h, b"", "fn", "--platform=x").code == 2)
        expect(function(h, b"", OFFLINE="maybe").code == 2)
        script = shutil.which("script")
        if script:  # a terminal on standard input
            done = toolbox.run(h, script, "-qec", h.program, "/dev/null")
            expect(done.code == 2 and "Usage: digester" in done.text, done)


def function_manifests(h):
    """Plain manifests, answered in kind; what k8s-digester 0.1.16 does otherwise."""
    registry = toolbox.acceptance_registry(h)
    host = registry.host
    web, migrate = f"{host}/team/web:1.10", f"{host}/team/migrate:2"

    def check_same(name, text, wanted=None):
        with h.check(name):
            done = function(h, text)
            expect(done.code == 0, done)
            toolbox.same(done.out, wanted if wanted is not None else pinned(text))

    check_same("a stream in every style gets digests and nothing else", toolbox.fixture("mixed.yaml", registry),
               toolbox.fixture("mixed.expected.yaml", registry))
    check_same("plain items get the digests that k8s-digester gives them: Pod, Deployment, CronJob, List, no kind", f"""
apiVersion: v1
kind: Pod
spec: {{containers: [{{image: {web}}}], initContainers: [{{image: {migrate}}}]}}
---
apiVersion: apps/v1
kind: Deployment
spec: {{template: {{spec: {{containers: [{{image: {web}}}]}}}}}}
---
apiVersion: batch/v1
kind: CronJob
spec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{{image: {web}}}]}}}}}}}}}}
---
apiVersion: example.com/v1
kind: Own
spec: {{template: {{spec: {{containers: [{{image: {web}}}]}}}}}}
---
spec: {{containers: [{{image: {web}}}]}}
""".lstrip().encode())
    head = "apiVersion: v1\nkind: Pod\n"
    check_same("not its bug: an alias is no image of that name",
               f"{head}x: &w {web}\n".replace("x:", "metadata: {}\nspec:\n  initContainers:\n  - image:").encode() +
               b"  containers:\n  - image: *w\n")
    check_same("not its bug: a container without an image, as in a strategic-merge patch",
               f"{head}spec:\n  containers:\n  - name: a\n    args: [x]\n  - image: {web}\n".encode())
    check_same("not its bug: `<<`", f"{head}spec:\n  initContainers:\n  - &c\n    image: {web}\n"
               "  containers:\n  - <<: *c\n    name: b\n".encode())
    check_same("not its bug: both of two images with the same key",
               f"{head}spec:\n  containers:\n  - image: {web}\n    image: {migrate}\n".encode())
    check_same("not its bug: no annotations come in",
               f"{head}metadata: {{name: p}}\nspec: {{containers: []}}\n".encode())
    check_same("not its bug: JSON stays JSON",
               json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": web}]}}).encode())
    with h.check("not its bug: empty input is no success without a word (status 0 and empty output delete files)"):
        expect(function(h, b"").out == b"# no objects\n")
    with h.check("not its bug: functionConfig counts"):
        done = function(h, item(registry, **{"skip-prefixes": "127.0.0.1"}))
        expect(b"@sha256" not in done.out, done)
    with h.check("an image that cannot be found: status 1, its line, and nothing for the next in the pipe"):
        done = function(h, f"{head}spec:\n  containers:\n  - image: {web}\n  - image: {host}/none:1\n")
        expect(done.code == 1 and not done.out and f"{host}/none:1" in done.trouble, done)
    with h.check("kubectl's and kustomize's output goes through"):
        text = b"# Source: x\n---\n\n---\n" + pinned(app(registry)) + b"...\n"
        toolbox.same(function(h, text).out, text)


GROUPS = (function_lists, function_settings, function_manifests)
