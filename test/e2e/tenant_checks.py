"""Pull secrets on a real API server, with the shipped rights: a digest is for those whose credential finds it."""
import base64
import concurrent.futures
import json
import time

from cluster import wait_until
from direct import SERVICE_NAME, Direct, ask, owned
from harness import ROOT, expect, free_port
from installed import Installed, Replica, apply
from objects import Space, job, pod, workload
from private_registry import PrivateRegistry, give, login, names, pull_secret
from servers import DIGESTS, PASSWORD, USER, Registry, certificate

CLUSTER_ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/digester-manager-role"
WEB, MIGRATE, MODEL = "team/web:1.10", "team/migrate:2", "team/model:3"


def tenant(cluster, name, host, *secrets, **accounts):
    """A namespace that is switched on, with these Secrets, and ServiceAccounts that list some."""
    space = Space(cluster, f"tenant-{name}")
    for secret in secrets:
        space.create(secret)
    for account, listed in accounts.items():
        give(space, account, *listed)
    cluster.kubectl("label", "namespace", space.name, "digest-resolution=enabled")
    # What nobody can resolve is refused, as soon as the API server asks.
    wait_until(f"{space.name} is switched on", lambda: ask(space, pod("probe", f"{host}/team/none:1")).refused)
    return space


def reads(cluster):
    """How many GETs of single Secrets and ServiceAccounts the API server has answered, whoever asked."""
    count = 0
    for line in cluster.api.request("GET", "/metrics")[1].splitlines():
        if line.startswith("apiserver_request_total{") and 'verb="GET"' in line and (
                'resource="secrets"' in line or 'resource="serviceaccounts"' in line):
            count += float(line.rsplit(" ", 1)[1])
    return int(count)


def lines(replica, message):
    """The records of a server's log with this message."""
    return [record for record in map(json.loads, (
        line for line in replica.log().splitlines() if line.startswith("{"))) if message in record["msg"]]


