"""A school says zero and a case says otherwise: known at the answer, or filed later. It is asked once for each case."""

from datetime import datetime

import pytest

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.school_day import NotedCase
from events.notification import NotificationRequested
from events.roll_call import CaseNoted, ReportContradicted
from tests.support.roll_calls import OFFICER, answered, decide, live, minute, opened, sheet, told

CALL: RollCall = opened()
ASKED = [("p-s-1", "roll_call_contradicted")]


def case(number: int = 1, happened: float = -60) -> NotedCase:
    return NotedCase(case_id=f"case-{number}", happened_at=minute(happened))


def noted(at: float, happened: float, number: int = 1, *, withdrawn: bool = False) -> CaseNoted:
    return CaseNoted(
        school_id="s-1",
        received_at=minute(at),
        case_id=f"case-{number}",
        happened_at=minute(happened),
        withdrawn=withdrawn,
    )


def found(effects: object) -> list[tuple[str, str, datetime]]:
    assert isinstance(effects, list | tuple)
    return [(one.case_id, one.found, one.received_at) for one in effects if isinstance(one, ReportContradicted)]


def test_zero_while_a_case_is_open_is_contradicted_and_asked() -> None:
    """It is published, the school is asked with a code to answer by, and the sheet says it."""
    decision = decide(CALL, None, answered(minute(-5)), case())
    assert found(decision.effects) == [("case-1", "at-the-answer", minute(-5))]
    assert told(decision.effects) == ASKED
    (asked,) = [one for one in decision.effects if isinstance(one, NotificationRequested)]
    assert (asked.lane, asked.asks_acknowledgement) == ("bulk", True)
    assert sheet(CALL, minute(1), decision.state).counts.contradicted == 1


def test_with_cases_agrees_with_a_case() -> None:
    """Nobody is asked."""
    decision = decide(CALL, None, answered(minute(-5), "with_cases"), case())
    assert decision.effects == ()
    assert sheet(CALL, minute(1), decision.state).counts.contradicted == 0


def test_with_cases_and_none_filed_is_marked_and_asks_nobody() -> None:
    """The duty officer may ask whether something still has to be filed; it is no contradiction, and no reproach."""
    day, effects = live(CALL, answered(minute(-5), "with_cases"))
    found_ = sheet(CALL, minute(1), day)
    assert [line.school_id for line in found_.lines if line.nothing_filed] == ["s-1"]
    assert (found_.counts.contradicted, found_.counts.confirmed, found_.counts.with_cases) == (0, 1, 1)
    assert effects == []


def test_mark_goes_when_a_case_comes_and_returns_when_it_is_taken_back() -> None:
    """Filed before the answer or after it; a school that says zero never has it."""
    filed, _ = live(CALL, answered(minute(-5), "with_cases"), noted(10, happened=-60))
    before, _ = live(CALL, noted(-50, happened=-60), answered(minute(-5), "with_cases"))
    withdrawn, _ = live(
        CALL, noted(-50, happened=-60), answered(minute(-5), "with_cases"), noted(20, happened=-60, withdrawn=True)
    )
    zero, _ = live(CALL, answered(minute(-5), "with_cases"), answered(minute(-4)))
    refused, _ = live(CALL, answered(minute(-5), "with_cases", by="p-s-1-teacher"))
    days = (filed, before, withdrawn, zero, refused)
    assert [day.is_nothing_filed for day in days] == [False, False, True, False, False]


def test_case_filed_later_that_happened_before_contradicts() -> None:
    """At half past three it says zero; at five it files what happened at three."""
    day, effects = live(CALL, answered(minute(-30)), noted(60, happened=-60))
    assert found(effects) == [("case-1", "afterwards", minute(60))]
    assert told(effects)[:1] == ASKED
    assert day.notes[1].reason == "a case was filed"


def test_case_that_happened_after_the_answer_does_not_contradict() -> None:
    """Who says zero at three says nothing of four o'clock."""
    day, effects = live(CALL, answered(minute(-30)), noted(60, happened=-29))
    assert effects == []
    assert day.cases
    assert not day.contradicting


def test_case_known_before_the_answer_contradicts_it() -> None:
    """It was filed in the morning."""
    _, effects = live(CALL, noted(-200, happened=-210), answered(minute(-30)))
    assert found(effects) == [("case-1", "at-the-answer", minute(-30))]


def test_each_case_is_asked_about_once() -> None:
    """The school insists on zero: it stays on the list, and is not asked again; a further case is asked about."""
    first = decide(CALL, None, answered(minute(-30)), case())
    again = decide(CALL, first.state, answered(minute(-20)), case())
    assert again.effects == ()
    assert again.state.contradicting
    further = decide(CALL, again.state, noted(-10, happened=-70, number=2))
    assert [one for one, _, _ in found(further.effects)] == ["case-2"]
    assert told(further.effects) == ASKED
    ids = [e.notification_id for d in (first, further) for e in d.effects if isinstance(e, NotificationRequested)]
    assert len(set(ids)) == 2


def test_correction_settles_it() -> None:
    """On record, with who said so."""
    day, _ = live(CALL, noted(-200, happened=-210), answered(minute(-30)), answered(minute(-20), "with_cases"))
    assert not day.contradicting
    assert day.notes[-1].reason == "the answer agrees with the cases now"
    assert day.notes[-1].by == "p-s-1"


@pytest.mark.parametrize(("at", "flagged"), [(29, False), (30, True), (300, True)])
def test_bureau_is_told_when_its_summary_is_out_already(at: float, *, flagged: bool) -> None:
    """Until then the summary says it."""
    _, effects = live(CALL, answered(minute(-30)), noted(at, happened=-60))
    assert told(effects) == ASKED + [(OFFICER, "roll_call_flagged")] * flagged
    flags = [e for e in effects if isinstance(e, NotificationRequested) and e.template == "roll_call_flagged"]
    assert all(one.roll_call is not None and one.roll_call.contradicted == ("校s-1",) for one in flags)


def test_case_that_was_taken_back_contradicts_nothing() -> None:
    """It was steam: the school's zero was right. If it comes again after all, the school was asked already."""
    day, _ = live(CALL, answered(minute(-30)), noted(60, happened=-60), noted(70, happened=-60, withdrawn=True))
    assert not day.contradicting
    assert day.notes[-1].reason == "a case was taken back: it speaks against no answer any more"
    unknown, effects = live(CALL, noted(70, happened=-60, withdrawn=True))
    assert effects == []
    assert unknown.notes[-1].reason == "a case was taken back: it was not known here"
    again, effects = live(
        CALL,
        answered(minute(-30)),
        noted(60, happened=-60),
        noted(70, happened=-60, withdrawn=True),
        noted(80, happened=-60),
    )
    assert again.contradicting
    assert len(found(effects)) == 1


def test_answer_that_does_not_count_is_not_asked_about() -> None:
    """A teacher said zero: nobody has answered yet."""
    decision = decide(CALL, None, answered(minute(-5), by="p-s-1-teacher"), case())
    assert decision.effects == ()
