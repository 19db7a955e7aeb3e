"""How urgent a record is follows from what it says."""

import pytest

from events.base import Urgency
from events.codec import encode
from events.escalation import EntryKind, JournalEntry
from events.incident import IncidentFiled
from events.notification import Lane
from tests.support.notices import START, requested


@pytest.mark.parametrize(
    ("lane", "urgency"),
    [("escalation", Urgency.FIRST), ("reminder", Urgency.REMINDER), ("bulk", Urgency.BULK)],
)
def test_message_is_as_urgent_as_its_lane(lane: Lane, urgency: Urgency) -> None:
    """A message is asked for in the order in which it is sent."""
    assert requested(lane=lane).urgency == urgency


@pytest.mark.parametrize(("kind", "urgency"), [("reminder-sent", Urgency.NEXT), ("breach-recorded", Urgency.FIRST)])
def test_entry_of_a_reminder_comes_after_what_people_did(kind: EntryKind, urgency: Urgency) -> None:
    """Only a reminder's entry lets others go first."""
    entry = JournalEntry(case_id="c", received_at=START, seq=1, kind=kind, reason="r", school_id="school-1")
    assert entry.urgency == urgency


def test_fact_goes_first_and_its_record_says_so() -> None:
    """What a person reported waits for nothing; the record carries its body's urgency."""
    filed = IncidentFiled(case_id="c", received_at=START, report_id="r", school_id="school-1", kind="fire")
    for body, urgency in ((filed, Urgency.FIRST), (requested(lane="bulk"), Urgency.BULK)):
        record = encode(body, event_id="e", key="c", source="/tocsin/test", time=START, event_type=body.TYPE)
        assert record.urgency == urgency
