"""Two things in the same moment: which of them counts, to the last microsecond."""

from datetime import timedelta

from events import incident as facts
from events.petition import ExtensionGranted, ObjectionRaised, PetitionWithdrawn
from tests.support.scenario import DAY, Scenario
from tests.unit.test_machine_moves import closed
from tests.unit.test_machine_petition import ACCEPTANCE, RESOLUTION, accepted, filed


def test_grade_given_in_the_moment_of_the_report_counts() -> None:
    """Of two gradings of one moment the one that is carried later stands."""
    scenario = Scenario()
    scenario.file()
    scenario.say(facts.SeverityChanged, "principal", severity="II")
    assert scenario.opened.severity == "II"


def test_further_report_in_the_moment_of_the_first_raises_the_grade() -> None:
    """Two people reported in the same second: the worse of their grades counts."""
    scenario = Scenario()
    scenario.file()
    report = facts.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="fire", severity="I"
    )
    scenario.happen(facts.ReportJoined, report=report)
    assert scenario.opened.severity == "I"


def test_receipt_in_the_moment_of_a_refusal_does_not_take_it_back() -> None:
    """Only one after it does: until then the stand-in has it."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(1)
    scenario.say(facts.IncidentDeclined, "principal")
    scenario.acknowledge("principal")
    scenario.acknowledge("principal")
    assert "acknowledged before by the same person" in scenario.reasons("action-withheld")
    state = scenario.opened.level("principal")
    assert state is not None
    assert state.seats[0].declined_at == scenario.now


def test_of_two_reports_of_one_moment_the_first_is_what_is_known() -> None:
    """The second is passed on as a further one."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.say(facts.UpwardReportFiled, "principal", summary="it was steam")
    assert scenario.opened.summary == "fire in the kitchen, all out"


def test_report_at_the_deadline_carried_after_a_late_one_withdraws_the_breach() -> None:
    """Filed in the last moment, known after another: the level was in time."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    scenario.pass_minutes(25)
    scenario.report_upward("principal")
    scenario.pass_minutes(1)
    scenario.report_upward("principal", carried_late_minutes=6)
    assert scenario.status("report_upward@principal") == "satisfied"


def test_final_report_at_the_deadline_leaves_no_word_missing() -> None:
    """In time is in time, to the last moment."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.sleep_minutes(DAY)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    assert scenario.status("follow_up@principal") == "satisfied"


def test_final_report_in_the_moment_of_the_reopening_is_of_the_case_that_goes_on() -> None:
    """Only one from before it was opened again is outdated."""
    scenario = closed()
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.say(facts.FinalReportFiled, "principal", summary="it was steam")
    assert scenario.opened.final_reported_at == scenario.now


def test_objection_in_the_last_moment_is_heard() -> None:
    """The term is over after its end, not at it."""
    scenario = filed()
    assert scenario.opened.petition is not None
    until = scenario.opened.petition.objection_until
    assert until is not None
    scenario.pass_minutes((until - scenario.now) / timedelta(minutes=1))
    scenario.say(ObjectionRaised, "principal", reason="not ours")
    assert "acceptance@district" in scenario.opened.deadlines()


def test_extension_in_the_last_moment_counts() -> None:
    """The time to answer is over after its end, not at it."""
    scenario = accepted()
    deadline = scenario.opened.deadlines()[RESOLUTION]
    scenario.pass_minutes((deadline - scenario.now) / timedelta(minutes=1))
    scenario.say(ExtensionGranted, "principal", reason="an expert was asked", carried_late_minutes=0)
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.extended_at == deadline


def test_petition_taken_back_at_the_deadline_was_not_overdue() -> None:
    """Taken back in the last moment, known a day later: the office owed nothing then."""
    scenario = filed()
    deadline = scenario.opened.deadlines()[ACCEPTANCE]
    scenario.pass_minutes((deadline - scenario.now) / timedelta(minutes=1) + DAY)
    assert scenario.status(ACCEPTANCE) == "breached"
    scenario.happen(PetitionWithdrawn, carried_late_minutes=DAY)
    assert scenario.status(ACCEPTANCE) == "cancelled"
