"""What did not arrive is told to its case, what a provider told is not forgotten, and an answer by SMS is a fact."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from events.delivery import RECEIPTS
from events.escalation import JournalEntry
from events.notification import NotificationRequested
from events.unreached import Cause, ContactUnreached, is_told_of, unreached_id
from services.intake.answering import ACTOR
from services.intake.twilio.status import MESSAGE_STATES
from services.runtime.database import Database
from services.runtime.tables import idempotency, inbox, journal, notifications
from tests.simulation.carrier import Carrier
from tests.simulation.provider import NEVER_TAKEN
from tests.simulation.texting import Answered, Said
from tests.simulation.truth import Broken
from tests.simulation.workers import Surroundings

NOT_ARRIVED = frozenset({"failed-permanent", "opted-out", "undelivered"})
_FLAGGED = "the contact is flagged"
_FACTS: Mapping[str, Said] = {
    "edu.tocsin.incident.acknowledged.v1": "accepted",
    "edu.tocsin.incident.declined.v1": "declined",
}


async def check_arrivals(
    database: Database, around: Surroundings, carrier: Carrier, answered: Collection[Answered]
) -> None:
    """Check promises 4 and 5 of what happens after a message was handed over.

    Raises:
        Broken: saying which promise, and where.
    """
    async with database.reading() as connection:
        rows = {row.notification_id: row for row in await connection.execute(select(notifications))}
        handled = set(
            (
                await connection.execute(
                    select(inbox.c.event_id).where(inbox.c.consumer.in_(("escalation", "roll_call")))
                )
            ).scalars()
        )
        found = await connection.execute(select(journal.c.case_id, journal.c.entry).order_by(journal.c.seq))
        entries = [JournalEntry.model_validate_json(row.entry) for row in found]
        keys = set((await connection.execute(select(idempotency.c.key).where(idempotency.c.actor == ACTOR))).scalars())
    for row in rows.values():
        _its_case_has_heard(row, handled, entries)
        _somebody_may_have_it(row, around)
    _no_receipt_is_forgotten(rows, carrier)
    if lost := sorted(keys - handled):
        raise Broken(f"promise 1: {len(lost)} answers were taken and never handled: {lost[:3]}")
    _answers_are_facts(answered, entries)


def _its_case_has_heard(row: Any, handled: Collection[str], entries: Collection[JournalEntry]) -> None:
    """Check that a message that did not arrive, or not in time, is in the history of its case."""
    if row.state == "cancelled":  # what took it back may have come first: then nobody ever saw the request
        return
    request = NotificationRequested.model_validate_json(row.request)
    causes: list[Cause] = ["late"] if row.is_late else []
    if row.state in NOT_ARRIVED or (row.state == "skipped" and row.reason.startswith(_FLAGGED)):
        causes.append("failed")
    for cause in causes if is_told_of(request) else ():
        if unreached_id(row.notification_id, cause) not in handled:
            raise Broken(f"promise 5: {row.notification_id} is {row.state}, {cause}, and its case never heard")
        told = (e.cause.data for e in entries if e.cause is not None and e.cause.type == ContactUnreached.TYPE)
        if not any(
            one["notification_id"] == row.notification_id and (one["cause"] == "late") == (cause == "late")
            for one in told
        ):
            raise Broken(f"promise 5: {row.notification_id} is {row.state}, {cause}, and its case has no entry of it")


def _somebody_may_have_it(row: Any, around: Surroundings) -> None:
    """Check that a message which counts as on its way is not one of which a provider told that it is lost."""
    if row.state not in {"handed-over", "sent"} or row.provider_id == NEVER_TAKEN:
        return
    taken = [one for each in around.providers.values() for one in each.of(row.notification_id)]
    if all(one.is_lost for one in taken):
        raise Broken(f"promise 5: {row.notification_id} is {row.state}, and whoever took it told that it is lost")


def _no_receipt_is_forgotten(rows: Mapping[str, Any], carrier: Carrier) -> None:
    """Check that what was delivered stays so, whatever else was told."""
    for notification_id, status in carrier.told:
        state, row = MESSAGE_STATES[status], rows[notification_id]
        if state == "delivered" and row.state != "delivered":
            raise Broken(f"promise 5: {notification_id} was delivered, and is {row.state}")
        if state == "sent" and RECEIPTS.get(row.state, 0) < RECEIPTS["sent"]:
            raise Broken(f"promise 5: {notification_id} was {status}, and is {row.state} again")


def _answers_are_facts(answered: Collection[Answered], entries: Collection[JournalEntry]) -> None:
    """Check that whoever was told so has answered: since they last said the opposite there is a fact of it."""
    facts = [
        (_FACTS[cause.type], cause.data["case_id"], cause.data.get("by"), cause.data["received_at"])
        for cause in (entry.cause for entry in entries)
        if cause is not None and cause.type in _FACTS
    ]
    for each in answered:
        since = max(_opposites_before(each, answered), default="")
        wanted = (each.said, each.case_id, each.person_id)
        if not any((said, case_id, by) == wanted and at > since for said, case_id, by, at in facts):
            raise Broken(f"promise 1: {each} was answered, and is not in the history of the case")


def _opposites_before(each: Answered, answered: Collection[Answered]) -> Iterator[str]:
    for other in answered:
        is_theirs = (other.case_id, other.person_id) == (each.case_id, each.person_id)
        if is_theirs and other.said != each.said and other.asked_at < each.asked_at:
            yield other.asked_at.isoformat()
