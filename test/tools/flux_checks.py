"""Flux's image automation beside digester: its markers survive. Flux does not run here; what it writes, the whole value
of a marked field without a digest, is written by the test."""
import toolbox
from harness import expect
from servers import ARM64, INDEX

MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: REGISTRY/team/web:1.10 # {"$imagepolicy": "flux-system:web"}
      - {name: quoted, image: "REGISTRY/team/web:1.10"} # {"$imagepolicy": "flux-system:web"}
      - name: migrate
        image: 'REGISTRY/team/migrate:2'    # {"$imagepolicy": "flux-system:migrate"}
"""
KUSTOMIZATION = """resources:
- pod.yaml
images:
- name: REGISTRY/team/web
  newTag: "1.10" # {"$imagepolicy": "flux-system:web:tag"}
"""


def flux(h):
    registry = toolbox.acceptance_registry(h)
    plain = MANIFEST.replace("REGISTRY", registry.host).encode()
    with h.check("Flux: resolve -i keeps image policy markers, and every other byte"):
        folder = toolbox.lay(h, "clusters", {"web.yaml": plain})
        done = toolbox.run(h, "digester", "resolve", "-i", "-f", folder)
        expect(done.code == 0, done)
        pinned = (folder / "web.yaml").read_bytes()
        toolbox.same(toolbox.without_digests(pinned), plain)
        expect(pinned.count(b"@sha256:") == 3 and pinned.count(b"# {\"$imagepolicy\"") == 3, pinned)
    with h.check("Flux: the value that it writes next is pinned again, in its place"):
        registry.move("team/web:1.11", ARM64)
        written = pinned.replace(f"team/web:1.10@{INDEX}".encode(), b"team/web:1.11")
        expect(b"team/web:1.11" in written, "nothing to write")
        (folder / "web.yaml").write_bytes(written)
        done = toolbox.run(h, "digester", "resolve", "-i", "-f", folder)
        expect(done.code == 0, done)
        toolbox.same((folder / "web.yaml").read_bytes(),
                     written.replace(b"team/web:1.11", f"team/web:1.11@{ARM64}".encode()))


@toolbox.needs("kustomize")
def flux_kustomize(h):
    registry = toolbox.acceptance_registry(h)
    registry.move("team/web:1.11", ARM64)
    plain = KUSTOMIZATION.replace("REGISTRY", registry.host)
    folder = toolbox.lay(h, "overlay", {"kustomization.yaml": plain,
                                        "pod.yaml": toolbox.fixture("kustomize/pod.yaml", registry)})
    with h.check("Flux: digester kustomize keeps a marker beside newTag"):
        done = toolbox.run(h, "digester", "kustomize", folder)
        expect(done.code == 0, done)
        expect((folder / "kustomization.yaml").read_text() == plain + f"  digest: {INDEX}\n",
               (folder / "kustomization.yaml").read_text())
    with h.check("Flux: after a new tag, digester kustomize --update writes the new digest"):
        (folder / "kustomization.yaml").write_text(plain.replace('"1.10"', '"1.11"') + f"  digest: {INDEX}\n")
        done = toolbox.run(h, "digester", "kustomize", "--update", folder)
        expect(done.code == 0, done)
        seen = (folder / "kustomization.yaml").read_text()
        expect(seen == plain.replace('"1.10"', '"1.11"') + f"  digest: {ARM64}\n", seen)


GROUPS = (flux, flux_kustomize)
