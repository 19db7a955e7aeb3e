"""Reminders of what is over, or was answered while they waited, are not sent; whoever must know, hears all the same."""

from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from events.incident import IncidentAcknowledged, IncidentFiled
from services.notifier.channels.base import TryLater
from services.runtime.clock import wall_now
from services.runtime.database import Database
from services.runtime.store import CaseRow
from tests.support.intake import COUNTY, LAKE, PRINCIPAL, case_row
from tests.support.notices import ScriptedChannel, failing, requested
from tests.support.notifier_worker import Worker, facts_of, row_of, working

KEY = "report_to_principal@principal"


def reminder(**changes: Any) -> Any:
    soon = wall_now() + timedelta(minutes=5)
    return requested(**{"lane": "reminder", "template": "incident_reminder", "clock": KEY, "deadline": soon, **changes})


def judged(*, answered: bool) -> CaseRow:
    """Return the case that the reminder belongs to, as the engine stores it."""
    policies, now = load_library(), wall_now()
    filed = IncidentFiled(case_id="case-1", report_id="r", school_id=LAKE, kind="fire", severity="III", received_at=now)
    case = judge(None, filed, COUNTY, policies, now)[-1].state
    if answered:
        fact = IncidentAcknowledged(case_id="case-1", received_at=now, by=PRINCIPAL)
        case = judge(case, fact, COUNTY, policies, now)[-1].state
    assert case is not None
    assert case.clock(KEY) is not None
    return case_row(case, 0)


async def retried(database: Database, worker: Worker, *, answered: bool, **changes: Any) -> None:
    async with worker.store.transaction(worker.owned) as unit:
        await unit.save([judged(answered=answered)])
    await worker.receive(reminder(**changes))
    await worker.idle()


async def test_reminder_of_a_deadline_that_has_passed_is_not_sent(database: Database) -> None:
    """It comes after the breach, which others were told of."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(reminder(deadline=wall_now() - timedelta(seconds=1)))
        await worker.idle()
    row = await row_of(database)
    assert (row.state, row.reason, channel.sent) == ("skipped", "the deadline it reminds of has passed", [])
    assert await facts_of(database) == []


async def test_alert_of_a_deadline_that_has_passed_is_sent(database: Database) -> None:
    """Late beats never: only reminders give way."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(deadline=wall_now() - timedelta(seconds=1)))
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_reminder_that_is_tried_again_after_the_answer_is_not_sent(database: Database) -> None:
    """The first try failed, the principal answered, the second is spared."""
    channel = ScriptedChannel(script=[failing(TryLater("busy"))])
    async with working(database, channel) as worker:
        await retried(database, worker, answered=True)
    row = await row_of(database)
    assert (row.state, row.reason, channel.sent) == ("skipped", "it was answered meanwhile", ["notice-1"])


@pytest.mark.parametrize(
    ("answered", "changes"), [(False, {}), (True, {"asks_acknowledgement": False}), (True, {"clock": "no@such"})]
)
async def test_reminder_that_may_still_be_answered_is_tried_again(
    database: Database, answered: bool, changes: dict[str, Any]
) -> None:
    """The clock runs, or the message asks for something else, or the case knows nothing of it."""
    channel = ScriptedChannel(script=[failing(TryLater("busy"))])
    async with working(database, channel) as worker:
        await retried(database, worker, answered=answered, **changes)
    assert channel.sent == ["notice-1", "notice-1"]


async def test_reminder_that_waited_long_for_its_turn_is_looked_at_again(database: Database) -> None:
    """Never tried, but so long in the queue that the answer came first."""
    channel = ScriptedChannel()
    rules: dict[str, Any] = {"stale_seconds": 0.05, "provider_rates": {"scripted": 0.5}}
    async with working(database, channel, **rules) as worker:
        await worker.receive(requested(notification_id="alert"))
        await retried(database, worker, answered=True)
    assert channel.sent == ["alert"]
