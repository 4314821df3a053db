"""What the other groups stand on: the fixtures belong together, and the registry has what they name."""
import toolbox
from harness import expect
from servers import INDEX, MANIFEST


def ground(h):
    registry = toolbox.acceptance_registry(h)
    with h.check("the registry of the scenarios has their digests, as digester sees it"):
        done = toolbox.run(h, "digester", "digest", f"{registry.host}/team/web:1.10", f"{registry.host}/team/migrate:2")
        expect((done.code, done.text.split()) == (0, [INDEX, MANIFEST]), done)
    with h.check("expected manifests are their inputs and digests, nothing else"):
        for before, after in (("mixed.yaml", "mixed.expected.yaml"), ("kpt/app.yaml", "kpt/app.expected.yaml")):
            toolbox.same(toolbox.without_digests(toolbox.fixture(after)),
                         toolbox.without_digests(toolbox.fixture(before)))
    for name in sorted(toolbox.SOURCES):
        with h.check(f"{name} starts"):
            version = {"kubectl": ["version", "--client"], "pre-commit": ["--version"],
                       "check-jsonschema": ["--version"]}.get(name, ["version"])
            expect(toolbox.run(h, name, *version).code == 0, toolbox.run(h, name, *version))


GROUPS = (ground,)
