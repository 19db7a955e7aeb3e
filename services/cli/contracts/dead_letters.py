"""What a dead-letter topic carries: a record that could not be read or handled, as it came, and why."""

from typing import Any

from services.cli.contracts.cloud_event import key_of

DEAD_LETTER = "dead-letter"
"""The message's name in each dead-letter channel."""


def dead_letter_message(binding_version: str) -> dict[str, Any]:
    """Return the message. Its key is the original's, or its place in the source topic where that had none."""
    headers = {
        "tocsin_reason": "Why it could not be handled, in a sentence for a person.",
        "tocsin_origin": "Where it was read: `<topic>/<partition>/<offset>`.",
    }
    return {
        "name": DEAD_LETTER,
        "title": "A record that could not be handled",
        "description": "The original value, byte for byte, and the original headers as text; ours are added.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": sorted(headers),
            "properties": {name: {"type": "string", "description": meaning} for name, meaning in headers.items()},
        },
        "payload": {"description": "Any bytes."},
        "examples": [
            {
                "name": "not-json",
                "summary": "A client sent text that is no JSON.",
                "headers": {
                    "ce_type": "edu.tocsin.incident.filed.v1",
                    "tocsin_reason": "the value is not JSON: Expecting value: line 1 column 1 (char 0)",
                    "tocsin_origin": "tocsin.incidents/3/1042",
                },
                "payload": "fire in the west wing",
            }
        ],
        "bindings": {"kafka": {"key": key_of("source record's key"), "bindingVersion": binding_version}},
    }