def tenants(h, cluster):
    private = PrivateRegistry(h)
    web, migrate, model = (f"{private.host}/{name}" for name in (WEB, MIGRATE, MODEL))
    good, bad = pull_secret("good", login(private.host)), pull_secret("bad", login(private.host, USER, "wrong"))
    installed = Installed(h, cluster, [private], "--cache-ttl=2s", name="digester-tenants")
    without = tenant(cluster, "without", private.host)
    wrong = tenant(cluster, "wrong", private.host, pull_secret("login", login(private.host, USER, "wrong")),
                   default=["login"])
    by_spec = tenant(cluster, "by-spec", private.host, good)
    by_account = tenant(cluster, "by-account", private.host, good, default=["good"])
    by_other = tenant(cluster, "by-other", private.host, good, reader=["good"])
    ways = {"spec.imagePullSecrets": (by_spec, {"imagePullSecrets": names("good")}),
            "ServiceAccount default": (by_account, {}),
            "another ServiceAccount": (by_other, {"serviceAccountName": "reader"})}

    def is_pinned(answer, image, digest):
        expect(answer.image == f"{image}@{DIGESTS[digest]}", answer)

    def gets_nothing(space, image):
        person, controller = ask(space, pod("p", image)), ask(space, owned(pod("c", image)))
        expect(person.refused and "credentials" in person.text, person)
        expect(controller.image == image and "not pinned" in controller.text, controller)

    with h.check("before anybody may read it: a namespace without the secret is refused, controllers' Pods come in "
                 "unpinned with a warning"):
        for image in (web, migrate):
            gets_nothing(without, image)
            gets_nothing(wrong, image)
    for way, (space, spec) in ways.items():
        with h.check(f"a secret by {way}: its Pods are pinned, the next namespace gets nothing of it"):
            for image, digest in ((web, WEB), (migrate, MIGRATE), (model, MODEL)):  # the last was never asked for
                is_pinned(ask(space, pod("p", image, **spec)), image, digest)
                is_pinned(ask(space, owned(pod("c", image, **spec))), image, digest)
                gets_nothing(without, image)
                gets_nothing(wrong, image)

    with h.check("both at once, 400 Pods on 16 threads: each of the one pinned, none of the other"):
        def one(number):
            if number % 2:
                return True, ask(by_account, owned(pod(f"p{number}", web))).pinned
            return False, ask(without if number % 4 else wrong, owned(pod(f"p{number}", web))).pinned
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            seen = list(pool.map(one, range(400)))
        expect(all(should == did for should, did in seen), [pair for pair in seen if pair[0] != pair[1]])

    with h.check("naming another namespace's secret is of no use"):
        expect(not ask(without, owned(pod("p", web, imagePullSecrets=names("good")))).pinned, "pinned")

    templates(h, by_account, by_spec, without, web, is_pinned)
    kubelets_way(h, cluster, private, installed, is_pinned)

    with h.check("the registry away: who could read gets what was known, with a warning; nobody else does"):
        is_pinned(ask(by_account, owned(pod("c", web))), web, WEB)
        private.away()
        time.sleep(2)  # --cache-ttl
        for _ in range(2):
            for item in (owned(pod("c", web)), pod("p", web)):
                answer = ask(by_account, item)
                is_pinned(answer, web, WEB)
                expect("pinned as known for" in answer.text, answer)
            for space in (without, wrong):
                expect(ask(space, pod("p", web)).refused, "a person gets it")
                expect(ask(space, owned(pod("c", web))).unpinned, "a controller gets it")
        private.back()
    with h.check("the registry back: who may is pinned without a warning, within seconds"):
        started = time.monotonic()
        wait_until("fresh", lambda: "known for" not in (last := ask(by_account, pod("p", web))).text and last.pinned)
        print(f"     after {time.monotonic() - started:.1f} s", flush=True)
        gets_nothing(without, web)

    with h.check("a secret corrected after a refusal is read again without a restart, within seconds"):
        space = tenant(cluster, "corrected", private.host, bad)
        item = pod("p", web, imagePullSecrets=names("bad"))
        expect(ask(space, item).refused, "the wrong password works")
        time.sleep(1)
        expect(ask(space, item).refused, "the wrong password works")
        started = time.monotonic()
        space.api.patch(space.path("v1", "Secret", "bad"), {"data": good["data"]})
        wait_until("pinned", lambda: ask(space, item).pinned, 15)
        print(f"     after {time.monotonic() - started:.1f} s", flush=True)

    with h.check("a ServiceAccount that lists a secret after its first Deployment was refused: pinned within seconds"):
        space = tenant(cluster, "patched", private.host, good)
        item = workload("Deployment", "d", web)
        expect(ask(space, item).refused, "pinned without a secret")
        space.api.patch(space.path("v1", "ServiceAccount", "default"), {"imagePullSecrets": names("good")})
        wait_until("pinned", lambda: ask(space, item).pinned, 15)

    with h.check("a secret that comes after its first Pod is found within seconds"):
        space = tenant(cluster, "later", private.host)
        item = pod("p", web, imagePullSecrets=names("good"))
        expect(ask(space, item).refused, "pinned without a secret")
        space.create(good)
        wait_until("pinned", lambda: ask(space, item).pinned, 15)

    with h.check("200 Pods of one ReplicaSet: a handful of reads of secrets, the Pods all pinned"):
        space = tenant(cluster, "many", private.host, good, default=["good"])
        before = reads(cluster)
        space.create(workload("ReplicaSet", "many", web, replicas=200))
        pods = wait_until("200 Pods", lambda: len(pods := space.pods("many")) == 200 and pods, 60)
        took = reads(cluster) - before
        print(f"     {took} reads", flush=True)
        expect(all(p["spec"]["containers"][0]["image"] == f"{web}@{DIGESTS[WEB]}" for p in pods), "one is not pinned")
        # The Secret; the ServiceAccount was read before. Others may be the certificate's.
        expect(1 <= took <= 12, f"{took} reads")
        space.api.delete(space.path("apps/v1", "ReplicaSet", "many"), propagationPolicy="Background")

    installed.close()


