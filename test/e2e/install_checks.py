"""The manifests and the chart on a real API server: applied, applied again, moved over to, upgraded and removed.

    python3 -B test/e2e/install_checks.py [--group NAME]

No digester runs here: nodes are played by a stand-in. What needs a server is checked elsewhere.
"""
import base64
import json
import re
import subprocess
import sys
import threading
import time

import k8s_digester
import runner
from api import Watch, path_of
from cluster import PROGRAMS, wait_until
from harness import ROOT, expect
from installed import CONFIGURATION, DEPLOYMENT, SECRET, SERVICE
from match_conditions_checks import PINNED, TAGGED, containers, define, pod
from recorder import Recorder

sys.path.insert(0, str(ROOT / "test/deploy"))

NAMESPACE = path_of("v1", "Namespace", None, "digester-system")
BUNDLE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUWvP1Gn7D\n").decode()


def exists(cluster, path):
    return cluster.api.request("GET", path)[0] == 200


def fill(h, cluster):
    """What the server does: its certificate into the Secret, its authority into the configuration."""
    folder = h.work / "filled"
    subprocess.run([ROOT / "certs/make-dev-certificate.sh", folder], check=True, capture_output=True,
                   env=h.environment())
    bundle = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    cluster.api.patch(CONFIGURATION, [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}], "json")
    cluster.api.patch(SECRET, {"data": {"tls.crt": bundle}})
    return bundle


def is_filled(cluster, bundle):
    configuration, secret = cluster.api.get(CONFIGURATION), cluster.api.get(SECRET)
    expect(configuration["webhooks"][0]["clientConfig"].get("caBundle") == bundle, "the CA bundle is gone")
    expect(secret.get("data", {}).get("tls.crt") == bundle, "the certificate is gone")


def remove(cluster):
    cluster.kubectl("delete", "-k", ROOT / "deploy", "--ignore-not-found", "--wait=false")
    wait_until("the namespace is gone", lambda: not exists(cluster, NAMESPACE), 60)


def ready(cluster, count):
    wait_until(f"{count} replicas are ready", lambda: cluster.api.get(DEPLOYMENT)["status"].get("readyReplicas") == count)


def apply(cluster, text, *arguments):
    done = cluster.kubectl("apply", *arguments, "-f", "-", stdin=text)
    expect("Warning" not in done.stderr, done.stderr)
    return done.stdout


def install_apply(h, cluster):
    remove(cluster)
    with h.check("kubectl apply -k deploy: no warning, and Pods that the namespace's restricted policy lets in"):
        done = cluster.kubectl("apply", "-k", ROOT / "deploy")
        expect("Warning" not in done.stderr, done.stderr)
        expect(all(line.endswith(" created") for line in done.stdout.splitlines()), done.stdout)
        ready(cluster, 3)
    bundle = fill(h, cluster)
    with h.check("applied again: nothing changes, certificate and CA bundle stay"):
        done = cluster.kubectl("apply", "-k", ROOT / "deploy")
        # A disruption budget's selector is always sent, changed or not.
        expect(all(line.endswith(" unchanged") for line in done.stdout.splitlines() if "budget" not in line), done.stdout)
        is_filled(cluster, bundle)
    with h.check("applied again by the server: certificate and CA bundle stay"):
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", ROOT / "deploy")
        is_filled(cluster, bundle)
    with h.check("kubectl diff sees no difference"):
        done = cluster.kubectl("diff", "-k", ROOT / "deploy", check=False)
        expect(done.returncode == 0, done.stdout, done.stderr)
    remove(cluster)


