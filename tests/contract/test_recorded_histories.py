"""Whole histories of cases, recorded once, are replayed byte for byte by every later version (DESIGN §3)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from escalation_policies.machine import replay
from escalation_policies.machine.replaying import event_of
from events import registry
from events.escalation import Cause, EntryKind, journal_type
from events.incident import IncidentFiled
from events.registry import MODELS, UPCASTERS, Data
from tests.contract.history_book import LIVES
from tests.contract.history_files import history_of, names, read_history, write_history
from tests.contract.record_histories import record, record_states
from tests.support.scenario import shipped

NAMES = names()
DEADLINE_REACHED = "edu.tocsin.escalation.deadline-reached.v1"
IN_NO_JOURNAL = ("edu.tocsin.delivery.", "edu.tocsin.directory.", "edu.tocsin.roll-call.")
"""Families that no case is judged by: what became of a message, who is where, and who answered the day's roll call."""


@pytest.mark.parametrize("name", NAMES)
def test_recorded_journal_replays_to_itself_and_to_the_same_effects(name: str) -> None:
    """From the journal alone, without a directory: the same entries, notifications and ids, to the last byte."""
    recorded = read_history(name)
    again = history_of(replay(recorded.entries))
    assert again.journal.splitlines() == recorded.journal.splitlines()
    assert again.effects.splitlines() == recorded.effects.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_recorded_journal_ends_in_the_same_state(name: str) -> None:
    """Apart from the journal: what fails alone here is the shape of the state (`record_histories --states`)."""
    recorded = read_history(name)
    assert history_of(replay(recorded.entries)).state == recorded.state


@pytest.mark.parametrize("name", sorted(LIVES))
def test_life_is_on_record_as_it_is_decided_now(name: str) -> None:
    """A core that decides otherwise on purpose raises the life's version: the old history stays beside the new one."""
    life = LIVES[name]
    assert life.recorded_as in NAMES, "record it: python -m tests.contract.record_histories"
    recorded = read_history(life.recorded_as)
    lived = history_of(life.lived().decisions)
    assert lived.journal.splitlines() == recorded.journal.splitlines()
    assert lived.effects.splitlines() == recorded.effects.splitlines()


def test_every_version_of_every_event_occurs_in_some_history() -> None:
    """All that a journal can hold or cause, today's types and those that are only lifted, is replayed from a record."""
    entries = [entry for name in NAMES for entry in read_history(name).entries]
    lines = [line for name in NAMES for line in read_history(name).effects.splitlines()]
    found = {journal_type(entry.kind) for entry in entries}
    found |= {entry.cause.type for entry in entries if entry.cause is not None}
    found |= {json.loads(line)["type"] for line in lines}
    wanted = {event_type for event_type in {*MODELS, *UPCASTERS} if not event_type.startswith(IN_NO_JOURNAL)}
    assert found == wanted | {DEADLINE_REACHED}
    assert {entry.kind for entry in entries} == set(get_args(EntryKind))


def test_every_policy_of_the_library_has_its_histories() -> None:
    """Each of the nine judged a recorded case."""
    openings = [read_history(name).entries[0].cause for name in NAMES]
    judged = {opening.policy["id"] for opening in openings if opening is not None and opening.policy is not None}
    assert judged == {policy.id for policy in shipped().policies}


def test_what_is_on_record_is_not_overwritten(tmp_path: Path) -> None:
    """A life that is decided otherwise than on record is refused, and its files stay as they are."""
    life = LIVES["drill_of_an_exam"]
    assert record([life], tmp_path) == ([life.recorded_as], [])
    before = read_history(life.recorded_as, tmp_path)
    other = replace(before, journal=before.journal.replace(b"told at once", b"told, somewhen"))
    write_history(life.recorded_as, other, tmp_path)
    assert record([life], tmp_path) == ([], [life.recorded_as])
    assert read_history(life.recorded_as, tmp_path) == other
    newer = replace(life, version=life.version + 1)
    assert record([newer], tmp_path) == ([newer.recorded_as], [])
    assert names(tmp_path) == [life.recorded_as, newer.recorded_as]


def test_state_of_another_shape_is_written_anew_from_its_journal(tmp_path: Path) -> None:
    """The state follows from the journal, and is the one file that may be written over."""
    life = LIVES["drill_of_an_exam"]
    record([life], tmp_path)
    before = read_history(life.recorded_as, tmp_path)
    write_history(life.recorded_as, replace(before, state=b"{}\n"), tmp_path)
    assert record_states(tmp_path) == [life.recorded_as]
    assert read_history(life.recorded_as, tmp_path) == before
    assert record_states(tmp_path) == []


def lift_reported(data: Data) -> tuple[str, Data]:
    """An upcaster: before version 1 the report called its school otherwise."""
    rest = {name: value for name, value in data.items() if name != "school"}
    return IncidentFiled.TYPE, {**rest, "school_id": data["school"]}


def test_cause_of_an_old_version_is_lifted_to_be_judged_and_stays_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal that an old version wrote replays to itself, not to what this version would write."""
    old_type = "edu.tocsin.incident.filed.v0"
    monkeypatch.setitem(registry.UPCASTERS, old_type, lift_reported)
    entries = read_history("drill_of_an_exam.v1").entries
    filed = entries[0].cause
    assert filed is not None
    data = {**{name: value for name, value in filed.data.items() if name != "school_id"}, "school": "school-1"}
    old = entries[0].model_copy(update={"cause": filed.model_copy(update={"type": old_type, "data": data})})
    decisions = replay([old, *entries[1:]])
    assert decisions[0].effects[0] == old
    assert history_of(decisions).state == read_history("drill_of_an_exam.v1").state


def test_event_of_a_cause_is_the_event_that_was_applied() -> None:
    """Read again from the journal it is equal to what was said."""
    said = IncidentFiled(
        case_id="c", report_id="r", received_at=datetime(2026, 3, 2, tzinfo=UTC), school_id="school-1", kind="fire"
    )
    assert event_of(Cause(type=said.TYPE, data=said.model_dump(mode="json", exclude_none=True))) == said
