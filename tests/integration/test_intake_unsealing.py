"""The sealed record: read by the case alone, for a purpose, by a person, and never unseen."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.intake.seal import Seal
from services.intake.security import declared
from services.runtime.tables import audit, sealed_identities
from services.runtime.tokens import RIGHTS, Role
from tests.support.intake import (
    BUREAU,
    DIRECTOR,
    DISTRICT,
    HILL,
    HILL_PRINCIPAL,
    LAKE,
    NOW,
    PETITION_OFFICER,
    PRINCIPAL,
    TEACHER,
    Intake,
    problem,
)

NARRATIVE, CONTACT = "They hit my child", "by letter, Nearby Lane 4"
PURPOSE = "to answer the petitioner"


async def sealed_case(intake: Intake, **body: object) -> str:
    _, case = await intake.open_petition(summary=NARRATIVE, contact=CONTACT, **body)
    return case.case_id


async def test_reading_shows_what_was_told_and_is_audited_with_its_purpose(intake: Intake) -> None:
    """Who read it, when and why is stored with each reading."""
    case_id = await sealed_case(intake)
    intake.clock.show(NOW + timedelta(hours=2))
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        answers = [
            await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": why})
            for why in (PURPOSE, "to ask back")
        ]

    assert answers[0].json() == {"case_id": case_id, "summary": NARRATIVE, "contact": CONTACT}
    kept = [(row.at, row.person_id, row.action, row.case_id, row.purpose) for row in await intake.rows(audit)]
    at = NOW + timedelta(hours=2)
    assert kept == [
        (at, PETITION_OFFICER, "petition.unsealed", case_id, PURPOSE),
        (at, PETITION_OFFICER, "petition.unsealed", case_id, "to ask back"),
    ]


async def test_reading_that_cannot_be_audited_is_not_answered(intake: Intake) -> None:
    """The entry is stored first, or nothing is shown."""
    case_id = await sealed_case(intake)
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})

    assert answer.status_code in {500, 503}
    assert NARRATIVE not in answer.text


@pytest.mark.parametrize("purpose", [None, "", "  ", "    ", "x", "a\x00bc", "x" * 501])
async def test_reading_without_a_purpose_in_words_is_refused(intake: Intake, purpose: str | None) -> None:
    """Nothing is shown and nothing is written."""
    case_id = await sealed_case(intake)
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": purpose} if purpose else {})

    assert problem(answer, 422, "invalid-request")["errors"][0]["parameter"] == "purpose"
    assert await intake.rows(audit) == []


@pytest.mark.parametrize("role", list(RIGHTS))
async def test_only_officers_principals_and_administrators_read_what_is_sealed(intake: Intake, role: Role) -> None:
    """A reporter and a watcher lack the right."""
    case_id = await sealed_case(intake)
    async with intake.client(role, LAKE, PRINCIPAL) as client:
        answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})

    if role in {"officer", "principal", "administrator"}:
        assert answer.status_code == 200
    else:
        problem(answer, 403, "not-allowed")


async def test_token_without_a_person_reads_nothing_sealed(intake: Intake) -> None:
    """An audit needs a name."""
    case_id = await sealed_case(intake)
    async with intake.client("officer", BUREAU) as client:
        answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})

    problem(answer, 403, "person-required")
    assert await intake.rows(audit) == []


@pytest.mark.parametrize(
    ("role", "unit", "person"),
    [
        ("principal", LAKE, PRINCIPAL),  # heads the school of whom it concerns
        ("administrator", BUREAU, TEACHER),  # the person concerned, with a token from above
        ("principal", HILL, HILL_PRINCIPAL),  # another school
    ],
)
async def test_whom_it_concerns_and_whom_it_does_not_regard_read_nothing(
    intake: Intake, role: Role, unit: str, person: str
) -> None:
    """To them there is no such case; the bureau's officer reads it."""
    case_id = await sealed_case(intake, concerns=[PRINCIPAL, TEACHER])
    async with intake.client(role, unit, person) as client:
        problem(await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE}), 404, "unknown-case")
    assert await intake.rows(audit) == []
    async with intake.client("officer", DISTRICT, DIRECTOR) as client:
        answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})
    assert answer.status_code == 200


