"""What a settled world is held to: the promises of DESIGN §7 that lost, doubled, late and broken parts can break."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from escalation_policies.case import Case
from escalation_policies.machine import Decision, replay
from events.base import CaseFact
from events.delivery import RECEIPTS
from events.escalation import JournalEntry
from events.notification import NotificationCancelled, NotificationRequested
from services.escalation.case_text import CaseText
from services.runtime.database import Database
from services.runtime.tables import cases, inbox, journal, notifications
from tests.simulation.people import Told
from tests.simulation.provider import NEVER_TAKEN
from tests.simulation.record import RollCallRecord
from tests.simulation.truth import Broken
from tests.simulation.workers import Surroundings
from tests.support.case_truths import breaches_are_true, clocks_are_watched, history_is_whole
from tests.support.petition_truths import petition_breaches_are_true
from tests.support.truth import assert_positions_gapless


async def check(
    database: Database,
    around: Surroundings,
    told: Told,
    of_roll_calls: RollCallRecord,
    now: datetime,
    *,
    nobody_doubts: bool,
) -> list[Case]:
    """Return the cases.

    ``nobody_doubts``: one honest provider, and one notifier that may die but does not freeze, so that who finds an
    intent can find out what became of it.

    Raises:
        Broken: saying which promise, and where.
    """
    _nobody_else_wrote(around)
    if around.bus.contradictions:
        raise Broken(f"one id, two contents: {around.bus.contradictions[0]}"[:3000])
    await assert_positions_gapless(database)
    found = await _cases(database)
    requested: Counter[str] = Counter()
    cancelled: set[str] = set()
    for case, entries in found.values():
        decisions = _replayed(case, entries)
        asked = [e for d in decisions for e in d.effects if isinstance(e, NotificationRequested)]
        requested.update(request.notification_id for request in asked)
        cancelled |= {e.notification_id for d in decisions for e in d.effects if isinstance(e, NotificationCancelled)}
        _true_to_life(case, entries, asked, now)
    requested.update(of_roll_calls.requests.keys())
    cancelled |= of_roll_calls.cancelled
    if doubled := [one for one, count in requested.items() if count > 1]:
        raise Broken(f"promise 4: requested more than once: {doubled}")
    handled = await _handled(database)
    _nothing_filed_is_lost(handled, told, {case_id: entries for case_id, (_, entries) in found.items()})
    _nothing_on_the_bus_is_passed_over(handled, told, around)
    await _everything_was_tried(database, around, requested, cancelled, now)
    if nobody_doubts:
        _nothing_came_twice(around)
    return [case for case, _ in found.values()]


async def _cases(database: Database) -> dict[str, tuple[Case, list[JournalEntry]]]:
    async with database.reading() as connection:
        states = list(await connection.execute(select(cases.c.case_id, cases.c.state).order_by(cases.c.case_id)))
        rows = list(await connection.execute(select(journal.c.case_id, journal.c.entry).order_by(journal.c.seq)))
    entries: dict[str, list[JournalEntry]] = {row.case_id: [] for row in states}
    for row in rows:
        entries[row.case_id].append(JournalEntry.model_validate_json(row.entry))
    found = {}
    for row in states:
        case = Case.model_validate_json(row.state)
        if CaseText().write(case) != row.state:
            raise Broken(f"case {case.case_id} is not read as it was written")
        found[row.case_id] = (case, entries[row.case_id])
    return found


def _replayed(case: Case, entries: list[JournalEntry]) -> list[Decision]:
    """Return the decisions of the journal, replayed: the same state and the same entries, byte for byte."""
    decisions = replay(entries)
    last = decisions[-1].state
    if last is None or last.model_dump_json() != case.model_dump_json():
        raise Broken(f"promise 10: the journal of {case.case_id} replays to another state")
    again = [e.model_dump_json() for d in decisions for e in d.effects if isinstance(e, JournalEntry)]
    if again != [entry.model_dump_json() for entry in entries]:
        raise Broken(f"promise 10: the journal of {case.case_id} replays to another history")
    return decisions


def _true_to_life(
    case: Case, entries: list[JournalEntry], requests: list[NotificationRequested], now: datetime
) -> None:
    """Check promises 2 and 3: each clock that ran out has its record, and none that was stopped in time."""
    try:
        clocks_are_watched(case)
        history_is_whole(case, entries, requests)
        breaches_are_true(_with(case, of_the_chain=True), entries, now)
        _overdue_is_recorded(_with(case, of_the_chain=False), entries, now)
        if case.petition is not None:
            petition_breaches_are_true(case, entries, now)
    except AssertionError as error:
        raise Broken(f"case {case.case_id} ({case.policy.id}): {error}"[:3000]) from error
    if case.next_due_at is not None and case.next_due_at <= now:
        raise Broken(f"promise 2: case {case.case_id} has a deadline that nobody noticed")


_CHAIN = frozenset({"report_to_principal", "report_upward", "upward_receipt", "follow_up"})
"""Clocks that an answer of the chain stops; the others are stopped by what the office does."""


def _with(case: Case, *, of_the_chain: bool) -> Case:
    return case.model_copy(update={"clocks": tuple(c for c in case.clocks if (c.name in _CHAIN) == of_the_chain)})


def _overdue_is_recorded(case: Case, entries: list[JournalEntry], now: datetime) -> None:
    recorded = {entry.clock for entry in entries if entry.kind == "breach-recorded"}
    for clock in case.clocks:
        assert clock.status != "running" or clock.deadline > now or clock.due, clock
        assert clock.status != "breached" or clock.key in recorded, clock


async def _handled(database: Database) -> set[str]:
    async with database.reading() as connection:
        rows = await connection.execute(select(inbox.c.event_id).where(inbox.c.consumer == "escalation"))
        return set(rows.scalars())


def _nothing_on_the_bus_is_passed_over(handled: set[str], told: Told, around: Surroundings) -> None:
    """Check that another client's fact, which nobody could publish again, was handled if the bus has it still."""
    for key, place in told.phoned.items():
        if key not in handled and around.bus.still_has(*place):
            raise Broken(f"§5: {key} lies at {place} and was never handled: as good as one from the intake")


