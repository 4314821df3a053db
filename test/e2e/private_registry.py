"""docker-registries that go away and come back, and that let in only whom they know; the secrets for those."""
import base64
import json
import re
import signal
import subprocess

from harness import listens
from servers import PASSWORD, USER, Registry


class OpenRegistry:
    """Goes away and comes back at the same address, with what it had."""

    def __init__(self, h, name, extra="", seed_options=()):
        self.h, self.name = h, name
        registry = Registry(h, name, extra, seed_options=seed_options)
        self.host, self.lives, self.process = registry.host, 1, registry.process

    @property
    def log_name(self):
        return self.name if self.lives < 2 else f"{self.name}.{self.lives}"

    def log(self):
        return self.h.log(self.log_name)

    def away(self):
        self.h.stop(self.process, signal.SIGKILL)
        self.h.processes.remove(self.process)

    def back(self):
        config = self.h.work / f"{self.name}.yml"
        config.write_text(config.read_text().replace("127.0.0.1:0", self.host))
        self.lives += 1
        self.process = self.h.start(self.log_name, ["docker-registry", "serve", config])
        self.h.wait_for(self.log_name, self.process, lambda: listens(int(self.host.rpartition(":")[2])))


class PrivateRegistry(OpenRegistry):
    """`users`: {name: password}, each with all rights. Nobody else gets anything."""

    def __init__(self, h, name="private", users=None):
        users = users or {USER: PASSWORD}
        file = h.work / f"{name}.htpasswd"
        file.write_text("".join(subprocess.run(["htpasswd", "-nbB", "-C", "4", user, password], capture_output=True,
                                               text=True, check=True).stdout.strip() + "\n"
                                for user, password in users.items()))
        super().__init__(h, name, f"auth: {{htpasswd: {{realm: test, path: {file}}}}}\n",
                         ["--user", ":".join(next(iter(users.items())))])

    def refused_users(self):
        """Whose password was wrong, in order, as far as this life's log goes."""
        return re.findall(r'error authenticating user \\"([\w-]+)', self.log())


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
