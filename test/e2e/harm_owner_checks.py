"""Operators that compare the image of a Pod with the one they asked for, and make it anew when the two differ (H9)."""
from cluster import wait_until
from harness import expect
from installed import Installed, images, switch_on
from match_conditions_checks import define
from objects import Space, is_ready, pod
from servers import DIGESTS, Registry

ROUNDS = 4


class Operator:
    """A stand-in for CloudNativePG: its custom resource owns one Pod. It works only when it is asked to."""

    def __init__(self, space, api_version, kind, image):
        self.space, self.image, self.made = space, image, 0
        self.owner = space.create({"apiVersion": api_version, "kind": kind, "metadata": {"name": "db"},
                                   "spec": {"image": image, "instances": 1}})
        self.reference = {"apiVersion": api_version, "kind": kind, "name": "db", "uid": self.owner["metadata"]["uid"],
                          "controller": True}
        self.name = f"{kind.lower()}-1"
        self.labels = {}

    def path(self):
        return self.space.path("v1", "Pod", self.name)

    def make(self):
        item = pod(self.name, self.image)
        item["metadata"] |= {"ownerReferences": [self.reference], "labels": self.labels}
        self.space.create(item)
        self.made += 1

    def running(self):
        found = self.space.api.get(self.path())
        return is_ready(found) and found

    def reconcile(self):
        """One round. True when there is nothing to do."""
        if self.space.api.request("GET", self.path())[0] == 404:
            self.make()
        found = wait_until(f"{self.name} runs", self.running)
        if images(found) == [self.image]:
            return True
        self.space.api.delete(self.path())
        wait_until(f"{self.name} is gone", lambda: self.space.api.request("GET", self.path())[0] == 404)
        return False

    def rounds(self, number=ROUNDS):
        """How often it made its Pod in so many rounds."""
        before = self.made
        for _ in range(number):
            self.reconcile()
        return self.made - before


def owners(h, cluster):
    registry = Registry(h, "owners-registry")
    image = f"{registry.host}/team/web:1.10"
    kinds = ("postgresql.cnpg.io/v1", "Cluster"), ("example.test/v1", "Database")
    define(cluster, "postgresql.cnpg.io", "Cluster", "clusters")
    define(cluster, "example.test", "Database", "databases")

    def operators(name):
        space = Space(cluster, name)
        switch_on(space, image)
        wait_until("the custom resources can be written", lambda: all(
            space.api.request("GET", space.path(*kind))[0] == 200 for kind in kinds))
        return [Operator(space, *kind, image) for kind in kinds]

    with Installed(h, cluster, [registry]):
        listed, other = operators("owners")
        with h.check("H9: an operator that compares images, and is known to, is left alone: its Pod is made once"):
            made = listed.rounds()
            expect(made == 1, f"made {made} times in {ROUNDS} rounds")
            expect(images(listed.running()) == [image], images(listed.running()))
        with h.check("H9: the same operator under a kind that nobody listed makes its pinned Pod again in every round"):
            made = other.rounds()
            expect(made == ROUNDS, f"made {made} times in {ROUNDS} rounds")
        with h.check('H9: the label digester.dev/pin: "false" on its Pods cures it'):
            other.labels = {"digester.dev/pin": "false"}
            made = other.rounds()
            expect(made == 1, f"made {made} times in {ROUNDS} rounds")
            expect(images(other.running()) == [image], images(other.running()))
        with h.check("H9: a Pod of nobody beside them is pinned"):
            made = other.space.create(pod("nobody", image))
            expect(images(made) == [f"{image}@{DIGESTS['team/web:1.10']}"], images(made))

    with Installed(h, cluster, [registry], "--skip-owners=example.test/Database", name="digester-owners"):
        listed, other = operators("owners-flag")
        with h.check("H9: --skip-owners cures it as well, and replaces the list that is built in"):
            made = other.rounds()
            expect(made == 1, f"made {made} times in {ROUNDS} rounds")
            made = listed.rounds(2)
            expect(made == 2, f"made {made} times in 2 rounds")


GROUPS = (owners,)
