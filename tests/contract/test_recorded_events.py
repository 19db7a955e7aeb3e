"""What was shipped once stays readable: recordings decode for ever, older types are lifted to the present one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from events.codec import decode
from events.errors import UnknownType
from events.incident import IncidentFiled
from events.registry import MODELS, UPCASTERS, Data, resolve

RECORDED = Path(__file__).parent / "recorded"
RECORDINGS = sorted(RECORDED.glob("*.json"))
FILED = IncidentFiled.TYPE
NOW = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("event_type", sorted(MODELS))
def test_every_registered_type_has_a_recorded_example(event_type: str) -> None:
    """What was shipped once is on record; a new type begins with its example from contracts/asyncapi.yaml."""
    assert (RECORDED / f"{event_type}.json").is_file(), f"record an example as {RECORDED.name}/{event_type}.json"


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_a_recorded_example_decodes_for_ever(file: Path) -> None:
    """A record written by any earlier version is read, and no field of a present type is lost on the way.

    Never edit a recording: the records that it stands for are in somebody's cluster.
    """
    recorded = json.loads(file.read_text(encoding="utf-8"))
    written = [(name, text.encode()) for name, text in recorded["headers"].items()]
    decoded = decode(written, json.dumps(recorded["value"]).encode())
    assert recorded["headers"]["ce_type"] == file.stem
    if file.stem in MODELS:
        assert nothing_is_lost(recorded["value"], decoded.body.model_dump(mode="json", exclude_none=True))


def nothing_is_lost(old: object, new: object) -> bool:
    """Return whether all of ``old`` is in ``new``, which may have fields that came later."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and nothing_is_lost(value, new[name]) for name, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(nothing_is_lost(*pair) for pair in zip(old, new, strict=True))
    return old == new


def lift_filed(data: Data) -> tuple[str, Data]:
    """An upcaster: version 0 called the kind `type` and had no urgency."""
    kind = data["type"]
    return FILED, {**{name: value for name, value in data.items() if name != "type"}, "kind": kind, "urgent": False}


def lift_reported(data: Data) -> tuple[str, Data]:
    """An older one: before version 0 the event had another name and the school another field."""
    rest = {name: value for name, value in data.items() if name != "school"}
    return "edu.tocsin.incident.filed.v0", {**rest, "school_id": data["school"]}


LIFTS = {"edu.tocsin.incident.filed.v0": lift_filed, "edu.tocsin.incident.reported.v0": lift_reported}


def test_an_old_type_is_lifted_step_by_step_to_the_present_one() -> None:
    """Two upcasters in a row give the present model data that it accepts."""
    old = {"case_id": "c", "report_id": "r", "received_at": NOW.isoformat(), "school": "school-lake", "type": "fire"}
    event_type, model, data = resolve("edu.tocsin.incident.reported.v0", old, LIFTS)
    assert event_type == FILED
    assert model.model_validate(data) == IncidentFiled(
        case_id="c", report_id="r", received_at=NOW, school_id="school-lake", kind="fire"
    )


def test_a_present_type_is_not_lifted() -> None:
    """Upcasters of older types leave the present one alone."""
    data = {"kind": "fire"}
    assert resolve(FILED, data, LIFTS) == (FILED, IncidentFiled, data)


@pytest.mark.timeout(5)
def test_upcasters_that_go_in_a_circle_end() -> None:
    """A wrong table says so instead of hanging the consumer."""
    circle = {"a": lambda data: ("b", data), "b": lambda data: ("a", data)}
    with pytest.raises(UnknownType):
        resolve("a", {}, circle)


def test_every_upcaster_leads_to_a_type_that_is_read() -> None:
    """No old type is registered as both old and present."""
    assert not set(UPCASTERS) & set(MODELS)
