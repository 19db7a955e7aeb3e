"""Events as they cross the bus: CloudEvents in both modes, strict when made, tolerant when read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import ValidationError

from events.codec import Encoded, decode, encode
from events.envelope import STRUCTURED_TYPE, Headers, from_record
from events.errors import UnknownType, UnreadableRecord
from events.incident import IncidentAcknowledged, IncidentFiled
from events.registry import MODELS
from services.cli.contracts.examples import EXAMPLES, example_record
from tests.support.published_standards import standard

TYPES = sorted(MODELS)
FILED = IncidentFiled.TYPE
NOW = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PRIVATE = "Li Wei, +8613800138000"
"""Stands for personal data in a record that cannot be read: no error text may repeat it."""


def cloud_event(record: Encoded) -> dict[str, Any]:
    """Return a record in CloudEvents' JSON format (JSON event format v1.0.2 §3)."""
    headers = {name: value.decode() for name, value in record.headers}
    attributes = {name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")}
    more = {"traceparent": headers["traceparent"]} if "traceparent" in headers else {}
    return {**attributes, **more, "datacontenttype": headers["content-type"], "data": json.loads(record.value)}


def structured(event: Mapping[str, Any], content_type: str = STRUCTURED_TYPE) -> tuple[Headers, bytes]:
    return [("content-type", content_type.encode())], json.dumps(event).encode()


def headers(event_type: str = FILED, /, **changed: str | None) -> Headers:
    """Return good headers, some of them changed or left out."""
    texts: dict[str, str | None] = {name: value.decode() for name, value in example_record(event_type).headers}
    texts |= changed
    return [(name, text.encode()) for name, text in texts.items() if text is not None]


def filed(**changed: Any) -> bytes:
    """Return the value of a filed incident, some fields changed."""
    return json.dumps({**json.loads(example_record(FILED).value), **changed}).encode()


@pytest.mark.parametrize("event_type", TYPES)
def test_binary_mode_gives_back_what_was_encoded(event_type: str) -> None:
    """Body and envelope survive the road, the trace context included."""
    body = EXAMPLES[event_type]
    record = encode(body, event_id="e-1", key="k-1", source="/test", time=NOW, event_type=event_type, traceparent=TRACE)
    decoded = decode(record.headers, record.value)
    envelope = decoded.envelope
    assert decoded.body == body
    assert (envelope.id, envelope.subject, envelope.source, envelope.type) == ("e-1", "k-1", "/test", event_type)
    assert (envelope.time, envelope.traceparent) == (NOW, TRACE)
    assert envelope.dataschema == f"urn:tocsin:schema:{event_type}"


@pytest.mark.parametrize("event_type", TYPES)
def test_structured_mode_is_read_as_the_same_event(event_type: str) -> None:
    """A client that sends the whole event as JSON is as good as one that uses headers."""
    record = example_record(event_type)
    assert decode(*structured(cloud_event(record))) == decode(record.headers, record.value)


@pytest.mark.parametrize("content_type", ["Application/CloudEvents+JSON", f"{STRUCTURED_TYPE}; charset=utf-8"])
def test_structured_mode_is_recognised_whatever_the_case_and_parameters(content_type: str) -> None:
    """Media types ignore case and may carry parameters (RFC 9110 §8.3.1)."""
    event = cloud_event(example_record(FILED))
    assert decode(*structured(event, content_type)).body == EXAMPLES[FILED]


def test_header_names_are_read_whatever_their_case() -> None:
    """Some client libraries write `Content-Type` and `CE_Type`."""
    record = example_record(FILED)
    assert decode([(name.upper(), value) for name, value in record.headers], record.value).body == EXAMPLES[FILED]


@pytest.mark.parametrize("event_type", TYPES)
def test_what_is_written_is_a_cloud_event_by_the_standard(event_type: str) -> None:
    """In JSON form it validates against the CloudEvents 1.0 schema, formats included."""
    validator = Draft7Validator(standard("cloudevents-1.0.schema.json"), format_checker=Draft7Validator.FORMAT_CHECKER)
    validator.validate(cloud_event(example_record(event_type)))


@pytest.mark.parametrize("event_type", TYPES)
def test_an_unknown_field_is_ignored_when_read(event_type: str) -> None:
    """A newer producer never stops an older consumer."""
    value = {**json.loads(example_record(event_type).value), "of_a_newer_version": {"a": 1}}
    assert decode(headers(event_type), json.dumps(value).encode()).body == EXAMPLES[event_type]


def test_an_unknown_field_inside_a_field_is_ignored_when_read() -> None:
    """Tolerance goes all the way down."""
    body = decode(headers(), filed(casualties={"injured": 2, "evacuated": 300})).body
    assert body == EXAMPLES[FILED]


def test_an_unknown_attribute_of_the_envelope_is_ignored_when_read() -> None:
    """Extensions of other systems pass (CloudEvents §3.1)."""
    assert decode(headers(ce_partitionkey="x"), filed()).body == EXAMPLES[FILED]


@pytest.mark.parametrize("event_type", TYPES)
def test_an_unknown_field_is_refused_when_made(event_type: str) -> None:
    """Producers are strict: a misspelt field never leaves the house."""
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        MODELS[event_type].model_validate({**EXAMPLES[event_type].model_dump(), "of_a_newer_version": 1})


def test_a_body_cannot_be_changed_once_made() -> None:
    """What happened stays as it happened."""
    body = IncidentAcknowledged(case_id="c", received_at=NOW, by="p")
    with pytest.raises(ValidationError, match="frozen"):
        body.by = "somebody-else"  # type: ignore[misc]


def test_a_naive_time_is_refused_when_made() -> None:
    """Nobody can know which 14:00 was meant."""
    with pytest.raises(ValidationError, match="timezone"):
        IncidentAcknowledged(case_id="c", received_at=NOW.replace(tzinfo=None), by="p")


@pytest.mark.parametrize("field", ["received_at", "occurred_at"])
def test_a_naive_time_in_the_body_is_refused_when_read(field: str) -> None:
    """The reader is told which field."""
    with pytest.raises(UnreadableRecord, match=f"{field}: Input should have timezone info"):
        decode(headers(), filed(**{field: "2026-03-02T08:30:00"}))


def test_a_naive_time_in_the_envelope_is_refused_when_read() -> None:
    """RFC 3339 asks for an offset."""
    with pytest.raises(UnreadableRecord, match="time: Input should have timezone info"):
        decode(headers(ce_time="2026-03-02T08:30:00"), filed())


def test_a_time_with_an_offset_is_held_in_utc() -> None:
    """The same instant, whoever says it."""
    body = IncidentAcknowledged(case_id="c", received_at=NOW.astimezone(timezone(timedelta(hours=8))), by="p")
    assert body.received_at.tzinfo is UTC
    assert body.received_at == NOW


def test_an_unknown_type_is_named() -> None:
    """The person who looks at the dead letters learns which type it was."""
    with pytest.raises(UnknownType, match=r"edu\.tocsin\.incident\.exploded\.v9"):
        decode(headers(ce_type="edu.tocsin.incident.exploded.v9"), filed())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"case_id": PRIVATE + "\n"}, "case_id"),
        ({"case_id": {"phone": PRIVATE}}, "case_id"),
        ({"received_at": PRIVATE}, "received_at"),
        ({"severity": PRIVATE}, "severity"),
        ({"urgent": PRIVATE}, "urgent"),
        ({"casualties": {"injured": PRIVATE}}, "casualties.injured"),
        ({"place": PRIVATE * 20}, "place"),
        ({"summary": [PRIVATE]}, "summary"),
    ],
)
def test_an_error_names_the_field_and_never_quotes_its_value(changed: dict[str, Any], named: str) -> None:
    """The text goes to logs and to the dead-letter topic: it may hold nothing personal."""
    with pytest.raises(UnreadableRecord) as caught:
        decode(headers(), filed(**changed))
    assert f"not a valid {FILED}: {named}: " in str(caught.value)
    assert PRIVATE not in str(caught.value)


