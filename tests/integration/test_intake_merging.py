"""Several reports of one event become one case, decided by the store, and can be parted again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.machine import judge
from events.ids import case_id_of_report, fact_event_id
from events.incident import (
    FinalReportFiled,
    IncidentAcknowledged,
    IncidentClosed,
    IncidentFiled,
    NoteAdded,
    ReportJoined,
    ReportSeparated,
    UpwardReportFiled,
)
from services.runtime.outbox_rows import OutboxRows
from services.runtime.tables import joined_reports, open_events
from tests.support.intake import BUREAU, COUNTY, HILL, LANE, NOW, PRINCIPAL, TEACHER, Intake, problem


async def report(intake: Intake, report_id: str, **body: Any) -> dict[str, Any]:
    return await intake.file(report_id=report_id, separate=False, **body)


async def joins(intake: Intake) -> list[ReportJoined]:
    return [fact for fact in await intake.facts() if isinstance(fact, ReportJoined)]


async def closed(intake: Intake) -> str:
    """Open a case by a report, then close it."""
    case_id: str = (await report(intake, "first"))["case_id"]
    case = await intake.judge_filed()
    said = {"case_id": case_id, "received_at": NOW, "by": PRINCIPAL}
    case = await intake.judge(case, IncidentAcknowledged.model_validate(said))
    case = await intake.judge(case, UpwardReportFiled.model_validate({**said, "summary": "s"}))
    case = await intake.judge(case, FinalReportFiled.model_validate({**said, "summary": "s"}))
    case = await intake.judge(case, IncidentClosed.model_validate(said))
    assert case.status == "closed"
    return case_id


@pytest.mark.parametrize("judged", [False, True])
async def test_second_report_of_the_same_event_joins_the_case_of_the_first(intake: Intake, judged: bool) -> None:
    """The 202 names the joined case and says so; what is stored is a fact about that case, keyed by it."""
    first = await report(intake, "first", severity="IV")
    if judged:
        await intake.judge_filed()
    intake.clock.show(NOW + timedelta(minutes=30))
    second = await report(intake, "second", place="Hall", summary="Smoke there, too")

    [fact] = await joins(intake)
    row = (await OutboxRows(intake.database).pending([LANE], 10))[-1]
    assert (second["case_id"], second["receipt"]) == (first["case_id"], first["receipt"])
    assert second["deadlines"] == first["deadlines"]
    assert second["received_at"] == "2026-03-02T06:30:00Z"
    assert "joined its case" in second["notices"][0]
    assert "notices" not in first
    assert (fact.case_id, fact.received_at) == (first["case_id"], NOW + timedelta(minutes=30))
    assert (fact.report.report_id, fact.report.place) == ("second", "Hall")
    assert fact.report.case_id == case_id_of_report("second")
    assert (row.topic, row.key) == ("tocsin.incidents", first["case_id"])
    assert row.event_id == fact_event_id(first["case_id"], "joined", "second")


async def test_joined_report_sent_again_gets_the_same_answer(intake: Intake) -> None:
    """Nothing is written, also when the case was closed since; with other content it is a conflict."""
    first = await report(intake, "first")
    second = await report(intake, "second", place="Hall")
    intake.clock.show(NOW + timedelta(hours=5))
    before = await intake.stored()

    assert await report(intake, "second", place="Hall") == second
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"report_id": "second", "kind": "fire", "place": "Roof"})
    assert problem(answer, 409, "different-content")["case_id"] == first["case_id"]
    assert await intake.stored() == before
    assert len(await intake.rows(joined_reports)) == 1


async def test_reports_that_arrive_together_open_one_case(intake: Intake) -> None:
    """A storm of thirty is one case with twenty-nine further reporters, whoever was first."""
    answers = await asyncio.gather(*(report(intake, f"r-{number}") for number in range(30)))

    assert len({answer["case_id"] for answer in answers}) == 1
    opened = [fact for fact in await intake.facts() if isinstance(fact, IncidentFiled)]
    assert [fact.case_id for fact in opened] == [answers[0]["case_id"]]
    assert {fact.case_id for fact in await joins(intake)} == {answers[0]["case_id"]}
    assert len(await joins(intake)) == 29


async def test_reports_that_arrive_together_after_a_case_was_closed_open_one_more(intake: Intake) -> None:
    """The row is taken over once, however closely they come."""
    old = await closed(intake)
    await asyncio.gather(*(intake.stored() for _ in range(8)))  # connections at hand, or the first would be done alone
    answers = await asyncio.gather(*(report(intake, f"r-{number}") for number in range(10)))

    [new] = {answer["case_id"] for answer in answers}
    assert new != old
    assert len(await joins(intake)) == 9


async def test_closed_case_absorbs_no_report(intake: Intake) -> None:
    """What burns again is a new event."""
    old = await closed(intake)
    second = await report(intake, "second")

    assert second["case_id"] == case_id_of_report("second") != old
    assert await joins(intake) == []


@pytest.mark.parametrize(("minutes", "joined"), [(30, True), (30.1, False)])
async def test_policy_says_how_long_reports_join(intake: Intake, minutes: float, joined: bool) -> None:
    """Counted from the opening of the case, not from the latest report; then the new case takes reports in."""
    first = await report(intake, "first")
    intake.clock.show(NOW + timedelta(minutes=20))
    await report(intake, "second")
    intake.clock.show(NOW + timedelta(minutes=minutes))
    third = await report(intake, "third")

    assert (third["case_id"] == first["case_id"]) is joined
    assert (await report(intake, "fourth"))["case_id"] == third["case_id"]


async def test_reports_of_other_schools_kinds_and_drills_stay_apart(intake: Intake) -> None:
    """One event is one school, one kind, and real or not."""
    ids = {(await report(intake, "a"))["case_id"]}
    ids.add((await report(intake, "b", kind="traffic"))["case_id"])
    ids.add((await report(intake, "c", exercise=True))["case_id"])
    async with intake.client("reporter", HILL) as client:
        ids.add((await client.post("/v1/incidents", json={"kind": "fire"})).json()["case_id"])

    assert len(ids) == 4
    assert await joins(intake) == []


async def test_reporter_can_refuse_to_join(intake: Intake) -> None:
    """`separate` opens an own case, and the first one goes on taking reports in."""
    first = await report(intake, "first")
    second = await intake.file(report_id="second", separate=True)
    third = await report(intake, "third")

    assert second["case_id"] != first["case_id"]
    assert third["case_id"] == first["case_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "hazard"},
        {"kind": "suspected-abuse"},
        {"kind": "fire", "concerns": [TEACHER]},
    ],
)
async def test_reports_of_hazards_abuse_and_named_persons_never_join(intake: Intake, body: dict[str, Any]) -> None:
    """Each has its own owner, or its own people who must not hear of it."""
    ids = {(await report(intake, f"r-{number}", **body))["case_id"] for number in range(2)}

    assert len(ids) == 2
    assert await intake.rows(open_events) == []


async def test_report_that_names_a_person_does_not_join_a_case_told_to_that_person(intake: Intake) -> None:
    """The open case has told them; this report must not reach them with it."""
    first = await report(intake, "first")
    second = await report(intake, "second", concerns=[PRINCIPAL])

    assert second["case_id"] != first["case_id"]


async def test_petitions_never_merge(intake: Intake) -> None:
    """Each is one person's right to an answer."""
    one, two = await intake.petition(kind="petition-fees"), await intake.petition(kind="petition-fees")

    assert one["case_id"] != two["case_id"]
    assert await intake.rows(open_events) == []


