"""`digester check`: what CI is told about manifests, and how it tells a finding from a registry that is down."""
import json
import urllib.request

import toolbox
from harness import expect, free_port
from resolve_checks import pod
from servers import ARM64, INDEX, MANIFEST, htpasswd_registry

GONE = "sha256:" + "0" * 64


def check(h, *arguments, **more):
    return toolbox.run(h, "digester", "check", *arguments, **more)


def check_findings(h):
    registry = toolbox.acceptance_registry(h)
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    good = pod(f"{web}@{INDEX}")
    with h.check("pinned manifests whose digests are there: status 0, nothing on standard output"):
        folder = toolbox.lay(h, "good", {"a.yaml": good, "b.yaml": pod(f"{registry.host}/team/migrate@{MANIFEST}")})
        before = len(registry.requests())
        done = check(h, folder)
        expect((done.code, done.out) == (0, b"") and "2 images checked; nothing found" in done.trouble, done)
        asked = sorted(registry.requests()[before:])
        expect(asked == [("HEAD", f"/v2/team/migrate/manifests/{MANIFEST}"), ("HEAD", f"/v2/team/web/manifests/{INDEX}")],
               asked)
    with h.check("an image without a digest is found with file and line, status 1, and nobody is asked for it"):
        folder = toolbox.lay(h, "open", {"k8s/a.yaml": good + "---\n" + pod(web), "k8s/b.yaml": good})
        before = len(registry.requests())
        done = check(h, "k8s", cwd=folder)
        expect((done.code, done.text) == (1, f"k8s/a.yaml:17: error: {web} has no digest; pin it: digester resolve -i "
                                          "k8s/a.yaml [unpinned-image]\n"), done)
        expect(all(INDEX in path for _, path in registry.requests()[before:]), registry.requests()[before:])
    with h.check("--offline finds the same and asks nobody at all"):
        before = len(registry.requests())
        done = check(h, "--offline", folder / "k8s")
        expect(done.code == 1 and done.text.count("\n") == 1 and len(registry.requests()) == before, done)
    with h.check("a digest that the registry does not have: status 1"):
        done = check(h, "-f", "-", stdin=pod(f"{web}@{GONE}"))
        expect(done.code == 1 and done.text.startswith(f"-:8: error: {web}@{GONE}: the registry does not have this"), done)
        expect(done.text.endswith("[missing-digest]\n") and "push the image again" in done.text, done)
    with h.check("a digest whose manifest was deleted is found, while its tag is of no interest"):
        kept = pod(f"{migrate}@{MANIFEST}")
        expect(check(h, "-f", "-", stdin=kept).code == 0)
        delete = urllib.request.Request(f"http://{registry.host}/v2/team/migrate/manifests/{MANIFEST}", method="DELETE")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(delete).close()
        done = check(h, "-f", "-", stdin=kept)
        expect(done.code == 1 and "[missing-digest]" in done.text, done)
    with h.check("--fresh finds a tag that has moved, and proposes what it stands for; without it nothing is found"):
        registry.move("team/web:1.10", MANIFEST)
        expect(check(h, "-f", "-", stdin=good).code == 0, "found without --fresh")
        done = check(h, "--fresh", "--report-format", "json", "-f", "-", stdin=good)
        finding = json.loads(done.out)["findings"][0]
        expect(done.code == 1 and finding["rule"] == "moved-tag" and finding["proposed"] == f"{web}@{MANIFEST}", done)
        registry.move("team/web:1.10", INDEX)
        done = check(h, "--fresh", "-f", "-", stdin=good)
        expect((done.code, done.out) == (0, b""), done)
    with h.check("--fresh --platform compares with the platform's manifest"):
        one = pod(f"{web}@{ARM64}")
        expect(check(h, "--fresh", "--platform", "linux/arm64", "-f", "-", stdin=one).code == 0)
        expect(check(h, "--fresh", "-f", "-", stdin=one).code == 1)
    with h.check("a ko:// reference: the cure names flags of the command that has them"):
        done = check(h, "-f", "-", stdin=pod("ko://example.com/app"))
        expect(done.code == 1 and "ko://example.com/app: it has no image yet; digester resolve --ko builds it" in done.text, done)
    with h.check("what is skipped is not found; an expression is a warning, which is no failure"):
        expect(check(h, "--skip-prefix", f"{registry.host}/", "-f", "-", stdin=pod(web)).code == 0)
        done = check(h, "-f", "-", stdin=pod("'{{ .Values.image }}'"))
        expect(done.code == 0 and done.text.count("\n") == 1 and done.text.endswith("[image-expression]\n"), done)


