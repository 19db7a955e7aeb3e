"""Why was somebody called, or not? The case answers in words, for everybody it could have called."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation_policies.explanation import explain
from escalation_policies.selector import Selector
from events import incident as facts
from events.escalation import Contact, JournalEntry, Recipient
from events.petition import PetitionFiled, PetitionWithdrawn
from tests.support.scenario import SCHOOL, STAFF, START, Scenario, Staff


class Away(Staff):
    """The principal is away, and somebody of another unit acts for them."""

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        found = super().resolve(selector, school_id, at)
        if selector.question != "role:principal@self":
            return found
        contacts = (Contact(contact_id="vice:sms", channel="sms"),)
        update = {"person_id": "vice", "name": "Vice", "unit_id": "elsewhere", "contacts": contacts}
        return (found[0].model_copy(update={**update, "on_behalf_of": "principal"}),)


def told_of(scenario: Scenario, person: str | None = None) -> list[str]:
    text = explain(scenario.opened, scenario.entries, scenario.staff, scenario.now, person)
    return [line.strip() for line in text.splitlines()]


def section(lines: list[str], start: str) -> list[str]:
    """Return the lines below the one that starts so, until the next empty one."""
    first = next(number for number, line in enumerate(lines) if line.startswith(start))
    rest = [*lines[first:], ""]
    return rest[1 : rest.index("")]


def climbed() -> Scenario:
    """Return a fire that the principal does not answer and the director accepts at minute 16."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    return scenario


def petition(staff: Staff, start: Any = START, **fields: Any) -> Scenario:
    scenario = Scenario(staff=staff)
    scenario.now = start
    filed = PetitionFiled(
        case_id="case-1", received_at=start, report_id="r-1", school_id=SCHOOL, kind="petition", **fields
    )
    scenario.judge(filed)
    return scenario


def test_steps_are_told_in_local_time_with_selector_and_channels() -> None:
    """What happened, as the clock on the wall had it: 2:15 UTC is 10:15 in Shanghai."""
    steps = section(told_of(climbed()), "What happened")
    assert (
        "2026-09-01 10:15:00  step-taken [district]: principal not reached by the deadline: "
        "director as role:district_director@parent by sms and email"
    ) in steps
    assert "2026-09-01 10:16:00  acknowledged by director [district]: responsibility accepted" in steps


def test_each_level_says_whom_it_called_and_what_they_answered() -> None:
    """Named by which selector, told how often, answered or not."""
    lines = told_of(climbed())
    principal = section(lines, "principal: told at 2026-09-01 10:00:00")
    assert principal[0] == (
        "principal, named by role:principal@self: told 3 times, last at 2026-09-01 10:10:00, by sms and email"
    )
    assert "principal as role:principal@self: has not answered" in principal
    district = section(lines, "district: told at 2026-09-01 10:15:00")
    assert district[-1] == (
        "director as role:district_director@parent: accepted at 2026-09-01 10:16:00, not asked to accept again"
    )


def test_level_that_was_not_told_says_what_it_waits_for() -> None:
    """The clock below that still runs, or that was answered."""
    waiting = section(told_of(climbed()), "government_and_bureau: not told")
    assert waiting == ["report_upward@district still runs, until 2026-09-01 10:36:00: then this level is told"]
    scenario = Scenario()
    scenario.file()
    assert section(told_of(scenario), "government_and_bureau: not told") == ["district was not told either"]


def test_level_that_nothing_called_says_what_became_of_the_clock_below() -> None:
    """A petition that was taken back calls nobody further."""
    scenario = petition(Staff())
    scenario.judge(PetitionWithdrawn(case_id="case-1", received_at=scenario.now))
    assert section(told_of(scenario), "district: not told") == [
        "report_to_principal@school was cancelled at 2026-09-01 10:00:00: nothing called for it"
    ]


