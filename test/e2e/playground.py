"""What scripts/cluster.sh puts into a fresh control plane: a registry with images, digester as it is shipped, and a
namespace that is switched on."""
from installed import Installed, switch_on
from objects import Space
from servers import DIGESTS, Registry

NAMESPACE = "demo"


def deploy(h, cluster, flags=()):
    """Lines for a person to read. What runs ends with the harness."""
    registry = Registry(h, "registry")
    (h.work / "registry").write_text(registry.host + "\n")
    installed = Installed(h, cluster, [registry], *flags)
    switch_on(Space(cluster, NAMESPACE), f"{registry.host}/team/web:1.10")
    replica = installed.replica
    return [f"registry      {registry.host}, holds {', '.join(DIGESTS)}",
            f"digester      process {replica.process.pid}, in the place of its Pods; metrics at "
            f"http://127.0.0.1:{replica.metrics_port}/metrics",
            f"              its log: {h.work / replica.log_name}.log",
            "              (there is no kubelet: `kubectl logs` and `exec` do not work here)",
            "              once it was uninstalled: scripts/cluster.sh down, then up",
            f"namespace     {NAMESPACE}, labelled digest-resolution=enabled"]
