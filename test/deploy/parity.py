"""That the chart and deploy/ are the same: every object of each component, of all pairs, and of all together.

    python3 -B test/deploy/parity.py

Needs kustomize and helm in build/e2e/bin (test/e2e/build_control_plane.sh). Exit status 77: something is missing, the
last line says what.
"""
import difflib
import itertools
import json
import pathlib
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("Python's yaml module (python3-yaml) is not installed")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rendered import COMPONENTS, PROGRAMS, ROOT, VALUES, Failed, helm, kustomize, objects  # noqa: E402

# What cannot be had together: how many replicas there are is said by one of them.
APART = [{"autoscaling", "single-replica"}]


class Results:
    ok = failed = 0

    def check(self, name, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:
            self.failed += 1
            print(f"FAIL {name}")
            text = str(error) if isinstance(error, Failed) else repr(error)
            print("\n".join(f"     {line}" for line in text.splitlines()), flush=True)
        else:
            self.ok += 1
            print(f"ok   {name}", flush=True)


def same(components):
    settings = ["namespace.create=true"] + [setting for name in components for setting in VALUES[name]]
    chart, _ = objects(helm(*settings))
    shipped, _ = objects(kustomize(components))
    if chart.keys() != shipped.keys():
        raise Failed(f"only in the chart: {sorted(chart.keys() - shipped.keys())}\n"
                     f"only in deploy/: {sorted(shipped.keys() - chart.keys())}")
    for key, item in shipped.items():
        if item != chart[key]:
            left, right = (json.dumps(what, indent=1, sort_keys=True).splitlines() for what in (item, chart[key]))
            raise Failed("\n".join([f"{key}:", *difflib.unified_diff(left, right, "deploy", "chart", n=2, lineterm="")]))


def expect(condition, *what):
    if not condition:
        raise Failed("\n".join(str(w) for w in what) or "not so")


def every_component_has_values():
    expect(sorted(VALUES) == COMPONENTS, sorted(VALUES), COMPONENTS)


def rights_are_documented():
    """docs/SECURITY.md has a row for each verb, resource and name that is granted, and no other."""
    shipped, _ = objects(kustomize())
    granted = set()
    for (kind, namespace, _), item in shipped.items():
        for rule in item.get("rules", []) if kind in ("ClusterRole", "Role") else []:
            expect(not rule.get("nonResourceURLs") and "*" not in str(rule), rule)
            granted |= {(namespace or "cluster", verb, resource, name)
                        for verb, resource, name in itertools.product(rule["verbs"], rule["resources"],
                                                                      rule.get("resourceNames", ["any"]))}
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
            for line in (ROOT / "docs/SECURITY.md").read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if len(row) == 5 and row[1] != "verb"]
    written = {tuple(row[:4]) for row in rows}
    expect(len(written) == len(rows) and all(row[4] for row in rows), "a row twice, or without a reason")
    expect(written == granted, f"not written: {sorted(granted - written)}", f"not granted: {sorted(written - granted)}")


def one_hook_removes_the_configuration():
    _, hooks = objects(helm())
    found = {key: item["metadata"]["annotations"]["helm.sh/hook"] for key, item in hooks.items()}
    expect(found == {("MutatingWebhookConfiguration", "", "digester-mutating-webhook-configuration"): "pre-delete",
                     ("Pod", "digester-system", "digester-test-look-up"): "test"}, found)


def another_namespace():
    chart, _ = objects(helm("namespace.create=true", "certManager.enabled=true", "audit.enabled=true",
                            "monitoring.enabled=true", "scopedPullSecrets.enabled=true",
                            "scopedPullSecrets.namespaces={a,b}", namespace="elsewhere"))
    text = yaml.safe_dump(list(chart.values()))
    expect("digester-system" not in text, "digester-system is in it")
    expect({("RoleBinding", name, "digester-pull-secrets") for name in "ab"} <= chart.keys(), chart.keys())
    excluded = chart[("MutatingWebhookConfiguration", "", "digester-mutating-webhook-configuration")]
    expect(excluded["webhooks"][0]["namespaceSelector"]["matchExpressions"][0]["values"] ==
           ["kube-system", "elsewhere"], excluded)


