"""A real Kubernetes control plane without a container runtime: etcd, kube-apiserver and kube-controller-manager as
plain processes on the loopback interface. kubelet.py stands in for nodes.

Services get addresses out of 127.N.0.0/24. The API server reaches a webhook through its Service by connecting to
that very address, without kube-proxy; so a process that listens there, on the Service's port, is that Service, and
manifests are tested as they are shipped. Each cluster has an N of its own (ServiceRange).
"""
import errno
import json
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from api import Api, ApiError, path_of  # noqa: E402
from harness import ROOT, Failed, free_port, listens  # noqa: E402

PROGRAMS = ROOT / "build/e2e/bin"
VERSION = re.search(r"^\tk8s\.io/kubernetes (v\S+)", (ROOT / "test/e2e/control-plane/go.mod").read_text(), re.M)[1]
# Taken on 127.N.0.255 for as long as a cluster uses N. Nobody listens there, and no Service gets that address.
LOCK_PORT = 20253


class ServiceRange:
    """The lowest N for which no other cluster of this machine uses 127.N.0.0/24. The kernel gives it back when the
    process ends, however it ends."""

    def __init__(self):
        for number in range(1, 255):
            self.lock = socket.socket()
            try:
                self.lock.bind((f"127.{number}.0.255", LOCK_PORT))
            except OSError as error:
                self.lock.close()
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                self.cidr = f"127.{number}.0.0/24"
                return
        raise Failed(f"127.1.0.0/24 to 127.254.0.0/24 are all in use (port {LOCK_PORT} of their last addresses)")

    def close(self):
        self.lock.close()


class Part:
    """One process of the control plane, which can be stopped and started again."""

    def __init__(self, h, name, command, ready):
        self.h, self.name, self.command, self.ready = h, name, command, ready
        self.process, self.starts = None, 0

    @property
    def log_name(self):
        # A log for each life: the first one's end is what tells why there is a second.
        return self.name if self.starts < 2 else f"{self.name}.{self.starts}"

    def start(self, seconds=60):
        if self.process and self.process.poll() is None:
            raise Failed(f"{self.name} is running")
        self.starts += 1
        # The kernel ends it when we end without having done so, even by SIGKILL.
        self.process = self.h.start(self.log_name, ["setpriv", "--pdeathsig", "KILL", *self.command])
        self.h.wait_for(self.log_name, self.process, self.ready, seconds)

    def stop(self, how=signal.SIGTERM):
        """SIGTERM is an orderly end, SIGKILL a crash. Returns when the process is gone."""
        if self.process:
            self.h.stop(self.process, how)
            if self.process in self.h.processes:
                self.h.processes.remove(self.process)
            self.process = None

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def log(self):
        return self.h.log(self.log_name)


def missing_programs():
    """What has to be installed before a cluster can be started, besides what build_control_plane.sh builds."""
    return [tool for tool in ("etcd", "openssl", "setpriv") if not shutil.which(tool)]


def wait_until(what, condition, seconds=30):
    """Until condition() is true, and returns that. A condition may answer 404s by raising ApiError."""
    end = time.monotonic() + seconds
    pause, last = 0.01, None
    while time.monotonic() < end:
        try:
            last = condition()
        except ApiError as error:
            if error.status != 404:
                raise
            last = error
        else:
            if last:
                return last
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    raise Failed(f"{what}: not within {seconds} s; last seen: {last}")


