"""The office's verbs for a petition: each one fact on the petitions' topic, and none of them for an incident."""

from datetime import timedelta
from typing import Any

import pytest

from events import incident, petition
from events.base import CaseFact
from services.intake.verbs import ACTS
from services.runtime.outbox_rows import OutboxRows
from tests.support.intake import LANE, NOW, PRINCIPAL, TEACHER, Intake, problem

ANYWHERE: list[tuple[str, dict[str, Any], type[CaseFact]]] = [
    ("acknowledge", {}, incident.IncidentAcknowledged),
    ("decline", {}, incident.IncidentDeclined),
    ("upward-report", {"summary": "forty people"}, incident.UpwardReportFiled),
    ("update", {"summary": "calm"}, incident.UpdateFiled),
    ("final-report", {"summary": "they went home"}, incident.FinalReportFiled),
    ("severity", {"severity": "II"}, incident.SeverityChanged),
    ("notes", {"text": "telephoned"}, incident.NoteAdded),
    ("reassign", {"to": TEACHER}, incident.IncidentReassigned),
]
OF_PETITIONS: list[tuple[str, dict[str, Any], type[CaseFact]]] = [
    ("accept", {"notice": "We take it up"}, petition.PetitionAccepted),
    ("accept", {}, petition.PetitionAccepted),
    ("decline-petition", {"reason": "A court has it"}, petition.PetitionDeclined),
    ("objection", {"reason": "the bureau's business"}, petition.ObjectionRaised),
    ("extension", {"reason": "the books must be read"}, petition.ExtensionGranted),
    ("resolve", {"answer": "You get it back"}, petition.PetitionResolved),
    ("review-answer", {"answer": "It stands"}, petition.ReviewAnswered),
]
OF_INCIDENTS: list[tuple[str, dict[str, Any]]] = [
    ("close", {"reason": "over"}),
    ("reopen", {"reason": "again"}),
    ("withdraw", {}),
    ("separate", {"report_id": "x"}),
]


@pytest.mark.parametrize(("verb", "body", "fact"), ANYWHERE + OF_PETITIONS)
async def test_verb_on_a_petition_stores_its_fact_for_the_petitions_topic(
    intake: Intake, verb: str, body: dict[str, Any], fact: type[CaseFact]
) -> None:
    """What was said is in the outbox when 202 arrives, under the case's key, by the token's person."""
    _, case = await intake.open_petition()
    intake.clock.show(NOW + timedelta(hours=3))
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.post(f"/v1/cases/{case.case_id}/{verb}", json=body)

    assert answer.status_code == 202, answer.text
    stored = (await intake.facts())[-1]
    row = (await OutboxRows(intake.database).pending([LANE], 10))[-1]
    assert type(stored) is fact
    assert stored.received_at == NOW + timedelta(hours=3)
    assert {**body, "by": PRINCIPAL}.items() <= stored.model_dump(mode="json").items()
    assert (row.topic, row.key) == ("tocsin.petitions", case.case_id)


@pytest.mark.parametrize(("verb", "body", "fact"), OF_PETITIONS)
async def test_petition_verb_on_an_incident_is_refused_in_words(
    intake: Intake, verb: str, body: dict[str, Any], fact: type[CaseFact]
) -> None:
    """An incident is not accepted or answered; nothing is stored."""
    case_id = (await intake.file())["case_id"]
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        problem(await client.post(f"/v1/cases/{case_id}/{verb}", json=body), 409, "other-family")

    assert (await intake.stored())["outbox"] == 1


@pytest.mark.parametrize(("verb", "body"), OF_INCIDENTS)
async def test_office_cannot_end_or_take_back_a_petition(intake: Intake, verb: str, body: dict[str, Any]) -> None:
    """It ends with its answer and the time for review; only its holder takes it back."""
    _, case = await intake.open_petition()
    async with intake.client("administrator", person_id=PRINCIPAL) as client:
        problem(await client.post(f"/v1/cases/{case.case_id}/{verb}", json=body), 409, "other-family")

    assert (await intake.stored())["outbox"] == 1


@pytest.mark.parametrize(
    ("verb", "pointer"),
    [("decline-petition", "/reason"), ("objection", "/reason"), ("extension", "/reason"), ("resolve", "/answer")],
)
async def test_petitioner_is_never_left_without_the_words(intake: Intake, verb: str, pointer: str) -> None:
    """Declining, objecting, prolonging and answering need their text, and an empty one is none."""
    _, case = await intake.open_petition()
    key = pointer.removeprefix("/")
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        for body in ({}, {key: ""}):
            answer = await client.post(f"/v1/cases/{case.case_id}/{verb}", json=body)
            assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer

    assert (await intake.stored())["outbox"] == 1


async def test_code_of_a_petitions_message_acknowledges_on_the_petitions_topic(intake: Intake) -> None:
    """Known by the case's family."""
    _, case = await intake.open_petition()
    await intake.give_code(case.case_id, PRINCIPAL, "7K0M1Q")
    async with intake.anonymous() as client:
        assert (await client.post("/v1/acknowledge", json={"code": "7K0M1Q"})).status_code == 202

    rows = await OutboxRows(intake.database).pending([LANE], 10)
    assert [row.topic for row in rows] == ["tocsin.petitions"] * 2


def test_every_verb_is_tested_on_a_petition() -> None:
    """A new verb must say what it does there."""
    tested = {verb for verb, _, _ in ANYWHERE + OF_PETITIONS} | {verb for verb, _ in OF_INCIDENTS}

    assert tested == {act.path for act in ACTS}
    assert len({act.word for act in ACTS}) == len(ACTS)