def test_every_fault_is_named_at_once() -> None:
    """Whoever mends the producer needs one look."""
    with pytest.raises(UnreadableRecord) as caught:
        decode(headers(), filed(case_id="", severity="V", received_at=None))
    assert all(f"{field}: " in str(caught.value) for field in ("case_id", "severity", "received_at"))


@pytest.mark.parametrize(
    ("changed", "value", "said"),
    [
        ({"ce_specversion": None}, filed(), "ce_specversion must be 1.0"),
        ({"ce_specversion": "0.3"}, filed(), "ce_specversion must be 1.0"),
        ({"ce_id": None}, filed(), "id: Field required"),
        ({"ce_time": PRIVATE}, filed(), "time: Input should be a valid datetime"),
        ({}, None, "the record has no value"),
        ({}, PRIVATE.encode(), "the value is not JSON"),
        ({}, json.dumps(PRIVATE).encode(), "the value is JSON, but not an object"),
        ({}, b"\xff\xfe" + PRIVATE.encode(), "the value is not JSON"),
    ],
)
def test_what_is_no_event_is_refused_in_words(changed: dict[str, str | None], value: bytes | None, said: str) -> None:
    """A sentence says what is wrong, without the value."""
    with pytest.raises(UnreadableRecord) as caught:
        decode(headers(**changed), value)
    assert said in str(caught.value)
    assert PRIVATE not in str(caught.value)


@pytest.mark.parametrize(
    "changed", [{"ce_time": "0001-01-01T00:00:00+14:00"}, {"ce_time": "9999-12-31T23:59:59-14:00"}]
)
def test_a_time_of_the_envelope_outside_the_calendar_is_refused_in_words(changed: dict[str, str | None]) -> None:
    """A time that has no UTC is a fault of the record, not of the consumer that reads it."""
    with pytest.raises(UnreadableRecord, match="time: Value error, must lie between the years 1 and 9999"):
        decode(headers(**changed), filed())


def test_a_time_of_the_body_outside_the_calendar_is_refused_in_words() -> None:
    """Likewise in the body: one such record stops nothing but itself."""
    with pytest.raises(UnreadableRecord, match="occurred_at: Value error, must lie between the years 1 and 9999"):
        decode(headers(), filed(occurred_at="0001-01-01T00:00:00+14:00"))


def test_json_nested_beyond_the_readers_depth_is_refused_in_words() -> None:
    """A hundred thousand brackets are a dead letter, not a crash."""
    with pytest.raises(UnreadableRecord, match="nested too deeply"):
        decode(headers(), b'{"a":' * 100_000)


def test_a_header_that_is_no_text_is_refused_in_words() -> None:
    """Kafka headers may be any bytes; ours are UTF-8."""
    with pytest.raises(UnreadableRecord, match="a header is not UTF-8"):
        from_record([*headers(), ("other", b"\xff")], filed())
