"""Objects that checks make, and a namespace of a check's own to make them in."""
from api import path_of
from cluster import wait_until


def workload(kind, name, image="registry.test/team/web:1", **spec):
    """An object of apps/v1 with a Pod template of one container."""
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels},
                                  "spec": {"containers": [{"name": "main", "image": image}]}}} | spec}


def pod(name, image="registry.test/team/web:1", **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "main", "image": image}], "terminationGracePeriodSeconds": 30} | spec}


def job(name, image="registry.test/team/migrate:2", **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": {"spec": {"restartPolicy": "Never",
                                           "containers": [{"name": "main", "image": image}]}}} | spec}


class Space:
    """A namespace of a check's own, and short ways to what is in it. `make`: it is not there yet."""

    def __init__(self, cluster, name, make=True):
        self.cluster, self.api = cluster, cluster.api
        self.name = cluster.namespace(name) if make else name

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl("-n", self.name, *arguments, **options)

    def path(self, api_version, kind, *rest):
        return path_of(api_version, kind, self.name, *rest)

    def create(self, item):
        return self.api.create(item, self.name)

    def get(self, api_version, kind, name):
        return self.api.get(self.path(api_version, kind, name))

    def pods(self, app=None):
        query = {"labelSelector": f"app={app}"} if app else {}
        return self.api.items(self.path("v1", "Pod"), **query)

    def replica_sets(self):
        return self.api.items(self.path("apps/v1", "ReplicaSet"))

    def ready(self, app, count):
        """Waits until an app has so many Pods, all of them Running and Ready, and none that is going."""
        def condition():
            pods = self.pods(app)
            return len(pods) == count and all(is_ready(item) for item in pods) and pods
        return wait_until(f"{count} ready Pods of {app}", condition)

    def rolled_out(self, name, replicas):
        """Waits until a Deployment has so many Pods of its newest template, available, and no others."""
        def done():
            item = self.get("apps/v1", "Deployment", name)
            status = item["status"]
            return (status.get("observedGeneration") == item["metadata"]["generation"]
                    and all(status.get(key) == replicas for key in ("replicas", "updatedReplicas", "availableReplicas")))
        wait_until(f"{name} has {replicas} replicas", done)


def is_ready(item):
    return item["status"].get("phase") == "Running" and "deletionTimestamp" not in item["metadata"] and any(
        entry["type"] == "Ready" and entry["status"] == "True" for entry in item["status"].get("conditions", []))
