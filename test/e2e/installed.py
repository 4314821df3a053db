"""deploy/ on the cluster, and the real server where its Service is: with the arguments of the shipped Deployment, the
ServiceAccount's own token and rights, found where a Pod finds them."""
import subprocess
import urllib.error
import urllib.request

from api import path_of
from cluster import wait_until
from harness import ROOT, free_port

NAMESPACE = "digester-system"
CONFIGURATION = path_of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", None,
                        "digester-mutating-webhook-configuration")
SERVICE = path_of("v1", "Service", NAMESPACE, "digester-webhook-service")
SECRET = path_of("v1", "Secret", NAMESPACE, "digester-webhook-server-cert")
DEPLOYMENT = path_of("apps/v1", "Deployment", NAMESPACE, "digester-controller-manager")
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# Those of the shipped Deployment that say where to listen: here it is elsewhere.
PLACES = ("--port", "--health-addr", "--metrics-addr")


def can_mount():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class Replica:
    """One server. It listens on `address`:`port` and has a token of its own, as a Pod has."""

    def __init__(self, h, cluster, name, address, port, flags=(), program=None):
        self.h, self.cluster, self.name, self.address, self.port = h, cluster, name, address, port
        self.health, self.metrics_port = free_port(), free_port()
        container = cluster.api.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
        shipped = [a for a in container["args"] if not a.startswith(PLACES)]
        self.command = [program or h.program, *shipped, "--listen-address", address, "--port", port,
                        "--health-addr", f"127.0.0.1:{self.health}", "--metrics-addr", f"127.0.0.1:{self.metrics_port}",
                        *flags]
        self.variables = {e["name"]: e["value"] for e in container["env"] if "value" in e}
        self.variables |= {"POD_NAME": name, "POD_NAMESPACE": NAMESPACE, "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                           "KUBERNETES_SERVICE_PORT": str(cluster.port)}
        self.process = None
        self.lives = 0

    @property
    def log_name(self):
        return f"{self.name}.{self.lives}"

    def start(self, wait=True, **variables):
        """Under a directory for the token that only this process sees; where that may not be made, by --kubeconfig."""
        self.lives += 1
        folder = self.cluster.mount(NAMESPACE, "digester-admin")
        command, known = [str(part) for part in self.command], self.variables | variables
        if can_mount():
            script = f'mount -t tmpfs none /run && mkdir -p "{MOUNT}" && mount --bind "$0" "{MOUNT}" && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", script, str(folder), *command]
        else:
            print("     no mount namespace here: the token is given by --kubeconfig", flush=True)
            kubeconfig = self.h.work / f"{self.name}.kubeconfig"
            self.cluster.write_kubeconfig(kubeconfig, (folder / "token").read_text())
            known = {k: v for k, v in known.items() if not k.startswith("KUBERNETES_")} | {"KUBECONFIG": kubeconfig}
        self.process = self.h.start(self.log_name, command, self.h.environment(**known))
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        self.h.wait_for(self.log_name, self.process, self.is_ready, seconds)

    def status(self, path):
        """The health endpoint's status; None if it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}{path}", timeout=2) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def is_ready(self):
        return self.status("/readyz") == 200

    def lives_on(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.h.log(self.log_name)

    def metrics(self):
        """{'name{label="value"}': number}"""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {key: float(value) for key, value in
                (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}

    def metric(self, name, **labels):
        """The sum of all series of that name that have these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for key, value in self.metrics().items()
                   if key.partition("{")[0] == name and all(w in key for w in wanted))

    def stop(self, **how):
        """Its exit status."""
        status = self.h.stop(self.process, **how)
        if self.process in self.h.processes:
            self.h.processes.remove(self.process)
        return status


def service_address(cluster):
    return cluster.api.get(SERVICE)["spec"]["clusterIP"]


def apply(cluster, where=ROOT / "deploy"):
    cluster.kubectl("apply", "-k", where)


def bundle(cluster):
    return cluster.api.get(CONFIGURATION)["webhooks"][0]["clientConfig"].get("caBundle")


class Installed:
    """deploy/ applied, unless that has been done already, and one server on the Service's own address and port.
    `registries`: those without TLS."""

    def __init__(self, h, cluster, registries, *flags, name="digester", install=True):
        self.h, self.cluster = h, cluster
        if install:
            apply(cluster)
        self.replica = Replica(h, cluster, name, service_address(cluster), 443, [
            "--drain", "0s", "--insecure-registries", ",".join(r.host for r in registries), *flags])
        self.replica.start()

    def close(self):
        """Nothing is left that would answer, or be asked, in the next group."""
        self.replica.stop()
        self.cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration",
                             "--ignore-not-found")
        self.cluster.api.request("DELETE", SECRET)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def images(template):
    """Of a Pod, or of what has a Pod's spec, in the order initContainers, containers, ephemeralContainers, volumes."""
    spec = template["spec"]
    return [c["image"] for key in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(key, [])] + [
        v["image"]["reference"] for v in spec.get("volumes", []) if "image" in v]


def is_pinned(image):
    return "@sha256:" in image


def switch_on(space, image):
    """Labels the namespace and waits until API server and server have seen it. `image` can be resolved."""
    space.cluster.kubectl("label", "--overwrite", "namespace", space.name, "digest-resolution=enabled")
    probe = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"},
             "spec": {"containers": [{"name": "main", "image": image}]}}

    def pinned():
        answer = space.api.call("POST", space.path("v1", "Pod") + "?dryRun=All", probe)
        return is_pinned(answer["spec"]["containers"][0]["image"])
    wait_until(f"{space.name} is switched on", pinned)


