"""A small client of the Kubernetes API: TLS, a token, connections that are kept, JSON in and out.

kubectl takes 50 ms and more to start; checks that make hundreds of Pods talk to the API server themselves.
"""
import http.client
import json
import select
import socket
import ssl
import threading
import urllib.parse

PATCHES = {"merge": "application/merge-patch+json", "strategic": "application/strategic-merge-patch+json",
           "json": "application/json-patch+json", "apply": "application/apply-patch+yaml"}
CLUSTER_SCOPED = {"Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
                  "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "PriorityClass",
                  "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
IRREGULAR = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "PriorityClass": "priorityclasses",
             "ValidatingAdmissionPolicy": "validatingadmissionpolicies"}


class ApiError(Exception):
    def __init__(self, method, path, status, answer):
        message = answer.get("message", answer) if isinstance(answer, dict) else answer
        super().__init__(f"{method} {path}: {status}: {message}")
        self.status, self.answer, self.message = status, answer, message


def path_of(api_version, kind, namespace=None, name=None, subresource=None):
    """The path of an object, or of its collection. Kinds of our own have regular plurals."""
    parts = ["api" if "/" not in api_version else "apis", api_version]
    if kind not in CLUSTER_SCOPED and namespace:
        parts += ["namespaces", namespace]
    parts.append(IRREGULAR.get(kind, kind.lower() + "s"))
    parts += [part for part in (name, subresource) if part]
    return "/" + "/".join(parts)


class Api:
    def __init__(self, port, certificate, token, host="127.0.0.1"):
        self.host, self.port, self.token = host, port, token
        self.context = ssl.create_default_context(cafile=str(certificate))
        self.kept = threading.local()

    def connect(self, seconds=60):
        return http.client.HTTPSConnection(self.host, self.port, timeout=seconds, context=self.context)

    def request(self, method, path, body=None, content_type="application/json"):
        """(status, answer). The answer is parsed if it is JSON. A thread keeps its connection."""
        connection = getattr(self.kept, "connection", None)
        # What can be read from an idle connection is its end: the server was restarted.
        if connection is None or connection.sock is None or select.select([connection.sock], [], [], 0)[0]:
            if connection:
                connection.close()
            connection = self.kept.connection = self.connect()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
            self.kept.warnings = response.headers.get_all("Warning") or []
        except BaseException:  # half an answer must not be read by the next request
            connection.close()
            raise
        if response.headers.get_content_type() == "application/json":
            return response.status, json.loads(text)
        return response.status, text.decode(errors="replace")

    def warnings(self):
        """What the last answer of this thread was accompanied by; kubectl prints it as `Warning: …`."""
        return self.kept.warnings

    def call(self, method, path, body=None, content_type="application/json"):
        """The answer; anything but success is an ApiError."""
        status, answer = self.request(method, path, body, content_type)
        if status >= 400:
            raise ApiError(method, path, status, answer)
        return answer

    # By path -------------------------------------------------------------------------------------------------

    def get(self, path, **query):
        return self.call("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body):
        return self.call("POST", path, body)

    def put(self, path, body):
        return self.call("PUT", path, body)

    def patch(self, path, body, kind="merge"):
        return self.call("PATCH", path, body, PATCHES[kind])

    def delete(self, path, **options):
        return self.call("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1"} | options)

    # By object -----------------------------------------------------------------------------------------------

    def create(self, item, namespace=None):
        namespace = item["metadata"].get("namespace") or namespace
        return self.post(path_of(item["apiVersion"], item["kind"], namespace), item)

    def replace(self, item):
        meta = item["metadata"]
        return self.put(path_of(item["apiVersion"], item["kind"], meta.get("namespace"), meta["name"]), item)

    def items(self, path, **query):
        return self.get(path, **query)["items"]


class Watch:
    """The events of a collection after a version, as (type, object). Another thread may close it."""

    def __init__(self, api, path, version):
        self.connection = api.connect(seconds=None)
        query = urllib.parse.urlencode({"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"})
        self.connection.request("GET", f"{path}?{query}", headers={"Authorization": f"Bearer {api.token}"})
        # The answer takes the socket over when the server means to close it: kept here for close().
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            text = self.response.read().decode(errors="replace")
            self.close()
            raise ApiError("WATCH", path, self.response.status, text)

    def __iter__(self):
        while line := self.response.readline():
            event = json.loads(line)
            yield event["type"], event["object"]

    def close(self):
        # Wakes up the thread that reads.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()
