"""Which roll call an answer is for, and whether it would count: said at once, so that its sender can mend it.

The machine has the last word: it judges by the time of the fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Path

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.messages import people
from escalation_policies.roll_call.roster import School, school_of
from escalation_policies.selector import Selector
from services.intake.deps import Deps
from services.intake.problems import Problem, invalid
from services.intake.security import within
from services.runtime.open_calls import LatestCalls, day_asked, named
from services.runtime.tokens import Caller

_REST = "Nothing was stored."
TODAY = "today"
DayInPath = Annotated[
    str,
    Path(
        description="The day it asks about, such as 2026-03-02; or `today`: the bureau's own, whatever the caller's "
        "clock says. Past midnight it stays the day before while a roll call of that is open and none of today's is.",
        examples=["2026-03-02", TODAY],
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A school, and the roll call that asks it."""

    school: School
    call: RollCall


async def asked_now(
    deps: Deps, calls: LatestCalls, school_id: str, day: date | None, name: str | None, at: datetime
) -> Asked:
    """Return what an answer received at ``at`` is for.

    Raises:
        Problem: 409 or 404, saying when the school is asked.
    """
    directory = deps.directory()
    school, bureau_id = school_of(directory, school_id), directory.bureau_of(school_id)
    today = await day_asked(calls, bureau_id, at) if bureau_id is not None else None
    if school is None or bureau_id is None or today is None:
        raise Problem("no-roll-call", f"This school's bureau has no roll calls. {_REST}")
    found = await calls.on(bureau_id, day or today)
    call = named(found, name, at)
    if call is None:
        there = ", ".join(one.window.call for one in found) or "none"
        raise Problem("no-roll-call", f"There is no such roll call on {day or today}; there is {there}. {_REST}")
    opens = call.window.opens_at
    if at < opens:
        local = opens.astimezone(ZoneInfo(call.window.timezone))
        detail = (
            f"The roll call {call.window.call!r} opens on {local:%Y-%m-%d} at {local:%H:%M}: answer it then. {_REST}"
        )
        raise Problem("no-roll-call", detail, opens_at=opens.isoformat())
    return Asked(school, call)


def check_person(deps: Deps, asked: Asked, person_id: str, at: datetime) -> None:
    """Refuse an answer of somebody who may not answer for the school.

    Raises:
        Problem: 403, saying who may.
    """
    selectors = asked.call.schedule.confirm_by
    if not is_one_of(deps, selectors, asked.school.unit_id, person_id, at):
        who = posts_of(selectors)
        detail = f"It may be answered by who is {who} of the school or above it, or acts for them. {_REST}"
        raise Problem("may-not-answer", detail)


def is_one_of(deps: Deps, selectors: Sequence[Selector], unit_id: str, person_id: str, at: datetime) -> bool:
    """Return whether a person is, or acts for, somebody whom the selectors name, seen from a unit."""
    return any(one.person_id == person_id for one in people(deps.directory(), selectors, unit_id, at))


def posts_of(selectors: Sequence[Selector]) -> str:
    """Return the posts that selectors name, for a sentence."""
    return ", ".join(dict.fromkeys(one.role or one.on_duty or one.group or "" for one in selectors))


def who_answers(caller: Caller, stated: str | None) -> str:
    """Return the person who speaks.

    Raises:
        Problem: 403, no person or somebody else's.
    """
    if stated is not None and stated != caller.person_id:
        if caller.role != "administrator":
            detail = (
                "Only an administrator may answer for somebody else. Leave `by` out to answer as the token's person."
            )
            raise Problem("not-allowed", detail)
        return stated
    if caller.person_id is None:
        detail = (
            "This token belongs to no person, and an answer needs one. Ask your administrator for a personal token."
        )
        raise Problem("person-required", detail)
    return caller.person_id


def bureau_for(deps: Deps, caller: Caller, stated: str | None) -> str:
    """Return whose roll calls are meant: the stated bureau, or that of the caller's own unit.

    Raises:
        Problem: 404, there is none within the caller's units or above them.
    """
    directory = deps.directory()
    own = directory.bureau_of(caller.unit_id)
    if stated is None or stated == own:
        if own is None:
            raise Problem("unknown-bureau", "Say which bureau: `bureau_id`, its id in the directory.")
        return own
    unit = directory.unit(stated)
    if unit is None or unit.kind != "bureau" or not within(directory, caller, stated):
        raise Problem("unknown-bureau", "Give the id of a bureau of the directory that is yours or below you.")
    return stated


async def day_meant(deps: Deps, calls: LatestCalls, bureau_id: str, stated: str) -> date:
    """Return the day that an address names.

    Raises:
        Problem: 422, it is no day; 404, the bureau has no roll calls, so it has no today.
    """
    if stated != TODAY:
        try:
            return date.fromisoformat(stated)
        except ValueError as error:
            raise invalid([{"parameter": "day", "detail": f"write it as 2026-03-02, or {TODAY}"}]) from error
    today = await day_asked(calls, bureau_id, deps.clock.now())
    if today is None:
        raise Problem("unknown-bureau", "This bureau has no schedule of roll calls.")
    return today


async def the_call(deps: Deps, calls: LatestCalls, bureau_id: str, day: date, name: str | None) -> RollCall:
    """Return one roll call of a day, the latest that has opened when none is named.

    Raises:
        Problem: 404, naming those that there are.
    """
    found = await calls.on(bureau_id, day)
    call = named(found, name, deps.clock.now())
    if call is None:
        raise Problem("unknown-roll-call", f"On {day} there is {names_of(found)}.")
    return call


def names_of(calls: Sequence[RollCall]) -> str:
    """Return the names of a day's roll calls, for a sentence."""
    return ", ".join(repr(one.window.call) for one in calls) or "none"
