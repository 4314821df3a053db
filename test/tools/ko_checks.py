"""ko:// references, with the real ko: a small Go program on a base image of the registry that it is pushed to."""
import hashlib
import json
import re
import shutil
import urllib.request

import toolbox
from harness import ROOT, expect
from servers import INDEX

REFERENCE = "ko://example.com/hello-world/cmd/ko-example"


def ko_environment(h, registry):
    """What ko needs: it pushes into this registry, takes its base from there, and Go asks nobody."""
    return {"KO_DOCKER_REPO": f"{registry.host}/built", "KO_DEFAULTBASEIMAGE": f"{registry.host}/team/migrate:2",
            "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOCACHE": ROOT / "build/e2e/go-cache",
            "GOPATH": h.work / "go"}


def ko_unresolved(h):
    deployment = toolbox.fixture("ko/deployment.yaml")
    known = f"r.example/app-0123:latest@{INDEX}"
    folder = toolbox.lay(h, "ko-unresolved", {"d.yaml": deployment, "map.json": f'{{"{REFERENCE[5:]}": "{known}"}}'})

    def run(*arguments, stdin=b""):
        return toolbox.run(h, "digester", "resolve", *arguments, cwd=folder, stdin=stdin)

    with h.check("ko: without a mapping it ends with 3 and names each reference with file, line and cure"):
        for flags in ((), ("--offline",)):
            done = run(*flags, "-f", "d.yaml")
            expect(done.code == 3 and not done.out, done)
            for line in (12, 14):
                expect(re.search(rf"d\.yaml:{line}: unresolved ko:// reference {REFERENCE}\b.*--image-map", done.trouble), done)
    with h.check("ko: --image-map writes the reference, comment and quotes stay"):
        done = run("--offline", "--image-map", "map.json", "-f", "d.yaml")
        expect(done.code == 0, done)
        toolbox.same(done.out, deployment.replace(REFERENCE.encode(), known.encode()))
    with h.check("ko: a map of lines, from standard input; --image-refs has the reference once"):
        done = run("--offline", "--image-map", "-", "--image-refs", "refs", "-i", "d.yaml", stdin=f"{REFERENCE}={known}\n")
        expect(done.code == 0, done)
        toolbox.same((folder / "d.yaml").read_bytes(), deployment.replace(REFERENCE.encode(), known.encode()))
        toolbox.same((folder / "refs").read_bytes(), f"{known}\n".encode())
    with h.check("ko: arguments and custom resources too, wherever a value begins with ko://"):
        text = ("apiVersion: example.com/v1\nkind: Thing\nspec:\n  runner: {image: %s} # built\n"
                "  args: ['%s', --x=ko://not-at-the-beginning]\n")
        done = run("--offline", "--image-map", "map.json", "--imgpkg-lock-output", "lock.yml", "-f", "-",
                   stdin=text % (REFERENCE, REFERENCE))
        expect(done.code == 0, done)
        toolbox.same(done.out, (text % (known, known)).encode())
        expect(f"kbld.carvel.dev/id: {REFERENCE}\n" in (folder / "lock.yml").read_text())
        done = run("--offline", "-f", "-", stdin=text % (REFERENCE, "x"))
        expect(done.code == 3 and f"4: unresolved ko:// reference {REFERENCE}; " in done.trouble and not done.out, done)
    with h.check("ko: a reference without a digest is looked up for an image, and refused where nobody would look it up"):
        registry = toolbox.acceptance_registry(h)
        mapping = f"{REFERENCE}={registry.host}/team/web:1.10\n"
        done = run("--image-map", "-", "-f", "d.yaml", stdin=mapping)
        expect(done.code == 0, done)
        (folder / "e.yaml").write_bytes(deployment)
        done = run("--image-map", "-", "-f", "e.yaml", stdin=mapping)
        expect(done.code == 0 and done.text.count(f"{registry.host}/team/web:1.10@{INDEX}") == 2, done)
        thing = f"---\napiVersion: example.com/v1\nkind: Thing\nspec: {{arg: {REFERENCE}}}\n".encode()
        (folder / "e.yaml").write_bytes(deployment + thing)
        done = run("--image-map", "-", "-f", "e.yaml", stdin=mapping)
        expect(done.code == 0 and done.text.count(f"{registry.host}/team/web:1.10@{INDEX}") == 3, done)
        (folder / "e.yaml").write_bytes(thing)
        done = run("--image-map", "-", "-f", "e.yaml", stdin=mapping)
        expect(done.code == 3 and not done.out, done)
        expect(re.search(r"e\.yaml:4: ko://\S+ is \S+/team/web:1\.10 here, which has no digest; ", done.trouble), done)
    with h.check("ko: a map that is none is one line with file, line, cause and cure"):
        (folder / "wrong").write_text("a=r.example/a:1\nb\n")
        done = run("--image-map", "wrong", "-f", "d.yaml")
        expect(done.code == 3 and re.fullmatch(r"digester resolve: wrong: line 2: \"b\" is no pair; .*\n", done.trouble), done)
    with h.check("ko: --ko without ko in PATH names the cure"):
        done = toolbox.run(h, "digester", "resolve", "--ko", "-f", "-", cwd=folder, stdin=deployment,
                           env={"PATH": "/nonexistent"})
        expect(done.code == 3 and not done.out, done)
        expect(re.search("there is no ko in PATH; .*--image-map", done.trouble), done)
    with h.check("ko: a build that fails is told once a place, and --ko is not what helps"):
        done = toolbox.run(h, "digester", "resolve", "--ko", "-f", "-", cwd=folder, stdin=deployment,
                           env={"PATH": "/nonexistent"})
        places = re.findall(r"^digester resolve: standard input:(\d+): ko build \S+: there is no ko", done.trouble, re.M)
        expect(places == ["12", "14"] and done.trouble.count("\n") == 3, done)
        expect("nothing has built it" not in done.trouble and "--ko" not in done.trouble, done)
    with h.check("ko: what is an expression, or no import path, is not given to ko (a stand-in)"):
        stand_in = folder / "bin/ko"
        stand_in.parent.mkdir()
        stand_in.write_text(f"#!/bin/sh\necho called >> {folder}/called\necho r.example/x@{INDEX}\n")
        stand_in.chmod(0o755)
        for value in ("ko://$(params.x)", "ko://${V}/x", "ko://--help", "ko://"):
            text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: \"{value}\"\n    args: [\"{value}\"]\n"
            done = toolbox.run(h, "digester", "resolve", "--ko", "--offline", "-f", "-", cwd=folder, stdin=text,
                               env={"PATH": f"{stand_in.parent}:/usr/bin:/bin"})
            expect(not (folder / "called").exists() and INDEX not in done.text, value, done)


