"""Validates a bill of materials against CycloneDX's schema, and checks that it lists the most important components.

usage: bill.py FILE
"""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# Third-party code on the path of every request.
NEEDED = {"swift-nio", "hummingbird", "libpq5", "librabbitmq4", "libssl3"}


def main(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        # The further lines print the schema.
        sys.exit(f"error: {path}: {str(fault).splitlines()[0]}")
    bill = json.loads(text)
    components = bill["components"]
    missing = NEEDED - {component["name"] for component in components}
    if missing:
        sys.exit(f"error: {path} lacks {', '.join(sorted(missing))}")
    known = {component["bom-ref"] for component in components} | {bill["metadata"]["component"]["bom-ref"]}
    if unknown := {each for entry in bill["dependencies"] for each in (entry["ref"], *entry["dependsOn"])} - known:
        sys.exit(f"error: {path}: {sorted(unknown)[0]} is nothing that it lists")
    print(f"{pathlib.Path(path).name}: {len(components)} components, valid CycloneDX {bill['specVersion']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
