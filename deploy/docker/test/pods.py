"""Writes the Deployments and the Job of a rendered overlay for podman kube play, one file each.

usage: pods.py RENDERED FOLDER

Images, commands, environment, users, rights, memory and claims stay as rendered. What podman 4.3 cannot do is replaced: files of
ConfigMaps, Secrets and projected volumes, and empty folders (podman gives those of one name to all pods) are below FOLDER and
mounted from there; probes, which podman does not run without systemd, and ports, which would be published on the machine, are removed.
"""

import base64
import copy
import pathlib
import sys

import yaml

# Scaling is a second Deployment: playing a file again would replace the running pods.
SCALED = {"consolidado": ("consolidado-mais", 3)}
LEFT_OUT = ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports")


class Pods:
    def __init__(self, documents, folder):
        self.documents, self.folder = documents, folder

    def of(self, kind):
        return [document for document in self.documents if document["kind"] == kind]

    def data(self, kind, name):
        """The keys of a ConfigMap or Secret and their contents."""
        for document in self.of(kind):
            if document["metadata"]["name"] == name:
                keys = {key: text.encode() for key, text in {**document.get("data", {}), **document.get("stringData", {})}.items()}
                return {key: base64.b64decode(text) for key, text in keys.items()} if kind == "Secret" else keys
        raise LookupError(f"{kind} {name} is not rendered")

    def files(self, volume):
        """A volume's initial files by path, or None if it is a claim."""
        if "emptyDir" in volume:
            return {}
        if "projected" in volume:
            return {path: text for source in volume["projected"]["sources"] for path, text in self.files(source).items()}
        for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if source := volume.get(field):
                data = self.data(kind, source.get(name) or source["name"])
                return {item["path"]: data[item["key"]] for item in source["items"]} if "items" in source else data
        return None

    def write(self, name, volume):
        """A folder with the volume's files, or None if it is a claim. The containers' users do not own it."""
        files = self.files(volume)
        if files is None:
            return None
        folder = self.folder / "volumes" / name / volume["name"]
        folder.mkdir(parents=True)
        if "emptyDir" in volume:
            folder.chmod(0o777)
        mode = next((volume[kind].get("defaultMode", 0) for kind in ("configMap", "secret", "projected") if kind in volume), 0)
        for path, text in files.items():
            (folder / path).write_bytes(text)
            (folder / path).chmod(mode | 0o444)
        return folder

    def playable(self, name, template):
        """A pod's template without what podman does not support."""
        template = copy.deepcopy(template)
        spec = template["spec"]
        folders, volumes = {}, []
        for volume in spec.get("volumes", []):
            folders[volume["name"]] = folder = self.write(name, volume)
            volumes.append(volume if folder is None else host_path(volume["name"], folder, "Directory"))
        for container in spec.get("initContainers", []) + spec["containers"]:
            for field in LEFT_OUT:
                container.pop(field, None)
            for mount in container.get("volumeMounts", []):
                if sub_path := mount.pop("subPath", None):
                    volumes.append(host_path(f"{mount['name']}-{len(volumes)}", folders[mount["name"]] / sub_path, "File"))
                    mount["name"] = volumes[-1]["name"]
        spec["volumes"] = volumes
        return template

    def save(self, name, document, spec):
        # Otherwise podman deletes an initContainer at its end, and does so too early.
        document["metadata"].setdefault("annotations", {})["io.podman.annotations.init.container.type"] = "always"
        wanted = {volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"] if "persistentVolumeClaim" in volume}
        claims = [claim for claim in self.of("PersistentVolumeClaim") if claim["metadata"]["name"] in wanted]
        text = yaml.safe_dump_all([*self.of("ConfigMap"), *claims, document])
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    def run(self):
        for document in self.of("Deployment"):
            name = document["metadata"]["name"]
            template = document["spec"]["template"] = self.playable(name, document["spec"]["template"])
            self.save(name, document, template["spec"])
            if name in SCALED:
                more = copy.deepcopy(document)
                more["metadata"]["name"], more["spec"]["replicas"] = SCALED[name]
                self.save(SCALED[name][0], more, template["spec"])
        for document in self.of("Job"):
            name = document["metadata"]["name"]
            template = self.playable(name, document["spec"]["template"])
            template["metadata"]["name"] = name
            self.save(name, {"apiVersion": "v1", "kind": "Pod", **template}, template["spec"])


def host_path(name, path, kind):
    return {"name": name, "hostPath": {"path": str(path), "type": kind}}


if __name__ == "__main__":
    rendered, target = map(pathlib.Path, sys.argv[1:])
    Pods([document for document in yaml.safe_load_all(rendered.read_text(encoding="utf-8")) if document], target).run()
