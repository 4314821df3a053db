"""The certificates' Secret in every state that somebody may leave it in, clocks that are wrong, and readiness.

    python3 -B test/e2e/certificate_checks.py [--group NAME]
"""
import base64
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import time

import runner
from api import ApiError, path_of
from cluster import wait_until
from harness import ROOT, expect, free_port
from installed import (CONFIGURATION, NAMESPACE, SECRET, Installed, Replica, apply, bundle, images, is_pinned,
                       service_address, switch_on)
from objects import Space, pod
from pod_stream import failing_closed
from servers import Registry

sys.path.insert(0, str(ROOT / "test/deploy"))

NAME = "digester-webhook-service.digester-system.svc"
ROLE = path_of("rbac.authorization.k8s.io/v1", "ClusterRole", None, "digester-manager-role")
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def encoded(path):
    return base64.b64encode(path.read_bytes()).decode()


class Authority:
    """A CA and a certificate of its own, RSA 2048, with the names that k8s-digester's rotator writes. `at` is when they
    were made, as faketime has it ("-400 days"); both live a year."""

    def __init__(self, h, name, at=None):
        self.folder, self.h = h.work / f"authority-{name}", h
        self.folder.mkdir()
        self.openssl(at, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 365, "-keyout", "ca.key",
                     "-out", "ca.crt", "-subj", "/O=digester/CN=digester-ca", "-addext",
                     "subjectAltName=DNS:digester-ca", "-addext",
                     "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign")
        (self.folder / "leaf.cnf").write_text(f"subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth\n"
                                              "keyUsage=critical,digitalSignature,keyEncipherment\n")
        self.openssl(at, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr", "-subj",
                     f"/CN={NAME}")
        self.openssl(at, "x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", 1,
                     "-days", 365, "-extfile", "leaf.cnf", "-out", "tls.crt")
        self.keys = {key: encoded(self.folder / key) for key in ("ca.crt", "ca.key", "tls.crt", "tls.key")}

    def openssl(self, at, *arguments):
        command = ["openssl", *(str(a) for a in arguments)]
        subprocess.run(["faketime", at, *command] if at else command, check=True, cwd=self.folder, capture_output=True,
                       env=self.h.environment())


def keys_of(cluster):
    return cluster.api.get(SECRET).get("data") or {}


def put_keys(cluster, keys):
    """The Secret holds these and nothing else."""
    cluster.api.patch(SECRET, {"data": dict.fromkeys(keys_of(cluster)) | keys})


def set_bundle(cluster, value):
    where = "/webhooks/0/clientConfig/caBundle"
    cluster.api.patch(CONFIGURATION, [{"op": "add", "path": where, "value": value}], "json")


def certificates(h, cluster):
    registry = Registry(h, "certificates-registry")
    image = f"{registry.host}/team/web:1.10"
    rsa = Authority(h, "rsa")
    apply(cluster)
    put_keys(cluster, rsa.keys)
    # Looked at every second, whatever happens.
    with Installed(h, cluster, [registry], "--ca-overlap=1s", name="certificates") as installed:
        replica, space = installed.replica, Space(cluster, "certificates")
        switch_on(space, image)

        def is_asked():
            made = space.api.call("POST", space.path("v1", "Pod") + "?dryRun=All", pod("probe", image))
            return is_pinned(images(made)[0])

        with h.check("a valid Secret of k8s-digester, RSA and its CA included, is used as it is: no byte is written"):
            expect(keys_of(cluster) == rsa.keys, "the Secret was changed")
            expect(bundle(cluster) == rsa.keys["ca.crt"], "the bundle is not its CA")
            served = ssl.get_server_certificate((service_address(cluster), 443))
            expect(served.strip() == base64.b64decode(rsa.keys["tls.crt"]).decode().strip(), "another one is served")
            expect("certificate Secret written" not in replica.log(), replica.log())
        with failing_closed(cluster):
            damaged(h, cluster, replica, rsa, is_asked)
        readiness(h, cluster, installed, rsa, registry, is_asked)
        clocks(h, cluster, registry, is_asked)
    h.stop(registry.process)


