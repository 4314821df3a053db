"""A stand-in for scheduler, nodes and kubelets: Pods get a node, run, end and go, without a container.

What it keeps to, because controllers and checks look at it:
  - a Pod goes where its node affinity or node selector says, else to the node with the fewest Pods;
  - a container whose image changes is started anew: restartCount grows, and the old one is its lastState;
  - imageID holds the digest if the image names one, else what `pull` says;
  - a Job's Pod succeeds after `job_seconds`; any other one runs until it is deleted;
  - a deleted Pod ends at once, whatever its grace period, and only then is removed.
Not here: resources, taints, volumes, probes, preemption, exec and logs.
"""
import datetime
import heapq
import itertools
import queue
import re
import sys
import threading
import time
import traceback

from api import ApiError, Watch, path_of
from cluster import VERSION

LEASE_SECONDS = 10  # as kubelets do; the controller manager doubts a node after 50


def now(micro=False):
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


class PullError(Exception):
    """Raised by `pull`: the container waits with ErrImagePull, and is tried again a second later."""


def digest_of(image):
    """What a runtime reports where no registry is asked: the name and the digest, without the tag."""
    match = re.fullmatch(r"(?P<name>.+?)(:[\w.-]{1,128})?@(?P<digest>\w+:[0-9a-f]+)", image)
    return f"{match['name']}@{match['digest']}" if match else image