def _nothing_filed_is_lost(handled: set[str], told: Told, entries: Mapping[str, list[JournalEntry]]) -> None:
    """Check promise 1: every fact that was accepted is in the history of its case, as it was told."""
    for event_id, fact in told.accepted.items():
        if event_id not in handled:
            raise Broken(f"promise 1: {fact.TYPE} {event_id} was accepted and never handled")
        if not any(_is_of(entry, fact) for entry in entries.get(fact.case_id, ())):
            raise Broken(f"promise 1: {fact.TYPE} {event_id} of case {fact.case_id} was accepted and left no trace")


def _is_of(entry: JournalEntry, fact: CaseFact) -> bool:
    cause: Any = entry.cause
    return (
        cause is not None and cause.type == fact.TYPE and cause.data == fact.model_dump(mode="json", exclude_none=True)
    )


def _was_not_needed(row: Any) -> None:
    """Check what was not sent: its contact is dead, or it reminds of what is over or was answered."""
    request = NotificationRequested.model_validate_json(row.request)
    over = request.deadline is not None and request.deadline <= row.updated_at
    is_moot = request.lane == "reminder" and (over or "answered" in row.reason)
    if not is_moot and not row.reason.startswith("the contact is flagged"):
        raise Broken(f"promise 4: {row.notification_id} was not sent for {row.reason!r}")


def _asks_whether_it_arrives(row: Any) -> bool:
    """Return whether a message is of the monthly test of contacts, which belongs to no case."""
    return NotificationRequested.model_validate_json(row.request).template == "reachability_test"


async def _everything_was_tried(
    database: Database, around: Surroundings, requested: Mapping[str, int], cancelled: Collection[str], now: datetime
) -> None:
    """Check promises 4 and 5: every message was handed over, or cancelled by its case, or its failure is on record."""
    async with database.reading() as connection:
        rows = {row.notification_id: row for row in await connection.execute(select(notifications))}
    if lost := sorted(requested.keys() - rows.keys()):
        raise Broken(f"promise 4: {len(lost)} messages were requested and are nowhere: {lost[:3]}")
    if invented := sorted(one for one in rows.keys() - requested.keys() if not _asks_whether_it_arrives(rows[one])):
        raise Broken(f"promise 4: {len(invented)} messages that no case requested: {invented[:3]}")
    for row in rows.values():
        if row.state in RECEIPTS:
            taken = any(each.of(row.notification_id) for each in around.providers.values())
            if not taken and row.provider_id != NEVER_TAKEN:
                raise Broken(f"promise 5: {row.notification_id} counts as {row.state}, and nobody took it")
        elif (row.state == "pending" and _is_held(row, now)) or (
            row.state == "cancelled" and row.notification_id in cancelled
        ):
            continue
        elif row.state == "skipped":
            _was_not_needed(row)
        elif row.state not in {"failed-permanent", "opted-out"} or not row.reason:
            raise Broken(f"promise 5: {row.notification_id} ended as {row.state} for {row.reason!r}")


def _nothing_came_twice(around: Surroundings) -> None:
    """Check that whoever went on after a death asked first what the provider has."""
    for provider in around.providers.values():
        name, times = provider.most_taken()
        if times > 1:
            raise Broken(f"promise 4: sent {times} times, although nobody had to doubt: {name}")


def _is_held(row: Any, now: datetime) -> bool:
    """Return whether quiet hours hold a message back now: it waits for the moment its request names."""
    request = NotificationRequested.model_validate_json(row.request)
    return request.not_before is not None and now < request.not_before == row.next_try_at


def _nobody_else_wrote(around: Surroundings) -> None:
    connection = sqlite3.connect(around.path)
    strangers = connection.execute("SELECT * FROM witness_strangers LIMIT 3").fetchall()
    connection.close()
    if strangers:
        raise Broken(f"fencing: somebody wrote what another had claimed (name, what, writer, claimer): {strangers}")