def templates(h, by_account, by_spec, without, web, is_pinned):
    with h.check("templates: a Deployment by its ServiceAccount, a CronJob by the spec in its jobTemplate"):
        is_pinned(ask(by_account, workload("Deployment", "d", web)), web, WEB)
        cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cron"},
                "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job("x", web)["spec"]}}}
        is_pinned(ask(by_account, cron), web, WEB)
        expect(ask(by_spec, cron).refused, "without a secret")
        cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["imagePullSecrets"] = names("good")
        is_pinned(ask(by_spec, cron), web, WEB)
        expect(ask(without, cron).refused, "the secret is another namespace's")
        expect(ask(without, workload("Deployment", "d", web)).refused, "a Deployment without a secret")


def kubelets_way(h, cluster, private, installed, is_pinned):
    """How keys and secrets are matched, tried and combined."""
    web, host = f"{private.host}/{WEB}", private.host
    address, port = host.split(":")
    right = login("x")["x"]
    secrets = {
        "good": {host: right}, "bad": login(host, USER, "wrong"), "elsewhere": login("registry.test"),
        "path": {f"{host}/team": right}, "other-path": {f"{host}/other": right},
        "glob": {f"127.0.*.[0-9]:{port}": right}, "glob-port": {f"127.0.*.[0-9]:{int(port) + 1}": right},
        "glob-labels": {f"127.0.*:{port}": right}, "scheme": {f"https://{host}/v2/": right},
    }
    space = tenant(cluster, "kubelet", host, *(pull_secret(n, auths) for n, auths in secrets.items()),
                   pull_secret("old-form", {host: right}, old_form=True),
                   {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "opaque"}, "type": "Opaque",
                    "data": {".dockerconfigjson": base64.b64encode(b"{}").decode()}}, default=["good"])

    def asked(*secrets, **spec):
        return ask(space, pod("p", web, imagePullSecrets=names(*secrets), **spec))

    with h.check("types dockerconfigjson and dockercfg, keys with scheme and /v2/, path and pattern match as the "
                 "kubelet has it"):
        for name in ("good", "old-form", "scheme", "path", "glob"):
            is_pinned(asked(name), web, WEB)
        for name in ("other-path", "glob-port", "glob-labels", "elsewhere"):
            expect(asked(name).refused, name)
    with h.check("every secret is tried in order: the first one's password is wrong, the second one's right"):
        is_pinned(asked("bad", "good"), web, WEB)
        is_pinned(asked("elsewhere", "bad", "old-form"), web, WEB)
    with h.check("a secret that is missing or of another type: a warning in the log names it, and the next is used"):
        is_pinned(asked("missing", "opaque", "good"), web, WEB)

        def warnings():
            said = {r["name"]: r for r in lines(installed.replica, "a pull secret") if r["namespace"] == space.name}
            return len(said) == 2 and said
        said = wait_until("two warnings", warnings)
        expect(said["missing"]["cause"] == "not found" and said["missing"]["level"] == "warn", said)
        expect("Opaque" in said["opaque"]["cause"] and said["opaque"]["level"] == "warn", said)
    with h.check("a Pod that lists secrets does not get its ServiceAccount's, a Pod that lists none does"):
        expect(asked("bad").refused, "the ServiceAccount's secret was used")
        is_pinned(ask(space, pod("p", web)), web, WEB)
        union = Replica(h, cluster, "digester-union", "127.0.0.1", free_port(), [
            "--insecure-registries", host, "--drain", "0s", "--pull-secrets=union"])
        union.start()
        answer = Direct(cluster, union).ask(pod("p", web, imagePullSecrets=names("bad")), space.name)
        union.stop()
        is_pinned(answer, web, WEB)


