"""How a record carries its event: the headers of CloudEvents' Kafka binding in binary mode, and the record's key.

Source: CloudEvents Kafka protocol binding v1.0.2 §3.2. The attributes are those of ``events.envelope``.
"""

from typing import Any

from events.codec import SCHEMA_PREFIX
from events.envelope import JSON_TYPE, SPEC_VERSION, Envelope

Json = dict[str, Any]

_OUTSIDE = ("data", "traceparent")
"""Of an envelope, what is no ``ce_`` header: the value, and the W3C trace context under its own name."""


def common_headers() -> Json:
    """Return the schema of the headers that every event has."""
    schema = Envelope.model_json_schema()
    attributes = {name: _plain(rule) for name, rule in schema["properties"].items() if name not in _OUTSIDE}
    required = ["ce_specversion", *(f"ce_{name}" for name in schema["required"] if name not in _OUTSIDE)]
    return {
        "type": "object",
        "description": "CloudEvents 1.0, Kafka binding, binary mode: each header is UTF-8 text.",
        "required": sorted(required),
        "properties": {
            **{f"ce_{name}": rule for name, rule in attributes.items()},
            "ce_specversion": {"type": "string", "const": SPEC_VERSION},
            "content-type": {"type": "string", "const": JSON_TYPE},
            "traceparent": _plain(schema["properties"]["traceparent"]),
        },
    }


def headers_of(event_type: str, common: str) -> Json:
    """Return the schema of one type's headers; ``common`` is the address of ``common_headers`` in the document."""
    return {
        "type": "object",
        "allOf": [{"$ref": common}],
        "properties": {
            "ce_type": {"type": "string", "const": event_type},
            "ce_dataschema": {"type": "string", "const": SCHEMA_PREFIX + event_type},
        },
    }


def key_of(meaning: str) -> Json:
    """Return the schema of a record's key. ``meaning`` is the topic's own word for it."""
    return {
        "type": "string",
        "minLength": 1,
        "description": f"The {meaning}, as UTF-8 text. Never personal data.",
    }


def _plain(rule: Json) -> Json:
    """Return a rule for a header: there is no null in one, an absent attribute is an absent header."""
    kept = {name: value for name, value in rule.items() if name not in {"anyOf", "default", "title"}}
    return {"type": "string"} | kept
