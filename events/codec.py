"""Between a body and a Kafka record: ``encode`` is strict, ``decode`` tolerant and exact about what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from events.base import Body, Urgency
from events.envelope import Envelope, Headers, from_record, to_headers
from events.errors import UnreadableRecord
from events.registry import resolve

SCHEMA_PREFIX = "urn:tocsin:schema:"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record ready for the outbox."""

    event_id: str
    key: str
    headers: Headers
    value: bytes
    urgency: Urgency = Urgency.FIRST


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record as read: its envelope and its body."""

    envelope: Envelope
    body: Body


def encode(
    body: Body, *, event_id: str, key: str, source: str, time: datetime, event_type: str, traceparent: str | None = None
) -> Encoded:
    """Return ``body`` as a CloudEvent in binary mode. ``key`` must not be personal data (DOMAIN §3)."""
    envelope = Envelope(
        id=event_id,
        source=source,
        type=event_type,
        time=time,
        subject=key,
        dataschema=SCHEMA_PREFIX + event_type,
        traceparent=traceparent,
        data={},
    )
    value = body.model_dump_json(exclude_none=True).encode()
    return Encoded(event_id=event_id, key=key, headers=to_headers(envelope), value=value, urgency=body.urgency)


def decode(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Decoded:
    """Read one record.

    Raises:
        UnreadableRecord: it is no valid event; send it to the dead-letter topic with the message.
        UnknownType: likewise, of a type unknown to this version.
    """
    envelope = from_record(headers, value)
    event_type, model, data = resolve(envelope.type, envelope.data)
    try:
        body = model.model_validate(data, extra="ignore")
    except ValidationError as error:
        raise UnreadableRecord.of(f"not a valid {event_type}", error) from error
    return Decoded(envelope=envelope, body=body)
