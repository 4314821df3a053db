"""Applying again, after the tag moved in the registry and while it stands: who says `keep` keeps, `resolve` rolls out
once, Jobs and Pods never change; and what a diff and a dry run say of it (H5, H7, H10)."""
import json

import yaml
from cluster import wait_until
from harm_checks import long_jobs
from harms import Full, everything, template
from harness import ROOT, expect
from installed import CONFIGURATION, Installed, images, is_pinned, switch_on
from match_conditions_checks import define
from objects import Space, workload
from servers import ARM64, INDEX, Registry

KEEP, RESOLVE = {"digester.dev/on-reapply": "keep"}, {"digester.dev/on-reapply": "resolve"}
NAME = "team/web:1.10"


class Bench:
    """A registry whose tag moves, and namespaces that were switched on and filled before it does."""

    def __init__(self, h, cluster, name):
        self.h, self.cluster, self.name = h, cluster, name
        self.registry = Registry(h, f"{name}-registry")
        self.image = f"{self.registry.host}/{NAME}"
        self.old, self.new = f"{self.image}@{INDEX}", f"{self.image}@{ARM64}"

    def full(self, name, annotations=None, items=None, arguments=()):
        space = Full(self.h, self.cluster, f"{self.name}-{name}", items or everything(self.image), annotations)
        switch_on(space, self.image)  # after the annotation: who sees the label sees both
        space.apply(*arguments)
        return space

    def move(self):
        self.registry.move(NAME, ARM64)


def annotated(item, annotations):
    item["metadata"]["annotations"] = annotations
    return item


def nothing_happens(space, *arguments):
    before = space.seen()
    done = space.apply(*arguments)
    before.unharmed()
    return done


def diffs(h, space, when, *arguments):
    server_side = " by the server" if "--server-side" in arguments else ""
    with h.check(f"{when}: kubectl diff{server_side} is empty"):
        expect(not space.diff(*arguments), space.diff(*arguments))
    with h.check(f"{when}: kubectl apply --dry-run=server{server_side} says what is there already"):
        answer = json.loads(space.apply("--dry-run=server", "-o", "json", *arguments).stdout)
        live = {(item["kind"], item["metadata"]["name"]): item["spec"] for item in space.all_live()}
        for item in answer["items"]:
            expect(item["spec"] == live[item["kind"], item["metadata"]["name"]], item["spec"])


def reapply(h, cluster):
    bench = Bench(h, cluster, "reapply")
    older = Full(h, cluster, "reapply-older", everything(bench.image))
    older.apply()
    mixed = [annotated(workload("Deployment", "web", bench.image), KEEP),
             workload("StatefulSet", "db", bench.image, serviceName="db")]
    with long_jobs(cluster), Installed(h, cluster, [bench.registry]):
        resolve, keep = bench.full("resolve"), bench.full("keep", KEEP)
        own, by_server = bench.full("own", items=mixed), bench.full("server", arguments=["--server-side"])
        switch_on(older, bench.image)
        keep_by_server = bench.full("keep-server", KEEP, arguments=["--server-side"])
        for space in (older, resolve, keep, own, by_server, keep_by_server):
            space.settled()

        with h.check("kubectl apply --server-side makes pinned objects, and doing it again changes nothing"):
            expect(all(set(found) == {bench.old} for found in by_server.images().values()), by_server.images())
            before = [item["metadata"]["resourceVersion"] for item in by_server.all_live()]
            by_server.apply("--server-side")
            expect([item["metadata"]["resourceVersion"] for item in by_server.all_live()] == before, "written")
        diffs(h, resolve, "while the tag stands")
        diffs(h, by_server, "while the tag stands", "--server-side")
        with h.check("a dry run by the server shows new objects pinned, and makes none"):
            file = h.work / "dry.json"
            file.write_text(json.dumps(workload("Deployment", "dry", bench.image)))
            for arguments in ([], ["--server-side"]):
                made = resolve.kubectl("apply", "-f", file, "--dry-run=server", "-o", "json", *arguments).stdout
                expect(images(template(json.loads(made))) == [bench.old], made)
            expect(resolve.kubectl("get", "deployment", "dry", check=False).returncode != 0, "made")

        bench.move()
        with h.check("the tag moved, resolve: a diff shows the new digest, and is not refused for Jobs and Pods"):
            shown = {line.strip() for line in resolve.diff().splitlines() if line.startswith("+") and "image: " in line}
            expect(all(line.endswith(bench.new) for line in shown) and shown, shown)
        with h.check("the tag moved, resolve: applying again makes exactly one revision of each, with the new digest"):
            before = resolve.seen()
            resolve.apply()
            before.one_revision_more(bench.new)
        with h.check("the tag moved, H5, H7: Job, Pod and Pod with an image volume keep what they have, not refused"):
            found, pods = resolve.images(), resolve.seen().pods
            expect(found["Job/once"] == found["Pod/bare"] == [bench.old], found)
            expect(found["Pod/volume"] == [bench.old, bench.old], found)
            gone = {name for name, pod in before.pods.items() if pods.get(name) != pod}
            expect(not any(name.startswith(("once-", "bare", "volume")) for name in gone), gone)
        with h.check("the tag moved, resolve: a CronJob, whose next Pods are new anyway, gets the new digest"):
            expect(resolve.images()["CronJob/tick"] == [bench.new], resolve.images())
        with h.check("the tag moved, resolve: once more changes nothing"):
            nothing_happens(resolve)
        with h.check("the tag moved, resolve: applying by the server makes exactly one revision of each"):
            before = by_server.seen()
            by_server.apply("--server-side")
            before.one_revision_more(bench.new)
        with h.check("the tag moved: what is older than the label is applied again without any change"):
            nothing_happens(older)

        with h.check("the tag moved, keep in the namespace: applying again changes nothing"):
            nothing_happens(keep)
        diffs(h, keep, "the tag moved, keep")
        diffs(h, keep_by_server, "the tag moved, keep", "--server-side")
        with h.check("the tag moved, keep on one object: it stays, the other one rolls out once"):
            before = own.seen()
            own.apply()
            before.one_revision_more(bench.new, ["StatefulSet"])
            expect(own.images()["Deployment/web"] == [bench.old], own.images())
        with h.check("the way forward under keep: on-reapply: resolve on the new object rolls that one out once"):
            before = keep.seen()
            annotated(keep.items[0], RESOLVE)
            keep.write()
            keep.apply()
            before.one_revision_more(bench.new, ["Deployment"])
        with h.check("the way forward under keep: another tag does too"):
            bench.registry.move(NAME.replace("1.10", "1.11"), INDEX)
            other = bench.image.replace("1.10", "1.11")
            before = keep.seen()
            keep.kubectl("set", "image", "statefulset/db", f"main={other}")
            before.one_revision_more(f"{other}@{INDEX}", ["StatefulSet"])


