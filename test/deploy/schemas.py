"""Checks all manifests against the API of every Kubernetes from 1.29 to 1.37, strictly, with kubeconform.

    python3 -B test/deploy/schemas.py

The schemas are made from api/openapi-spec of the module k8s.io/kubernetes at a pinned version of each minor, fetched by
Go once and kept in build/e2e/schemas. A version that cannot be had is named and not checked. Kinds that are not
Kubernetes' own (cert-manager's, the Prometheus operator's) have no schema there and are named too. Exit status 77:
something is missing, the last line says what.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("Python's yaml module (python3-yaml) is not installed")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rendered import COMPONENTS, PROGRAMS, ROOT, Failed, helm, kustomize, run  # noqa: E402

VERSIONS = ["1.29.6", "1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.4", "1.35.4", "1.36.3", "1.37.2"]
PLACE = ROOT / "build/e2e/schemas"
SPEC = "api/openapi-spec/swagger.json"
# Not there in 1.29, which had it as v1beta1.
SINCE = {"ValidatingAdmissionPolicy": 30, "ValidatingAdmissionPolicyBinding": 30}
FOREIGN = ["Certificate", "Issuer", "ServiceMonitor", "PrometheusRule"]


def fetch(version):
    """The module's OpenAPI document, or why it cannot be had."""
    kept = PLACE / f"v{version}" / "swagger.json"
    if kept.exists():
        return kept
    if not shutil.which("go"):
        raise Failed("go is not installed")
    with tempfile.TemporaryDirectory(prefix="digester-module.", dir=PLACE) as cache:
        # A module of 250 MiB, of which one file stays: not into the cache that everybody shares.
        done = subprocess.run(["go", "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"], cwd=cache,
                              capture_output=True, text=True,
                              env=os.environ | {"GOMODCACHE": cache, "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"})
        try:
            folder = pathlib.Path(json.loads(done.stdout)["Dir"])
        except (ValueError, KeyError):
            raise Failed(done.stdout[-500:] + done.stderr[-500:]) from None
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(folder / SPEC, kept.with_suffix(".new"))
    kept.with_suffix(".new").rename(kept)
    return kept


def strict(schema):
    """What the API server would refuse or drop, JSON Schema has to refuse: unknown keys."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    out = {key: {name: strict(part) for name, part in value.items()} if key == "properties" else strict(value)
           for key, value in schema.items() if not key.startswith("x-") and key not in ("description", "format")}
    if "properties" in out and "additionalProperties" not in out and \
            not schema.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rsplit("/", 1)[1]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def make_schemas(swagger, kinds):
    """A file for each kind, as kubeconform names them."""
    folder = swagger.parent / "kinds"
    folder.mkdir(exist_ok=True)
    definitions = json.loads(swagger.read_text())["definitions"]
    quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    for definition in definitions.values():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            if kind["kind"] not in kinds:
                continue
            needed, todo = {}, list(references(definition))
            while todo:
                name = todo.pop()
                if name not in needed:
                    needed[name] = strict(definitions[name])
                    todo += references(definitions[name])
            if quantity in needed:
                needed[quantity] = {"oneOf": [{"type": "string"}, {"type": "number"}]}
            schema = strict(definition)
            schema["properties"]["apiVersion"] = {"const": "/".join(p for p in (kind["group"], kind["version"]) if p)}
            schema["properties"]["kind"] = {"const": kind["kind"]}
            schema |= {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": needed}
            group = kind["group"].split(".")[0]
            name = "-".join(part for part in (kind["kind"], group, kind["version"]) if part).lower()
            (folder / f"{name}.json").write_text(json.dumps(schema))
    return folder


def check(folder, version, text, *more):
    minor = int(version.split(".")[1])
    skip = FOREIGN + [kind for kind, since in SINCE.items() if minor < since]
    done = run(PROGRAMS / "kubeconform", "-strict", "-summary", "-output", "json", "-skip", ",".join(skip),
               "-schema-location", f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", *more, "-", stdin=text,
               check=False)
    answer = json.loads(done.stdout)
    return done.returncode, answer.get("resources") or [], answer["summary"]


def main():
    for name in ("kustomize", "helm", "kubeconform"):
        if not (PROGRAMS / name).exists():
            print(f"{name} is not built: test/e2e/build_control_plane.sh")
            return 77
    everything = {f"deploy/ with {name}": kustomize([name]) for name in COMPONENTS} | {
        "deploy/": kustomize(), "the chart": helm(),
        "the chart with everything": helm(*(f"{name}.enabled=true" for name in (
            "failClosed", "certManager", "networkPolicy", "monitoring", "autoscaling", "hostNetwork",
            "scopedPullSecrets", "customResources", "priority", "audit")), "test.dockerConfigSecret=s")}
    kinds = {item["kind"] for text in everything.values() for item in yaml.safe_load_all(text) if item}
    PLACE.mkdir(parents=True, exist_ok=True)
    ok = failed = 0
    unchecked = []

    def report(good, name, *what):
        nonlocal ok, failed
        ok, failed = ok + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}", *what, sep="\n     " if what else "", flush=True)

    for version in VERSIONS:
        try:
            folder = make_schemas(fetch(version), kinds)
        except (Failed, OSError, subprocess.SubprocessError) as error:
            unchecked.append(version)
            print(f"     Kubernetes {version} is not checked: {error}", flush=True)
            continue
        objects = skipped = 0
        problems = []
        for name, text in everything.items():
            status, resources, summary = check(folder, version, text)
            objects, skipped = objects + summary["valid"], skipped + summary["skipped"]
            problems += [f"{name}: {item['kind']} {item['name']}: {item['msg']}" for item in resources]
            if status and not resources:
                problems.append(f"{name}: kubeconform ends with {status}")
        report(not problems, f"Kubernetes {version}: {objects} objects are right, {skipped} are of kinds it does not "
               "know", *problems[:20])
        wrong = kustomize().replace("reinvocationPolicy:", "reinvocationpolicy:").replace("maxSurge: 1", "maxSurge: [1]")
        status, resources, _ = check(folder, version, wrong)
        seen = {item["kind"] for item in resources}
        report(status != 0 and seen == {"Deployment", "MutatingWebhookConfiguration"},
               f"Kubernetes {version}: a misspelt key and a wrong type are found", *([] if status else [str(seen)]))
    foreign = sorted(kinds & set(FOREIGN))
    print(f"     not checked here: {', '.join(foreign)}" +
          (f"; Kubernetes {', '.join(unchecked)}" if unchecked else "") +
          "; ValidatingAdmissionPolicy in Kubernetes 1.29, which does not have it")
    print(f"{ok + failed} checks, {ok} ok, {failed} failed")
    if unchecked and not ok:
        print("no OpenAPI document could be had")
        return 77
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
