"""What schemathesis must know of the media types: a list in NDJSON is its lines, a file is its text."""

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