async def test_joined_reports_long_text_goes_on_in_notes_of_the_case(intake: Intake) -> None:
    """Nothing of an urgent report is lost by joining."""
    first = await report(intake, "first")
    await report(intake, "second", urgent=True, summary="x" * 5000)

    [note] = [fact for fact in await intake.facts() if isinstance(fact, NoteAdded)]
    assert (note.case_id, len(note.text)) == (first["case_id"], 1000)


async def test_received_case_is_listed_once_however_many_reports_joined(intake: Intake) -> None:
    """A case not judged yet is shown as its first report says, and a page is full of cases, not of reports."""
    other = await intake.file(report_id="other", kind="traffic")
    intake.clock.show(NOW + timedelta(minutes=1))
    first = await report(intake, "first", place="Hall")
    for number in range(5):
        intake.clock.show(NOW + timedelta(minutes=2 + number))
        await report(intake, f"r-{number}", place="Roof")
    async with intake.client("watcher", BUREAU) as client:
        listed = (await client.get("/v1/cases", params={"limit": 2})).json()
        seen = (await client.get(f"/v1/cases/{first['case_id']}")).json()

    assert [case["case_id"] for case in listed["cases"]] == [first["case_id"], other["case_id"]]
    assert listed["next"] is None
    assert (seen["status"], seen["place"]) == ("received", "Hall")


async def test_joined_report_is_separated_whole(intake: Intake) -> None:
    """It opens the case that it would have opened, counted from its own receipt; the machine agrees."""
    await report(intake, "first")
    case = await intake.judge_filed()
    intake.clock.show(NOW + timedelta(minutes=4))
    await report(intake, "second", place="Hall", summary="another fire")
    [joined] = await joins(intake)
    case = await intake.judge(case, joined)
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        path = f"/v1/cases/{case.case_id}/separate"
        answers = [
            await client.post(
                path, json={"report_id": "second", "reason": "the other house"}, headers={"Idempotency-Key": "k"}
            )
            for _ in range(2)
        ]

    assert answers[0].status_code == 202, answers[0].text
    assert answers[0].content == answers[1].content
    [fact] = [fact for fact in await intake.facts() if isinstance(fact, ReportSeparated)]
    assert (fact.by, fact.reason, fact.report) == (PRINCIPAL, "the other house", joined.report)
    [*_, decision] = judge(case, fact, COUNTY, intake.deps.policies, fact.received_at)
    published = [effect for effect in decision.effects if isinstance(effect, IncidentFiled)]
    assert published == [joined.report]
    assert published[0].case_id == case_id_of_report("second")


async def test_report_joined_to_another_case_cannot_be_separated_from_this_one(intake: Intake) -> None:
    """An id opens nothing elsewhere."""
    await report(intake, "first")
    await report(intake, "second")
    other = await report(intake, "other", kind="traffic")
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{other['case_id']}/separate", json={"report_id": "second"})

    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "/report_id"


async def test_failed_commit_leaves_no_trace_of_joining(intake: Intake) -> None:
    """The fact and the memory of joining are stored together or not at all."""
    await report(intake, "first")
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_away")
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"report_id": "second", "kind": "fire"})
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox_away RENAME TO outbox")

    assert answer.status_code in {500, 503}
    assert await intake.rows(joined_reports) == []
    assert (await intake.stored())["reports"] == 1