def install_move(h, cluster):
    """From k8s-digester, whose manifests hold a placeholder as caBundle (its server then writes the true one). With a
    server, and all objects: move_checks.py."""
    shipped = (ROOT / "deploy/mutating-webhook-configuration.yaml")
    def start():
        cluster.kubectl("delete", "-f", shipped, "--ignore-not-found")
        apply(cluster, json.dumps(k8s_digester.configuration()))
        cluster.api.patch(CONFIGURATION, [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": BUNDLE}],
                          "json")

    def bundle():
        return cluster.api.get(CONFIGURATION)["webhooks"][0]["clientConfig"].get("caBundle")

    with h.check("moving over without a word loses the CA bundle: what docs/INSTALL.md warns of is still so"):
        start()
        cluster.kubectl("apply", "-f", shipped)
        expect(bundle() is None, bundle())
    with h.check("moving over as docs/INSTALL.md says keeps it"):
        start()
        cluster.kubectl("apply", "set-last-applied", "-f", shipped)
        cluster.kubectl("apply", "-f", shipped)
        expect(bundle() == BUNDLE, bundle())
        webhook = cluster.api.get(CONFIGURATION)["webhooks"][0]
        expect(len(webhook["rules"]) == 5 and len(webhook["matchConditions"]) == 3, webhook)
    cluster.kubectl("delete", "-f", shipped)


def install_components(h, cluster):
    from rendered import COMPONENTS, helm, kustomize, objects
    for group, kind, plural in (("cert-manager.io", "Certificate", "certificates"),
                                ("cert-manager.io", "Issuer", "issuers"),
                                ("monitoring.coreos.com", "ServiceMonitor", "servicemonitors"),
                                ("monitoring.coreos.com", "PrometheusRule", "prometheusrules")):
        if not exists(cluster, f"/apis/{group}/v1/namespaces/default/{plural}"):
            define(cluster, group, kind, plural)
    remove(cluster)
    cluster.kubectl("apply", "-f", ROOT / "deploy/namespace.yaml")
    # A dry run leaves the namespace as it is, and host-network's Pods would be warned about.
    cluster.kubectl("label", "namespace", "digester-system", "pod-security.kubernetes.io/warn=privileged", "--overwrite")
    for name in COMPONENTS:
        with h.check(f"a dry run on the server takes everything with {name}"):
            text = kustomize([name])
            seen = apply(cluster, text, "--dry-run=server", "--validate=strict")
            expect(len(seen.splitlines()) == len(objects(text)[0]), seen)
    with h.check("a dry run on the server takes the chart with everything"):
        apply(cluster, helm(*(f"{name}.enabled=true" for name in (
            "failClosed", "certManager", "networkPolicy", "monitoring", "autoscaling", "hostNetwork",
            "scopedPullSecrets", "customResources", "priority", "audit"))), "--dry-run=server", "--validate=strict")
    remove(cluster)

    for name, replicas in (("host-network", 2), ("cert-manager", 3), ("priority", 3), ("single-replica", 1)):
        with h.check(f"Pods with {name} are let in by their namespace's policy"):
            apply(cluster, kustomize([name]))
            # On the nodes' network two replicas do not share a node, which the stand-in does not know.
            wait_until("replicas", lambda: cluster.api.get(DEPLOYMENT)["status"].get("readyReplicas", 0) >= replicas)
        remove(cluster)
        for kind, namespace, other in objects(kustomize([name]))[0]:
            if kind in ("PriorityClass", "ClusterRole"):
                cluster.kubectl("delete", kind, other, "--ignore-not-found")


def install_audit(h, cluster):
    from rendered import kustomize
    apply(cluster, kustomize(["audit"]))
    space = cluster.namespace("install-audit", {"digest-resolution": "enabled"})
    policy = path_of("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", None, "digester-unpinned-pods")
    with h.check("audit: the policy's expressions have the right types"):
        status = wait_until("the policy is looked at", lambda: cluster.api.get(policy).get("status"))
        expect(not status.get("typeChecking", {}).get("expressionWarnings"), status)

    def warning(item):
        done = cluster.kubectl("-n", space, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(item))
        return done.stderr
    wait_until("the policy is in force", lambda: "without a digest" in warning(pod("p")))
    volumes = [{"name": "v", "emptyDir": {}}, {"name": "w", "image": {"reference": TAGGED}}]
    for name, item, images in (
            ("a Pod with a tag", pod("p"), [TAGGED]), ("a pinned Pod", pod("p", PINNED), []),
            ("an init container", pod("p", PINNED, initContainers=containers("i:1", "i")), ["i:1"]),
            ("an image volume", pod("p", PINNED, volumes=volumes), [TAGGED]),
            ("several", pod("p", "a", initContainers=containers("b", "i"), volumes=volumes), ["a", "b", TAGGED])):
        with h.check(f"audit: {name}: {', '.join(images) or 'no word'}"):
            seen = warning(item)
            expect(("without a digest: " + ", ".join(images) in seen) if images else not seen, seen)
    with h.check("audit: an ephemeral container"):
        cluster.api.create(pod("pinned", PINNED), space)
        done = cluster.kubectl("-n", space, "debug", "pinned", "--image=debug:1", "--attach=false", "--profile=general")
        expect("without a digest: debug:1" in done.stderr, done.stderr)
    with h.check("audit: other namespaces get no warning"):
        other = cluster.namespace("install-audit-off")
        done = cluster.kubectl("-n", other, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod("p")))
        expect(not done.stderr, done.stderr)
    def labelled(value):
        item = pod("labelled")
        item["metadata"]["labels"] = {"digester.dev/pin": value}
        return item

    def create(item):
        return cluster.api.request("POST", path_of("v1", "Pod", space) + "?dryRun=All", item)

    with h.check("audit: a Deny in the binding refuses, and says what helps"):
        binding = path_of("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", None,
                          "digester-unpinned-pods")
        cluster.api.patch(binding, {"spec": {"validationActions": ["Deny", "Audit"]}})
        wait_until("a refusal", lambda: create(pod("p"))[0] == 422)
        said = str(create(pod("p")))
        expect("without a digest: " + TAGGED in said and "Is digester running" in said, said)
        expect('digester.dev/pin: "false"' in said, said)
    with h.check('audit: with Deny a Pod labelled digester.dev/pin: "false" passes, and one with another value does not'):
        expect(create(labelled("false"))[0] == 201, create(labelled("false")))
        expect(create(labelled("no"))[0] == 422, create(labelled("no")))
        cluster.api.create(labelled("false"), space)
        done = cluster.kubectl("-n", space, "debug", "labelled", "--image=debug:1", "--attach=false", "--profile=general")
        expect("digest" not in done.stderr, done.stderr)
    with h.check("audit: breaking glass as docs/OPERATIONS.md says lets every Pod in"):
        section = (ROOT / "docs/OPERATIONS.md").read_text().split("## Break glass", 1)[1].split("```")[1]
        for line in section.strip().splitlines():
            cluster.kubectl(*line.split()[1:])
        wait_until("a Pod passes", lambda: create(pod("p"))[0] == 201)
    cluster.kubectl("delete", "-f", "-", "--ignore-not-found", stdin=kustomize(["audit"]), seconds=120)


