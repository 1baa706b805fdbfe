"""The documents against the published schemas of their formats.

usage: validate.py CONFIG   (ESQUEMAS_EXTERNOS: a folder with asyncapi/3.0.0.json; without it AsyncAPI is left out, saying so)
"""

import json
import os
import pathlib
import sys

import jsonschema
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator


def openapi(path):
    document = yaml.safe_load(path.read_text())
    OpenAPIV31SpecValidator(document).validate()
    print(f"{path.name}: accepted")
    return document


def examples(document, name):
    """Every example satisfies the schema beside it."""
    seen = 0

    def resolved(value):
        while isinstance(value, dict) and "$ref" in value:
            target = document
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            value = target
        return value

    def check(media):
        nonlocal seen
        values = [resolved(example)["value"] for example in media.get("examples", {}).values()]
        values += [media["example"]] if "example" in media else []
        for value in values:
            schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [media["schema"]]} | {
                "components": document["components"]
            }
            jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(value)
            seen += 1

    def walk(value):
        if isinstance(value, dict):
            for content in value.get("content", {}).values() if isinstance(value.get("content"), dict) else []:
                if "schema" in content:
                    check(content)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)

    walk(document["paths"])
    walk(document["components"]["responses"])
    print(f"{name}: {seen} examples satisfy their schemas")
    assert seen >= 20, seen


def schemas(folder):
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        for example in schema["examples"]:
            jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(example)
        print(f"{path.name}: accepted")


def asyncapi(path):
    document = yaml.safe_load(path.read_text())
    folder = os.environ.get("ESQUEMAS_EXTERNOS")
    if not folder:
        print(f"{path.name}: left out, ESQUEMAS_EXTERNOS is not set")
        return
    schema = json.loads((pathlib.Path(folder) / "asyncapi/3.0.0.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(document)
    # What the schema cannot see: that every reference inside leads somewhere.
    text = json.dumps(document)
    for reference in set(part.split('"')[0] for part in text.split('"$ref": "#/')[1:]):
        target = document
        for part in reference.split("/"):
            target = target[part]
    print(f"{path.name}: accepted")


def main(config):
    config = pathlib.Path(config)
    for name in ("openapi-lancamentos.yaml", "openapi-consolidado.yaml"):
        examples(openapi(config / name), name)
    schemas(config / "esquemas")
    asyncapi(config / "asyncapi.yaml")


main(*sys.argv[1:])
