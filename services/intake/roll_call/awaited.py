"""Which roll calls wait for an answer of somebody who replies without a code: `1` where one school waits for them."""

from collections.abc import Collection

from services.intake.answering import Holder, holders_of_people
from services.intake.deps import Deps
from services.intake.problems import Problem
from services.intake.roll_call.asked import asked_now
from services.runtime.open_calls import LatestCalls
from services.runtime.roll_call_codes import code_case
from services.runtime.roll_call_rows import RollCallRows

MOST_SCHOOLS = 20
"""Schools of one person that are looked through: whoever answers for more sends a file."""


async def roll_calls_awaited(deps: Deps, calls: LatestCalls, person_ids: Collection[str]) -> list[Holder]:
    """Return these people as holders of the codes of schools that are asked now and have not answered."""
    at, found = deps.clock.now(), list[Holder]()
    for holder in (await holders_of_people(deps, person_ids))[:MOST_SCHOOLS]:
        school_id = holder.roll_call_school
        assert school_id is not None
        try:
            asked = await asked_now(deps, calls, school_id, None, None, at)
        except Problem:  # nobody is asked now
            continue
        window = asked.call.window
        if at > window.closes_at or holder.case_id != code_case(school_id, window.date):
            continue
        async with deps.store.database.reading() as connection:
            days = await RollCallRows(connection).days(window.date, [school_id])
        known = days.get((asked.call.roll_call_id, school_id))
        if known is None or known.answer is None:
            found.append(holder)
    return found
