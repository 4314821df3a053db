"""digester setters, and the package that kpt renders afterwards. kpt's own create-setters and apply-setters come as
container images and are not run here: what they would do stands in the fixtures."""
import json
import re

import toolbox
from harness import expect
from servers import INDEX

ECHO = "gcr.io/google-containers/echoserver:1.10"
POD = f"""# Copyright Example Corp
apiVersion: v1
kind: Pod
metadata: {{name: echo}} # keep me
spec:
  containers:
  - name: echo
    image:   {ECHO}
    args: ["--flag",  'on']
"""
PINNED = f"{ECHO}@{INDEX}"


def setters(h, *arguments, **more):
    return toolbox.run(h, "digester", "setters", *arguments, **more)


def refused(h, place, *arguments):
    before = toolbox.contents(place)
    done = setters(h, *arguments, cwd=place)
    expect(done.code == 3 and not done.out and done.trouble.count("\n") == 1, done)
    expect(toolbox.contents(place) == before, done)
    return done.trouble


def setters_scenario(h):
    with h.check("scenario E: create writes one comment, apply the pinned value; nothing else changes (fixtures)"):
        place = toolbox.lay(h, "echo", {"pod.yaml": POD})
        done = setters(h, "create", place, f"echoimage={ECHO}")
        expect((done.code, done.out) == (0, b""), done)
        commented = POD.replace(ECHO, f"{ECHO} # kpt-set: ${{echoimage}}")
        toolbox.same((place / "pod.yaml").read_bytes(), commented.encode())
        done = setters(h, "apply", f"echoimage={PINNED}", cwd=place)
        expect((done.code, done.out) == (0, b""), done)
        toolbox.same((place / "pod.yaml").read_bytes(), commented.replace(f"{ECHO} #", f"{PINNED} #").encode())
        again = setters(h, "apply", f"echoimage={PINNED}", cwd=place)
        expect(again.code == 0 and "0 values written" in again.trouble, again)
    with h.check("scenario E: a tag alone would cut the digest of ${image}:${tag} in two: refused, file unchanged"):
        place = toolbox.lay(h, "cut", {"pod.yaml": POD.replace(ECHO, f"{PINNED} # kpt-set: ${{image}}:${{tag}}")})
        said = refused(h, place, "apply", "tag=1.11")
        expect(said.startswith("digester setters apply: pod.yaml:8: the setter comment ${image}:${tag} cuts the digest"),
               said)
        expect("write the comment as ${image}:${tag}@${digest}, or use one setter" in said, said)
    with h.check("with a setter for the digest the same is set"):
        place = toolbox.lay(h, "own", {"pod.yaml": POD.replace(ECHO, f"{PINNED} # kpt-set: ${{image}}:${{tag}}@${{digest}}")})
        other = f"sha256:{'a' * 64}"
        done = setters(h, "apply", "tag=1.11", f"digest={other}", cwd=place)
        expect(done.code == 0 and f"echoserver:1.11@{other} # kpt-set:".encode() in (place / "pod.yaml").read_bytes(), done)
    with h.check("a pipe: standard input in, standard output out, byte for byte"):
        source = POD.replace(ECHO, f"{ECHO} # kpt-set: ${{echoimage}}").replace("\n", "\r\n").encode()
        done = setters(h, "apply", f"echoimage={PINNED}", "-f", "-", stdin=b"\xef\xbb\xbf" + source)
        expect(done.code == 0, done)
        toolbox.same(done.out, b"\xef\xbb\xbf" + source.replace(f"{ECHO} #".encode(), f"{PINNED} #".encode()))
    with h.check("--diff shows it (1) and writes nothing; git applies it"):
        place = toolbox.lay(h, "diff", {"pod.yaml": POD})
        done = setters(h, "create", f"echoimage={ECHO}", "--diff", cwd=place)
        expect(done.code == 1 and (place / "pod.yaml").read_text() == POD, done)
        expect(toolbox.run(h, "git", "apply", "-", stdin=done.out, cwd=place).code == 0, done)
        expect((place / "pod.yaml").read_text() == POD.replace(ECHO, f"{ECHO} # kpt-set: ${{echoimage}}"), done)
    with h.check("all files or none: what fails in the second leaves the first as it was"):
        place = toolbox.lay(h, "both", {"a.yaml": POD.replace(ECHO, "r/a:1 # kpt-set: r/a:${tag}"),
                                        "b.yaml": POD.replace(ECHO, "nothing # kpt-set: ${image}:${tag}")})
        said = refused(h, place, "apply", "tag=2")
        expect("b.yaml:8: nothing is not of the form ${image}:${tag}" in said and "give image=VALUE too" in said, said)
        place = toolbox.lay(h, "both", {"a.yaml": POD, "b.yaml": "a: [\n"})
        expect("b.yaml:" in refused(h, place, "create", f"echoimage={ECHO}"))
    with h.check("setters that are nowhere, lists, files that are not there, wrong usage"):
        place = toolbox.lay(h, "wrong", {"pod.yaml": POD.replace(ECHO, f"{ECHO} # kpt-set: ${{echoimage}}")})
        expect("no setter comment has nosuch" in refused(h, place, "apply", "nosuch=1"))
        expect("there are echoimage" in refused(h, place, "apply", "nosuch=1"))
        expect("no field holds the value of x" in refused(h, place, "create", "x=nothing-like-it"))
        expect("has a list for a value" in refused(h, place, "create", "x=[a, b]"))
        expect("nosuch.yaml: cannot be read" in refused(h, place, "apply", "echoimage=1", "-f", "nosuch.yaml"))
        for arguments in (("apply",), ("apply", "novalue"), ("apply", "a=1", "a=2"), ("list", "--diff"), ()):
            done = setters(h, *arguments, cwd=place)
            expect(done.code == 2 and not done.out, done)


