"""Reviews of a wanted size and number of images, made from a captured one: a Pod that a ReplicaSet creates."""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CAPTURED = HERE.parent / "data/reviews/create-pod-by-replicaset.json"


def namespace():
    """Of every review."""
    return json.loads(CAPTURED.read_text())["request"]["namespace"]


def pod(images, size=None, controlled=True, secrets=()):
    """The review as compact JSON. With `size`, exactly that long: details go or environment variables come."""
    review = json.loads(CAPTURED.read_text())
    body = review["request"]["object"]
    spec = body["spec"]
    original = spec["containers"][0]
    spec["containers"] = [original | {"name": f"c{i}", "image": image} for i, image in enumerate(images)]
    if secrets:
        spec["imagePullSecrets"] = list(secrets)
    if not controlled:
        del body["metadata"]["ownerReferences"]
    dump = lambda: json.dumps(review, separators=(",", ":")).encode()
    if size is None:
        return dump()
    slim = [lambda: body["metadata"].pop("managedFields", None),
            lambda: [c.pop(k, None) for c in spec["containers"] for k in (
                "volumeMounts", "resources", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy")],
            lambda: [spec.pop(k) for k in list(spec) if k not in ("containers", "imagePullSecrets")],
            lambda: review["request"].pop("options"), lambda: review["request"].pop("requestResource"),
            lambda: review["request"].pop("requestKind"),
            lambda: review["request"]["userInfo"].pop("extra")]
    while len(dump()) > size and slim:
        slim.pop(0)()
    variables = spec["containers"][0].setdefault("env", [])
    n = 0
    while True:
        n += 1
        variables.append({"name": f"SETTING_{n:04}", "value": f"http://service-{n}.shop.svc.cluster.local:8080/path"})
        if len(dump()) > size:
            variables.pop()
            break
    if not variables:
        del spec["containers"][0]["env"]
    # JSON may end in white space: that makes up the rest, less than one variable.
    return dump().ljust(size) if len(dump()) <= size else dump()


def images(host, count, prefix="bench"):
    return [f"{host}/{prefix}/app-{i}:v1" for i in range(count)]


