"""The chain's verbs: each becomes one fact, by a person, once."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from events import incident as facts
from events.base import CaseFact
from events.ids import fact_event_id
from services.runtime.outbox_rows import OutboxRows
from tests.support.intake import BUREAU, DIRECTOR, HILL_PRINCIPAL, LANE, NOW, PRINCIPAL, TEACHER, Intake, problem

VERBS: list[tuple[str, dict[str, Any], type[CaseFact]]] = [
    ("acknowledge", {}, facts.IncidentAcknowledged),
    ("decline", {"reason": "away"}, facts.IncidentDeclined),
    ("upward-report", {"summary": "Fire is out", "casualties": {"injured": 1}}, facts.UpwardReportFiled),
    ("update", {"summary": "Nobody else hurt", "trend": "calm", "measures": "closed"}, facts.UpdateFiled),
    ("final-report", {"summary": "All is over", "cause": "a kettle"}, facts.FinalReportFiled),
    ("severity", {"severity": "II"}, facts.SeverityChanged),
    ("notes", {"text": "Parents were told"}, facts.NoteAdded),
    ("reassign", {"to": TEACHER, "reason": "was there"}, facts.IncidentReassigned),
    ("reopen", {"reason": "it burns again"}, facts.IncidentReopened),
    ("withdraw", {"reason": "a false alarm"}, facts.IncidentWithdrawn),
]


async def open_case(intake: Intake) -> str:
    case_id: str = (await intake.file())["case_id"]
    return case_id


@pytest.mark.parametrize(("verb", "body", "fact"), VERBS, ids=[verb for verb, _, _ in VERBS])
async def test_verb_stores_its_fact_by_the_tokens_person(
    intake: Intake, verb: str, body: dict[str, Any], fact: type[CaseFact]
) -> None:
    """What was said is in the outbox when 202 arrives, with the time it arrived."""
    case_id = await open_case(intake)
    told = {name: {"dead": 0, "missing": 0, **value} if name == "casualties" else value for name, value in body.items()}
    intake.clock.show(NOW + timedelta(minutes=3))
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{case_id}/{verb}", json=body)

    stored = (await intake.facts())[-1]
    [_, row] = await OutboxRows(intake.database).pending([LANE], 10)
    assert answer.status_code == 202
    assert answer.json() == {"case_id": case_id, "event_id": row.event_id, "accepted_at": "2026-03-02T06:03:00Z"}
    assert type(stored) is fact
    assert stored.received_at == NOW + timedelta(minutes=3)
    said = stored.model_dump(exclude_none=True, mode="json")
    assert {name: value for name, value in said.items() if name in body or name == "by"} == {"by": PRINCIPAL, **told}
    assert row.topic == "tocsin.incidents"
    assert intake.wakes == [2]


async def test_same_key_and_content_get_the_same_answer(intake: Intake) -> None:
    """A repeated act counts once, also when twenty arrive together."""
    case_id = await open_case(intake)
    async with intake.client("principal", person_id=PRINCIPAL) as client:

        def send() -> Awaitable[httpx.Response]:
            return client.post(f"/v1/cases/{case_id}/acknowledge", json={}, headers={"Idempotency-Key": "k"})

        answers = await asyncio.gather(*(send() for _ in range(20)))
        intake.clock.show(NOW + timedelta(minutes=9))
        late = await send()

    assert {answer.content for answer in answers} == {late.content}
    assert late.json()["event_id"].count("-") == 4
    assert await intake.stored() == {"reports": 1, "outbox": 2, "idempotency": 1}


@pytest.mark.parametrize("other", ["/update", "/notes", "elsewhere"])
async def test_same_key_with_other_content_is_a_conflict(intake: Intake, other: str) -> None:
    """A key names one act on one case."""
    case_id = await open_case(intake)
    second = await open_case(intake)
    key = {"Idempotency-Key": "k"}
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        await client.post(f"/v1/cases/{case_id}/notes", json={"text": "one"}, headers=key)
        before = await intake.stored()
        path = f"{second}/notes" if other == "elsewhere" else case_id + other
        body = {"text": "one"} if other == "elsewhere" else {"text" if other == "/notes" else "summary": "two"}
        answer = await client.post(f"/v1/cases/{path}", json=body, headers=key)

    problem(answer, 409, "different-content")
    assert await intake.stored() == before


async def test_event_id_follows_from_the_key(intake: Intake) -> None:
    """A repeat that reaches another road carries the same id."""
    case_id = await open_case(intake)
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{case_id}/notes", json={"text": "x"}, headers={"Idempotency-Key": "k"})
    caller = await intake.deps.tokens.find(await intake.token("principal", person_id=PRINCIPAL), NOW)

    assert answer.json()["event_id"] == fact_event_id(case_id, "noted", f"{caller.actor}/k")


async def test_acts_without_a_key_are_each_new(intake: Intake) -> None:
    """Two equal notes may both be meant."""
    case_id = await open_case(intake)
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        for _ in range(2):
            await client.post(f"/v1/cases/{case_id}/notes", json={"text": "x"})

    assert await intake.stored() == {"reports": 1, "outbox": 3, "idempotency": 0}


async def test_unknown_case_is_not_found(intake: Intake) -> None:
    """An id nobody knows, or that cannot be one, is 404 and stores nothing."""
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        for case_id in ("no-such", "%00", "x" * 5000):
            problem(await client.post(f"/v1/cases/{case_id}/acknowledge", json={}), 404, "unknown-case")

    assert await intake.stored() == {"reports": 0, "outbox": 0, "idempotency": 0}


async def test_token_without_a_person_cannot_act(intake: Intake) -> None:
    """Responsibility needs a name."""
    case_id = await open_case(intake)
    async with intake.client("principal") as client:
        problem(await client.post(f"/v1/cases/{case_id}/acknowledge", json={}), 403, "person-required")

    assert (await intake.stored())["outbox"] == 1


async def test_only_an_administrator_acts_for_somebody_else(intake: Intake) -> None:
    """Who answered by telephone is entered by the administrator, and must exist."""
    case_id = await open_case(intake)
    path = f"/v1/cases/{case_id}/acknowledge"
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        problem(await client.post(path, json={"by": DIRECTOR}), 403, "not-allowed")
        assert (await client.post(path, json={"by": PRINCIPAL})).status_code == 202
    async with intake.client("administrator", BUREAU) as client:
        problem(await client.post(path, json={"by": "p-nobody"}), 422, "invalid-request")
        assert "`by`" in problem(await client.post(path, json={}), 403, "person-required")["detail"]
        assert (await client.post(path, json={"by": DIRECTOR})).status_code == 202

    acknowledged = [fact.by for fact in await intake.facts() if isinstance(fact, facts.IncidentAcknowledged)]
    assert acknowledged == [PRINCIPAL, DIRECTOR]


async def test_case_cannot_be_closed_before_its_final_report(intake: Intake) -> None:
    """Nobody may silence a report: not a received one, not an open one."""
    case_id = await open_case(intake)
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        problem(await client.post(f"/v1/cases/{case_id}/close", json={}), 409, "final-report-missing")
        case = await intake.judge_filed()
        problem(await client.post(f"/v1/cases/{case_id}/close", json={}), 409, "final-report-missing")
        assert (await intake.stored())["outbox"] == 1
        final = facts.FinalReportFiled(case_id=case_id, received_at=NOW, by=PRINCIPAL, summary="over")
        await intake.judge(case, final)
        assert (await client.post(f"/v1/cases/{case_id}/close", json={})).status_code == 202

    assert isinstance((await intake.facts())[-1], facts.IncidentClosed)


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("update", {}, "/summary"),
        ("update", {"summary": ""}, "/summary"),
        ("severity", {"severity": "worst"}, "/severity"),
        ("acknowledge", {"code": "x"}, "/code"),
        ("notes", {"text": "x" * 4001}, "/text"),
        ("decline", {"by": ""}, "/by"),
        ("reassign", {}, "/to"),
        ("reassign", {"to": "p-nobody"}, "/to"),
        ("reopen", {"reason": ""}, "/reason"),
        ("separate", {"report_id": "never-joined"}, "/report_id"),
    ],
)
async def test_unusable_act_is_named_and_not_stored(
    intake: Intake, verb: str, body: dict[str, Any], pointer: str
) -> None:
    """The problem points at the field."""
    case_id = await open_case(intake)
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{case_id}/{verb}", json=body, headers={"Idempotency-Key": "k"})

    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer
    assert await intake.stored() == {"reports": 1, "outbox": 1, "idempotency": 0}


async def test_hazard_closes_only_with_evidence_and_without_a_final_report(intake: Intake) -> None:
    """What the policy asks for is named at once (回复销账)."""
    case_id = (await intake.file(kind="hazard"))["case_id"]
    await intake.judge_filed()
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{case_id}/close", json={"reason": "mended"})
        assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == "/evidence"
        body = {"reason": "mended", "evidence": "photographs of the new rail"}
        assert (await client.post(f"/v1/cases/{case_id}/close", json=body)).status_code == 202

    closed = (await intake.facts())[-1]
    assert isinstance(closed, facts.IncidentClosed)
    assert closed.evidence == "photographs of the new rail"


async def test_case_of_a_higher_grade_closes_only_with_the_four_answers(intake: Intake) -> None:
    """四不放过: each answer that is missing is named; a lower grade needs none."""
    answers = {"cause": "a kettle", "accountability": "talked to", "measures": "rules", "education": "everybody"}
    for severity in ("II", "IV"):
        case_id = (await intake.file(severity=severity))["case_id"]
        case = await intake.judge_filed()
        final = facts.FinalReportFiled(
            case_id=case_id, received_at=NOW, by=PRINCIPAL, summary="s", cause="c", aftermath="a"
        )
        await intake.judge(case, final)
        async with intake.client("principal", person_id=PRINCIPAL) as client:
            path = f"/v1/cases/{case_id}/close"
            if severity == "II":
                partly = {name: text for name, text in answers.items() if name != "education"}
                answer = await client.post(path, json={"review": partly})
                errors = problem(answer, 422, "invalid-request")["errors"]
                assert [error["pointer"] for error in errors] == ["/review/education"]
                assert (await client.post(path, json={"review": answers})).status_code == 202
            else:
                assert (await client.post(path, json={})).status_code == 202

    closed = [fact.review for fact in await intake.facts() if isinstance(fact, facts.IncidentClosed)]
    assert closed == [facts.ReviewAnswers(**answers), None]


async def test_case_is_not_handed_to_somebody_whom_it_concerns(intake: Intake) -> None:
    """Neither by reassigning nor in their name does a case come to them."""
    case_id = (await intake.file(concerns=[TEACHER]))["case_id"]
    await intake.judge_filed()
    async with intake.client("administrator", BUREAU, DIRECTOR) as client:
        for verb, body, pointer in (
            ("reassign", {"to": TEACHER}, "/to"),
            ("acknowledge", {"by": TEACHER}, "/by"),
        ):
            answer = await client.post(f"/v1/cases/{case_id}/{verb}", json=body)
            assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer
        assert (await client.post(f"/v1/cases/{case_id}/reassign", json={"to": HILL_PRINCIPAL})).status_code == 202
