"""The JSON Schema (2020-12) of a policy file, for editors: completion, a meaning for each field, faults while typing.

An editor finds the faults of form. What a policy contradicts (the plan, the law, itself) is found by
`tocsin policy check`, which says everything that this schema says, too.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from escalation_policies.durations import format_duration
from escalation_policies.placed_yaml import CALENDARS
from escalation_policies.policy_words import MEANINGS
from escalation_policies.schema import Policy
from events.incident import SEVERITIES

Json = dict[str, Any]

EXACTLY_ONE: Mapping[str, Sequence[str]] = {
    "Reminder": ("at", "every"),
    "Selector": ("role", "on_duty", "group"),
    "Term": ("days", "working_days"),
}
"""Parts of a policy that say one thing out of several."""

HOUR: Json = {"type": "string", "pattern": r"^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$"}
"""An hour of the day as it is written; JSON Schema's own `time` asks for an offset from UTC."""


class AsWritten(GenerateJsonSchema):
    """Names no field twice, and writes a default the way a policy does."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:
        """Answer no: pydantic's title only repeats the field's name."""
        del schema
        return False

    def encode_default(self, dft: Any) -> Any:
        """Write a span as `7d` and a term as `{working_days: 5}`."""
        if isinstance(dft, timedelta):
            return format_duration(dft)
        found = super().encode_default(dft)
        return {k: v for k, v in found.items() if v is not None} if isinstance(found, dict) else found


def policy_schema() -> Json:
    """Return the whole schema, to be read without any other file."""
    schema: Json = Policy.model_json_schema(schema_generator=AsWritten)
    parts: dict[str, Json] = {"Policy": schema, **schema["$defs"]}
    for name, part in parts.items():
        for field, rule in part.get("properties", {}).items():
            if (meaning := MEANINGS.get(f"{name}.{field}")) is not None:
                rule["description"] = meaning
        if name in EXACTLY_ONE:
            part["oneOf"] = [{"required": [field]} for field in EXACTLY_ONE[name]]
    for field in ("start", "end"):
        write_hour(parts["QuietHours"], field)
    name_calendar(schema)
    _ask_for_every_severity(schema)
    return schema


def write_hour(part: Json, field: str) -> None:
    """Let an hour be what a file says it is."""
    part["properties"][field].pop("format")
    part["properties"][field] |= HOUR


def name_calendar(part: Json) -> None:
    """Let a calendar be named instead of written out."""
    calendar = part["properties"]["calendar"]
    names = sorted(path.stem for path in CALENDARS.glob("*.yaml"))
    part["properties"]["calendar"] = {
        "anyOf": [{"enum": names}, {"$ref": "#/$defs/Calendar"}],
        "description": calendar["description"],
    }


def _ask_for_every_severity(node: Any) -> None:
    """Let a span by severity name them all: no grade is left without a deadline."""
    if isinstance(node, list):
        for item in node:
            _ask_for_every_severity(item)
    elif isinstance(node, dict):
        if "propertyNames" in node:
            node["required"] = list(SEVERITIES)
        for item in node.values():
            _ask_for_every_severity(item)