@toolbox.needs("ko", "go")
def ko_builds(h):
    registry = toolbox.acceptance_registry(h)
    env = ko_environment(h, registry)
    deployment = toolbox.fixture("ko/deployment.yaml")
    folder = h.work / "ko-example"
    shutil.copytree(ROOT / "test/data/ko-example", folder)
    (folder / "d.yaml").write_bytes(deployment)

    def run(program, *arguments, stdin=b"", **more):
        return toolbox.run(h, program, *arguments, cwd=folder, stdin=stdin, env=env | more, seconds=300)

    with h.check("real ko: --ko builds, pushes, and writes the reference that ko prints"):
        done = run("digester", "resolve", "--ko", "-f", "d.yaml", "--image-refs", "refs")
        expect(done.code == 0, done)
        built = (folder / "refs").read_text().strip()
        expect(re.fullmatch(rf"{registry.host}/built/ko-example-[0-9a-f]{{32}}@sha256:[0-9a-f]{{64}}", built), built)
        toolbox.same(done.out, deployment.replace(REFERENCE.encode(), built.encode()))
        expect(sum(line.startswith("Building ") or "Building " in line for line in done.trouble.splitlines()) == 1, done)
    with h.check("real ko: ko resolve comes to the same reference"):
        done = run("ko", "resolve", "-f", "d.yaml")
        expect(done.code == 0 and done.text.count(built) == 2, built, done)
    with h.check("real ko: what ko build printed, given as a map, comes to the same manifest"):
        printed = run("ko", "build", REFERENCE[5:])
        expect(printed.text.strip() == built, printed)
        done = run("digester", "resolve", "--offline", "--image-map", "-", "-f", "d.yaml", stdin=f"{REFERENCE[5:]} {printed.text}")
        toolbox.same(done.out, deployment.replace(REFERENCE.encode(), built.encode()))
    with h.check("real ko: the registry has what the reference names, on top of the base"):
        repository, digest = built.removeprefix(f"{registry.host}/").split("@")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        question = urllib.request.Request(f"http://{registry.host}/v2/{repository}/manifests/{digest}",
                                          headers={"Accept": "application/vnd.oci.image.manifest.v1+json, "
                                                   "application/vnd.docker.distribution.manifest.v2+json"})
        with opener.open(question) as answer:
            manifest = answer.read()
        expect(f"sha256:{hashlib.sha256(manifest).hexdigest()}" == digest and json.loads(manifest)["layers"], manifest)
    with h.check("real ko: a build that fails: 3, ko's words, the import path, and nothing is written"):
        done = run("digester", "resolve", "--ko", "-i", "d.yaml", KO_DOCKER_REPO="127.0.0.1:1/nowhere")
        expect(done.code == 3, done)
        expect(re.search(rf"ko build {REFERENCE[5:]} failed with exit code \d+", done.trouble), done)
        toolbox.same((folder / "d.yaml").read_bytes(), deployment)
        wrong = deployment.replace(b"cmd/ko-example", b"cmd/none")
        done = run("digester", "resolve", "--ko", "-f", "-", stdin=wrong)
        expect(done.code == 3 and not done.out and "cmd/none" in done.trouble, done)


GROUPS = [ko_unresolved, ko_builds]
