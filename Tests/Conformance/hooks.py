"""What schemathesis must know of the media types, and what it checks that the documents leave to words.

A list in NDJSON is its lines, a file is its text. The documents use the part of JSON Schema that generators of clients understand.
"""

import datetime
import json

import schemathesis
from schemathesis.transport.requests import REQUESTS_TRANSPORT

NDJSON = "application/x-ndjson"


@REQUESTS_TRANSPORT.serializer(NDJSON)
def serialize_ndjson(context, value):
    if isinstance(value, bytes):
        return {"data": value}
    # What is no list has no lines; an empty body is refused as such data must be.
    lines = value if isinstance(value, list) else []
    return {"data": "".join(json.dumps(line) + "\n" for line in lines).encode()}


@REQUESTS_TRANSPORT.serializer("application/x-ofx", "text/csv")
def serialize_file(context, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")}


@schemathesis.deserializer(NDJSON)
def deserialize_ndjson(context, response):
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Makes the answers stricter than the documents, and lets the items of a lote be any JSON: a bad one is answered in its own line."""
    components = raw_schema["components"]
    for response in components["responses"].values():
        media = response["content"].get("application/problem+json")
        if media is None:
            continue
        # The examples have the names of the problems that the response may have.
        statuses = {components["examples"][name]["value"]["status"] for name in media["examples"]}
        assert len(statuses) == 1, response
        rule = {"type": {"pattern": f"/problemas#({'|'.join(media['examples'])})$"}, "status": {"const": statuses.pop()}}
        media["schema"] = {"allOf": [media["schema"], {"type": "object", "properties": rule}]}
    schemas = components["schemas"]
    schemas["Instante"]["pattern"] = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
    if "ResultadoDeLote" in schemas:
        schemas["ResultadoDeLote"]["oneOf"] = [
            {"required": ["id"], "not": {"required": ["valor"]}, "properties": {"status": {"enum": [200, 201]}}},
            {
                "required": ["simulado"],
                "not": {"anyOf": [{"required": ["id"]}, {"required": ["erro"]}]},
                "dependentRequired": {"tipo": ["valor"], "valor": ["data"], "data": ["tipo"]},
                "properties": {"status": {"enum": [200]}},
            },
            {
                "required": ["erro"],
                "not": {"required": ["valor"]},
                "properties": {"status": {"enum": [400, 403, 413, 422, 503]}},
            },
        ]
        content = raw_schema["paths"]["/v1/lancamentos/lote"]["post"]["requestBody"]["content"]
        for media_type in (NDJSON, "application/json"):
            content[media_type]["schema"]["items"] = {}


@schemathesis.hook
def map_body(context, body):
    """Nearly every day drawn is outside the window of entries: every second one is brought inside."""
    try:
        day = datetime.date.fromisoformat(body["data"])
        if day.day % 2 == 0:
            body["data"] = (datetime.date.today() - datetime.timedelta(days=day.toordinal() % 3600)).isoformat()
    except (KeyError, TypeError, ValueError):
        pass
    return body


@schemathesis.hook
def map_query(context, query):
    """Two days drawn apart make a period that is nearly always too long or backwards: every second pair is brought together."""
    try:
        first, last = (datetime.date.fromisoformat(query[name]) for name in ("de", "ate"))
        if last.day % 2 == 0:
            query["ate"] = (first + datetime.timedelta(days=last.toordinal() % 380)).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return query
