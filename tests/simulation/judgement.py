"""The judgement of a run: what is stored, and what people were told, is held against every promise."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.runtime.database import Database
from tests.simulation.arrivals import check_arrivals
from tests.simulation.carrier import Carrier
from tests.simulation.county import County
from tests.simulation.link_promises import check_links
from tests.simulation.people import People
from tests.simulation.plan import Plan
from tests.simulation.post import Post
from tests.simulation.post_promises import check_post
from tests.simulation.promises import check
from tests.simulation.record import RollCallRecord
from tests.simulation.roll_judge import judge_roll_calls
from tests.simulation.truth import Broken
from tests.simulation.workers import Surroundings


@dataclass(frozen=True)
class Witnesses:
    """Who knows what really happened."""

    people: People
    county: County
    carrier: Carrier
    post: Post
    record: RollCallRecord


@dataclass
class Judged:
    """What was found."""

    faults: list[str] = field(default_factory=list)
    case_hours: float = 0.0
    roll_calls: int = 0


async def judge(office: Database, around: Surroundings, plan: Plan, of: Witnesses) -> Judged:
    """Return what was found. Never raises for it."""
    judged = Judged()
    try:
        await _judge(judged, office, around, plan, of)
    except Broken as error:
        judged.faults.append(str(error))
    except AssertionError as error:
        judged.faults.append(f"{type(error).__name__}: {error}"[:2000] or "an assertion")
    return judged


async def _judge(judged: Judged, office: Database, around: Surroundings, plan: Plan, of: Witnesses) -> None:
    now = around.machine.clock.now()
    honest = plan.provider_badness == 0 and plan.freezes == 0 and plan.notifiers == 1
    cases = await check(office, around, of.people.told, of.record, now, nobody_doubts=honest)
    is_time_true = plan.clock_jumps == 0
    people = None if around.diary.counts["directory changed"] else of.county.people
    by_link = await check_links(office, of.people.pressing, of.record, is_time_true=is_time_true)
    heard = (*of.people.texting.answered, *by_link) if is_time_true else ()
    await check_arrivals(office, around, of.carrier, heard)
    await check_post(office, of.post, people)
    if plan.roll_callers:
        told = of.people.schools.told
        judged.roll_calls = await judge_roll_calls(office, around, of.record, told, people)
    spans = [(case.closed_at or now) - case.received_at for case in cases]
    judged.case_hours = sum((max(span, timedelta()) for span in spans), timedelta()) / timedelta(hours=1)
