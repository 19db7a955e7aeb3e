"""Several reports of one event are one case; one of another event is parted again and loses no second."""

from events import incident as facts
from tests.support.scenario import minute
from tests.unit.test_machine_moves import PRINCIPAL, closed, filed, report


def test_storm_of_reports_is_no_storm_of_messages() -> None:
    """Of 120 reports of one event the chain hears of the 1st, 3rd, 10th, 30th and 100th; all are counted."""
    scenario = filed()
    before = len(scenario.told())
    for number in range(2, 122):
        scenario.happen(facts.ReportJoined, report=report(number))
    assert scenario.opened.joined == 120
    assert len([r for r in scenario.requests if r.template == "incident_update" and r.channel == "sms"]) == 5
    assert before == 1
    assert len(scenario.kinds("report-joined")) == 120


def test_worse_report_raises_the_grade_and_hastens_the_clocks() -> None:
    """The second report says I: the principal has 5 minutes from the first, and everybody told hears why."""
    scenario = filed()
    scenario.pass_minutes(2)
    scenario.happen(facts.ReportJoined, report=report(2))
    scenario.happen(facts.ReportJoined, report=report(3, severity="I", summary="two are missing"))
    assert scenario.opened.severity == "I"
    assert minute(scenario.opened.deadlines()[PRINCIPAL]) == 5
    assert "two are missing" in {r.note for r in scenario.requests if r.template == "incident_update"}


def test_milder_report_lowers_nothing() -> None:
    """Who saw less does not know more."""
    scenario = filed(severity="II")
    scenario.happen(facts.ReportJoined, report=report(2))
    assert scenario.opened.severity == "II"


def test_separated_report_opens_a_case_of_its_own_from_its_own_receipt() -> None:
    """Of another event after all: published whole, with its own case id and the time it was received."""
    scenario = filed()
    second = report(2, summary="in the gymnasium")
    scenario.happen(facts.ReportJoined, report=second)
    scenario.pass_minutes(10)
    scenario.say(facts.ReportSeparated, "director", report=second)
    published = [e for e in scenario.decisions[-1].effects if isinstance(e, facts.IncidentFiled)]
    assert published == [second]
    assert (scenario.opened.joined, scenario.opened.separated) == (0, ("r-2",))


def test_separated_report_is_neither_separated_nor_joined_again() -> None:
    """Copies of either fact find it gone."""
    scenario = filed()
    second = report(2)
    scenario.happen(facts.ReportJoined, report=second)
    scenario.say(facts.ReportSeparated, "director", report=second)
    scenario.say(facts.ReportSeparated, "director", report=second)
    scenario.happen(facts.ReportJoined, report=second)
    assert scenario.opened.joined == 0
    assert [e for e in scenario.decisions[-1].effects if isinstance(e, facts.IncidentFiled)] == []


def test_report_joined_after_a_parting_is_told_under_a_new_name() -> None:
    """The count is the same again, the message is another one."""
    scenario = filed()
    scenario.happen(facts.ReportJoined, report=report(2))
    scenario.say(facts.ReportSeparated, "director", report=report(2))
    scenario.happen(facts.ReportJoined, report=report(3))
    ids = [r.notification_id for r in scenario.requests]
    assert len(ids) == len(set(ids))


def test_report_for_a_closed_case_opens_its_own() -> None:
    """A closed case takes none: nothing that was reported is lost in it."""
    scenario = closed()
    scenario.happen(facts.ReportJoined, report=report(2))
    assert [e for e in scenario.decisions[-1].effects if isinstance(e, facts.IncidentFiled)] == [report(2)]
    assert scenario.opened.joined == 0
