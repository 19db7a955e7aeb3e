"""A link that is true counts once, whatever its reader presses; what is no press of a true link is never an answer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from escalation_policies.case import Case
from escalation_policies.reachability import round_of_case
from events.escalation import JournalEntry
from events.incident import IncidentAcknowledged
from events.notification import NotificationRequested
from events.roll_call import ReportConfirmed
from services.intake.links.page import ACCEPT, DECLINE
from services.runtime.database import Database
from services.runtime.tables import cases, journal, notifications
from tests.simulation.pressing import Press, Pressing
from tests.simulation.record import RollCallRecord
from tests.simulation.texting import Answered, Said
from tests.simulation.truth import Broken

A_REPEAT = timedelta(minutes=1)
"""A school's same answer within a minute is a repeat of the first."""
OVER = frozenset({"case-completed", "withdrawn", "report-joined", "clock-cancelled"})
"""Kinds of entries after which a question may be over."""
_STATUSES: Mapping[str, Collection[int]] = {"HEAD": (404, 405, 410), "GET": (200, 404, 410)}


async def check_links(
    database: Database, pressing: Pressing, record: RollCallRecord, *, is_time_true: bool
) -> list[Answered]:
    """Return what people were told by a page that they have answered. ``is_time_true``: nobody set the clock.

    Raises:
        Broken: saying which link, and what became of it.
    """
    async with database.reading() as connection:
        pressed = {press.notification_id for press in pressing.presses}
        columns = notifications.c
        wanted = select(columns.notification_id, columns.request).where(columns.notification_id.in_(pressed))
        found = await connection.execute(wanted)
        asked = {row.notification_id: NotificationRequested.model_validate_json(row.request) for row in found}
        stored = [Case.model_validate_json(row.state) for row in await connection.execute(select(cases.c.state))]
        rows = await connection.execute(select(journal.c.entry).order_by(journal.c.seq))
        entries = [JournalEntry.model_validate_json(row.entry) for row in rows]
    over = {entry.case_id for entry in entries if entry.kind in OVER}
    shut = {case.case_id for case in stored if case.excluded}
    for method, seen in pressing.scanned:
        if seen.status not in _STATUSES[method]:
            raise Broken(f"promise 6: a scanner's {method} of a link was answered {seen}")
    by_link = [*_accepted(entries)] + [
        (fact.school_id, fact.by, fact.status) for fact in record.of(ReportConfirmed).values() if fact.via == "link"
    ]
    _only_presses_answer(by_link, pressing.presses, asked)
    answered = []
    for path in dict.fromkeys(press.path for press in pressing.presses):
        presses = [press for press in pressing.presses if press.path == path]
        request = asked[presses[0].notification_id]
        if presses[0].is_forged:
            _nobody_believes(presses)
            continue
        for press in presses:
            _is_answered_rightly(press, request.case_id in shut, request.case_id in over)
        if (first := _first_recorded(presses)) is not None:
            answered += _told(first, request, record, is_time_true=is_time_true)
    return answered


def _accepted(entries: Collection[JournalEntry]) -> Iterator[tuple[str, str, str]]:
    """Yield the case and the giver of each acknowledgement that came by a link."""
    for entry in entries:
        if entry.cause is not None and entry.cause.type == IncidentAcknowledged.TYPE:
            data = entry.cause.data
            if data.get("via") == "link":
                yield entry.case_id, data["by"], ACCEPT


def _only_presses_answer(
    by_link: Collection[tuple[str, str, str]],
    presses: Sequence[Press],
    asked: Mapping[str, NotificationRequested],
) -> None:
    """Check that whoever answered by a link has pressed a true one, in its time, that was theirs."""
    pressed = set()
    for press in presses:
        request = asked[press.notification_id]
        if press.is_forged or press.is_over:
            continue
        if request.roll_call is None:
            pressed.add((request.case_id, request.person_id, press.choice))
        else:
            status = {ACCEPT: "zero", DECLINE: "with_cases"}.get(press.choice, "")
            pressed.add((request.school_id, request.person_id, status))
    for answer in by_link:
        if answer not in pressed:
            raise Broken(f"promise 8: {answer} counts as answered by a link that nobody pressed who might")


def _nobody_believes(presses: Collection[Press]) -> None:
    for press in presses:
        if press.seen is not None and press.seen.page not in {"wrong", "limited", "trouble"}:
            raise Broken(f"promise 8: a forged link was believed: {press}")


def _is_answered_rightly(press: Press, is_shut: bool, is_over: bool) -> None:
    """Check what was seen of a true link. ``is_shut``: the case concerns somebody, for whom its links lead nowhere."""
    if press.seen is None or press.seen.page == "trouble" or (is_shut and press.seen.page == "wrong"):
        return
    allowed = {"recorded", "used"} if press.choice else {"ask"}
    if press.choice and is_over:
        allowed.add("nothing")
    if press.is_over:
        allowed = {"expired"}
    elif not press.is_steady or press.answered_at >= press.until:
        allowed.add("expired")
    if press.seen.page not in allowed:
        raise Broken(f"promise 1: {press} of a true link, and none of {sorted(allowed)} was seen")


def _first_recorded(presses: Sequence[Press]) -> Press | None:
    """Return the first press of the answer that a link gave. It gives one, whatever else is pressed."""
    recorded = {press.choice for press in presses if press.seen is not None and press.seen.page == "recorded"}
    if len(recorded) > 1:
        raise Broken(f"promise 4: one link gave two answers: {presses}")
    if any(press.seen is not None and press.seen.page == "used" for press in presses) and len(presses) < 2:
        raise Broken(f"promise 1: a link counts as used that was never pressed before: {presses}")
    if not recorded:
        return None
    (choice,) = recorded
    return min((press for press in presses if press.choice == choice), key=lambda one: one.asked_at)


def _told(
    first: Press, request: NotificationRequested, record: RollCallRecord, *, is_time_true: bool
) -> list[Answered]:
    if round_of_case(request.case_id) is not None:
        return []
    if request.roll_call is None:
        said: Said = "accepted" if first.choice == ACCEPT else "declined"
        return [Answered(request.case_id, request.person_id, said, first.asked_at)]
    status = "zero" if first.choice == ACCEPT else "with_cases"
    facts = [
        fact for fact in record.of(ReportConfirmed).values() if (fact.by, fact.status) == (request.person_id, status)
    ]
    if not any(fact.received_at > first.asked_at - A_REPEAT or not is_time_true for fact in facts):
        raise Broken(f"promise 1: {first} was recorded, and no roll call has heard of it")
    return []
