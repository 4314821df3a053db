"""What the checks of harm share: a namespace with one of everything, and what is to be seen of it before and after."""
import json
import time

from cluster import wait_until
from harness import Failed, expect
from installed import images
from objects import Space, is_ready, job, pod, workload

OBJECTS = {"Deployment": ("apps/v1", "web"), "StatefulSet": ("apps/v1", "db"), "DaemonSet": ("apps/v1", "agent"),
           "Job": ("batch/v1", "once"), "CronJob": ("batch/v1", "tick"), "Pod": ("v1", "bare")}
ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
# Long enough for what a controller does at once: the loop of H1 makes four ReplicaSets a second.
QUIET = 0.7


def cron_job(name, image):
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
            "spec": {"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": job("x", image)["spec"]}}}


def everything(image):
    """One of each kind that people apply. How many is left to who scales them."""
    return [workload("Deployment", "web", image), workload("StatefulSet", "db", image, serviceName="db"),
            workload("DaemonSet", "agent", image), job("once", image, completions=9),
            cron_job("tick", image), pod("bare", image),
            pod("volume", image, volumes=[{"name": "model", "image": {"reference": image}}])]


def template(item):
    """What holds the Pod's spec of an object out of everything()."""
    if item["kind"] == "Pod":
        return item
    return (item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"])["template"]


class Full(Space):
    """A namespace and a file of manifests, which is applied as people do."""

    def __init__(self, h, cluster, name, items, annotations=None):
        super().__init__(cluster, name)
        self.items = items
        self.file = h.work / f"{name}.json"
        self.write()
        for key, value in (annotations or {}).items():
            self.cluster.kubectl("annotate", "namespace", self.name, f"{key}={value}")

    def write(self):
        self.file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": self.items}))

    def apply(self, *arguments):
        return self.kubectl("apply", "-f", self.file, *arguments)

    def diff(self, *arguments):
        """What kubectl diff prints; empty: no difference."""
        run = self.kubectl("diff", "-f", self.file, *arguments, check=False)
        expect(run.returncode in (0, 1), run.stdout, run.stderr)
        return run.stdout

    def live(self, kind, name=None):
        api_version, usual = OBJECTS[kind]
        return self.get(api_version, kind, name or usual)

    def all_live(self):
        return [self.live(item["kind"], item["metadata"]["name"]) for item in self.items]

    def images(self):
        """'kind/name': the images of every object of the file, as they are in the cluster."""
        return {f"{item['kind']}/{item['metadata']['name']}": images(template(item)) for item in self.all_live()}

    def settled(self):
        """Waits until controllers and nodes have done what the objects ask for."""
        waiting = []

        def condition():
            waiting[:] = [item for item in self.all_live() if not is_done(item)] + [
                item for item in self.pods() if not is_ready(item) and item["status"].get("phase") != "Succeeded"]
            return not waiting
        try:
            wait_until(f"{self.name} is settled", condition)
        except Failed as error:
            states = [f"{item.get('kind', 'Pod')} {item['metadata']['name']}: {item['status']}" for item in waiting]
            raise Failed("\n".join([str(error), *states[:3]])) from error

    def seen(self):
        return Seen(self)

    def refusals(self):
        """What controllers were refused, in the words of their events."""
        return [event["message"] for event in self.api.items(self.path("v1", "Event"))
                if event["type"] == "Warning" and "Failed" in event["reason"]]

    def tick(self):
        """Makes the CronJob due, and waits for the Pods of the Job that its controller makes. Their images."""
        before = {item["metadata"]["name"] for item in self.pods()}
        an_hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        path = self.path("batch/v1", "CronJob", "tick")
        self.api.patch(path + "/status", {"status": {"lastScheduleTime": an_hour_ago}})
        self.api.patch(path, {"spec": {"suspend": False}})

        def ran():
            return [item for item in self.pods() if item["metadata"]["name"] not in before
                    and item["metadata"]["name"].startswith("tick-")]
        made = wait_until("the CronJob runs", ran)
        self.api.patch(path, {"spec": {"suspend": True}})
        return {image for item in made for image in images(item)}


def is_done(item):
    kind, spec, status, generation = item["kind"], item["spec"], item.get("status", {}), item["metadata"]["generation"]
    if kind in ROLLED_OUT and status.get("observedGeneration") != generation:
        return False
    if kind == "Deployment":
        counts = [status.get(count) for count in ("replicas", "updatedReplicas", "availableReplicas")]
        return counts == [spec["replicas"]] * 3
    if kind == "StatefulSet":
        return (status.get("readyReplicas") == status.get("replicas") == spec["replicas"]
                and status["currentRevision"] == status["updateRevision"])
    if kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled")
        return wanted and wanted == status.get("updatedNumberScheduled") == status.get("numberAvailable")
    if kind == "Job":
        return status.get("ready") == spec["parallelism"] or status.get("succeeded")
    return True


class Seen:
    """Revisions and Pods of a namespace at one time."""

    def __init__(self, space):
        self.space = space
        objects = space.all_live()
        self.specs = {f"{item['kind']}/{item['metadata']['name']}": item["spec"] for item in objects}
        self.collisions = {item["kind"]: item["status"]["collisionCount"] for item in objects
                           if item.get("status", {}).get("collisionCount")}
        self.images = space.images()
        self.revisions = {}
        for kind in ("ReplicaSet", "ControllerRevision"):
            for item in space.api.items(space.path("apps/v1", kind)):
                owner = item["metadata"]["ownerReferences"][0]
                self.revisions.setdefault((owner["kind"], owner["name"]), set()).add(item["metadata"]["name"])
        self.pods = {}
        for item in space.pods():
            if "deletionTimestamp" not in item["metadata"]:
                restarts = sum(entry["restartCount"] for entry in item["status"].get("containerStatuses", []))
                self.pods[item["metadata"]["name"]] = (item["metadata"]["uid"], images(item), restarts)

    def unharmed(self, scaled=False):
        """A while later: no revision more, no Pod replaced, no container restarted, nothing refused. The Pods that came
        since, by name. Unless they were `scaled`, no object's spec changed."""
        self.space.settled()
        time.sleep(QUIET)
        self.space.settled()
        after = Seen(self.space)
        expect(after.revisions == self.revisions, "revisions", self.revisions, after.revisions)
        expect(not after.collisions, "collisions", after.collisions)
        lost = {name: (pod_, after.pods.get(name)) for name, pod_ in self.pods.items() if after.pods.get(name) != pod_}
        expect(not lost, "Pods that changed", lost)
        expect(all(restarts == 0 for _, _, restarts in after.pods.values()), "restarts", after.pods)
        expect(not self.space.refusals(), "refused", self.space.refusals())
        expect(after.images == self.images, "images", self.images, after.images)
        changed = [(name, spec, after.specs[name]) for name, spec in self.specs.items() if after.specs[name] != spec]
        expect(scaled or not changed, "objects that changed", changed)
        return {name: pod_ for name, pod_ in after.pods.items() if name not in self.pods}

    def one_revision_more(self, image, kinds=ROLLED_OUT):
        """Exactly one of each of these kinds, none of others; templates and Pods of it have that image."""
        self.space.settled()
        time.sleep(QUIET)
        self.space.settled()
        after = Seen(self.space)
        new = {owner[0]: len(names - self.revisions.get(owner, set())) for owner, names in after.revisions.items()}
        expect(new == {kind: int(kind in kinds) for kind in new}, "new revisions", new)
        expect(not after.collisions, "collisions", after.collisions)
        for kind in kinds:
            name = OBJECTS[kind][1]
            expect(after.images[f"{kind}/{name}"] == [image], kind, after.images)
            of_kind = [pod_ for pod_name, pod_ in after.pods.items() if pod_name.startswith(f"{name}-")]
            expect(of_kind and all(pod_[1] == [image] for pod_ in of_kind), kind, of_kind)
        expect(all(restarts == 0 for _, _, restarts in after.pods.values()), "restarts", after.pods)
        expect(not self.space.refusals(), "refused", self.space.refusals())


def all_have(pods, image):
    """Of what unharmed() returns: there are some, and they have that image everywhere."""
    expect(pods and all(set(found) == {image} for _, found, _ in pods.values()), f"not all {image}", pods)