def setters_listing(h):
    package = {name: toolbox.fixture(f"kpt/{name}", "r.example") for name in ("Kptfile", "app.yaml")}
    with h.check("list: name, the Kptfile's value, number of fields; as JSON with every place"):
        place = toolbox.lay(h, "list", package)
        done = setters(h, "list", place)
        expect(done.code == 0 and re.search(r"^web +r\.example/team/web:1\.10 +1$", done.text, re.M), done)
        told = json.loads(setters(h, "list", "-o", "json", cwd=place).out)
        expect(told == [{"name": "web", "values": ["r.example/team/web:1.10"],
                         "set": [{"file": "Kptfile", "line": 9, "value": "r.example/team/web:1.10"}],
                         "fields": [{"file": "app.yaml", "line": 18, "path": "spec.template.spec.containers[0].image",
                                     "pattern": "${web}", "value": "r.example/team/web:1.10"}]}], told)
    with h.check("create leaves the Kptfile alone"):
        place = toolbox.lay(h, "kptfile", package)
        done = setters(h, "create", "release=r.example/team/web:1.10", cwd=place)
        expect(done.code == 0 and (place / "Kptfile").read_bytes() == package["Kptfile"], done)
        expect(b"# kpt-set: ${release}" in (place / "app.yaml").read_bytes(), done)


def setters_values(h):
    package = {name: toolbox.fixture(f"kpt/{name}", "r.example") for name in ("Kptfile", "app.yaml")}
    old, new = b"r.example/team/web:1.10", b"r.example/team/web:1.11"
    with h.check("apply sets the Kptfile's value, too, which the next render would write back; list shows it"):
        for name, arguments in (("whole", ("-f", ".")), ("field", ("-f", "app.yaml"))):
            place = toolbox.lay(h, name, package | {"pod.yaml": POD})
            shown = setters(h, "apply", f"web={new.decode()}", "--diff", *arguments, cwd=place)
            expect(shown.code == 1 and toolbox.contents(place)["Kptfile"] == package["Kptfile"], shown)
            expect(b"+++ b/Kptfile" in shown.out and b"+++ b/app.yaml" in shown.out, shown)
            done = setters(h, "apply", f"web={new.decode()}", *arguments, cwd=place)
            expect(done.code == 0 and "Kptfile:9: pipeline.mutators[0].configMap.web: r.example" in done.trouble, done)
            for file, before in package.items():
                toolbox.same((place / file).read_bytes(), before.replace(old, new, 1) if file == "Kptfile" else
                             before.replace(old + b" # kpt-set", new + b" # kpt-set").replace(
                                 old + b'" # kpt-set', new + b'" # kpt-set'))
            expect(new in setters(h, "list", cwd=place).out and old not in setters(h, "list", cwd=place).out)
    with h.check("a ConfigMap that the Kptfile names gets it, whether the Kptfile is given or found"):
        config = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: setters}\ndata:\n  web: " + old + b" # here\n"
        names = package["Kptfile"].split(b"    configMap:")[0] + b"    configPath: conf/setters.yaml\n"
        for arguments in (("-f", "app.yaml"), ("-f", "app.yaml", "-f", "Kptfile"), ("-f", ".")):
            place = toolbox.lay(h, "config", package | {"Kptfile": names, "conf/setters.yaml": config})
            done = setters(h, "apply", f"web={new.decode()}", *arguments, cwd=place)
            expect(done.code == 0 and "conf/setters.yaml:5: data.web: r.example" in done.trouble, done)
            toolbox.same((place / "conf/setters.yaml").read_bytes(), config.replace(old, new))
            toolbox.same((place / "Kptfile").read_bytes(), names)
    with h.check("what cannot be written there is a warning with file and line; the fields are set"):
        broad = package["Kptfile"].replace(b"web: " + old, b"web: &w " + old + b"\n      other: *w")
        expect(broad != package["Kptfile"])
        place = toolbox.lay(h, "anchor", package | {"Kptfile": broad})
        done = setters(h, "apply", f"web={new.decode()}", cwd=place)
        expect(done.code == 0 and "Kptfile:9: warning: pipeline.mutators[0].configMap.web cannot be" in done.trouble,
               done)
        expect(new in (place / "app.yaml").read_bytes() and (place / "Kptfile").read_bytes() == broad, done)
    with h.check("standard input has no Kptfile, though one lies where it is called"):
        place = toolbox.lay(h, "input", package)
        done = setters(h, "apply", f"web={new.decode()}", "-f", "-", stdin=package["app.yaml"], cwd=place)
        expect(done.code == 0 and new in done.out and toolbox.contents(place)["Kptfile"] == package["Kptfile"], done)


@toolbox.needs("kpt")
def setters_under_kpt(h):
    """kpt reads and writes the comments that digester makes: what goes through it is what it would be without."""
    with h.check("kpt takes a package with the setters, and gives it back with their comments"):
        flat = POD.replace("   gcr", " gcr").replace("'on'", "on").replace(",  ", ", ")
        place = toolbox.lay(h, "kpt", {"pod.yaml": flat, "Kptfile": toolbox.fixture("kpt/Kptfile", "r.example")})
        expect(setters(h, "create", f"echoimage={ECHO}", cwd=place).code == 0)
        before = toolbox.contents(place)
        done = toolbox.run(h, "kpt", "fn", "eval", place, "--exec", "cat")
        expect(done.code == 0, done)
        expect(toolbox.contents(place)["pod.yaml"] == before["pod.yaml"], toolbox.contents(place)["pod.yaml"].decode())


GROUPS = (setters_scenario, setters_listing, setters_values, setters_under_kpt)
