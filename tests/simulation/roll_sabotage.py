"""Ways to break the roll calls on purpose: what a simulation does not find here, it cannot see."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pytest

from escalation_policies.roll_call import bureaus, chasing, messages, page, schools
from escalation_policies.roll_call.bureaus import CallDecision
from escalation_policies.roll_call.call import RollCall, Step
from escalation_policies.roll_call.sheet import sheet_of
from escalation_policies.roll_call.window import Window, windows_on
from events.ids import derived
from services.intake.roll_call import answers
from services.roll_call import consumer, opening, steps
from services.roll_call.caught_up import CaughtUp
from services.roll_call.consumer import RollCallConsumer
from services.roll_call.steps import Steps
from services.runtime.consumption import Applied, Received
from services.runtime.ownership import Ownership
from services.runtime.store import UnitOfWork

SLOW_SECONDS = 0.5


def finds_nobody_missing(patch: pytest.MonkeyPatch) -> None:
    """Chase a school that has not answered, and tell nobody that it is missing."""
    patch.setattr(chasing, "_miss", lambda _page, _event: None)


def hears_nobody_out(patch: pytest.MonkeyPatch) -> None:
    """Take a step when it is due, whatever answers lie on the bus; and read those slowly, so that some do."""

    async def wait(_: CaughtUp) -> bool:
        return True

    patch.setattr(CaughtUp, "wait", wait)
    reads_slowly(patch)


def reads_slowly(patch: pytest.MonkeyPatch) -> None:
    """Take half a second for every unit of answers: that alone breaks nothing."""
    whole = RollCallConsumer.apply

    async def apply(self: RollCallConsumer, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        await asyncio.sleep(SLOW_SECONDS)
        return await whole(self, unit, batch)

    patch.setattr(RollCallConsumer, "apply", apply)


def tells_twice(patch: pytest.MonkeyPatch) -> None:
    """Ask for each summary a second time, under another id."""
    whole = bureaus._tell_bureau

    def tell(*arguments: Any) -> tuple[list[Any], str]:
        effects, reason = whole(*arguments)
        again = [one.model_copy(update={"notification_id": derived(one.notification_id)}) for one in effects]  # type: ignore[union-attr]
        return [*effects, *again], reason

    patch.setattr(bureaus, "_tell_bureau", tell)


def forgets_the_stand_in(patch: pytest.MonkeyPatch) -> None:
    """Tell the first of those who are to be told, and nobody else."""
    whole = messages.people
    patch.setattr(page, "people", lambda *arguments: whole(*arguments)[:1])


def tells_the_wrong_sheet(patch: pytest.MonkeyPatch) -> None:
    """Say in summaries and at the end that nobody has answered."""
    whole = sheet_of
    patch.setattr(steps, "sheet_of", lambda call, asked, _, now: whole(call, asked, {}, now))


def is_late_in_silence(patch: pytest.MonkeyPatch) -> None:
    """Never say how late a message is."""
    whole = messages._words

    def words(*arguments: Any) -> Any:
        return whole(*arguments).model_copy(update={"late_minutes": None})

    patch.setattr(messages, "_words", words)


def never_closes(patch: pytest.MonkeyPatch) -> None:
    """Leave every roll call open."""
    whole = RollCall.next_of_bureau

    def next_of_bureau(self: RollCall) -> Step | None:
        found = whole(self)
        return None if found is not None and found.step == "close" else found

    patch.setattr(RollCall, "next_of_bureau", next_of_bureau)


def closes_before_all_are_chased(patch: pytest.MonkeyPatch) -> None:
    """Close when the hour has come, whether or not another worker has chased its schools."""

    async def never(*_: object) -> bool:
        return False

    patch.setattr(Steps, "_has_schools_to_chase", never)


def opens_the_first_alone(patch: pytest.MonkeyPatch) -> None:
    """Open one roll call a day."""

    def one_a_day(*arguments: Any) -> Iterator[Window]:
        return islice(windows_on(*arguments), 1)

    patch.setattr(opening, "windows_on", one_a_day)


def believes_every_zero(patch: pytest.MonkeyPatch) -> None:
    """Hold no case against an answer."""
    patch.setattr("escalation_policies.roll_call.answering.look_for_contradictions", lambda *_: None)
    patch.setattr("escalation_policies.roll_call.contradicting.look_for_contradictions", lambda *_: None)


def moves_no_cut_off(patch: pytest.MonkeyPatch) -> None:
    """Take note of a new cut-off, and stay with the old one."""

    def stay(call: RollCall, *_: object) -> CallDecision:
        return CallDecision(call, (), "not moved")

    patch.setattr(consumer, "move_cut_off", stay)


def excuses_nobody(patch: pytest.MonkeyPatch) -> None:
    """Chase a school that is excused."""
    patch.setattr(schools, "_excuse", lambda _page, _fact: None)


def thanks_for_answers(patch: pytest.MonkeyPatch) -> None:
    """Say to a school that its answer is taken, and store nothing."""

    async def store(*_: object) -> None:
        """Store nothing."""

    patch.setattr(answers, "_store", store)