def install_rights(h, cluster):
    """What the ServiceAccount's token may do: asked of the API server, not of the manifests."""
    from rendered import kustomize
    remove(cluster)
    cluster.kubectl("apply", "-k", ROOT / "deploy")
    me = "system:serviceaccount:digester-system:digester-admin"
    space = cluster.namespace("install-rights")

    def may(verb, resource, group="", name=None, namespace=None, subresource=None):
        attributes = {"verb": verb, "resource": resource, "group": group, "name": name, "namespace": namespace,
                      "subresource": subresource}
        answer = cluster.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": me, "groups": ["system:serviceaccounts", "system:authenticated"],
                     "resourceAttributes": {k: v for k, v in attributes.items() if v}}})
        return answer["status"]["allowed"]

    registration, own, cert = "admissionregistration.k8s.io", "digester-mutating-webhook-configuration", \
        "digester-webhook-server-cert"
    wait_until("the rights are known", lambda: may("get", "secrets", name="x", namespace=space))
    allowed = [("get", "secrets", "", "x", space), ("get", "serviceaccounts", "", "default", space),
               *((verb, "namespaces", "") for verb in ("get", "list", "watch")),
               *((verb, "mutatingwebhookconfigurations", registration, own) for verb in ("get", "list", "watch", "patch")),
               *((verb, "secrets", "", cert, "digester-system") for verb in ("get", "list", "watch", "patch"))]
    denied = [("list", "secrets"), ("watch", "secrets"), ("create", "secrets", "", None, "digester-system"),
              ("list", "secrets", "", None, "digester-system"), ("update", "secrets", "", cert, "digester-system"),
              ("delete", "secrets", "", cert, "digester-system"), ("patch", "secrets", "", "other", "digester-system"),
              ("patch", "secrets", "", cert, space), ("list", "serviceaccounts"),
              ("create", "serviceaccounts", "", "default", space, "token"),
              *((verb, "mutatingwebhookconfigurations", registration, own) for verb in ("update", "delete", "create")),
              ("patch", "mutatingwebhookconfigurations", registration, "other"),
              ("list", "mutatingwebhookconfigurations", registration),
              ("get", "validatingwebhookconfigurations", registration, own), ("update", "namespaces", "", space),
              ("get", "pods", "", "p", space), ("create", "pods", "", None, space), ("get", "configmaps", "", "c", space),
              ("get", "deployments", "apps", "d", space), ("impersonate", "users"), ("*", "*", "*")]
    with h.check(f"rights: {len(allowed)} that the server needs"):
        missing = [what for what in allowed if not may(*what)]
        expect(not missing, missing)
    with h.check(f"rights: {len(denied)} that it does not have"):
        extra = [what for what in denied if may(*what)]
        expect(not extra, extra)
    with h.check("rights: with scoped-pull-secrets only where a RoleBinding says so"):
        apply(cluster, kustomize(["scoped-pull-secrets"]))
        wait_until("the right is gone", lambda: not may("get", "secrets", name="x", namespace=space))
        cluster.kubectl("create", "rolebinding", "digester-pull-secrets", "--namespace", space, "--clusterrole",
                        "digester-pull-secrets", "--serviceaccount", "digester-system:digester-admin")
        wait_until("the right is back", lambda: may("get", "secrets", name="x", namespace=space))
        expect(not may("get", "secrets", name="x", namespace="default"), "secrets of another namespace")
        expect(not may("list", "secrets", namespace=space), "a list of secrets")
    with h.check("rights: with cert-manager none to write anything"):
        for kind, name in (("Certificate", "certificates"), ("Issuer", "issuers")):
            if not exists(cluster, f"/apis/cert-manager.io/v1/namespaces/default/{name}"):
                define(cluster, "cert-manager.io", kind, name)
        remove(cluster)
        apply(cluster, kustomize(["cert-manager"]))
        wait_until("the right is gone", lambda: not may("patch", "mutatingwebhookconfigurations", registration, own))
        expect(not may("patch", "secrets", "", cert, "digester-system"), "the Secret")
        expect(may("watch", "mutatingwebhookconfigurations", registration, own), "the configuration cannot be read")
    cluster.kubectl("delete", "clusterrole", "digester-pull-secrets", "--ignore-not-found")
    remove(cluster)


