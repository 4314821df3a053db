"""That the control plane and the stand-in for nodes behave as a cluster does: what the other checks rely on."""
import base64
import http.server
import json
import ssl
import subprocess
import threading
import time

from api import path_of
from cluster import VERSION, Cluster, wait_until
from harness import ROOT, expect
from kubelet import Kubelet, PullError, digest_of
from objects import Space, is_ready, job, pod, workload

DIGEST_A, DIGEST_B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def plane_workloads(h, cluster):
    space = Space(cluster, "plane-workloads")

    with h.check("the server says its version, and kubectl is of the same"):
        seen = cluster.kubectl("version").stdout
        expect(seen.count(VERSION) == 2, seen)

    with h.check("a Deployment makes a ReplicaSet and Pods, which run and are ready"):
        space.create(workload("Deployment", "web", replicas=3))
        pods = space.ready("web", 3)
        sets = space.replica_sets()
        expect(len(sets) == 1, sets)
        expect({item["spec"]["nodeName"] for item in pods} == {"node-1", "node-2"}, pods)
        space.kubectl("rollout", "status", "deployment/web", "--timeout=20s")

    with h.check("scaling makes no ReplicaSet"):
        space.kubectl("scale", "deployment/web", "--replicas=5")
        space.ready("web", 5)
        space.kubectl("scale", "deployment/web", "--replicas=2")
        space.ready("web", 2)
        expect(len(space.replica_sets()) == 1, space.replica_sets())

    with h.check("rollout restart makes exactly one ReplicaSet"):
        space.kubectl("rollout", "restart", "deployment/web")
        space.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
        space.ready("web", 2)
        sets = space.replica_sets()
        expect(len(sets) == 2 and sorted(item["spec"]["replicas"] for item in sets) == [0, 2], sets)
        expect("collisionCount" not in space.get("apps/v1", "Deployment", "web")["status"], sets)

    with h.check("a StatefulSet of 3 starts one Pod after the other and rolls out"):
        space.create(workload("StatefulSet", "db", replicas=3, serviceName="db"))
        pods = {item["metadata"]["name"]: item for item in space.ready("db", 3)}
        made = [pods[f"db-{number}"]["metadata"]["creationTimestamp"] for number in range(3)]
        expect(made == sorted(made), made)
        space.kubectl("set", "image", "statefulset/db", "main=registry.test/team/web:2")
        space.kubectl("rollout", "status", "statefulset/db", "--timeout=30s")
        images = [item["spec"]["containers"][0]["image"] for item in space.ready("db", 3)]
        expect(images == ["registry.test/team/web:2"] * 3, images)

    with h.check("a DaemonSet gets one Pod on each node"):
        space.create(workload("DaemonSet", "agent"))
        pods = space.ready("agent", 2)
        expect(sorted(item["spec"]["nodeName"] for item in pods) == ["node-1", "node-2"], pods)
        space.kubectl("rollout", "status", "daemonset/agent", "--timeout=20s")

    with h.check("a Job completes"):
        space.create(job("once", completions=2, parallelism=2))
        space.kubectl("wait", "--for=condition=complete", "job/once", "--timeout=20s")
        expect(space.get("batch/v1", "Job", "once")["status"]["succeeded"] == 2, "two Pods succeed")

    with h.check("a Job that is deleted takes its running Pods along"):
        space.create(job("given-up", completions=3, parallelism=3))
        wait_until("its Pods", lambda: len(space.api.items(
            space.path("v1", "Pod"), labelSelector="job-name=given-up")) == 3)
        space.kubectl("delete", "job/given-up", "--timeout=20s")
        wait_until("no Pods", lambda: not space.api.items(space.path("v1", "Pod"), labelSelector="job-name=given-up"))

    with h.check("a CronJob is accepted, and a Job made of it completes"):
        space.create({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
                      "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job("x")["spec"]}}})
        space.kubectl("create", "job", "tonight", "--from=cronjob/nightly")
        space.kubectl("wait", "--for=condition=complete", "job/tonight", "--timeout=20s")
        owner = space.get("batch/v1", "Job", "tonight")["metadata"]["ownerReferences"][0]
        expect(owner["kind"] == "CronJob" and owner["controller"], owner)

    with h.check("a Deployment that is deleted takes its ReplicaSets and Pods along"):
        space.kubectl("delete", "deployment/web", "--cascade=foreground", "--timeout=20s")
        wait_until("Pods and ReplicaSets gone", lambda: not space.pods("web") and not space.replica_sets())

    with h.check("a namespace can be deleted with all that is in it"):
        # The namespace controller comes back for Pods after half of their grace period.
        other = Space(cluster, "plane-short-lived")
        item = workload("Deployment", "web")
        item["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
        other.create(item)
        other.ready("web", 1)
        cluster.kubectl("delete", "namespace", other.name, "--timeout=40s")


def plane_pods(h, cluster):
    space = Space(cluster, "plane-pods")

    def status(name):
        entry = space.get("v1", "Pod", name)["status"]
        return entry.get("containerStatuses", [{}])[0]

    with h.check("kubectl debug adds an ephemeral container, which runs"):
        space.create(pod("plain", f"registry.test/team/web:1@{DIGEST_A}"))
        wait_until("Pod plain", lambda: is_ready(space.get("v1", "Pod", "plain")))
        space.kubectl("debug", "plain", "--image=registry.test/team/tools:1", "--attach=false", "--container=debugger")
        wait_until("the debugger", lambda: "running" in space.get("v1", "Pod", "plain")["status"].get(
            "ephemeralContainerStatuses", [{"state": {}}])[0]["state"])

    with h.check("an image volume is accepted"):
        item = pod("volume", volumes=[{"name": "model", "image": {"reference": "registry.test/team/model:1"}}])
        item["spec"]["containers"][0]["volumeMounts"] = [{"name": "model", "mountPath": "/model"}]
        made = space.create(item)
        expect(made["spec"]["volumes"][0]["image"]["reference"] == "registry.test/team/model:1", made["spec"])

    with h.check("a running Pod keeps its container when it is labelled, and restarts it when its image changes"):
        expect(status("plain")["imageID"] == f"registry.test/team/web@{DIGEST_A}", status("plain"))
        space.kubectl("label", "pod/plain", "x=y")
        space.kubectl("annotate", "pod/plain", "x=y")
        time.sleep(0.3)
        expect(status("plain")["restartCount"] == 0, status("plain"))
        space.api.patch(space.path("v1", "Pod", "plain"), {
            "spec": {"containers": [{"name": "main", "image": f"registry.test/team/web:1@{DIGEST_B}"}]}}, "strategic")
        seen = wait_until("a restart", lambda: status("plain")["restartCount"] == 1 and status("plain"))
        expect(seen["imageID"] == f"registry.test/team/web@{DIGEST_B}", seen)
        expect(seen["lastState"]["terminated"]["exitCode"] == 143, seen)

    with h.check("an image that cannot be had makes a Pod wait, and start when it can be had"):
        def pull(image):
            if "late" in image:
                raise PullError("not found")
            return digest_of(image)
        cluster.kubelet.pull = pull
        try:
            space.create(pod("late", "registry.test/team/late:1"))
            wait_until("ErrImagePull", lambda: status("late").get("state", {}).get("waiting", {}).get(
                "reason") == "ErrImagePull")
            expect(not is_ready(space.get("v1", "Pod", "late")), status("late"))
        finally:
            cluster.kubelet.pull = digest_of
        wait_until("Pod late", lambda: is_ready(space.get("v1", "Pod", "late")))
        expect(status("late")["restartCount"] == 0, status("late"))

    with h.check("init containers end, sidecars run"):
        space.create(pod("sidecar", initContainers=[
            {"name": "first", "image": "registry.test/team/init:1"},
            {"name": "side", "image": "registry.test/team/proxy:1", "restartPolicy": "Always"}]))
        wait_until("Pod sidecar", lambda: is_ready(space.get("v1", "Pod", "sidecar")))
        entries = space.get("v1", "Pod", "sidecar")["status"]["initContainerStatuses"]
        expect(["terminated" in entries[0]["state"], "running" in entries[1]["state"]] == [True, True], entries)

    with h.check("a Pod is deleted at once, whatever its grace period"):
        started = time.monotonic()
        space.kubectl("delete", "pod/plain", "--timeout=20s")
        expect(time.monotonic() - started < 5, time.monotonic() - started)

    with h.check("200 bare Pods run"):
        started = time.monotonic()
        for number in range(200):
            item = pod(f"many-{number}")
            item["metadata"]["labels"] = {"app": "many"}
            space.create(item)
        made = time.monotonic() - started
        space.ready("many", 200)
        print(f"     made in {made:.1f} s, all ready after {time.monotonic() - started:.1f} s")
        space.api.call("DELETE", space.path("v1", "Pod") + "?labelSelector=app%3Dmany")
        wait_until("200 Pods gone", lambda: not space.pods("many"))


def plane_rights(h, cluster):
    space = Space(cluster, "plane-rights")

    with h.check("a ServiceAccount's token has the rights that RBAC gives it, and no others"):
        space.kubectl("create", "serviceaccount", "reader")
        space.kubectl("create", "role", "read-pods", "--verb=get,list", "--resource=pods")
        space.kubectl("create", "rolebinding", "read-pods", "--role=read-pods", f"--serviceaccount={space.name}:reader")
        folder = cluster.mount(space.name, "reader")
        expect(sorted(file.name for file in folder.iterdir()) == ["ca.crt", "namespace", "token"], folder)
        theirs = type(cluster.api)(cluster.port, folder / "ca.crt", (folder / "token").read_text())
        wait_until("the right", lambda: theirs.request("GET", space.path("v1", "Pod"))[0] == 200)
        expect(theirs.request("GET", space.path("v1", "Secret"))[0] == 403, "secrets may not be read")

    with h.check("a Service gets an address of this cluster's range"):
        made = space.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                             "spec": {"ports": [{"port": 443}], "selector": {"app": "web"}}})
        address = made["spec"]["clusterIP"]
        expect(address.startswith(cluster.range.cidr.removesuffix("0/24")), address, cluster.range.cidr)


class Labeller(http.server.BaseHTTPRequestHandler):
    """The smallest mutating webhook: it sets a label."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        patch = json.dumps([{"op": "add", "path": "/metadata/labels", "value": {"seen-by": "webhook"}}]).encode()
        answer = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": {
            "uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch",
            "patch": base64.b64encode(patch).decode()}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def plane_services(h, cluster):
    space = Space(cluster, "plane-services")

    with h.check("who listens on a Service's address is that Service: the API server calls a webhook there"):
        made = space.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "labeller"},
                             "spec": {"ports": [{"port": 9443}]}})
        folder = h.work / "labeller"
        subprocess.run([ROOT / "certs/make-dev-certificate.sh", folder, f"labeller.{space.name}.svc"], check=True,
                       env=h.environment())
        server = http.server.ThreadingHTTPServer((made["spec"]["clusterIP"], 9443), Labeller)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configuration = cluster.api.create({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "labeller"}, "webhooks": [{
                "name": "labeller.registry.test", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Ignore", "timeoutSeconds": 5,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
                "clientConfig": {"caBundle": base64.b64encode((folder / "ca.crt").read_bytes()).decode(),
                                 "service": {"namespace": space.name, "name": "labeller", "path": "/", "port": 9443}}}]})
        try:
            numbers = iter(range(1000))
            # The configuration takes effect when the API server's watch has brought it.
            wait_until("a labelled Pod", lambda: space.create(pod(f"labelled-{next(numbers)}"))["metadata"].get(
                "labels") == {"seen-by": "webhook"})
        finally:
            cluster.api.delete(path_of(configuration["apiVersion"], configuration["kind"], name="labeller"))
            server.shutdown()
            server.server_close()


def plane_outages(h, cluster):
    space = Space(cluster, "plane-outages")
    space.create(workload("Deployment", "web", replicas=1))
    space.ready("web", 1)

    with h.check("the API server crashes and comes back, and all goes on"):
        cluster.apiserver.restart(how=9)
        space.kubectl("scale", "deployment/web", "--replicas=3")
        space.ready("web", 3)

    with h.check("etcd ends and comes back with what it had"):
        cluster.etcd.restart()
        wait_until("the API server", lambda: cluster.apiserver_ready())
        expect(len(space.ready("web", 3)) == 3, "three Pods")
        space.kubectl("scale", "deployment/web", "--replicas=1")
        space.ready("web", 1)

    with h.check("a second cluster beside the first has its own range, nodes and objects"):
        with Cluster(h, "second") as second, Kubelet(second, nodes=1):
            expect(second.range.cidr != cluster.range.cidr, second.range.cidr)
            expect([item["metadata"]["name"] for item in second.api.items("/api/v1/nodes")] == ["node-1"], "one node")
            other = Space(second, "plane-outages")
            other.create(workload("Deployment", "web", replicas=2))
            other.ready("web", 2)
            expect(len(space.pods("web")) == 1, "the first one's are its own")
        space.ready("web", 1)


GROUPS = [plane_workloads, plane_pods, plane_rights, plane_services, plane_outages]
