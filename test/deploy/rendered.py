"""Renders deploy/ with its components, and the chart with the values that mean the same."""
import pathlib
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "build/e2e/bin"
COMPONENTS = sorted(path.name for path in (ROOT / "deploy/components").iterdir() if path.is_dir())
# The same in values of the chart.
VALUES = {
    "audit": ["audit.enabled=true"],
    "autoscaling": ["autoscaling.enabled=true"],
    "cert-manager": ["certManager.enabled=true"],
    "custom-resources": ["customResources.enabled=true"],
    "fail-closed": ["failClosed.enabled=true"],
    "host-network": ["hostNetwork.enabled=true"],
    "monitoring": ["monitoring.enabled=true"],
    "network-policy": ["networkPolicy.enabled=true"],
    "priority": ["priority.enabled=true"],
    "scoped-pull-secrets": ["scopedPullSecrets.enabled=true"],
    "single-replica": ["replicas=1"],
}
HOOK = "helm.sh/hook"
KUBERNETES = "1.37.2"


class Failed(Exception):
    pass


def run(*command, stdin=None, check=True):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(str(part) for part in command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def kustomize(components=(), more=None):
    """What an overlay with these components gives, as text. `more` is added to the overlay."""
    with tempfile.TemporaryDirectory(prefix="digester-overlay.") as folder:
        # kustomize wants relative paths.
        up = "../" * len(pathlib.Path(folder).resolve().parts[1:])
        base = f"{up}{str(ROOT / 'deploy')[1:]}"
        overlay = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [base],
                   "components": [f"{base}/components/{name}" for name in components]} | (more or {})
        (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        return run(PROGRAMS / "kustomize", "build", folder).stdout


def helm(*settings, namespace="digester-system", check=True):
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = run(PROGRAMS / "helm", "template", "digester", ROOT / "charts/digester", "--namespace", namespace,
               # A helm that was not built by its own makefile takes an old one.
               "--kube-version", KUBERNETES, *arguments, check=check)
    return done.stdout if check else done


def objects(text):
    """By kind, namespace and name. Hooks of Helm are apart."""
    found, hooks = {}, {}
    for item in yaml.safe_load_all(text):
        if not item:
            continue
        meta = item["metadata"]
        key = (item["kind"], meta.get("namespace", ""), meta["name"])
        into = hooks if HOOK in (meta.get("annotations") or {}) else found
        if key in into:
            raise Failed(f"{key} twice")
        into[key] = item
    return found, hooks
