"""digester kustomize with what really builds: kustomize, and kubectl's."""
import re
import signal

import toolbox
from harness import expect
from servers import ARM64, INDEX, MANIFEST

BUILDERS = (("kustomize", ("kustomize", "build")), ("kubectl kustomize", ("kubectl", "kustomize")))
POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    image: REGISTRY/team/web:1.10
  - name: migrate
    image: REGISTRY/team/migrate:2
"""


def lay(h, folder, registry, files):
    return toolbox.lay(h, folder, {name: text.replace("REGISTRY", registry.host) for name, text in files.items()})


def scenario(h, registry, folder="f"):
    return toolbox.lay(h, folder, {name: toolbox.fixture(f"kustomize/{name}", registry)
                                   for name in ("kustomization.yaml", "pod.yaml")})


def built(h, program, place):
    done = toolbox.run(h, *program, place)
    expect(done.code == 0, done)
    return sorted(re.findall(r"image: (\S+)", done.text))


def refused(h, place, *arguments, code=3):
    """It fails, says a line each, and changes nothing. Returns what it said."""
    before = toolbox.contents(place)
    done = toolbox.run(h, "digester", "kustomize", *arguments)
    expect(done.code == code and not done.out, done)
    expect(all(line.startswith("digester kustomize: ") for line in done.trouble.splitlines()), done)
    expect(toolbox.contents(place) == before, done)
    return done.trouble


@toolbox.needs("kustomize", "kubectl")
def kustomize(h):
    registry = toolbox.acceptance_registry(h)
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    expected = toolbox.fixture("kustomize/kustomization.expected.yaml", registry)
    for name, program in BUILDERS:
        with h.check(f"scenario F: one line more in kustomization.yaml, nothing else; {name} prints the digest"):
            place = scenario(h, registry)
            done = toolbox.run(h, "digester", "kustomize", "--builder", " ".join(program), place)
            expect((done.code, done.out) == (0, b""), done)
            toolbox.same((place / "kustomization.yaml").read_bytes(), expected)
            toolbox.same((place / "pod.yaml").read_bytes(), toolbox.fixture("kustomize/pod.yaml", registry))
            expect(built(h, program, place) == [f"{web}@{INDEX}"], done)
            again = toolbox.run(h, "digester", "kustomize", place)
            expect(again.code == 0 and "nothing to write" in again.trouble, again)
            toolbox.same((place / "kustomization.yaml").read_bytes(), expected)
    with h.check("scenario F: without kustomize in PATH kubectl builds; from within the directory"):
        place = scenario(h, registry)
        names = toolbox.lay(h, "kubectl-alone", {})
        names.mkdir()
        (names / "kubectl").symlink_to(toolbox.tool("kubectl"))
        done = toolbox.run(h, "digester", "kustomize", cwd=place, env={"PATH": names})
        expect(done.code == 0, done)
        toolbox.same((place / "kustomization.yaml").read_bytes(), expected)
        none = toolbox.run(h, "digester", "kustomize", cwd=place, env={"PATH": h.work / "home"})
        expect(none.code == 3 and "kustomize or kubectl is needed" in none.trouble, none)
    with h.check("a Pod's template deep in a custom resource is found and pinned, as images: reaches it"):
        place = lay(h, "ray", registry, {
            "kustomization.yaml": "resources: [ray.yaml]\nimages:\n- name: ray\n  newName: REGISTRY/team/web\n"
                                  "  newTag: '1.10'\n",
            "ray.yaml": "apiVersion: ray.io/v1\nkind: RayCluster\nmetadata:\n  name: r\nspec:\n  workerGroupSpecs:\n"
                        "  - template:\n      spec:\n        containers:\n        - name: ray\n          image: ray\n"})
        expect(toolbox.run(h, "digester", "kustomize", "--check", place).code == 1, "it was not found")
        done = toolbox.run(h, "digester", "kustomize", place)
        expect(done.code == 0 and built(h, BUILDERS[0][1], place) == [f"{web}@{INDEX}"], done)
    with h.check("--check finds what is not pinned (1), and nothing once it is (0); it asks no registry"):
        place = scenario(h, registry)
        asked = len(registry.requests())
        done = toolbox.run(h, "digester", "kustomize", "--check", place)
        expect(done.code == 1 and f"Pod prod-web spec.containers[0].image is {web}, without a digest" in done.text, done)
        expect(len(registry.requests()) == asked, registry.requests()[asked:])
        expect(toolbox.run(h, "digester", "kustomize", place).code == 0)
        done = toolbox.run(h, "digester", "kustomize", "--check", place)
        expect((done.code, done.out) == (0, b""), done)
    with h.check("--diff shows the line (1), --dry-run tells it (0), and neither writes"):
        place = scenario(h, registry)
        before = toolbox.contents(place)
        done = toolbox.run(h, "digester", "kustomize", "--diff", ".", cwd=place)
        added = [line for line in done.text.splitlines() if re.match(r"[+-](?![+-])", line)]
        expect(done.code == 1 and added == [f"+  digest: {INDEX}"], done)
        dry = toolbox.run(h, "digester", "kustomize", "--dry-run", place)
        expect((dry.code, dry.out) == (0, b"") and "1 digest would be written" in dry.trouble, dry)
        expect(toolbox.contents(place) == before)
        applied = toolbox.run(h, "git", "apply", "-", stdin=done.out, cwd=place)
        expect(applied.code == 0, applied)
        toolbox.same((place / "kustomization.yaml").read_bytes(), expected)
    with h.check("an image without an entry is found (1); --add writes name, quoted newTag and digest"):
        place = lay(h, "add", registry, {"kustomization.yaml": "resources: [pod.yaml]\nimages:\n- name: REGISTRY/team/web # w\n",
                                         "pod.yaml": POD})
        done = toolbox.run(h, "digester", "kustomize", place)
        expect(done.code == 1 and f"no entry of images: is for {migrate}" in done.trouble, done)
        expect(built(h, ("kustomize", "build"), place) == [migrate, f"{web}@{INDEX}"])
        done = toolbox.run(h, "digester", "kustomize", "--add", place)
        expect(done.code == 0, done)
        toolbox.same((place / "kustomization.yaml").read_bytes(), (
            f'resources: [pod.yaml]\nimages:\n- name: {registry.host}/team/web # w\n  newTag: "1.10"\n  digest: {INDEX}\n'
            f'- name: {registry.host}/team/migrate\n  newTag: "2"\n  digest: {MANIFEST}\n').encode())
        for _, program in BUILDERS:
            expect(built(h, program, place) == [f"{migrate}@{MANIFEST}", f"{web}@{INDEX}"])
    with h.check("an existing digest stays; --update looks it up anew, --platform takes one platform's"):
        entry = 'resources: [pod.yaml]\nimages:\n- {name: REGISTRY/team/web, newTag: "1.10", digest: "sha256:%s"}\n' % ("0" * 64)
        one = {"kustomization.yml": entry, "pod.yaml": POD.split("  - name: migrate")[0]}
        place = lay(h, "update", registry, one)
        done = toolbox.run(h, "digester", "kustomize", place)
        expect(done.code == 0 and "nothing to write" in done.trouble, done)
        done = toolbox.run(h, "digester", "kustomize", "--update", "--platform", "linux/arm64", place)
        expect(done.code == 0, done)
        toolbox.same((place / "kustomization.yml").read_bytes(),
                     one["kustomization.yml"].replace("REGISTRY", registry.host).replace(
                         f"sha256:{'0' * 64}", ARM64).encode())


@toolbox.needs("kustomize", "kubectl")
def kustomize_trees(h):
    registry = toolbox.acceptance_registry(h)
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    tree = {
        "base/kustomization.yaml": 'resources:\n- pod.yaml\nimages:\n- name: REGISTRY/team/web # in the base\n  newTag: "1.10"\n',
        "base/pod.yaml": POD,
        "comp/kustomization.yaml": 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n'
                                   '- name: REGISTRY/team/migrate\n  newTag: "2"\n',
        "prod/kustomization.yaml": "# prod\nresources:\n- ../base\ncomponents:\n- ../comp\n",
    }
    digest_behind = {"base/kustomization.yaml": INDEX, "comp/kustomization.yaml": MANIFEST}

    def pinned(files):
        return {name: text.replace("REGISTRY", registry.host).encode() +
                (f"  digest: {digest_behind[name]}\n".encode() if name in digest_behind else b"")
                for name, text in files.items()}

    with h.check("-R writes into bases and components, where the entries are"):
        place = lay(h, "tree", registry, tree)
        done = toolbox.run(h, "digester", "kustomize", "-R", place / "prod")
        expect(done.code == 0, done)
        expect(toolbox.contents(place) == pinned(tree), done)
        for _, program in BUILDERS:
            expect(built(h, program, place / "prod") == [f"{migrate}@{MANIFEST}", f"{web}@{INDEX}"])
        expect(toolbox.run(h, "digester", "kustomize", "--check", place / "prod").code == 0)
    with h.check("-R --add adds to the named directory's file alone"):
        place = lay(h, "tree", registry, {name: text for name, text in tree.items() if "comp" not in name}
                    | {"prod/kustomization.yaml": "# prod\nresources:\n- ../base\n"})
        done = toolbox.run(h, "digester", "kustomize", "-R", "--add", place / "prod")
        expect(done.code == 0, done)
        expect((place / "prod/kustomization.yaml").read_text() == "# prod\nresources:\n- ../base\nimages:\n"
               f'- name: {registry.host}/team/migrate\n  newTag: "2"\n  digest: {MANIFEST}\n', done)
        expect(built(h, ("kustomize", "build"), place / "prod") == [f"{migrate}@{MANIFEST}", f"{web}@{INDEX}"])
    with h.check("-R: what fails in an overlay puts its base back, too"):
        place = lay(h, "tree", registry, tree | {"prod/kustomization.yaml":
                    "resources: [../base]\nimages:\n- name: REGISTRY/team/migrate\n  tagSuffix: -x\n"})
        said = refused(h, place, "-R", place / "prod")
        expect("tagSuffix" in said and "put back: nothing was changed" in said, said)
    with h.check("-R --diff shows the same files, and writes none"):
        place = lay(h, "tree", registry, tree)
        before = toolbox.contents(place)
        done = toolbox.run(h, "digester", "kustomize", "-R", "--diff", "prod", cwd=place)
        expect(done.code == 1 and re.findall(r"^\+\+\+ b/(\S+)", done.text, re.M) == ["base/kustomization.yaml",
                                                                                  "comp/kustomization.yaml"], done)
        expect(toolbox.contents(place) == before)
    with h.check("an overlay whose newTag drops its base's digest is pinned itself"):
        place = lay(h, "drop", registry, tree | {"prod/kustomization.yaml":
                    'resources: [../base]\nimages:\n- name: REGISTRY/team/web\n  newTag: "1.10"\n',
                    "base/pod.yaml": POD.split("  - name: migrate")[0]})
        done = toolbox.run(h, "digester", "kustomize", "-R", place / "prod")
        expect(done.code == 0, done)
        expect(f"digest: {INDEX}" in (place / "prod/kustomization.yaml").read_text(), done)
        expect(built(h, ("kustomize", "build"), place / "prod") == [f"{web}@{INDEX}"])


@toolbox.needs("kustomize")
def kustomize_refusals(h):
    registry = toolbox.acceptance_registry(h)
    one = POD.split("  - name: migrate")[0]

    def made(folder, kustomization, pod=one, **more):
        return lay(h, folder, registry, {"kustomization.yaml": kustomization, "pod.yaml": pod} | more)

    with h.check("several tags under one name"):
        place = made("tags", "resources: [pod.yaml]\nimages:\n- name: REGISTRY/team/web\n",
                     POD.replace("migrate:2", "web:1.11"))
        said = refused(h, place, place)
        expect(re.search(r"kustomization.yaml:3: \S+/team/web comes as \S+:1.10 and \S+:1.11, and one digest would make "
                         r"them the same; pin them where", said), said)
    with h.check("tagSuffix"):
        place = made("suffix", "resources: [pod.yaml]\nimages:\n- name: REGISTRY/team/web\n  tagSuffix: -x\n")
        said = refused(h, place, place)
        expect("kustomization.yaml:4: the tagSuffix of" in said and "write the whole tag as newTag" in said, said)
    with h.check("replacements that run after images: the file is put back"):
        place = made("late", 'resources: [pod.yaml, source.yaml]\nimages:\n- name: REGISTRY/team/web\n  newTag: "1.10"\n'
                     "replacements:\n- source: {kind: ConfigMap, name: source, fieldPath: data.image}\n"
                     "  targets:\n  - select: {kind: Pod}\n    fieldPaths: [spec.containers.0.image]\n",
                     **{"source.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: source}\n"
                                       "data: {image: 'REGISTRY/team/web:1.10'}\n"})
        said = refused(h, place, place)
        expect("is " in said and "as before" in said and "put back: nothing was changed" in said, said)
    with h.check("a place that kustomize does not know: the file is put back"):
        place = made("tekton", "resources: [pod.yaml]\n", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
                     "spec:\n  steps:\n  - {name: s, image: 'REGISTRY/team/web:1.10'}\n")
        said = refused(h, place, "--add", place)
        expect("name its place in configurations:" in said, said)
        skipped = toolbox.run(h, "digester", "kustomize", "--add", "--skip-prefix", f"{registry.host}/", place)
        expect(skipped.code == 0, skipped)
    with h.check("a name that is a regular expression and fits another image: the file is put back"):
        place = made("regex", "resources: [pod.yaml]\nimages:\n- name: REGISTRY/team/web\n",
                     one + "  - name: other\n    image: REGISTRY/teamxweb:1\n".replace("REGISTRY/teamxweb", registry.host.replace(
                         ".", "x", 1) + "/team/web"))
        said = refused(h, place, place)
        expect("regular expression" in said, said)
    with h.check("what no entry can pin is said (1), in --check too; the rest is written"):
        place = made("left", "resources: [pod.yaml]\n", one + "  - {name: e, image: $(IMAGE)}\n"
                     "  - {name: k, image: ko://example.com/cmd}\n")
        done = toolbox.run(h, "digester", "kustomize", "--add", place)
        expect(done.code == 1 and "$(IMAGE)" in done.trouble and "unresolved ko:// reference" in done.trouble, done)
        expect(f"digest: {INDEX}" in (place / "kustomization.yaml").read_text(), done)
        done = toolbox.run(h, "digester", "kustomize", "--check", place)
        expect(done.code == 1 and done.text.count("\n") == 2, done)
    with h.check("a signal during the second build: the file is put back"):
        place = made("signal", "resources: [pod.yaml]\n")
        builder = h.work / "slow.sh"
        builder.write_text(f"#!/bin/sh\nif grep -q digest: {place}/kustomization.yaml; then kill -TERM $PPID; sleep 1; fi\n"
                           f"exec {toolbox.tool('kustomize')} build \"$1\"\n")
        builder.chmod(0o755)
        said = refused(h, place, "--add", "--builder", builder, place, code=-signal.SIGTERM)
        expect("a signal asked to end" in said and "put back: nothing was changed" in said, said)
    with h.check("an image that is not there, and a registry that does not answer"):
        place = made("nowhere", "resources: [pod.yaml]\n", one.replace("web:1.10", "web:9"))
        said = refused(h, place, "--add", place)
        expect("/team/web:9" in said, said)
    with h.check("no kustomization, two of them, one that is none, a build that fails, wrong usage"):
        place = lay(h, "none", registry, {"pod.yaml": one})
        expect("no kustomization.yaml" in refused(h, place, place))
        place = made("two", "resources: [pod.yaml]\n", Kustomization="resources: [pod.yaml]\n")
        expect("one of them alone" in refused(h, place, place))
        place = made("list", "- pod.yaml\n")
        expect("kustomization.yaml:1: no kustomization: it is no mapping" in refused(h, place, place))
        place = made("broken", "resources: [nowhere.yaml]\n")
        expect("nowhere.yaml" in refused(h, place, place))
        done = toolbox.run(h, "digester", "kustomize", "--check", "--diff", place)
        expect(done.code == 2, done)
    with h.check("a kustomization without kind and resources: is one; with images:, too"):
        component = {"comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                                                "resources: [pod.yaml]\n", "comp/pod.yaml": one}
        for images in ("", "images:\n- name: REGISTRY/team/web\n"):
            place = lay(h, "bare", registry, component | {"kustomization.yaml": f"components: [comp]\n{images}"})
            done = toolbox.run(h, "digester", "kustomize", "--check", place)
            expect(done.code == 1 and "1 of 1 images not pinned" in done.trouble, done)
            done = toolbox.run(h, "digester", "kustomize", "--add", place)
            expect(done.code == 0 and f"digest: {INDEX}" in (place / "kustomization.yaml").read_text(), done)
    with h.check("a build that fails: the cause, though it stands above the last line; what to give for charts"):
        place = made("charts", "helmCharts:\n- name: x\n  repo: https://127.0.0.1:1/x\n  version: 1.0.0\n")
        said = refused(h, place, "--check", place)
        expect("HelmChartInflationGenerator" in said and "must specify --enable-helm" in said, said)
        expect(said.endswith('; give --builder "kustomize build --enable-helm"\n'), said)
        place = made("git", "resources:\n- https://127.0.0.1:1/x/y.git//z?ref=v1\n")
        said = refused(h, place, "--check", place)
        expect("https://127.0.0.1:1/x/y.git" in said and "exit status 128" in said, said)
    with h.check("a tree with a function names --builder with the flags that it needs"):
        place = made("function", "resources: [pod.yaml]\ntransformers: [pin.yaml]\n", **{
            "pin.yaml": "apiVersion: digester.dev/v1\nkind: Digester\nmetadata:\n  name: pin\n  annotations:\n"
                        "    config.kubernetes.io/function: |\n      exec: {path: digester}\n"})
        said = refused(h, place, "--check", place)
        expect('give --builder "kustomize build --enable-alpha-plugins --enable-exec"' in said, said)
    with h.check("the registry down: 3, nothing changed; --check still works"):
        place = made("down", "resources: [pod.yaml]\n")
        with toolbox.stopped(registry):
            said = refused(h, place, "--add", "--timeout", "5s", place)
            expect(registry.host in said, said)
            expect(toolbox.run(h, "digester", "kustomize", "--check", place).code == 1)


GROUPS = (kustomize, kustomize_trees, kustomize_refusals)