def check_failures(h):
    """3, not 1: what CI may try again."""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web:1.10@{INDEX}"
    with h.check("a registry that is down, another that wants a login, a file that is none: status 3"):
        closed = htpasswd_registry(h)
        for image in (f"127.0.0.1:{free_port()}/team/web:1@{INDEX}", f"{closed.host}/team/web:1.10@{INDEX}"):
            done = check(h, "-f", "-", stdin=pod(image))
            expect(done.code == 3 and done.text.startswith("-:8: error: ") and "[unresolved-image]" in done.text, done)
        for text, words in (("a: [\n", "a.yaml:2: error: "), (None, "a.yaml: error: cannot be read: No such file")):
            folder = toolbox.lay(h, "input", {} if text is None else {"a.yaml": text})
            done = check(h, "a.yaml", cwd=folder if text else h.work)
            expect(done.code == 3 and done.text.startswith(words) and "[unreadable-input]" in done.text, done)
    with h.check("both: all is told, and the status is 3, for not all is known"):
        done = check(h, "-f", "-", stdin=pod("nginx:1") + "---\n" + pod(f"127.0.0.1:{free_port()}/a:1@{INDEX}"))
        expect(done.code == 3 and "[unpinned-image]" in done.text and "[unresolved-image]" in done.text, done)
        expect("1 found" in done.trouble and "1 could not be told" in done.trouble, done)
    with h.check("a registry that is down does not keep what is unpinned from being status 1 with --offline"):
        expect(check(h, "--offline", "-f", "-", stdin=pod("nginx:1")).code == 1)
    with h.check("reports in every form, in a file beside the text or in its place"):
        folder = toolbox.lay(h, "reports", {"k8s/a b.yaml": pod("nginx:1")})
        done = check(h, "--report", "r.sarif", "--report-format", "sarif", "k8s", cwd=folder)
        place = json.loads((folder / "r.sarif").read_text())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        expect(done.code == 1 and done.text.startswith("k8s/a b.yaml:8: error: "), done)
        expect(place == {"artifactLocation": {"uri": "k8s/a%20b.yaml", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 8}},
               place)
        for arguments in (["--report-format", "github"], ["--report", "-", "--report-format", "github"]):
            done = check(h, *arguments, "k8s", cwd=folder)
            expect(done.code == 1 and done.text.startswith("::error file=k8s/a b.yaml,line=8,title=unpinned-image::nginx:1 "),
                   done)
    with h.check("wrong usage is status 2"):
        for arguments in ([], ["--fresh", "--offline", "x"], ["--nope"], ["--platform", "x", "x"]):
            expect(check(h, *arguments).code == 2, arguments)
    with h.check("-k checks what a kustomization builds"):
        folder = toolbox.lay(h, "k", {"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": pod("nginx:1")})
        done = check(h, "-k", ".", cwd=folder)
        expect(done.code == 1 and done.text == "kustomization.yaml: error: nginx:1 has no digest; pin it: digester kustomize "
               "--add . [unpinned-image]\n", done)
        folder = toolbox.lay(h, "k", {"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": pod(web)})
        expect(check(h, "-k", folder).code == 0)


