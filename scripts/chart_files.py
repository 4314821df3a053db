#!/usr/bin/env python3
"""Writes what the chart shares with deploy/ and what its README takes from values.yaml.

    chart_files.py [--check]

deploy/ is where it is changed. --check writes nothing: exit status 1 and the names of the files that are not what they
should be.
"""
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY, CHART = ROOT / "deploy", ROOT / "charts/digester"


class Dumper(yaml.SafeDumper):
    """Text of several words in folded blocks, as deploy/ has it."""

    def ignore_aliases(self, data):
        return True


Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style=">" if len(text) > 100 else None))


def dump(value):
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=110, allow_unicode=True)


def generated(text, source):
    return f"# Written by scripts/chart_files.py from {source}: change it there.\n{text}"


def load(path, kind):
    return next(item for item in yaml.safe_load_all((DEPLOY / path).read_text()) if item["kind"] == kind)


def webhook():
    path = "mutating-webhook-configuration.yaml"
    shipped = load(path, "MutatingWebhookConfiguration")["webhooks"][0]
    component = load("components/custom-resources/kustomization.yaml", "Component")
    more = [operation["value"] for patch in component["patches"] for operation in yaml.safe_load(patch["patch"])]
    return generated(dump({"objectSelector": shipped["objectSelector"], "rules": shipped["rules"],
                           "customResourceRules": more, "matchConditions": shipped["matchConditions"]}),
                     f"deploy/{path} and deploy/components/custom-resources")


def spec_of(path, kind):
    return generated(dump(load(path, kind)["spec"]), f"deploy/{path}")


def values_table():
    """A row for each value: its path, its default, and the comment above it that starts with `--`."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    rows, path, comment = [], [], []
    for line in (CHART / "values.yaml").read_text().splitlines():
        if match := re.match(r"\s*# ?(.*)", line):
            text = match[1]
            comment = [text[3:]] if text.startswith("-- ") else comment + [text] if comment else []
        elif match := re.match(r"( *)([A-Za-z]\w*):", line):
            path = path[:len(match[1]) // 2] + [match[2]]
            if comment:
                value = values
                for key in path:
                    value = value[key]
                rows.append((".".join(path), value, " ".join(comment)))
            comment = []
        elif not line.strip():
            comment = []
    import json
    return "\n".join(["| value | default | what it is |", "|---|---|---|"] + [
        f"| `{name}` | `{json.dumps(value)}` | {text} |" for name, value, text in rows])


def readme():
    head = (CHART / "README.md.in").read_text()
    return head.replace("@VALUES@", values_table())


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__.strip())
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    files = {
        "files/webhook.yaml": webhook(),
        "files/alerts.yaml": spec_of("components/monitoring/prometheus-rule.yaml", "PrometheusRule"),
        "files/audit-policy.yaml": spec_of("components/audit/validating-admission-policy.yaml",
                                           "ValidatingAdmissionPolicy"),
        "files/digester.json": (DEPLOY / "components/monitoring/digester.json").read_text(),
        "README.md": readme(),
    }
    stale = [name for name, text in files.items()
             if not (CHART / name).exists() or (CHART / name).read_text() != text]
    if sys.argv[1:] == ["--check"]:
        for name in stale:
            print(f"charts/digester/{name} is not what scripts/chart_files.py writes")
        print(f"{len(files)} files, {len(stale)} of them stale")
        return 1 if stale else 0
    for name in stale:
        (CHART / name).parent.mkdir(exist_ok=True)
        (CHART / name).write_text(files[name])
        print(f"wrote charts/digester/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
