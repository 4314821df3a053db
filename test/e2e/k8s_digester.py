"""k8s-digester 0.1.16 as a cluster sees it, for those who move over: the same objects with the same names, rights and
placeholder, and the Secret that its server would have filled. Its program is not here."""
import base64
import json
import subprocess

from installed import CONFIGURATION, SECRET

NAMESPACE = "digester-system"
SYSTEM = {"digester/system": "yes"}
MANAGER = SYSTEM | {"control-plane": "controller-manager"}
WEBHOOK = MANAGER | {"digester/operation": "webhook"}
CONFIGURATION_NAME = "digester-mutating-webhook-configuration"
RBAC, ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
READ = ["get", "list", "watch"]
EVERYTHING = ["create", "delete", *READ, "patch", "update"]


def item(api_version, kind, name, labels=None, namespace=NAMESPACE, **rest):
    meta = {"name": name} | ({"namespace": namespace} if namespace else {}) | ({"labels": labels} if labels else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": meta} | rest


def rule(group, resources, verbs, names=()):
    return {"apiGroups": [group], "resources": resources, "verbs": verbs} | ({"resourceNames": list(names)} if names else {})


def binding(kind, role, namespace):
    return item(f"{RBAC}/v1", kind, "digester-manager-rolebinding", SYSTEM, namespace,
                roleRef={"apiGroup": RBAC, "kind": role, "name": "digester-manager-role"},
                subjects=[{"kind": "ServiceAccount", "name": "digester-admin", "namespace": NAMESPACE}])


def deployment():
    container = {
        "name": "manager", "image": "ghcr.io/google/k8s-digester:v0.1.16",
        "args": ["webhook", "--cert-dir=/certs", "--disable-cert-rotation=false", "--dry-run=false",
                 "--health-addr=:9090", "--metrics-addr=:8888", "--offline=false", "--port=8443"],
        "ports": [{"name": "webhook-server", "protocol": "TCP", "containerPort": 8443},
                  {"name": "metrics", "protocol": "TCP", "containerPort": 8888},
                  {"name": "healthz", "protocol": "TCP", "containerPort": 9090}],
        "env": [{"name": "DEBUG", "value": "false"},
                *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
                  for name, path in (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace")))],
        "resources": {"requests": {"cpu": "100m", "ephemeral-storage": "256Mi", "memory": "256Mi"}},
        "volumeMounts": [{"name": "cert", "readOnly": True, "mountPath": "/certs"}],
        "livenessProbe": {"httpGet": {"port": "healthz", "path": "/healthz"}},
        "readinessProbe": {"httpGet": {"port": "healthz", "path": "/readyz"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["all"]},
                            "readOnlyRootFilesystem": True, "runAsGroup": 65532, "runAsNonRoot": True,
                            "runAsUser": 65532}}
    return item("apps/v1", "Deployment", "digester-controller-manager", WEBHOOK, spec={
        "replicas": 3, "selector": {"matchLabels": WEBHOOK}, "template": {
            "metadata": {"labels": WEBHOOK, "annotations": {"prometheus.io/port": "8888"}},
            "spec": {"serviceAccountName": "digester-admin", "nodeSelector": {"kubernetes.io/os": "linux"},
                     "containers": [container],
                     "volumes": [{"name": "cert", "secret": {"defaultMode": 420,
                                                             "secretName": "digester-webhook-server-cert"}}]}}})


def configuration():
    def on(group, versions, *resources):
        return {"apiGroups": [group], "apiVersions": versions, "resources": list(resources),
                "operations": ["CREATE", "UPDATE"], "scope": "Namespaced"}
    return item(f"{ADMISSION}/v1", "MutatingWebhookConfiguration", CONFIGURATION_NAME, namespace=None, webhooks=[{
        "name": "digester-webhook-service.digester-system.svc", "admissionReviewVersions": ["v1"],
        "clientConfig": {"caBundle": "Cg==", "service": {"name": "digester-webhook-service", "namespace": NAMESPACE,
                                                         "path": "/v1/mutate"}},
        "failurePolicy": "Ignore", "sideEffects": "None", "timeoutSeconds": 15, "reinvocationPolicy": "IfNeeded",
        "namespaceSelector": {"matchLabels": {"digest-resolution": "enabled"}},
        "rules": [on("", ["v1"], "pods", "podtemplates", "replicationcontrollers"),
                  on("apps", ["v1"], "daemonsets", "deployments", "replicasets", "statefulsets"),
                  on("batch", ["v1", "v1beta1"], "cronjobs", "jobs"),
                  on("sources.knative.dev", ["v1"], "containersources")]}])


def objects():
    return [
        item("v1", "Namespace", NAMESPACE, MANAGER | {"digester-injection": "disabled", "istio-injection": "disabled"},
             None),
        item("v1", "ServiceAccount", "digester-admin", MANAGER),
        item("v1", "Secret", "digester-webhook-server-cert", MANAGER),
        item("v1", "Service", "digester-webhook-service",
             spec={"selector": WEBHOOK, "ports": [{"port": 443, "targetPort": 8443}]}),
        item(f"{RBAC}/v1", "ClusterRole", "digester-manager-role", SYSTEM, None, rules=[
            rule("", ["secrets", "serviceaccounts"], READ),
            rule("apiextensions.k8s.io", ["customresourcedefinitions"], READ),
            rule(ADMISSION, ["mutatingwebhookconfigurations"], READ),
            rule(ADMISSION, ["mutatingwebhookconfigurations"], EVERYTHING, [CONFIGURATION_NAME])]),
        item(f"{RBAC}/v1", "Role", "digester-manager-role", SYSTEM, rules=[rule("", ["secrets"], EVERYTHING)]),
        binding("ClusterRoleBinding", "ClusterRole", None), binding("RoleBinding", "Role", NAMESPACE),
        deployment(), configuration()]


def apply(cluster, how="apply"):
    cluster.kubectl(how, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects()}))


def openssl(h, folder, *arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder, env=h.environment())


def fill(h, cluster):
    """Its server's work: an RSA authority and certificate into the Secret, the bundle into the configuration."""
    folder = h.work / "k8s-digester"
    if not folder.exists():
        folder.mkdir()
        key = ("-newkey", "rsa:2048", "-noenc", "-days", "30")
        openssl(h, folder, "req", "-x509", *key, "-subj", "/O=k8s-digester/CN=digester-ca", "-keyout", "ca.key", "-out",
                "ca.crt", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        openssl(h, folder, "req", "-x509", "-CA", "ca.crt", "-CAkey", "ca.key", *key, "-subj",
                "/CN=digester-webhook-service.digester-system.svc", "-keyout", "tls.key", "-out", "tls.crt",
                "-addext", "subjectAltName=DNS:digester-webhook-service.digester-system.svc",
                "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    data = {name: base64.b64encode((folder / name).read_bytes()).decode()
            for name in ("ca.crt", "ca.key", "tls.crt", "tls.key")}
    cluster.api.patch(SECRET, {"data": data})
    cluster.api.patch(CONFIGURATION, [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle",
                                       "value": data["ca.crt"]}], "json")
    return data["ca.crt"]