def reapply_flags(h, cluster):
    """The same policy by flag, and the form that loses the tag."""
    bench = Bench(h, cluster, "flags")
    with long_jobs(cluster), Installed(h, cluster, [bench.registry], "--on-reapply=keep", name="digester-keep"):
        keep, resolve = bench.full("keep"), bench.full("resolve", RESOLVE)
        for space in (keep, resolve):
            space.settled()
        bench.move()
        with h.check("the tag moved, --on-reapply=keep: applying again changes nothing"):
            nothing_happens(keep)
        with h.check("the tag moved, --on-reapply=keep, resolve in the namespace: exactly one revision of each"):
            before = resolve.seen()
            resolve.apply()
            before.one_revision_more(bench.new)

    bench.registry.move(NAME, INDEX)
    only = [image.replace(f":1.10@", "@") for image in (bench.old, bench.new)]
    with long_jobs(cluster), Installed(h, cluster, [bench.registry], "--digest-only", name="digester-only"):
        space = bench.full("digest-only")
        space.settled()
        with h.check("--digest-only writes name@digest"):
            expect(all(set(found) == {only[0]} for found in space.images().values()), space.images())
        with h.check("--digest-only: applying again while the tag stands changes nothing"):
            nothing_happens(space)
        bench.move()
        with h.check("H10: --digest-only, Job and Pod applied again after the tag moved: not refused, not changed"):
            before = space.seen()
            space.apply()
            before.one_revision_more(only[1])
            found = space.images()
            expect(found["Job/once"] == found["Pod/bare"] == [only[0]], found)
            expect(found["Pod/volume"] == [only[0]] * 2, found)


def custom_resources(h, cluster):
    """The component custom-resources; an Argo Rollout, of which only the CRD is here, made minimal."""
    bench = Bench(h, cluster, "custom")
    define(cluster, "argoproj.io", "Rollout", "rollouts", "v1alpha1")
    with Installed(h, cluster, [bench.registry]):
        component = yaml.safe_load((ROOT / "deploy/components/custom-resources/kustomization.yaml").read_text())
        for patch in component["patches"]:
            cluster.api.patch(CONFIGURATION, yaml.safe_load(patch["patch"]), "json")
        space = Space(cluster, "custom")
        switch_on(space, bench.image)
        rollout = workload("Rollout", "web", bench.image) | {"apiVersion": "argoproj.io/v1alpha1"}
        path = space.path("argoproj.io/v1alpha1", "Rollout")
        wait_until("Rollouts are sent", lambda: is_pinned(images(space.api.call(
            "POST", path + "?dryRun=All", rollout)["spec"]["template"])[0]))
        file = h.work / "rollout.json"
        file.write_text(json.dumps(rollout))

        def version():
            made = space.api.get(f"{path}/web")
            return made["metadata"]["generation"], images(made["spec"]["template"])
        with h.check("with the component custom-resources an Argo Rollout comes out pinned"):
            space.kubectl("apply", "-f", file)
            expect(version() == (1, [bench.old]), version())
        with h.check("applied again, labelled and annotated it stays as it is"):
            space.kubectl("apply", "-f", file)
            space.kubectl("label", "rollouts.argoproj.io", "web", "a=b")
            space.kubectl("annotate", "rollouts.argoproj.io", "web", "a=b")
            expect(version() == (1, [bench.old]), version())
            expect(space.kubectl("diff", "-f", file).stdout == "", "a difference")
        with h.check("applied again after the tag moved it changes once"):
            bench.move()
            space.kubectl("apply", "-f", file)
            space.kubectl("apply", "-f", file)
            expect(version() == (2, [bench.new]), version())


GROUPS = (reapply, reapply_flags, custom_resources)
