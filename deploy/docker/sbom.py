"""Writes a CycloneDX 1.6 document from what deploy/docker/sbom has collected: swift.json, dpkg.tsv and image.json in a folder."""

import datetime
import json
import pathlib
import sys
import urllib.parse
import uuid


def main(service, image, folder):
    folder = pathlib.Path(folder)
    root = json.loads((folder / "swift.json").read_text(encoding="utf-8"))
    inspected = json.loads((folder / "image.json").read_text(encoding="utf-8"))[0]
    labels = inspected.get("Config", {}).get("Labels") or {}
    swift, edges = swift_packages(root)
    debian = debian_packages((folder / "dpkg.tsv").read_text(encoding="utf-8"))
    own = {
        "type": "container", "bom-ref": service, "name": f"fluxo-caixa/{service}",
        "version": labels.get("org.opencontainers.image.version", "unknown"),
        "properties": [{"name": "image", "value": image}, {"name": "image:id", "value": inspected["Id"].removeprefix("sha256:")}],
    }
    edges[service] = sorted({*edges.pop(None), *(component["bom-ref"] for component in debian)})
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{uuid.uuid4()}", "version": 1,
        "metadata": {"timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "component": own},
        "components": [*swift.values(), *debian],
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in sorted(edges.items())],
    }
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    print()


def swift_packages(root):
    """Components by reference, and who depends on whom; None stands for the package itself."""
    components, edges = {}, {None: set()}

    def visit(package, owner):
        for dependency in package["dependencies"]:
            reference = purl(dependency)
            components[reference] = {
                "type": "library", "bom-ref": reference, "purl": reference, "name": dependency["name"], "version": dependency["version"],
            }
            edges.setdefault(owner, set()).add(reference)
            edges.setdefault(reference, set())
            visit(dependency, reference)

    visit(root, None)
    return components, edges


def purl(package):
    """pkg:swift/<host>/<owner>/<name>@<version> (package-url's type swift). A copy of a package in a folder has no host."""
    address = urllib.parse.urlsplit(package["url"])
    path = address.path.removesuffix(".git").strip("/").split("/")
    namespace = [address.hostname] if address.hostname else []
    namespace += path[-2:-1]
    return f"pkg:swift/{'/'.join(urllib.parse.quote(part) for part in [*namespace, path[-1]])}@{package['version']}"


def debian_packages(table):
    components = []
    for line in table.splitlines():
        name, version, architecture, source, source_version = line.split("\t")
        reference = f"pkg:deb/debian/{urllib.parse.quote(name)}@{urllib.parse.quote(version)}?arch={architecture}&distro=bookworm"
        upstream = f"{source}@{source_version}" if (source, source_version) != (name, version) else None
        component = {"type": "library", "bom-ref": reference, "purl": reference, "name": name, "version": version}
        if upstream:
            component["properties"] = [{"name": "debian:source", "value": upstream}]
        components.append(component)
    return components


if __name__ == "__main__":
    main(*sys.argv[1:])
