"""Cuts the rendered overlay dev into files for podman kube play, one for each Deployment with what it mounts.

usage: kube.py RENDERED FOLDER
Writes FOLDER/<deployment>.yaml and, for the import, which is a Job and so not played, FOLDER/importacao/ (its files) and
FOLDER/segredos/ (its secrets). What this podman does not know is said here and changed: Secrets as volumes become ConfigMaps,
generated names stay as rendered; probes, preStop and topology are left out by podman itself.
"""

import base64
import pathlib
import sys

import yaml


def main(rendered, folder):
    folder = pathlib.Path(folder)
    documents = [document for document in yaml.safe_load_all(pathlib.Path(rendered).read_text(encoding="utf-8")) if document]
    by_name = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    for document in documents:
        if document["kind"] == "Deployment":
            played = [*needed(document["spec"]["template"]["spec"], by_name), playable(document)]
            (folder / f"{document['metadata']['name']}.yaml").write_text(yaml.safe_dump_all(played), encoding="utf-8")
    job = next(document for document in documents if document["kind"] == "Job")
    write_import(job["spec"]["template"]["spec"], by_name, folder)


def texts(resource):
    """The files of a ConfigMap or a Secret."""
    plain = dict(resource.get("data", {})) if resource["kind"] == "ConfigMap" else {}
    if resource["kind"] == "Secret":
        plain = {key: base64.b64decode(value).decode() for key, value in resource.get("data", {}).items()}
        plain.update(resource.get("stringData", {}))
    return plain


def config_map(name, data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def needed(pod, by_name):
    found = {}
    for volume in pod.get("volumes", []):
        if claim := volume.get("persistentVolumeClaim"):
            found["claim", claim["claimName"]] = without_namespace(by_name["PersistentVolumeClaim", claim["claimName"]])
        if source := volume.get("configMap"):
            found["map", source["name"]] = config_map(source["name"], texts(by_name["ConfigMap", source["name"]]))
        if source := volume.get("secret"):
            name = f"segredo-{source['secretName']}"
            found["map", name] = config_map(name, texts(by_name["Secret", source["secretName"]]))
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        for source in container.get("envFrom", []):
            name = source["configMapRef"]["name"]
            found["map", name] = config_map(name, texts(by_name["ConfigMap", name]))
    return found.values()


def without_namespace(resource):
    metadata = {key: value for key, value in resource["metadata"].items() if key != "namespace"}
    return {**resource, "metadata": metadata}


def playable(deployment):
    pod = deployment["spec"]["template"]["spec"]
    for volume in pod.get("volumes", []):
        if source := volume.pop("secret", None):
            volume["configMap"] = {"name": f"segredo-{source['secretName']}", **{key: source[key] for key in ("items", "defaultMode") if key in source}}
    return without_namespace(deployment)


def write_import(pod, by_name, folder):
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    files = texts(by_name["ConfigMap", volumes["importacao"]["configMap"]["name"]])
    write_all(folder / "importacao", files)
    secrets = {}
    for source in volumes["segredos"]["projected"]["sources"]:
        values = texts(by_name["Secret", source["secret"]["name"]])
        items = source["secret"].get("items") or [{"key": key, "path": key} for key in values]
        secrets.update({item["path"]: values[item["key"]] for item in items})
    write_all(folder / "segredos", secrets)
    # What a token for the played system is signed with.
    auth = next(resource for (kind, name), resource in by_name.items() if kind == "Secret" and name.startswith("auth"))
    write_all(folder / "token", {"auth": texts(auth)["segredo"]})


def write_all(folder, files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