def all_values_at_once():
    done = helm("image.repository=r.example/d", f"image.digest=sha256:{'a' * 64}", "image.pullPolicy=Always",
                "imagePullSecrets={one,two}", "extraArgs={--cache-ttl=5m}", "env[0].name=HTTPS_PROXY",
                "env[0].value=http://p", "debug=true", "podLabels.a=b", "podAnnotations.c=d", "nodeSelector.e=f",
                "tolerations[0].operator=Exists", "affinity.podAntiAffinity.x=y", "volumes[0].name=v",
                "volumes[0].emptyDir.medium=Memory", "volumeMounts[0].name=v", "volumeMounts[0].mountPath=/v",
                "test.dockerConfigSecret=s", "webhook.annotations.g=h", "serviceAccountAnnotations.i=j",
                "monitoring.enabled=true", "monitoring.labels.release=p", "certManager.enabled=true")
    found, hooks = objects(done)
    spec = found[("Deployment", "digester-system", "digester-controller-manager")]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    expect(container["image"] == f"r.example/d@sha256:{'a' * 64}", container)
    expect(container["args"][-2:] == ["--disable-cert-rotation", "--cache-ttl=5m"], container)
    expect([volume["name"] for volume in spec["volumes"]] == ["cert", "v"], spec)
    expect([mount["name"] for mount in container["volumeMounts"]] == ["cert", "v"], spec)
    test = hooks[("Pod", "digester-system", "digester-test-look-up")]["spec"]
    expect([volume["name"] for volume in test["volumes"]] == ["v", "docker-config"], test)
    monitor = found[("ServiceMonitor", "digester-system", "digester")]
    expect(monitor["metadata"]["labels"]["release"] == "p", monitor)


def schema_refuses(setting):
    done = helm(setting, check=False)
    expect(done.returncode != 0 and "schema" in done.stderr, done.returncode, done.stderr)


def registries_with_a_port():
    for repository in ("r.example/d", "r.example:5000/team/d", "d"):
        expect(f"image: {repository}:0.1.0\n" in helm(f"image.repository={repository}"), repository)


def main():
    for name in ("kustomize", "helm"):
        if not (PROGRAMS / name).exists():
            print(f"{name} is not built: test/e2e/build_control_plane.sh")
            return 77
    results = Results()
    results.check("files and README of the chart are what scripts/chart_files.py writes", lambda: expect(
        subprocess.run([sys.executable, "-B", ROOT / "scripts/chart_files.py", "--check"]).returncode == 0, "stale"))
    results.check("every component has its values in the chart", every_component_has_values)
    results.check("the chart is deploy/", same, [])
    for name in COMPONENTS:
        results.check(f"the chart is deploy/ with {name}", same, [name])
    for pair in itertools.combinations(COMPONENTS, 2):
        if set(pair) not in APART:
            results.check(f"the chart is deploy/ with {' and '.join(pair)}", same, list(pair))
    for without in ("single-replica", "autoscaling"):
        results.check(f"the chart is deploy/ with everything but {without}", same,
                      [name for name in COMPONENTS if name != without])
    results.check("docs/SECURITY.md has all rights, each with its reason", rights_are_documented)
    results.check("the hooks are the removal of the configuration, and a test", one_hook_removes_the_configuration)
    results.check("another namespace is taken everywhere", another_namespace)
    results.check("all values at once", all_values_at_once)
    results.check("a registry's port in image.repository is no tag", registries_with_a_port)
    for setting in ("replica=3", "replicas=three", "image.digest=sha256:abc", "onError=ignore", "webhook.timeoutSeconds=31",
                    "audit.actions={Deny,Warn}", "extraArgs={cache-ttl}", "image.pullPolicy=Sometimes",
                    "webhook=null", "webhook.namespaceLabels=null", "webhook.namespaceLabels.digest-resolution=null",
                    "webhook.excludeNamespaces=null", "image.repository=x:1", "image.repository=r.example:5000/x:1",
                    "image.repository=null"):
        results.check(f"the schema refuses {setting}", schema_refuses, setting)
    print(f"{results.ok + results.failed} checks, {results.ok} ok, {results.failed} failed")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