def test_who_declined_is_not_called_about_it_any_more() -> None:
    """The stand-ins are called instead, and the explanation says since when."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(3)
    scenario.say(facts.IncidentDeclined, "principal")
    said = told_of(scenario, "principal")
    assert (
        "principal as role:principal@self: cannot take it since 2026-09-01 10:03:00, not called about it since" in said
    )
    assert "2026-09-01 10:03:00  declined: cannot take it" in said
    assert told_of(scenario, "deputy")[3].startswith("deputy was told 1 times")


def test_next_step_names_who_will_be_told() -> None:
    """The machine is asked what the next deadline does, with the directory of today."""
    scenario = climbed()
    assert section(told_of(scenario), "What comes next")[:2] == [
        "2026-09-01 10:25:00  reminder:10m of report_upward@principal",
        "principal as role:principal@self will be told by sms and email: reminder:10m of report_upward@principal",
    ]
    assert section(told_of(scenario, "bureau"), "What comes next")[1] == "they will not be told then"
    scenario.sleep_minutes(60)
    assert section(told_of(scenario), "What comes next")[0].endswith("(overdue: is the escalation service running?)")


def test_person_that_is_named_further_up_hears_what_the_level_waits_for() -> None:
    """The leader of the bureau was not called because the district's time is not over."""
    said = told_of(climbed(), "bureau")
    assert said[3:6] == [
        "bureau was not told",
        "role:bureau_leader@ancestor:bureau names them today at government_and_bureau",
        "report_upward@district still runs, until 2026-09-01 10:36:00: then this level is told",
    ]


def test_stand_in_that_was_not_called_hears_why() -> None:
    """A stand-in is called by reminders or in somebody's place."""
    scenario = Scenario()
    scenario.file()
    assert told_of(scenario, "deputy")[5] == (
        "a stand-in: called by reminders, or when who is told cannot take it or be reached"
    )


