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
        expect(done.code == 1 and done.text.startswith("kustomization.yaml: error: nginx:1 has no digest"), done)
        folder = toolbox.lay(h, "k", {"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": pod(web)})
        expect(check(h, "-k", folder).code == 0)


GROUPS = (check_findings, check_failures)