def damaged(h, cluster, replica, rsa, is_asked):
    rubbish = base64.b64encode(b"rubbish\n").decode()
    other = Authority(h, "other")
    cases = [
        ("rubbish for a certificate", rsa.keys | {"tls.crt": rubbish}, "tls.crt is no certificate", True),
        ("the key of another certificate", rsa.keys | {"tls.key": other.keys["tls.key"]},
         "tls.key is not the key of tls.crt", True),
        ("rubbish in every key", dict.fromkeys(rsa.keys, rubbish),
         "tls.crt is no certificate; ca.crt is no certificate", False)]
    if shutil.which("faketime"):
        cases.append(("a CA that has expired", Authority(h, "expired", "-400 days").keys, "the CA has expired", False))
    else:
        print("SKIPPED a Secret with a CA that has expired: faketime is not installed", flush=True)
    for what, keys, said, same_authority in cases:
        with h.check(f"a Secret with {what} is repaired, and the log says what was wrong"):
            before = replica.log().count('"change":"repaired"')
            put_keys(cluster, keys)
            wait_until("it is repaired", lambda: replica.log().count('"change":"repaired"') > before)
            line = [line for line in replica.log().splitlines() if '"change":"repaired"' in line][-1]
            expect(said in line, line)
            authority = keys_of(cluster)["ca.crt"]
            expect((authority == keys["ca.crt"]) == same_authority, "CA", authority)
            wait_until("Pods are pinned again", lambda: well(is_asked))
            expect(replica.is_ready(), "it is not ready any more")

    with h.check("a Secret with the key of another CA is used as long as its certificate is good, and the log warns"):
        keys = keys_of(cluster) | {"ca.key": other.keys["ca.key"]}
        put_keys(cluster, keys)
        wait_until("the log warns", lambda: "ca.crt and ca.key cannot renew the certificate" in replica.log())
        # What the repair before left in the bundle may go meanwhile: its second of overlap passes.
        now = keys_of(cluster)
        changed = [key for key in ("ca.crt", "ca.key", "tls.crt", "tls.key") if now.get(key) != keys.get(key)]
        expect(not changed, f"{changed} of the Secret changed")
        expect(is_asked(), "Pods are not pinned")


def well(is_asked):
    """Not a moment's refusal: the API server learns of a new bundle by its own watch."""
    try:
        return is_asked()
    except ApiError as error:
        if error.status != 500:
            raise
        return False


def readiness(h, cluster, installed, rsa, registry, is_asked):
    replica = installed.replica
    with h.check("ready stays when the configuration is deleted"):
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "digester-mutating-webhook-configuration")
        wait_until("the server has seen it", lambda: not is_asked())
        time.sleep(1.5)  # it has looked again
        expect(replica.is_ready(), "not ready")
        expect(replica.metric("digester_certificate_bundle_verified") == 1, "somebody is woken for that")
        apply(cluster)
        wait_until("Pods are pinned again", is_asked)

    with h.check("ready stays when the bundle is broken and may not be mended: a metric says so; who starts then is "
                 "not ready until it is mended"):
        role = cluster.api.get(ROLE)
        for rule in role["rules"]:
            rule["verbs"] = [verb for verb in rule["verbs"] if verb != "patch"]
        cluster.api.patch(ROLE, {"rules": role["rules"]})
        set_bundle(cluster, rsa.keys["ca.crt"])
        wait_until("the metrics say so", lambda: replica.metric("digester_certificate_bundle_verified") == 0
                   and replica.metric("digester_certificate_failing") == 1)
        late = Replica(h, cluster, "late", "127.0.0.1", free_port(), ["--drain=0s", "--ca-overlap=1s"])
        late.start(wait=False)
        wait_until("the new one is up", lambda: late.status("/healthz") == 200)
        time.sleep(1)
        expect(late.status("/readyz") == 503, f"/readyz of the new one says {late.status('/readyz')}")
        expect(replica.is_ready(), "the old one is not ready any more")
        apply(cluster)  # the right is back
        wait_until("it is mended", lambda: replica.metric("digester_certificate_bundle_verified") == 1)
        late.wait_ready()
        late.stop()

    with h.check("ready stays when the API server goes away: a metric says so, and it heals"):
        cluster.apiserver.stop(signal.SIGKILL)
        try:
            wait_until("the metric says so", lambda: replica.metric("digester_certificate_failing") == 1)
            expect(replica.is_ready(), "not ready")
            expect(replica.metric("digester_certificate_bundle_verified") == 1, "the bundle counts as broken")
        finally:
            cluster.apiserver.start()
        wait_until("it has healed", lambda: replica.metric("digester_certificate_failing") == 0, 60)
        wait_until("Pods are pinned", lambda: well(is_asked), 60)
        expect(replica.is_ready(), "not ready")


