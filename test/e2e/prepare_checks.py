"""`digester prepare --apply --wait` against a real API server, with the real kubectl."""
import subprocess

from cluster import PROGRAMS
from harness import expect
from objects import Space
from servers import INDEX, Registry

MANIFESTS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: prepared-reader
rules:
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: REGISTRY/team/web:1.10
        args: ["--level", "010", 'yes']
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: 'REGISTRY/team/migrate:2'}]
"""


def prepare_applies(h, cluster):
    registry = Registry(h, "prepare-registry")
    folder = h.work / "prepare"
    folder.mkdir()
    (folder / "all.yaml").write_text(MANIFESTS.replace("REGISTRY", registry.host))

    def prepare(*arguments):
        command = [h.program, "prepare", "-f", "all.yaml", "-i", f"{registry.host}/team/web:1.10", *arguments]
        environment = h.environment(KUBECONFIG=cluster.kubeconfig)
        environment["PATH"] = f"{PROGRAMS}:{environment['PATH']}"
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=environment)

    with h.check("prepare --apply --wait makes namespace and objects, and waits until they are there"):
        done = prepare("-a", "shop", "-v", "1.10", "-n", "prepared", "--apply", "--wait", "--wait-timeout", "60s")
        expect(done.returncode == 0, done)
        for line in ("namespace/prepared created", "clusterrole.rbac.authorization.k8s.io/prepared-reader created",
                     "deployment.apps/web created", "job.batch/once created", 'deployment "web" successfully rolled out',
                     "job.batch/once condition met"):
            expect(line in done.stdout, line, done)
    with h.check("the API server has the objects as they were prepared"):
        space = Space(cluster, "prepared", make=False)
        web = space.get("apps/v1", "Deployment", "web")
        labels = {"app.kubernetes.io/managed-by": "gcp-cloud-build-deploy", "app.kubernetes.io/name": "shop",
                  "app.kubernetes.io/version": "1.10"}
        expect(web["metadata"]["labels"] == labels, web["metadata"])
        template = web["spec"]["template"]
        expect(template["metadata"]["labels"] == labels | {"app": "web"}, template["metadata"])
        container = template["spec"]["containers"][0]
        expect(container["image"] == f"{registry.host}/team/web@{INDEX}" and container["args"] == ["--level", "010", "yes"],
               container)
        expect(all(f"@{INDEX}" in item["spec"]["containers"][0]["image"] for item in space.ready("web", 1)))
    with h.check("what kubectl refuses ends with 3, with kubectl's words, and the files stay to be looked at"):
        (folder / "all.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata:\n  name: empty\nspec: {}\n")
        done = prepare("-o", "refused", "--apply")
        expect(done.returncode == 3 and "kubectl apply -f" in done.stderr and "containers" in done.stderr, done)
        expect((folder / "refused/expanded/aggregated-resources.yaml").exists())
    cluster.kubectl("delete", "clusterrole/prepared-reader", "namespace/prepared", "--wait=false")


GROUPS = [prepare_applies]