def sources(h, cluster):
    """Which sources of credentials there are, in which order, and what becomes of a server without them."""
    private = PrivateRegistry(h, "sources", {USER: PASSWORD, "fallback": "other"})
    public = Registry(h, "sources-public")
    web, host, open_web = f"{private.host}/{WEB}", private.host, f"{public.host}/{WEB}"
    folder = h.work / "docker-config"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": login(host, "fallback", "wrong")}))
    insecure = f"{host},{public.host}"
    good = pull_secret("good", login(host))
    installed = Installed(h, cluster, [private, public], name="digester-sources")
    space = tenant(cluster, "sources", host, good, pull_secret("bad", login(host, USER, "wrong")))

    def replica(name, *flags, **variables):
        made = Replica(h, cluster, name, "127.0.0.1", free_port(), ["--insecure-registries", insecure, "--drain", "0s",
                                                                    *flags])
        return made.start(**variables)

    with h.check("pull secrets come before the docker configuration, and that before nothing at all"):
        docker = replica("digester-docker", DOCKER_CONFIG=folder)
        direct = Direct(cluster, docker)

        def asked(*secrets):
            """Whether it is pinned, and whose password was tried before and found wrong."""
            before = len(private.refused_users())
            pinned = direct.ask(pod("p", web, imagePullSecrets=names(*secrets)), space.name).pinned
            return pinned, private.refused_users()[before:]
        expect(asked("good") == (True, []), "the docker configuration was tried first")
        expect(asked("bad") == (False, [USER, "fallback"]), "another order")
        expect(asked() == (False, ["fallback"]), "the docker configuration was not tried")
        (folder / "config.json").write_text(json.dumps({"auths": login(host, "fallback", "other")}))
        wait_until("the corrected file", lambda: asked()[0])
        expect(asked("bad") == (True, [USER]), "the docker configuration after a secret that is no good")
        docker.stop()

    with h.check("--offline --disable-cert-rotation: nothing is asked of the API; public images are pinned, private "
                 "ones refused"):
        folder = certificate(h, "offline", SERVICE_NAME)
        offline = replica("digester-offline", "--offline", "--disable-cert-rotation", "--cert-dir", folder,
                          "--log-level=debug")
        direct = Direct(cluster, offline, (folder / "ca.crt").read_text())
        spec = {"imagePullSecrets": names("good")}
        expect(direct.ask(pod("p", web, **spec), space.name).refused, "a private image")
        expect(direct.ask(pod("p", open_web, **spec), space.name).pinned, "a public image")
        expect(not lines(offline, "asked the Kubernetes API"), "the API was asked")
        offline.stop()

    with h.check("without the right to read secrets: public images are pinned, and the log says once what is missing"):
        role = cluster.api.get(CLUSTER_ROLE)
        cluster.api.patch(CLUSTER_ROLE, {"rules": [r for r in role["rules"] if "secrets" not in r["resources"]]})
        bare = tenant(cluster, "no-rights", host, good)
        expect(ask(bare, pod("p", web, imagePullSecrets=names("good"))).refused, "a private image")
        for number in range(5):
            expect(ask(bare, pod(f"p{number}", open_web, imagePullSecrets=names(f"s{number}"))).pinned, "secrets")
            expect(ask(bare, pod(f"p{number}", open_web)).pinned, "the ServiceAccount's")
        said = wait_until("the log", lambda: [r for r in lines(installed.replica, "no right to read")
                                              if r["namespace"] == bare.name])
        missing = sorted((r["verb"], r["resource"]) for r in said)
        expect(missing == [("get", "secrets"), ("get", "serviceaccounts")], said)
        expect(all("ClusterRole" in r["msg"] for r in said), said)
        expect(installed.replica.is_ready(), "not ready")

    with h.check("scoped-pull-secrets: the secrets of a bound namespace are read, soon after it was bound, no others"):
        overlay = ROOT / "build/e2e/scoped-pull-secrets"
        overlay.mkdir(exist_ok=True)
        (overlay / "kustomization.yaml").write_text("resources: [../../../deploy]\n"
                                                    "components: [../../../deploy/components/scoped-pull-secrets]\n")
        apply(cluster, overlay)
        bound, unbound = (tenant(cluster, name, host, good) for name in ("bound", "unbound"))
        item = pod("p", web, imagePullSecrets=names("good"))
        expect(ask(bound, item).refused and ask(unbound, item).refused, "read without a right")
        cluster.kubectl("create", "rolebinding", "digester-pull-secrets", "--namespace", bound.name, "--clusterrole",
                        "digester-pull-secrets", "--serviceaccount", "digester-system:digester-admin")
        wait_until("pinned", lambda: ask(bound, item).pinned, 15)
        expect(ask(unbound, item).refused, "read without a right")
        apply(cluster)
        bound.kubectl("delete", "rolebinding/digester-pull-secrets", "clusterrole/digester-pull-secrets")
    installed.close()


GROUPS = (tenants, sources)