def clocks(h, cluster, registry, is_asked):
    if not FAKETIME:
        print("SKIPPED a node whose clock is wrong: libfaketime is not installed", flush=True)
        return
    offset = h.work / "clock"
    offset.write_text("+0\n")
    with h.check("a node whose clock jumps by 300 days renews nothing: the API server's counts, and the log says so"):
        before = keys_of(cluster)
        one = Replica(h, cluster, "clock", "127.0.0.1", free_port(), [
            "--drain=0s", "--ca-overlap=1s", "--insecure-registries", registry.host])
        one.start(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=offset, FAKETIME_NO_CACHE=1,
                  FAKETIME_DONT_FAKE_MONOTONIC=1)
        offset.write_text("+300d\n")
        wait_until("it has noticed", lambda: "this node's clock and the API server's differ" in one.log())
        time.sleep(1.5)  # it has looked again
        expect(one.is_ready() and one.lives_on(), "not ready", one.log()[-2000:])
        expect(keys_of(cluster) == before, "the Secret was written", one.log()[-2000:])
        offset.write_text("+0\n")
        time.sleep(1.5)
        expect(keys_of(cluster) == before, "the Secret was written", one.log()[-2000:])
        expect(well(is_asked), "Pods are not pinned")
        one.stop()


def certificates_of_others(h, cluster):
    """The component cert-manager, without cert-manager: somebody else writes files and bundle."""
    from rendered import kustomize
    import yaml
    registry = Registry(h, "files-registry")
    image = f"{registry.host}/team/web:1.10"
    apply(cluster)
    own = path_of("rbac.authorization.k8s.io/v1", "Role", NAMESPACE, "digester-manager-role")
    cluster.api.delete(own)
    documents = [item for item in yaml.safe_load_all(kustomize(["cert-manager"]))
                 if not item["apiVersion"].startswith("cert-manager.io/")]
    expect(not any(item["kind"] == "Role" for item in documents), "the component has a Role")
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))
    files = Authority(h, "files")
    set_bundle(cluster, files.keys["ca.crt"])

    def states():
        """What may not change, and who has written it."""
        return [(item["metadata"]["resourceVersion"], item.get("data"),
                 {entry["manager"] for entry in item["metadata"]["managedFields"]})
                for item in (cluster.api.get(CONFIGURATION), cluster.api.get(SECRET))]
    space = Space(cluster, "certificates-of-others")
    with Installed(h, cluster, [registry], "--cert-dir", files.folder, name="files", install=False) as installed, \
            h.check("certificates by somebody else: pinned under Fail with no right to write, and nothing is tried"):
        replica = installed.replica
        with failing_closed(cluster):
            switch_on(space, image)
            before = states()
            broken = Authority(h, "nobody's")
            made = [space.create(pod(f"p{number}", image)) for number in range(20)]
            expect(all(is_pinned(images(item)[0]) for item in made), [images(item) for item in made])
            # Whatever stands there, it is not the server's to mend.
            put_keys(cluster, broken.keys)
            set_bundle(cluster, broken.keys["ca.crt"])
            after = states()
            time.sleep(1.5)
            expect(states() == after, "it has written")
        managers = set().union(*(managers for *_, managers in before + states()))
        expect("digester" not in managers, managers)
        expect(replica.is_ready(), "not ready")
        # Reviews of what other groups have left behind have a uid.
        trouble = [line for line in replica.log().splitlines()
                   if '"uid"' not in line and ('"level":"error"' in line or "forbidden" in line)]
        expect(not trouble, *trouble[:5])
        expect("digester_certificate_failing" not in replica.metrics(), "it looks after the Secret")
    h.stop(registry.process)


GROUPS = (certificates, certificates_of_others)

if __name__ == "__main__":
    runner.main(GROUPS, __doc__)