class Deletions(threading.Thread):
    """When which object of a collection went."""

    def __init__(self, cluster, path):
        super().__init__(daemon=True)
        version = cluster.api.get(path)["metadata"]["resourceVersion"]
        self.watch, self.seen = Watch(cluster.api, path, version), {}
        self.start()

    def run(self):
        try:
            for type_, item in self.watch:
                if type_ == "DELETED":
                    self.seen.setdefault(item["metadata"]["name"], time.monotonic())
        except (OSError, ValueError, AttributeError):
            pass  # closed


def install_helm(h, cluster):
    remove(cluster)

    def helm(*arguments, check=True):
        done = subprocess.run([str(part) for part in (PROGRAMS / "helm", *arguments, "-n", "digester-system")],
                              capture_output=True, text=True, timeout=120,
                              env=h.environment(KUBECONFIG=cluster.kubeconfig))
        expect(not check or done.returncode == 0, done.stdout, done.stderr)
        return done
    chart = ROOT / "charts/digester"

    def notes(*settings):
        return helm("install", "digester", chart, "--dry-run=client", *(p for s in settings for p in ("--set", s))).stdout
    with h.check("helm install's notes: headings that docs/OPERATIONS.md has, and what a Deny in audit means"):
        text, denies = notes(), notes("audit.enabled=true", "audit.actions={Deny}")
        named = re.findall(r'"([^"]+)" in docs/OPERATIONS.md', text)
        expect(named and all(f"\n## {name}\n" in (ROOT / "docs/OPERATIONS.md").read_text() for name in named), text)
        expect("validatingadmissionpolicybinding" in denies.split("NOTES:")[1], denies)
        expect("validatingadmissionpolicybinding" not in text, text)
    with h.check("helm install: everything is there and ready"):
        helm("install", "digester", chart, "--create-namespace", "--wait", "--timeout=60s")
        ready(cluster, 3)
        webhook = cluster.api.get(CONFIGURATION)["webhooks"]
        expect(len(webhook) == 1 and webhook[0]["failurePolicy"] == "Ignore", webhook)
    bundle = fill(h, cluster)
    with h.check("helm upgrade: values change, certificate and CA bundle stay"):
        helm("upgrade", "digester", chart, "--reset-then-reuse-values", "--set", "replicas=2,failClosed.enabled=true",
             "--wait", "--timeout=60s")
        expect(cluster.api.get(CONFIGURATION)["webhooks"][0]["failurePolicy"] == "Fail", "failurePolicy")
        expect("--on-error=refuse" in str(cluster.api.get(DEPLOYMENT)), "on-error")
        ready(cluster, 2)
        is_filled(cluster, bundle)
    with h.check("helm rollback: values are the old ones, certificate and CA bundle stay"):
        helm("rollback", "digester", "1", "--wait", "--timeout=60s")
        expect(cluster.api.get(CONFIGURATION)["webhooks"][0]["failurePolicy"] == "Ignore", "failurePolicy")
        ready(cluster, 3)
        is_filled(cluster, bundle)
    with h.check("helm test: a Pod that the namespace lets in looks up an image"):
        helm_test = subprocess.Popen([PROGRAMS / "helm", "test", "digester", "-n", "digester-system", "--timeout=60s"],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                     env=h.environment(KUBECONFIG=cluster.kubeconfig))
        path = path_of("v1", "Pod", "digester-system", "digester-test-look-up")
        made = wait_until("the test's Pod", lambda: cluster.api.get(path))
        expect(made["spec"]["containers"][0]["args"] == ["digest", "--full", "digester:0.1.0"], made["spec"])
        wait_until("it runs", lambda: cluster.api.get(path)["status"].get("phase") == "Running")
        # The stand-in for nodes lets such a Pod run for ever.
        cluster.api.patch(path + "/status", {"status": {"phase": "Succeeded"}})
        said, _ = helm_test.communicate(timeout=60)
        expect(helm_test.returncode == 0 and "Succeeded" in said, said)

    with h.check("helm uninstall under Fail: the configuration goes first, nothing is refused, nothing stays"):
        helm("upgrade", "digester", chart, "--reset-then-reuse-values", "--set", "failClosed.enabled=true", "--wait")
        space = cluster.namespace("install-helm", {"digest-resolution": "enabled"})
        with Recorder(h, cluster):
            wait_until("the webhook is called", lambda: cluster.api.request(
                "POST", path_of("v1", "Pod", space) + "?dryRun=All", pod("p"))[0] == 201)
            watched = {name: Deletions(cluster, path.rsplit("/", 1)[0])
                       for name, path in (("configuration", CONFIGURATION), ("deployment", DEPLOYMENT),
                                          ("service", SERVICE), ("secret", SECRET))}
            try:
                helm("uninstall", "digester", "--wait", "--timeout=60s")
                gone = {name: wait_until(f"the {name} goes", lambda item=item: list(item.seen.values()))[0]
                        for name, item in watched.items()}
            finally:
                for item in watched.values():
                    item.watch.close()
        expect(min(gone, key=gone.get) == "configuration", gone)
        cluster.api.call("POST", path_of("v1", "Pod", space) + "?dryRun=All", pod("p"))
        left = [item for path in (CONFIGURATION, DEPLOYMENT, SERVICE, SECRET,
                                  "/apis/rbac.authorization.k8s.io/v1/clusterroles/digester-manager-role",
                                  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/digester-manager-rolebinding")
                for item in [path] if exists(cluster, path)]
        expect(not left, left)
    cluster.api.delete(NAMESPACE)
    wait_until("the namespace is gone", lambda: not exists(cluster, NAMESPACE), 60)

    with h.check("helm install --take-ownership adopts what kubectl applied, with certificate and CA bundle"):
        cluster.kubectl("apply", "-k", ROOT / "deploy")
        bundle = fill(h, cluster)
        helm("install", "digester", chart, "--take-ownership", "--wait", "--timeout=60s")
        is_filled(cluster, bundle)
        helm("uninstall", "digester", "--wait", "--timeout=60s")
        expect(not exists(cluster, CONFIGURATION), "the configuration is there")
    remove(cluster)


GROUPS = [install_apply, install_move, install_components, install_audit, install_rights, install_helm]

if __name__ == "__main__":
    runner.main(GROUPS, __doc__)
