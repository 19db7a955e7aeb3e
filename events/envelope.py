"""CloudEvents 1.0 and its Kafka binding: binary mode written, structured mode also read (DOMAIN §6).

Source: CloudEvents spec v1.0.2 and its Kafka protocol binding v1.0.2 (§3.2 binary, §3.3 structured). Sixty lines here
rather than the ``cloudevents`` package: see ADR 0003.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import Field, ValidationError

from events.base import Frozen, Identifier, Utc
from events.errors import UnreadableRecord

Headers = list[tuple[str, bytes]]

JSON_TYPE = "application/json"
STRUCTURED_TYPE = "application/cloudevents+json"
SPEC_VERSION = "1.0"
_SPEC_VERSION = ("ce_specversion", SPEC_VERSION.encode())
_CONTENT_TYPE = ("content-type", JSON_TYPE.encode())


class Envelope(Frozen):
    """One CloudEvent. ``data`` is the JSON value before it is read as a body of a known type."""

    id: Identifier
    source: Identifier
    type: Identifier
    time: Utc
    subject: str | None = None
    dataschema: str | None = None
    traceparent: str | None = Field(default=None, description="W3C trace context, carried through unchanged.")
    data: dict[str, Any]


def to_headers(envelope: Envelope) -> Headers:
    """Return the record headers of ``envelope`` in binary mode; the value is its ``data`` as JSON."""
    headers: Headers = [
        _SPEC_VERSION,
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", _moment(envelope.time)),
    ]
    if envelope.subject is not None:
        headers.append(("ce_subject", envelope.subject.encode()))
    if envelope.dataschema is not None:
        headers.append(("ce_dataschema", envelope.dataschema.encode()))
    headers.append(_CONTENT_TYPE)
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


@lru_cache(maxsize=16)
def _moment(time: datetime) -> bytes:
    """Return a time as it stands in a header: the records of one unit of work often have the same."""
    return time.isoformat().replace("+00:00", "Z").encode()


def from_record(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Envelope:
    """Read one Kafka record, in either mode.

    Raises:
        UnreadableRecord: with a sentence for the person who will look at the dead-letter topic.
    """
    found = _text(headers)
    content_type = found.get("content-type", "").split(";")[0].strip().lower()
    if value is None:
        raise UnreadableRecord("the record has no value")
    attributes = _structured(value) if content_type == STRUCTURED_TYPE else _binary(found, value)
    if attributes.pop("specversion", None) != SPEC_VERSION:
        raise UnreadableRecord("not a CloudEvent: ce_specversion must be 1.0")
    try:
        return Envelope.model_validate(attributes, extra="ignore")
    except ValidationError as error:
        raise UnreadableRecord.of("the CloudEvent envelope is not valid", error) from error


def _text(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    try:
        return {name.lower(): value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError as error:
        raise UnreadableRecord("a header is not UTF-8") from error


def _binary(headers: Mapping[str, str], value: bytes) -> dict[str, Any]:
    attributes: dict[str, Any] = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    attributes["data"] = _json_object(value)
    return attributes


def _structured(value: bytes) -> dict[str, Any]:
    attributes = _json_object(value)
    attributes.setdefault("data", {})
    return attributes


def _json_object(value: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise UnreadableRecord(f"the value is not JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableRecord("the value is JSON nested too deeply to be an event") from error
    if not isinstance(parsed, dict):
        raise UnreadableRecord("the value is JSON, but not an object")
    return parsed
