"""The shipped manifests and the real server on a real API server: with the ServiceAccount's own token and rights, on the
Service's own address, digests from a real registry."""
import json
import time

from api import ApiError
from cluster import wait_until
from harness import expect
from installed import CONFIGURATION, SECRET, Installed, apply, bundle, images, is_pinned, switch_on
from objects import Space, job, pod, workload
from servers import DIGESTS, Registry


def revisions(space, app):
    return [r for r in space.api.items(space.path("apps/v1", "ReplicaSet")) if r["metadata"]["labels"].get("app") == app]


def rolled_out(space, name, replicas):
    def done():
        status = space.get("apps/v1", "Deployment", name)
        return (status["status"].get("observedGeneration") == status["metadata"]["generation"]
                and status["status"].get("updatedReplicas") == replicas
                and status["status"].get("availableReplicas") == replicas
                and status["status"].get("replicas") == replicas)
    wait_until(f"{name} has {replicas} replicas", done)


def webhook(h, cluster):
    registry = Registry(h, "cluster-registry")
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    pinned = {web: f"{web}@{DIGESTS['team/web:1.10']}", migrate: f"{migrate}@{DIGESTS['team/migrate:2']}"}
    installed = Installed(h, cluster, [registry])

    def space(name, on=True):
        made = Space(cluster, name)
        if on:
            switch_on(made, web)
        return made

    with h.check("the server makes its own certificates: Secret filled, bundle written, ready"):
        keys = cluster.api.get(SECRET)["data"]
        expect({"ca.crt", "ca.key", "tls.crt", "tls.key"} <= keys.keys(), keys.keys())
        expect(bundle(cluster) == keys["ca.crt"], "the bundle is not the Secret's authority")

    with h.check("applying the manifests again takes neither certificate nor bundle away"):
        before = cluster.api.get(SECRET)["data"]
        apply(cluster)
        expect(cluster.api.get(SECRET)["data"] == before, "the Secret changed")
        expect(bundle(cluster), "the bundle is gone")

    with h.check("a bundle that somebody removes is put back"):
        cluster.api.patch(CONFIGURATION, [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}], "json")
        wait_until("the bundle is back", lambda: bundle(cluster))

    kinds = space("kinds")
    with h.check("every kind comes out pinned with the registry's digest"):
        made = kinds.create(pod("full", web, initContainers=[{"name": "init", "image": migrate}],
                                volumes=[{"name": "model", "image": {"reference": migrate}}]))
        expect(sorted(images(made)) == sorted([pinned[web], pinned[migrate], pinned[migrate]]), images(made))
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
            item = workload(kind, kind.lower(), web, **({"serviceName": "x"} if kind == "StatefulSet" else {}))
            made = kinds.create(item)
            expect(images(made["spec"]["template"]) == [pinned[web]], kind, images(made["spec"]["template"]))
        made = kinds.create(job("job", web))
        expect(images(made["spec"]["template"]) == [pinned[web]], "Job")
        cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cron"},
                "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job("x", web)["spec"]}}}
        made = kinds.create(cron)
        expect(images(made["spec"]["jobTemplate"]["spec"]["template"]) == [pinned[web]], "CronJob")
        labels = {"app": "rc"}
        made = kinds.create({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc"},
                             "spec": {"selector": labels, "template": {"metadata": {"labels": labels},
                                                                       "spec": pod("x", web)["spec"]}}})
        expect(images(made["spec"]["template"]) == [pinned[web]], "ReplicationController")
        made = kinds.create({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "template"},
                             "template": {"spec": pod("x", web)["spec"]}})
        expect(images(made["template"]) == [pinned[web]], "PodTemplate")

    with h.check("kubectl debug's container is pinned"):
        wait_until("the Pod runs", lambda: kinds.get("v1", "Pod", "full")["status"].get("phase") == "Running")
        kinds.kubectl("debug", "full", f"--image={migrate}", "--attach=false", "--quiet")
        debugged = kinds.get("v1", "Pod", "full")["spec"]["ephemeralContainers"][0]["image"]
        expect(debugged == pinned[migrate], debugged)

    with h.check("what a person applies and cannot be resolved is refused, with image, registry and cause"):
        try:
            kinds.create(pod("missing", f"{registry.host}/team/none:1"))
            expect(False, "not refused")
        except ApiError as error:
            expect("team/none:1" in str(error) and registry.host in str(error), str(error))

    with h.check("a namespace without the label is not touched"):
        other = space("unlabelled", on=False)
        made = other.create(pod("plain", web))
        expect(images(made) == [web], images(made))

    running = space("running", on=False)
    running.create(workload("Deployment", "web", web, replicas=2))
    running.create(workload("StatefulSet", "db", web, serviceName="db", replicas=1))
    running.create(workload("DaemonSet", "agent", web))
    running.create(pod("bare", web))
    running.create(job("once", web))
    rolled_out(running, "web", 2)
    wait_until("the bare Pod runs", lambda: running.get("v1", "Pod", "bare")["status"].get("phase") == "Running")
    switch_on(running, web)

    with h.check("H1, H4: scaling and annotating a Deployment older than the label makes no ReplicaSet"):
        running.kubectl("scale", "deployment", "web", "--replicas=4")
        rolled_out(running, "web", 4)
        running.kubectl("annotate", "deployment", "web", "a=b")
        time.sleep(3)
        expect(len(revisions(running, "web")) == 1, len(revisions(running, "web")))
        expect(running.get("apps/v1", "Deployment", "web")["status"].get("collisionCount") is None, "collisions")
        new = [p for p in running.pods("web") if is_pinned(images(p)[0])]
        expect(len(new) == 2, "new Pods are pinned", [images(p) for p in running.pods("web")])

    with h.check("H2: labelling a running Pod changes no image and restarts nothing"):
        running.kubectl("label", "pod", "bare", "x=y")
        time.sleep(1)
        bare = running.get("v1", "Pod", "bare")
        expect(images(bare) == [web], images(bare))
        expect(bare["status"]["containerStatuses"][0]["restartCount"] == 0, "restarted")

    with h.check("H3: annotating a Job older than the label is not refused"):
        running.kubectl("annotate", "job", "once", "a=b")

    with h.check("a restart rolls out once, pinned"):
        running.kubectl("rollout", "restart", "deployment", "web")
        rolled_out(running, "web", 4)
        sets = revisions(running, "web")
        expect(len(sets) == 2, len(sets))
        expect({images(p)[0] for p in running.pods("web") if "deletionTimestamp" not in p["metadata"]} == {pinned[web]},
               "Pods that are not pinned")

    with h.check("applying again what is pinned changes nothing, and a diff is empty"):
        manifest = h.work / "web.json"
        manifest.write_text(json.dumps(workload("Deployment", "applied", web, replicas=1)))
        running.kubectl("apply", "-f", manifest)
        rolled_out(running, "applied", 1)
        generation = running.get("apps/v1", "Deployment", "applied")["metadata"]["generation"]
        running.kubectl("apply", "-f", manifest)
        expect(running.get("apps/v1", "Deployment", "applied")["metadata"]["generation"] == generation, "changed")
        running.kubectl("diff", "-f", manifest)

    with h.check("the registry away: controllers get their Pods, nothing is un-pinned"):
        h.stop(registry.process)
        running.kubectl("apply", "-f", manifest)
        expect(images(running.get("apps/v1", "Deployment", "applied")["spec"]["template"]) == [pinned[web]], "un-pinned")
        running.kubectl("scale", "deployment", "web", "--replicas=5")
        rolled_out(running, "web", 5)

    with h.check("deleting the configuration switches it off and does not hurt the server"):
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration")

        def untouched():
            answer = running.api.call("POST", running.path("v1", "Pod") + "?dryRun=All", pod("probe", web))
            return not is_pinned(answer["spec"]["containers"][0]["image"])
        wait_until("nothing is sent any more", untouched)
        expect(installed.replica.is_ready(), "the server is not well")
        apply(cluster)
        wait_until("the bundle is written again", lambda: bundle(cluster))

    with h.check("it ends within its time, with certificates and watches under way"):
        started = time.monotonic()
        status = installed.replica.stop()
        expect(time.monotonic() - started < 5, "took too long")
        expect(status == 0, status)
    installed.close()


GROUPS = (webhook,)