class Kubelet:
    """Nodes `node-1` to `node-N` of a cluster. stop() ends its threads, the nodes stay."""

    def __init__(self, cluster, nodes=2, job_seconds=0.2, pull=digest_of):
        self.cluster, self.job_seconds, self.pull = cluster, job_seconds, pull
        cluster.kubelet = self  # checks set another `pull` for a while
        self.nodes = [f"node-{number}" for number in range(1, nodes + 1)]
        self.events = queue.SimpleQueue()
        self.pods = {}          # (namespace, name): the newest state known
        self.due = []           # heap of (when, number, key): Pods to look at again
        self.due_number = itertools.count()
        self.addresses = itertools.count(1)
        self.renew_at = 0.0
        self.watch = None
        self.stopping = threading.Event()
        for number, name in enumerate(self.nodes, 1):
            self.register(name, number)
        self.renew_leases()
        self.threads = [threading.Thread(target=target, name=f"kubelet-{target.__name__}", daemon=True)
                        for target in (self.listen, self.work)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        self.events.put(("STOP", None))
        if self.watch:
            self.watch.close()
        for thread in self.threads:
            thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # Nodes ---------------------------------------------------------------------------------------------------

    def register(self, name, number):
        time_ = now()
        conditions = [{"type": kind, "status": status, "reason": reason, "message": "a stand-in",
                       "lastHeartbeatTime": time_, "lastTransitionTime": time_} for kind, status, reason in (
            ("Ready", "True", "KubeletReady"), ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure"), ("PIDPressure", "False", "KubeletHasSufficientPID"))]
        room = {"cpu": "64", "memory": "256Gi", "pods": "1000", "ephemeral-storage": "1Ti"}
        node = {"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name, "labels": {
                    "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": f"zone-{number}"}},
                "spec": {"podCIDR": f"10.244.{number}.0/24"},
                "status": {"conditions": conditions, "capacity": room, "allocatable": room,
                           "addresses": [{"type": "Hostname", "address": name}],
                           "nodeInfo": {"kubeletVersion": VERSION, "containerRuntimeVersion": "none://0",
                                        "operatingSystem": "linux", "architecture": "amd64", "kernelVersion": "",
                                        "osImage": "", "machineID": name, "systemUUID": name, "bootID": name,
                                        "kubeProxyVersion": ""}}}
        try:
            self.cluster.api.create(node)
        except ApiError as error:
            if error.status != 409:
                raise

    def renew_leases(self):
        collection = path_of("coordination.k8s.io/v1", "Lease", "kube-node-lease")
        for name in self.nodes:
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now(micro=True)}
            status, _ = self.cluster.api.request("PATCH", f"{collection}/{name}", {"spec": spec},
                                                 "application/merge-patch+json")
            if status == 404:
                self.cluster.api.post(collection, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                                                   "metadata": {"name": name}, "spec": spec})
        self.renew_at = time.monotonic() + LEASE_SECONDS

    # Threads -------------------------------------------------------------------------------------------------

    def listen(self):
        """Lists and watches all Pods, again after every interruption."""
        while not self.stopping.is_set():
            try:
                listed = self.cluster.api.get("/api/v1/pods")
                self.events.put(("LISTED", listed["items"]))
                self.watch = Watch(self.cluster.api, "/api/v1/pods", listed["metadata"]["resourceVersion"])
                for kind, item in self.watch:
                    if kind == "ERROR":  # too old a version: list again
                        break
                    if kind != "BOOKMARK":
                        self.events.put((kind, item))
            except Exception:  # the API server is away, which outage tests want; it comes back
                pass
            finally:
                if self.watch:
                    self.watch.close()
            self.stopping.wait(0.1)

    def work(self):
        while not self.stopping.is_set():
            moment = time.monotonic()
            if moment >= self.renew_at:
                try:
                    self.renew_leases()
                except Exception:
                    self.renew_at = moment + 1
            until = min(self.renew_at, self.due[0][0]) if self.due else self.renew_at
            try:
                kind, item = self.events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                while self.due and self.due[0][0] <= time.monotonic():
                    self.look(heapq.heappop(self.due)[2])
                continue
            if kind == "LISTED":
                listed = {self.key(pod): pod for pod in item}
                for key in self.pods.keys() - listed.keys():
                    del self.pods[key]
                for key, pod in listed.items():
                    self.pods[key] = pod
                    self.look(key)
            elif kind == "DELETED":
                self.pods.pop(self.key(item), None)
            elif kind != "STOP":
                key = self.key(item)
                known = self.pods.get(key)
                # What we wrote ourselves is known before its event, and before older ones still under way.
                if not known or known["metadata"]["uid"] != item["metadata"]["uid"] or \
                        version(known) < version(item):
                    self.pods[key] = item
                    self.look(key)

    def look_again(self, key, seconds):
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.due_number), key))

    def look(self, key):
        pod = self.pods.get(key)
        if not pod:
            return
        try:
            self.advance(key, pod)
        except ApiError as error:
            # Gone or changed meanwhile: an event says so. Anything else may be an admission webhook's doing.
            if error.status not in (404, 409):
                self.look_again(key, 0.5)
        except OSError:
            self.look_again(key, 0.5)
        except Exception:  # a bug of ours must not stop all other Pods
            traceback.print_exc(file=sys.stderr)
            self.look_again(key, 5)

    # Pods ----------------------------------------------------------------------------------------------------

    @staticmethod
    def key(pod):
        return pod["metadata"]["namespace"], pod["metadata"]["name"]

    def advance(self, key, pod):
        """The next step of a Pod, if there is one to be taken."""
        node = pod["spec"].get("nodeName")
        if not node:
            if not pod["metadata"].get("deletionTimestamp") and not pod["spec"].get("schedulingGates"):
                self.bind(key, pod)
        elif node not in self.nodes:
            pass
        elif pod["metadata"].get("deletionTimestamp"):
            self.end(key, pod)
        elif pod["status"].get("phase") not in ("Succeeded", "Failed"):
            self.run(key, pod)

    def bind(self, key, pod):
        node = self.choose_node(pod)
        if node:
            self.cluster.api.post(path_of("v1", "Pod", *key, "binding"), {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": key[1], "uid": pod["metadata"]["uid"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node}})
            pod["spec"]["nodeName"] = node  # counted before its event arrives

    def choose_node(self, pod):
        wanted = set(self.nodes)
        selector = pod["spec"].get("nodeSelector") or {}
        if "kubernetes.io/hostname" in selector:
            wanted &= {selector["kubernetes.io/hostname"]}
        required = (pod["spec"].get("affinity") or {}).get("nodeAffinity", {}).get(
            "requiredDuringSchedulingIgnoredDuringExecution", {})
        terms = required.get("nodeSelectorTerms", [])
        if terms:  # DaemonSets name their node so
            named = set()
            for term in terms:
                nodes = set(self.nodes)
                for field in term.get("matchFields", []):
                    if field["key"] == "metadata.name" and field["operator"] == "In":
                        nodes &= set(field["values"])
                named |= nodes
            wanted &= named
        load = {name: 0 for name in self.nodes}
        if len(wanted) > 1:
            for other in self.pods.values():
                if other["spec"].get("nodeName") in load:
                    load[other["spec"]["nodeName"]] += 1
        return min(wanted, key=lambda name: (load[name], name), default=None)

    def run(self, key, pod):
        spec, old = pod["spec"], pod["status"]
        status = {"startTime": old.get("startTime") or now(), "hostIP": "10.0.0.1", "phase": "Running",
                  "hostIPs": [{"ip": "10.0.0.1"}]}
        number = None
        if not old.get("podIP"):
            number = next(self.addresses)
        address = old.get("podIP") or f"10.244.{number >> 8 & 255}.{number & 255}"
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
        owner = next((o["kind"] for o in pod["metadata"].get("ownerReferences", []) if o.get("controller")), None)
        waiting = False
        for field, statuses in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"),
                                ("ephemeralContainers", "ephemeralContainerStatuses")):
            known = {entry["name"]: entry for entry in old.get(statuses, [])}
            entries = []
            for container in spec.get(field, []):
                ends = field == "initContainers" and container.get("restartPolicy") != "Always"
                entry = self.container(container, known.get(container["name"]), ends)
                waiting = waiting or "waiting" in entry["state"]
                entries.append(entry)
            if entries:
                status[statuses] = entries
        if waiting:
            status["phase"] = old.get("phase") if old.get("phase") == "Running" else "Pending"
            self.look_again(key, 1)
        elif owner == "Job":
            left = self.started(status) + self.job_seconds - time.time()
            if self.pods[key]["status"].get("phase") == "Running" and left <= 0:
                status["phase"] = "Succeeded"
                for entry in status["containerStatuses"]:
                    entry |= {"ready": False, "started": False, "state": {"terminated": self.terminated(entry, 0)}}
            else:
                self.look_again(key, max(0.0, left))
        status["conditions"] = self.conditions(pod, status)
        self.write(key, pod, status)

    @staticmethod
    def started(status):
        # Whole seconds: a Job's Pod runs for up to a second less or more than asked for, never for ever.
        return datetime.datetime.fromisoformat(status["startTime"]).timestamp()

    def container(self, container, known, ends):
        image = container["image"]
        if known and known["image"] == image and "waiting" not in known["state"]:
            return known
        name = container["name"]
        running = known and "running" in known["state"]
        if known and "terminated" in known["state"]:
            return known  # an init container that is through is not run again for another image
        try:
            image_id = self.pull(image)
        except PullError as error:
            if running:  # stopped for the new image, which is not to be had
                return known | {"ready": False, "started": False, "image": image, "imageID": "",
                                "lastState": {"terminated": self.terminated(known, 143)},
                                "state": {"waiting": {"reason": "ErrImagePull", "message": str(error)}}}
            return {"restartCount": 0, "lastState": {}} | (known or {}) | {
                "name": name, "image": image, "imageID": "", "ready": False, "started": False,
                "state": {"waiting": {"reason": "ErrImagePull", "message": str(error)}}}
        restarts = known["restartCount"] + 1 if known and (running or known.get("lastState")) else 0
        entry = {"name": name, "image": image, "imageID": image_id, "ready": True, "started": not ends,
                 "restartCount": restarts, "containerID": f"none://{time.time_ns():x}", "lastState": {}}
        if running:
            entry["lastState"] = {"terminated": self.terminated(known, 143)}
        elif known:
            entry["lastState"] = known.get("lastState", {})
        entry["state"] = {"terminated": self.terminated(entry, 0)} if ends else {"running": {"startedAt": now()}}
        return entry

    @staticmethod
    def terminated(entry, code):
        started = entry.get("state", {}).get("running", {}).get("startedAt") or now()
        return {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": started,
                "finishedAt": now(), "containerID": entry.get("containerID", "")}

    @staticmethod
    def conditions(pod, status):
        old = {entry["type"]: entry for entry in pod["status"].get("conditions", [])}
        done = status["phase"] in ("Succeeded", "Failed")
        containers = not done and all(entry["ready"] for entry in status.get("containerStatuses", []))
        initialized = all(entry["ready"] for entry in status.get("initContainerStatuses", []))
        gates = all(old.get(gate["conditionType"], {}).get("status") == "True"
                    for gate in pod["spec"].get("readinessGates", []))
        for kind, value in (("PodReadyToStartContainers", not done), ("Initialized", initialized),
                            ("ContainersReady", containers), ("Ready", containers and gates)):
            text = str(value)
            if old.get(kind, {}).get("status") != text:
                old[kind] = {"type": kind, "status": text, "lastTransitionTime": now()}
                if done and not value:
                    old[kind]["reason"] = "PodCompleted"
        return list(old.values())

    def end(self, key, pod):
        """A deleted Pod: its containers end, then it is removed, or left to whoever has a finalizer on it."""
        if pod["status"].get("phase") not in ("Succeeded", "Failed") and pod["metadata"].get("finalizers"):
            # The Job controller counts it before it lets go of it.
            status = {"phase": "Failed", "containerStatuses": [
                entry | {"ready": False, "started": False, "state": {"terminated": self.terminated(entry, 143)}}
                for entry in pod["status"].get("containerStatuses", [])]}
            status["conditions"] = self.conditions(pod, pod["status"] | status)
            pod = self.write(key, pod, status) or pod
        if pod["metadata"].get("deletionGracePeriodSeconds") != 0:
            self.cluster.api.delete(path_of("v1", "Pod", *key), gracePeriodSeconds=0,
                                    preconditions={"uid": pod["metadata"]["uid"]})

    def write(self, key, pod, status):
        """Sends what differs. The uid keeps it from the next Pod of the same name."""
        if all(pod["status"].get(field) == value for field, value in status.items()):
            return None
        written = self.cluster.api.patch(path_of("v1", "Pod", *key, "status"),
                                         {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status})
        self.pods[key] = written
        return written


def version(item):
    return int(item["metadata"]["resourceVersion"])