def check_kustomizations(h):
    """What a kustomization writes over the images of its bases."""
    registry = toolbox.acceptance_registry(h)
    web = f"{registry.host}/team/web"
    tree = {"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": pod(f"{web}:1.10@{INDEX}")}

    def overlay(images, name="kustomization.yaml", head=""):
        return toolbox.lay(h, "tree", tree | {f"prod/{name}": f"{head}resources: [../base]\nimages:\n{images}"})

    tagged = f"- name: {web}\n  newTag: '1.10' # ours\n"
    with h.check("a newTag over a pinned base is found, at its line, with the command that pins it"):
        wanted = f":4: error: {web}:1.10 has no digest; pin it: digester kustomize prod [unpinned-image]\n"
        for name in ("kustomization.yaml", "kustomization.yml", "Kustomization"):
            folder = overlay(tagged, name)
            built = toolbox.run(h, "kustomize", "build", folder / "prod")
            expect(f"image: {web}:1.10\n" in built.text, built)
            for arguments in (("-R", "."), ("prod",), (f"prod/{name}",)):
                done = check(h, "--offline", *arguments, cwd=folder)
                expect((done.code, done.text) == (1, f"prod/{name}{wanted}"), done)
                count = 2 if "-R" in arguments else 1
                expect(f"{count} image{'s' if count > 1 else ''} checked; 1 found" in done.trouble, done)
        kinds = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        done = check(h, "--offline", "x.yaml", cwd=toolbox.lay(h, "component", {"x.yaml": f"{kinds}images:\n{tagged}"}))
        expect(done.code == 1 and "x.yaml:5: error: " in done.text and "digester kustomize -R" in done.text, done)
    with h.check("a tagSuffix is found too; a new name alone, a digest, what is skipped and Flux's kind are not"):
        done = check(h, "--offline", "prod", cwd=overlay(f"- name: {web}\n  tagSuffix: -x\n"))
        expect(done.code == 1 and f"prod/kustomization.yaml:4: error: {web}:*-x has no digest" in done.text, done)
        folder = overlay(f"- name: {web}\n  newName: {web}2\n- name: {web}3\n  newTag: '1'\n  digest: {INDEX}\n")
        done = check(h, "--offline", "-R", ".", cwd=folder)
        expect(done.code == 0 and "2 images checked; nothing found" in done.trouble, done)
        done = check(h, "--offline", "--skip-prefix", f"{registry.host}/", "prod", cwd=overlay(tagged))
        expect(done.code == 0 and "0 images checked; nothing found; 1 skipped" in done.trouble, done)
        flux = ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {}\n"
                f"images:\n{tagged}")
        done = check(h, "--offline", ".", cwd=toolbox.lay(h, "flux", {"kustomization.yaml": flux}))
        expect(done.code == 0 and "no image found in 1 file" in done.trouble, done)
    with h.check("a digest in images: must be there as those of manifests, and --fresh compares it with its newTag"):
        done = check(h, "prod", cwd=overlay(f"- name: {web}\n  newTag: '1.10'\n  digest: {GONE}\n"))
        expect(done.code == 1 and "prod/kustomization.yaml:5: error: " in done.text and "[missing-digest]" in done.text, done)
        folder = overlay(f"- name: {web}\n  newTag: '1.10'\n  digest: {MANIFEST}\n")
        expect(check(h, "-R", ".", cwd=folder).code == 0)
        done = check(h, "--fresh", "-R", ".", cwd=folder)
        expect(done.code == 1 and "digester kustomize --update" in done.text and "[moved-tag]" in done.text, done)
    with h.check("after digester kustomize the check is green"):
        folder = overlay(tagged)
        expect(check(h, "-R", folder).code == 1)
        done = toolbox.run(h, "digester", "kustomize", folder / "prod")
        expect(done.code == 0, done)
        expect(check(h, "-R", folder).code == 0)
    with h.check("resolve warns of it, once for each kustomization, and ends with 0"):
        folder = overlay(tagged + f"- name: {web}2\n  newTag: '2'\n")
        done = toolbox.run(h, "digester", "resolve", "-i", "--offline", "-R", ".", cwd=folder)
        expect(done.code == 0 and done.trouble.count("warning") == 1, done)
        expect(f"prod/kustomization.yaml:4: warning: what this builds has {web}:1.10 and 1 more without a digest; images: is "
               "pinned by digester kustomize prod\n" in done.trouble, done)
    with h.check("a list that cannot be read is a warning"):
        done = check(h, "--offline", "prod", cwd=overlay("- &a {name: x, newTag: '1'}\n- *a\n"))
        expect("prod/kustomization.yaml:3: warning: its images: were not looked at: " in done.text, done)


def check_summaries(h):
    """What was not looked at is said."""
    good = pod(f"r.example/web@{INDEX}")

    def told(files, *arguments):
        done = check(h, "--offline", *arguments, cwd=toolbox.lay(h, "told", files))
        expect(done.code == 0, done)
        return done

    with h.check("the last line counts what was left out and skipped"):
        done = told({"a.yaml": good + "---\n" + pod("auto"), "values.yaml": "a: 1\n", ".x.yaml": good,
                     "c/Chart.yaml": "name: c\n", "c/templates/t.yaml": "{{ x }}\n"}, "-R", ".")
        expect(done.trouble == "digester check: 1 image checked; nothing found; 1 skipped; 2 files without apiVersion and "
               "kind left out; 1 file of Helm templates left out; 1 hidden left out\n", done)
    with h.check("no image at all is said so"):
        service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
        done = told({"a.yaml": service, "b.yaml": service}, ".")
        expect((done.out, done.trouble) == (b"", "digester check: no image found in 2 files\n"), done)
    with h.check("a file that was named and holds no object is a warning, of resolve too; one that was found is none"):
        done = told({"values.yaml": "a: 1\n", "a.yaml": good}, "values.yaml", "a.yaml")
        expect(done.text.startswith("values.yaml: warning: no object with apiVersion and kind is in it"), done)
        done = toolbox.run(h, "digester", "resolve", "--offline", "values.yaml", cwd=h.work / "told")
        expect(done.code == 0 and "values.yaml: warning: no object" in done.trouble, done)
        expect(told({"values.yaml": "a: 1\n", "a.yaml": good}, ".").text == "")


GROUPS = (check_findings, check_failures, check_kustomizations, check_summaries)
