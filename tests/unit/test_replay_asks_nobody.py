"""A replay asks the journal instead of the directory: it knows what was answered then, and nothing else."""

import pytest

from escalation_policies.errors import Undecidable
from escalation_policies.machine import replay
from escalation_policies.machine.ledger import RecordedDirectory
from escalation_policies.selector import SchoolName
from events.escalation import JournalEntry
from tests.support.scenario import START, Scenario, shipped

JOURNAL = RecordedDirectory((), SchoolName(unit_id="school-1", name="Lakeside School"))
PRINCIPAL = shipped().for_kind("fire").chain[0].tell[0]


def test_what_was_never_asked_has_no_answer() -> None:
    """A post, a person, who goes with whom: nobody, rather than somebody who is there today."""
    assert JOURNAL.resolve(PRINCIPAL, "school-1", START) == ()
    assert JOURNAL.recipient("principal") is None
    assert JOURNAL.concerned(("principal",), ()) == ()


def test_it_knows_the_school_of_its_case_alone() -> None:
    """Another school is another case's."""
    school = JOURNAL.school("school-1")
    assert school is not None
    assert school.name == "Lakeside School"
    assert JOURNAL.school("school-2") is None


def test_journal_whose_beginning_is_lost_is_refused() -> None:
    """Without the opening nobody knows the policy; guessing it would be another history."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    with pytest.raises(Undecidable, match=r"^the journal does not begin with the opening of the case$"):
        replay([entry for entry in scenario.entries if entry.kind != "case-opened"])


def test_old_journal_without_the_name_of_its_school_replays_without_it() -> None:
    """The name was not always written down; the case is the same."""
    scenario = Scenario()
    scenario.file()
    first, *rest = scenario.entries
    assert first.cause is not None
    nameless = first.model_copy(update={"cause": first.cause.model_copy(update={"school_name": None})})
    state = replay([nameless, *rest])[-1].state
    assert state is not None
    assert state == scenario.opened.model_copy(update={"school_name": ""})


def test_event_stays_written_as_it_was() -> None:
    """An earlier version wrote the same moment in other words: it is judged alike, and its entry is the same again."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    first, *rest = scenario.entries
    assert first.cause is not None
    data = {**first.cause.data, "received_at": "2026-09-01T02:00:00+00:00"}
    assert data != first.cause.data
    older = first.model_copy(update={"cause": first.cause.model_copy(update={"data": data})})
    told = [effect for decision in replay([older, *rest]) for effect in decision.effects]
    assert [effect for effect in told if isinstance(effect, JournalEntry)] == [older, *rest]
