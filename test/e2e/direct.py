"""Asking a server itself, without the API server in between: reviews as that would POST them, over TLS that is verified
by the shipped bundle."""
import base64
import http.client
import json
import socket
import ssl
import uuid

from installed import bundle, images

SERVICE_NAME = "digester-webhook-service.digester-system.svc"


def owned(item):
    """The same, made by a controller."""
    item["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1",
                                            "controller": True}]
    return item


def template_of(item):
    """What has the Pod's spec; the Pod itself."""
    if item["kind"] == "Pod":
        return item
    return (item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"])["template"]


class Answer:
    """What became of a Pod, or of what has a template: `image` is the first one's as it comes out, None if it was
    refused; `text` is all that was said, warnings included."""

    def __init__(self, image, text):
        self.image, self.text = image, text

    @property
    def pinned(self):
        return self.image is not None and "@sha256:" in self.image

    @property
    def refused(self):
        return self.image is None

    @property
    def unpinned(self):
        return not self.pinned and not self.refused

    def __repr__(self):
        return f"{self.image or 'refused'}; {self.text}"


def review(item, namespace, operation="CREATE", old=None):
    group, _, version = item["apiVersion"].rpartition("/")
    resource = {"group": group, "version": version, "resource": item["kind"].lower() + "s"}
    kind = {"group": group, "version": version, "kind": item["kind"]}
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": str(uuid.uuid4()), "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "name": item["metadata"]["name"], "namespace": namespace, "operation": operation,
        "userInfo": {"username": "somebody", "groups": ["system:authenticated"]}, "object": item, "oldObject": old,
        "dryRun": True, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}}


class Direct:
    """A connection that is kept, to one replica."""

    def __init__(self, cluster, replica, authority=None):
        self.replica = replica
        self.context = ssl.create_default_context(
            cadata=authority or base64.b64decode(bundle(cluster)).decode())
        self.connection = None

    def post(self, body, seconds=20):
        """The response object."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(SERVICE_NAME)
            plain = socket.create_connection((self.replica.address, self.replica.port), seconds)
            self.connection.sock = self.context.wrap_socket(plain, server_hostname=SERVICE_NAME)
        try:
            self.connection.request("POST", "/v1/mutate?timeout=10s", body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.will_close:
                self.close()
        except BaseException:
            self.close()
            raise
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {text.decode(errors='replace')}")
        return json.loads(text)["response"]

    def ask(self, item, namespace, **more):
        response = self.post(json.dumps(review(item, namespace, **more)))
        text = "\n".join([response.get("status", {}).get("message", ""), *response.get("warnings", [])])
        if not response["allowed"]:
            return Answer(None, text)
        patches = json.loads(base64.b64decode(response["patch"])) if "patch" in response else []
        image = next((p["value"] for p in patches if str(p["path"]).endswith("/image")), None)
        return Answer(image or images(template_of(item))[0], text)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def ask(space, item):
    """The same through the API server, without anything being written."""
    path = space.path(item["apiVersion"], item["kind"]) + "?dryRun=All"
    status, answer = space.api.request("POST", path, item)
    text = "\n".join(space.api.warnings())
    if status == 201:
        return Answer(images(template_of(answer))[0], text)
    message = answer["message"]
    if "admission webhook" not in message:
        raise RuntimeError(f"{status}: {message}")
    return Answer(None, f"{message}\n{text}")