async def test_case_without_a_sealed_record_says_so(intake: Intake) -> None:
    """An incident has none, nor has a petition that told nothing."""
    incident = (await intake.file())["case_id"]
    _, petition = await intake.open_petition()
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        for case_id in (incident, petition.case_id):
            answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})
            problem(answer, 404, "nothing-sealed")


async def test_record_opens_with_an_old_key_and_says_when_its_key_is_missing(intake: Intake) -> None:
    """Rotation loses nothing; a lost key is told to the administrator, not guessed around."""
    case_id = await sealed_case(intake)
    fresh, old = b"another key of thirty-two signs!!", b"0123456789abcdef0123456789abcdef"
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        for keys, status in (([fresh, old], 200), ([fresh], 500)):
            object.__setattr__(intake.deps, "seal", Seal(keys))
            answer = await client.get(f"/v1/cases/{case_id}/petitioner", params={"purpose": PURPOSE})
            assert answer.status_code == status

    assert "TOCSIN_SEAL_KEY" in problem(answer, 500, "seal-broken")["detail"]


async def test_record_moved_to_another_case_does_not_open(intake: Intake) -> None:
    """Who can write the table cannot show one petitioner's words under another case."""
    one, two = await sealed_case(intake), await sealed_case(intake)
    async with intake.database.writing() as connection:
        moved = select(sealed_identities.c.sealed).where(sealed_identities.c.case_id == one)
        token = (await connection.execute(moved)).scalar_one()
        await connection.execute(
            sealed_identities.update().where(sealed_identities.c.case_id == two).values(sealed=token)
        )
    async with intake.client("officer", BUREAU, PETITION_OFFICER) as client:
        answer = await client.get(f"/v1/cases/{two}/petitioner", params={"purpose": PURPOSE})

    problem(answer, 500, "seal-broken")


async def test_no_route_or_parameter_offers_a_search_by_petitioner(intake: Intake) -> None:
    """Deliberately absent: every parameter of every route is one of these, and none says who petitioned."""
    known = {
        ("path", "case_id"),
        ("path", "receipt"),
        ("path", "notification_id"),
        ("path", "token"),
        ("path", "day"),
        ("path", "month"),
        ("path", "school_id"),
        ("query", "call"),
        ("query", "bureau_id"),
        ("query", "format"),
        ("query", "code"),
        ("query", "status"),
        ("query", "school_id"),
        ("query", "school"),
        ("query", "since"),
        ("query", "cursor"),
        ("query", "limit"),
        ("query", "purpose"),
        ("header", "Tocsin-Secret"),
        ("header", "Idempotency-Key"),
        ("header", "Last-Event-ID"),
    }
    document = intake.app.openapi()
    offered = {
        (parameter["in"], next((name for _, name in known if name.lower() == parameter["name"].lower()), "unknown"))
        for path in document["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
    }
    reading = {
        route.path
        for route, rights, _ in declared(intake.app)
        if "GET" in (route.methods or ()) and rights not in ([], ["stream.read"])
    }

    assert offered <= known
    assert reading == {
        "/v1/cases",
        "/v1/cases/{case_id}",
        "/v1/cases/{case_id}/timeline",
        "/v1/cases/{case_id}/petitioner",
        "/v1/contacts/reachability",
        "/v1/contacts/unreachable",
        "/v1/roll-calls/{day}",
        "/v1/roll-calls/{day}/calls",
        "/v1/roll-calls/{day}/schools/{school_id}",
        "/v1/roll-call-months/{month}",
    }


async def test_asking_the_list_for_a_petitioner_finds_nothing_more(intake: Intake) -> None:
    """A parameter that does not exist filters nothing, and no list shows what is sealed."""
    await sealed_case(intake)
    async with intake.client("administrator", BUREAU, PETITION_OFFICER) as client:
        plain = await client.get("/v1/cases")
        for name in ("petitioner", "contact", "name", "phone", "q", "search", "summary"):
            assert (await client.get("/v1/cases", params={name: CONTACT})).content == plain.content

    assert NARRATIVE not in plain.text
    assert CONTACT not in plain.text
