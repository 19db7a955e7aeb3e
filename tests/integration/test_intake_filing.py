"""Filing an incident: stored before the 202, once however often it is sent, and never half."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from events.ids import case_id_of_report, fact_event_id
from events.incident import IncidentFiled
from services.runtime.outbox_rows import OutboxRows
from tests.support.intake import BUREAU, HILL, LAKE, LANE, NOW, Intake, problem

REPORT = "0b6f6f0e-2a52-4c38-9c43-6a3f6f1f0a11"


async def test_report_is_in_the_store_when_202_arrives(intake: Intake) -> None:
    """The answer follows the commit: report, fact and receipt are there."""
    answer = await intake.file(report_id=REPORT, severity="II", place="Kitchen", casualties={"injured": 2})

    case_id = case_id_of_report(REPORT)
    [fact] = await intake.facts()
    [row] = await OutboxRows(intake.database).pending([LANE], 10)
    assert answer == {
        "case_id": case_id,
        "receipt": answer["receipt"],
        "received_at": "2026-03-02T06:00:00Z",
        "deadlines": {"report_to_principal@principal": "2026-03-02T06:05:00Z"},
    }
    assert len(answer["receipt"]) == 14
    assert isinstance(fact, IncidentFiled)
    assert (fact.report_id, fact.school_id, fact.received_at) == (REPORT, LAKE, NOW)
    assert (row.topic, row.key, row.event_id) == (
        "tocsin.incidents",
        case_id,
        fact_event_id(case_id, "filed", REPORT),
    )
    assert dict(row.headers)["ce_source"] == b"/tocsin/intake"
    assert await intake.stored() == {"reports": 1, "outbox": 1, "idempotency": 0}
    assert intake.wakes == [1]


async def test_same_report_with_same_content_gets_the_same_answer(intake: Intake) -> None:
    """A retry is the same report, whatever the order of its keys and whenever it comes."""
    async with intake.client() as client:
        body = {"report_id": REPORT, "kind": "fire", "place": "Hall"}
        first = await client.post("/v1/incidents", json=body)
        intake.clock.show(NOW + timedelta(hours=1))
        again = await client.post("/v1/incidents", json=dict(reversed(body.items())))

    assert (again.status_code, again.content) == (202, first.content)
    assert await intake.stored() == {"reports": 1, "outbox": 1, "idempotency": 0}


async def test_same_report_with_other_content_is_a_conflict_naming_the_case(intake: Intake) -> None:
    """Different content is never silently dropped."""
    first = await intake.file(report_id=REPORT, place="Hall")
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"report_id": REPORT, "kind": "fire", "place": "Roof"})

    body = problem(answer, 409, "different-content")
    assert body["case_id"] == first["case_id"]
    assert await intake.stored() == {"reports": 1, "outbox": 1, "idempotency": 0}


async def test_conflict_with_another_schools_report_names_no_case(intake: Intake) -> None:
    """A guessed report id tells nothing about another school."""
    first = await intake.file(report_id=REPORT)
    async with intake.client(unit_id=HILL) as client:
        answer = await client.post("/v1/incidents", json={"report_id": REPORT, "kind": "fire"})

    assert "case_id" not in problem(answer, 409, "different-content")
    assert first["case_id"] not in answer.text


async def test_twenty_equal_posts_at_once_are_one_report(intake: Intake) -> None:
    """An impatient thumb makes one case."""
    async with intake.client() as client:
        sends = (client.post("/v1/incidents", json={"report_id": REPORT, "kind": "fire"}) for _ in range(20))
        answers = await asyncio.gather(*sends)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert await intake.stored() == {"reports": 1, "outbox": 1, "idempotency": 0}


async def test_idempotency_key_names_a_report_without_an_id(intake: Intake) -> None:
    """The header does what report_id does, for each caller apart."""
    async with intake.client() as one, intake.client(unit_id=HILL) as other:
        key = {"Idempotency-Key": '"k-1"'}
        answers = [
            await client.post("/v1/incidents", json={"kind": "fire"}, headers=key) for client in (one, one, other)
        ]

    assert answers[0].content == answers[1].content
    assert answers[2].json()["case_id"] != answers[0].json()["case_id"]
    assert (await intake.stored())["reports"] == 2


async def test_report_id_wins_over_idempotency_key(intake: Intake) -> None:
    """The body's own id is the report's name."""
    async with intake.client() as client:
        answer = await client.post(
            "/v1/incidents", json={"kind": "fire", "report_id": REPORT}, headers={"Idempotency-Key": "k-1"}
        )

    assert answer.json()["case_id"] == case_id_of_report(REPORT)


async def test_reports_without_any_id_are_each_new(intake: Intake) -> None:
    """Without a name two reports may well be two incidents."""
    first, second = await intake.file(), await intake.file()

    assert first["case_id"] != second["case_id"]
    assert UUID(first["case_id"])


async def test_failed_commit_leaves_nothing_half_done(intake: Intake) -> None:
    """When the fact cannot be stored, the report is not stored either, and the sender hears that."""
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_away")
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"report_id": REPORT, "kind": "fire"})
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox_away RENAME TO outbox")

    assert answer.status_code in {500, 503}
    assert "outbox" not in answer.text
    assert "phone now" in answer.json()["detail"]
    assert await intake.stored() == {"reports": 0, "outbox": 0, "idempotency": 0}
    assert intake.wakes == [0]


async def test_officer_above_files_for_a_school_below(intake: Intake) -> None:
    """A bureau's administrator may name any school within the bureau."""
    async with intake.client("administrator", BUREAU) as client:
        answer = await client.post("/v1/incidents", json={"kind": "fire", "school_id": HILL})

    assert answer.status_code == 202
    [fact] = await intake.facts()
    assert isinstance(fact, IncidentFiled)
    assert fact.school_id == HILL


async def test_school_outside_the_tokens_units_is_refused(intake: Intake) -> None:
    """Nobody files for a school that is not theirs."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"kind": "fire", "school_id": HILL})

    problem(answer, 403, "outside-your-units")
    assert (await intake.stored())["reports"] == 0


@pytest.mark.parametrize("traceparent", ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "garbage"])
async def test_trace_context_is_carried_when_it_is_valid(intake: Intake, traceparent: str) -> None:
    """W3C trace context rides to Kafka; garbage does not."""
    async with intake.client() as client:
        await client.post("/v1/incidents", json={"kind": "fire"}, headers={"traceparent": traceparent})

    [row] = await OutboxRows(intake.database).pending([LANE], 10)
    carried = dict(row.headers).get("traceparent")
    assert carried == (None if traceparent == "garbage" else traceparent.encode())
