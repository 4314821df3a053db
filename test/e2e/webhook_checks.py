"""The shipped manifests and the real server on a real API server: with the ServiceAccount's own token and rights, on the
Service's own address, digests from a real registry."""
import time

from api import ApiError
from cluster import wait_until
from harness import expect
from installed import CONFIGURATION, SECRET, Installed, apply, bundle, images, is_pinned, switch_on
from objects import Space, job, pod, workload
from servers import DIGESTS, Registry


def webhook(h, cluster):
    registry = Registry(h, "cluster-registry")
    web, migrate = f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2"
    pinned = {web: f"{web}@{DIGESTS['team/web:1.10']}", migrate: f"{migrate}@{DIGESTS['team/migrate:2']}"}
    installed = Installed(h, cluster, [registry])

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

    kinds = Space(cluster, "kinds")
    switch_on(kinds, web)
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

    with h.check("deleting the configuration switches it off and does not hurt the server"):
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration")

        def untouched():
            answer = kinds.api.call("POST", kinds.path("v1", "Pod") + "?dryRun=All", pod("probe", web))
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
