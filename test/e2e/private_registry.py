"""A docker-registry that lets in whom it knows, goes away and comes back; and the secrets for it."""
import base64
import json
import re
import signal
import subprocess

from harness import listens
from servers import PASSWORD, USER, Registry


class PrivateRegistry:
    """`users`: {name: password}, each with all rights. Nobody else gets anything."""

    def __init__(self, h, name="private", users=None):
        self.h, self.name = h, name
        self.users = users or {USER: PASSWORD}
        file = h.work / f"{name}.htpasswd"
        file.write_text("".join(subprocess.run(
            ["htpasswd", "-nbB", "-C", "4", user, password], capture_output=True, text=True, check=True).stdout.strip() + "\n"
            for user, password in self.users.items()))
        user, password = next(iter(self.users.items()))
        self.registry = Registry(h, name, f"auth: {{htpasswd: {{realm: test, path: {file}}}}}\n",
                                 seed_options=["--user", f"{user}:{password}"])
        self.host, self.lives, self.process = self.registry.host, 1, self.registry.process

    @property
    def log_name(self):
        return self.name if self.lives < 2 else f"{self.name}.{self.lives}"

    def log(self):
        return self.h.log(self.log_name)

    def known_users(self):
        """Who was let in, in order, as far as this life's log goes."""
        return re.findall(r"response completed\S* .*?auth\.user\.name=([\w-]+)", self.log())

    def away(self):
        self.h.stop(self.process, signal.SIGKILL)
        self.h.processes.remove(self.process)

    def back(self):
        config = self.h.work / f"{self.name}.yml"
        config.write_text(config.read_text().replace("127.0.0.1:0", self.host))
        self.lives += 1
        self.process = self.h.start(self.log_name, ["docker-registry", "serve", config])
        self.h.wait_for(self.log_name, self.process, lambda: listens(int(self.host.rpartition(":")[2])))


def login(host, user=USER, password=PASSWORD):
    return {host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}


def pull_secret(name, auths, old_form=False):
    """Of type dockerconfigjson, or dockercfg."""
    kind, key, content = ("kubernetes.io/dockercfg", ".dockercfg", auths) if old_form else (
        "kubernetes.io/dockerconfigjson", ".dockerconfigjson", {"auths": auths})
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind,
            "data": {key: base64.b64encode(json.dumps(content).encode()).decode()}}


def names(*secrets):
    return [{"name": name} for name in secrets]


def give(space, account, *secrets):
    """Makes a ServiceAccount (`default` is there) list these pull secrets."""
    if account != "default":
        space.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}})
    space.api.patch(space.path("v1", "ServiceAccount", account), {"imagePullSecrets": names(*secrets)})
