"""Whether messages reach people: who is asked when, by what, and what their silence means.

Pure: the time, the plan and the directory come in. A round asks everybody of a unit once, as a drill, in the bulk lane,
where it delays nothing; it opens no case and nobody hears of a silence but who reads the list.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from escalation_policies.contact_choice import kept_for
from escalation_policies.reachability_plan import ReachabilityPlan
from events.directory import PersonRecorded, UnitRecorded
from events.ids import notification_id
from events.notification import NotificationRequested

KIND = "reachability"
_PREFIX = f"{KIND}:"
Standing = Literal["reached", "waiting", "silent", "no-way"]
"""``no-way``: not asked, because no contact of theirs works."""


@dataclass(frozen=True, slots=True)
class Round:
    """One test of one unit: asked from ``at`` on, to be answered by ``due_at``."""

    round_id: str
    unit_id: str
    at: datetime
    due_at: datetime

    @property
    def case_id(self) -> str:
        """Return what codes and messages of this test are kept under; no case has this id."""
        return f"{_PREFIX}{self.round_id}:{self.unit_id}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of one person's latest test."""

    round_id: str
    unit_id: str
    person_id: str
    asked_at: datetime
    due_at: datetime
    contacts: int
    """How many of their contacts were asked."""

    reached_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """Return what the answer, or its absence, means at a moment."""
        if self.reached_at is not None:
            return "reached"
        if self.contacts == 0:
            return "no-way"
        return "waiting" if now < self.due_at else "silent"


def round_of_case(case_id: str) -> str | None:
    """Return which round an answer is about, or None when it is about a case."""
    return case_id.removeprefix(_PREFIX).partition(":")[0] if case_id.startswith(_PREFIX) else None


def due_round(plan: ReachabilityPlan, unit: UnitRecorded, now: datetime) -> Round | None:
    """Return the round that a unit is to be asked in now, or None when its time has not come, or is over.

    Whoever was not running for all of a round's term leaves it out: nobody is asked for last week's test.
    """
    zone = ZoneInfo(unit.timezone)
    local = now.astimezone(zone).date()
    for month in (local.replace(day=1), (local.replace(day=1) - timedelta(days=1)).replace(day=1)):
        if month.month not in plan.months:
            continue
        at = _start(plan, unit, month, zone)
        if at <= now < at + plan.term:
            return round_now(plan, f"{month:%Y-%m}", unit, now)
    return None


def round_now(plan: ReachabilityPlan, round_id: str, unit: UnitRecorded, now: datetime) -> Round:
    """Return a round that begins now; at night, its messages wait for the morning, and so does its term."""
    at = plan.quiet.waking(now, ZoneInfo(unit.timezone))
    return Round(round_id, unit.unit_id, at, at + plan.term)


def may_be_due(plan: ReachabilityPlan, now: datetime) -> bool:
    """Return whether any unit, in any time zone, may be asked now: looking at each takes time."""
    margin, span = timedelta(days=2), plan.spread + plan.term
    return any(
        first - margin <= now <= first + span + margin
        for first in (
            datetime(day.year, day.month, plan.day, tzinfo=UTC) for day in (now, now.replace(day=1) - timedelta(days=1))
        )
        if first.month in plan.months
    )


def asked_in(
    plan: ReachabilityPlan, one: Round, unit: UnitRecorded, people: Iterable[PersonRecorded], flagged: Collection[str]
) -> Iterator[tuple[PersonRecorded, list[NotificationRequested]]]:
    """Give everybody who is asked, but who is away, with their messages: none where no contact of theirs works."""
    for person in people:
        if any(absence.start <= one.at < absence.end for absence in person.absences):
            continue
        ways = [way for way in person.contacts if way.channel in plan.channels and way.contact_id not in flagged]
        yield person, [_request(one, unit, person, way.contact_id, way.channel) for way in kept_for(ways, "bulk")]


def _start(plan: ReachabilityPlan, unit: UnitRecorded, month: date, zone: ZoneInfo) -> datetime:
    """Return when a unit's turn comes: always the same moment of the month, and not all at once."""
    first = datetime.combine(month.replace(day=plan.day), plan.at, tzinfo=zone).astimezone(UTC)
    share = int.from_bytes(hashlib.sha256(unit.unit_id.encode()).digest()[:4]) / 2**32
    return plan.quiet.waking(first + plan.spread * share, zone)


def _request(
    one: Round, unit: UnitRecorded, person: PersonRecorded, contact_id: str, channel: str
) -> NotificationRequested:
    return NotificationRequested.model_validate(
        {
            "case_id": one.case_id,
            "received_at": one.at,
            "notification_id": notification_id(one.case_id, KIND, one.round_id, contact_id, channel, 1),
            "clock": KIND,
            "step": one.round_id,
            "level": KIND,
            "person_id": person.person_id,
            "contact_id": contact_id,
            "channel": channel,
            "lane": "bulk",
            "template": "reachability_test",
            "language": person.language,
            "timezone": unit.timezone,
            "kind": KIND,
            "severity": "IV",
            "school_id": unit.unit_id,
            "school_name": unit.name,
            "not_before": one.at,
            "started_at": one.at,
            "deadline": one.due_at,
            "exercise": True,
        }
    )
