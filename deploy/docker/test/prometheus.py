"""Fails if the configuration of Compose's Prometheus differs from the other one in anything but its targets.

usage: prometheus.py deploy/monitoring/prometheus/prometheus.yaml deploy/compose/prometheus.yaml
"""

import pathlib
import sys

import yaml

TARGETS = ("file_sd_configs", "dns_sd_configs", "static_configs")


def without_targets(value):
    if isinstance(value, dict):
        return {key: without_targets(item) for key, item in value.items() if key not in TARGETS}
    return [without_targets(item) for item in value] if isinstance(value, list) else value


def main(*paths):
    one, other = (without_targets(yaml.safe_load(pathlib.Path(path).read_text(encoding="utf-8"))) for path in paths)
    if different := [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]:
        sys.exit(f"error: {paths[1]} differs from {paths[0]} in {', '.join(different)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