def test_fallback_that_was_not_called_hears_why() -> None:
    """A fallback waits for the silence of the top."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(26)
    assert "a fallback: called when the top does not answer, or nobody there may hear" in told_of(
        scenario, "second-officer"
    )


def test_person_who_was_called_hears_each_time_with_its_reason() -> None:
    """Every telling is a line."""
    assert told_of(climbed(), "principal")[4:6] == [
        "2026-09-01 10:00:00  by sms and email: principal told at once",
        "2026-09-01 10:05:00  by sms and email: reminder:5m of report_to_principal@principal",
    ]


def test_person_appointed_since_hears_that_nobody_was_called_since() -> None:
    """Whoever holds the post now was not the one who was called."""
    scenario = climbed()
    scenario.staff.answers["role:principal@self"] = ("successor",)
    assert told_of(scenario, "successor")[4:6] == [
        "role:principal@self names them today at principal",
        "named only since: nobody has been called at this level since then",
    ]


def test_person_that_is_away_today_hears_who_acts_for_them() -> None:
    """Absence is a reason not to be called."""
    scenario = petition(Away(), concerns=("nobody-of-the-chain",))
    assert "role:principal@self names them today at school; away today: Vice acts for them" in told_of(
        scenario, "principal"
    )


def test_next_step_that_reaches_nobody_says_why() -> None:
    """What will be written down then is said now."""
    scenario = Scenario()
    scenario.file()
    scenario.staff.answers.clear()
    coming = section(told_of(scenario), "What comes next")
    assert coming[1] == "nobody will be told then"
    assert "nobody-found: reminder:5m: nobody is left to remind" in coming


def test_journal_without_the_directorys_answers_names_no_channel() -> None:
    """What is not known is not guessed."""
    scenario = climbed()
    bare = [entry.model_copy(update={"resolved": ()}) for entry in scenario.entries]
    text = explain(scenario.opened, bare, scenario.staff, scenario.now)
    assert "director as in person by no channel that is known" in text


def test_delegate_of_whom_the_case_concerns_is_passed_over() -> None:
    """Who acts for somebody complained of may not hear either."""
    scenario = petition(Away(), concerns=("principal",))
    assert any(
        line.endswith("passed over as role:principal@self: they act for somebody whom the case concerns")
        for line in told_of(scenario, "vice")
    )


def test_person_of_no_post_whom_the_case_concerns_hears_that_it_does() -> None:
    """They were never named, and never may be."""
    scenario = petition(Staff(), concerns=("colleague",))
    assert "the case concerns them, or somebody they go with: they may never hear of it" in told_of(
        scenario, "colleague"
    )


def test_person_whom_no_selector_names_hears_so() -> None:
    """Somebody of no post was not forgotten: nobody means them."""
    assert told_of(climbed(), "colleague")[4] == (
        "no selector of the policy names them today, and none did when the case called somebody"
    )


def test_whom_the_case_concerns_is_passed_over_with_the_reason() -> None:
    """The principal complained of, and why the school was not told."""
    scenario = petition(Staff(go_with={"principal": ("self",)}), concerns=("principal",))
    said = told_of(scenario, "principal")
    assert said[3] == "principal was not told"
    assert (
        said[4]
        == "2026-09-01 10:00:00  passed over as role:principal@self: the case concerns them, or somebody they act for"
    )
    assert "passed over as role:deputy_principal@self: the case concerns their office" in " ".join(
        told_of(scenario, "deputy")
    )
    school = section(told_of(scenario), "school: not told")
    assert any("principal (principal) passed over: the case concerns them" in line for line in school)
    assert school[-1] == "the case concerns whoever could be told, or nobody could be reached"
    assert any("nobody called: nobody at school may hear of it" in line for line in school)


def test_who_is_away_hears_who_was_told_for_them() -> None:
    """A delegate acts: the explanation names both."""
    scenario = Scenario(staff=Away())
    scenario.file()
    assert "2026-09-01 10:00:00  away: Vice (vice) was told for them" in told_of(scenario, "principal")
    assert section(told_of(scenario), "principal: told")[0] == (
        "Vice (vice), named by role:principal@self, for principal who is away: told once, by sms"
    )


def test_post_that_nobody_holds_is_said_at_its_level() -> None:
    """Nobody was called, and why."""
    scenario = Scenario(staff=Staff(STAFF | {"role:principal@self": ()}))
    scenario.file()
    assert any(
        line.endswith("nobody called: nobody holds role:principal@self; the stand-in is told instead")
        for line in section(told_of(scenario), "principal: told")
    )


def test_reminder_that_came_too_late_is_said() -> None:
    """A worker that was down skips a reminder whose next step is due."""
    scenario = Scenario()
    scenario.file()
    scenario.sleep_minutes(12)
    scenario.pass_minutes(0)
    assert any(
        "nobody called: reminder:5m came after" in line for line in section(told_of(scenario), "principal: told")
    )


def test_message_of_the_night_says_until_when_it_is_held() -> None:
    """A petition at 22:30 is told at 7."""
    scenario = petition(Staff(), START + timedelta(hours=12, minutes=30))
    assert "held until 2026-09-02 07:00:00" in section(told_of(scenario), "school: told")[0]


def test_explanation_of_a_closed_case_has_nothing_due() -> None:
    """What is over is over."""
    scenario = climbed()
    scenario.say(facts.FinalReportFiled, "director", summary="out", cause="stove", aftermath="none")
    scenario.report_upward("director")
    scenario.report_upward("principal")
    scenario.say(facts.IncidentClosed, "director")
    assert section(told_of(scenario), "What comes next") == ["nothing is due: the case is closed"]


@pytest.mark.parametrize("person", [None, "principal", "bureau", "nobody"])
def test_explanation_survives_the_journal_and_holds_no_address(person: str | None) -> None:
    """Read again from JSON it says the same, and names nobody's number: contact ids stay inside."""
    scenario = climbed()
    entries = [JournalEntry.model_validate_json(entry.model_dump_json()) for entry in scenario.entries]
    text = explain(scenario.opened, entries, scenario.staff, scenario.now, person)
    assert text == explain(scenario.opened, scenario.entries, scenario.staff, scenario.now, person)
    assert ":sms" not in text
    assert "@example" not in text