class Cluster:
    """Started when made. `with` stops it; so does the harness' close()."""

    def __init__(self, h, name="cluster", apiserver_flags=(), controllers=True):
        self.h, self.name = h, name
        self.work = h.work / name
        self.work.mkdir()
        self.range = ServiceRange()
        try:
            self.prepare(apiserver_flags)
            self.etcd.start()
            self.apiserver.start()
            if controllers:
                self.controllers.start()
        except BaseException:
            self.stop()
            raise

    def prepare(self, apiserver_flags):
        work = self.work
        etcd_port, self.port, controllers_port = (free_port() for _ in range(3))
        self.url = f"https://127.0.0.1:{self.port}"
        self.certificate = work / "apiserver.crt"
        self.kubeconfig = work / "admin.kubeconfig"
        self.admin_token = secrets.token_hex(16)
        (work / "tokens.csv").write_text(f'{self.admin_token},admin,admin,"system:masters"\n')
        (work / "tokens.csv").chmod(0o600)
        key = work / "service-accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True,
                       env=self.h.environment())
        self.write_kubeconfig(self.kubeconfig, self.admin_token)
        self.etcd = Part(self.h, f"{self.name}-etcd", [
            "etcd", "--data-dir", work / "etcd", "--listen-client-urls", f"http://127.0.0.1:{etcd_port}",
            "--advertise-client-urls", f"http://127.0.0.1:{etcd_port}",
            # One member has no peers: any port will do, nobody connects.
            "--listen-peer-urls", "http://127.0.0.1:0",
            # Nothing here outlives the machine.
            "--unsafe-no-fsync",
        ], lambda: listens(etcd_port))
        self.apiserver = Part(self.h, f"{self.name}-kube-apiserver", [
            PROGRAMS / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}", f"--cert-dir={work}",
            # The Endpoints of the Service `kubernetes` may not hold a loopback address, and the machine's own
            # addresses are none of our business.
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            f"--token-auth-file={work / 'tokens.csv'}", "--authorization-mode=RBAC",
            f"--service-cluster-ip-range={self.range.cidr}", *apiserver_flags,
        ], self.apiserver_ready)
        self.controllers = Part(self.h, f"{self.name}-kube-controller-manager", [
            PROGRAMS / "kube-controller-manager", "--bind-address=127.0.0.1", f"--secure-port={controllers_port}",
            f"--cert-dir={work / 'controllers'}", "--leader-elect=false",
            *(f"--{what}kubeconfig={self.kubeconfig}" for what in ("", "authentication-", "authorization-")),
            f"--service-account-private-key-file={key}", "--use-service-account-credentials=true",
            f"--root-ca-file={self.certificate}",
            # Nobody asks it anything; without a client CA there is nothing to look up, and it would complain.
            "--authentication-skip-lookup=true",
            # Its own limit of 20 requests a second would be what checks measure.
            "--kube-api-qps=1000", "--kube-api-burst=2000",
        ], self.controllers_ready)

    def write_kubeconfig(self, path, token):
        # JSON is YAML.
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": self.name,
            "clusters": [{"name": self.name, "cluster": {"server": self.url,
                                                         "certificate-authority": str(self.certificate)}}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": "user"}}],
        }, indent=2) + "\n")
        path.chmod(0o600)

    def apiserver_ready(self):
        # It writes its certificate when it starts for the first time.
        if not self.certificate.exists():
            return False
        try:
            self.api = Api(self.port, self.certificate, self.admin_token)
            return self.api.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def controllers_ready(self):
        """When Pods may be made: each namespace has its ServiceAccount and the bundle that its Pods mount."""
        try:
            self.api.get(path_of("v1", "ServiceAccount", "default", "default"))
            self.api.get(path_of("v1", "ConfigMap", "default", "kube-root-ca.crt"))
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    # What checks use -----------------------------------------------------------------------------------------

    def kubectl(self, *arguments, check=True, stdin=None, seconds=60, **environment):
        """Runs kubectl to its end. With check, anything but success is a Failed that says what it said."""
        run = subprocess.run([PROGRAMS / "kubectl", *(str(a) for a in arguments)], input=stdin,
                             stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, text=True,
                             timeout=seconds, env=self.h.environment(KUBECONFIG=self.kubeconfig, **environment))
        if check and run.returncode != 0:
            raise Failed(f"kubectl {' '.join(str(a) for a in arguments)}: status {run.returncode}\n"
                         f"{run.stdout}{run.stderr}")
        return run

    def namespace(self, name, labels=None):
        """Makes a namespace in which Pods may be made."""
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}})
        wait_until(f"ServiceAccount default in {name}", lambda: self.api.request(
            "GET", path_of("v1", "ServiceAccount", name, "default"))[0] == 200)
        return name

    def token(self, namespace, service_account, seconds=3600):
        """What a Pod of that ServiceAccount would find mounted."""
        path = path_of("v1", "ServiceAccount", namespace, service_account, "token")
        answer = self.api.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                                      "spec": {"expirationSeconds": seconds}})
        return answer["status"]["token"]

    def mount(self, namespace, service_account):
        """A directory such as a Pod has in /var/run/secrets/kubernetes.io/serviceaccount: each call makes one, since
        whoever has the last one may be reading it."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mount-{namespace}-{service_account}.", dir=self.work))
        (folder / "token").write_text(self.token(namespace, service_account))
        (folder / "namespace").write_text(namespace)
        shutil.copy(self.certificate, folder / "ca.crt")
        return folder

    def stop(self):
        for part in ("controllers", "apiserver", "etcd"):
            if hasattr(self, part):
                # Nothing is to be kept, so nothing has to end in order.
                getattr(self, part).stop(signal.SIGKILL)
        self.range.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
