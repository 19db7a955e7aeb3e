"""A case does not exist for whom it concerns, by any road; a petition not yet judged, for nobody but its holder."""

from typing import Any

import httpx
import pytest

from escalation_policies.machine import judge
from events.escalation import JournalEntry
from services.intake.journal_tail import Entry
from services.intake.stream import _written
from services.intake.verbs import ACTS
from services.runtime.tokens import RIGHTS, Caller, Role
from tests.support.intake import (
    BUREAU,
    COUNTY,
    DIRECTOR,
    DISTRICT,
    LAKE,
    PETITION_OFFICER,
    PRINCIPAL,
    TEACHER,
    TOWN,
    TOWN_OFFICER,
    Intake,
    problem,
)

SEES = [
    ("officer", BUREAU, PETITION_OFFICER),
    ("watcher", BUREAU, None),
    ("officer", DISTRICT, DIRECTOR),
    ("officer", TOWN, TOWN_OFFICER),
]
BLIND = [
    ("principal", LAKE, PRINCIPAL),  # the head of the concerned office
    ("watcher", LAKE, None),  # the office's own token, nobody's in particular
    ("principal", LAKE, TEACHER),  # a colleague
    ("administrator", BUREAU, PRINCIPAL),  # the person concerned, with a token from above
    ("watcher", BUREAU, TEACHER),  # a person of the concerned office, with a token from above
]


async def every_road(intake: Intake, client: httpx.AsyncClient, case_id: str) -> list[httpx.Response]:
    """Return the answer of each road that names a case, as far as this token's rights go."""
    paths = ("", "/timeline", "/petitioner?purpose=curiosity")
    answers = [await client.get(f"/v1/cases/{case_id}{path}") for path in paths]
    answers += [await client.post(f"/v1/cases/{case_id}/{act.path}", json={}) for act in ACTS]
    return [answer for answer in answers if answer.status_code != 403]


@pytest.mark.parametrize(("role", "unit", "person"), BLIND)
@pytest.mark.parametrize("family", ["petition", "incident", "unjudged"])
async def test_hidden_case_answers_on_every_road_like_one_that_does_not_exist(
    intake: Intake, family: str, role: Role, unit: str, person: str | None
) -> None:
    """Reading, listing, acting: nothing tells whom it concerns that there is a case."""
    if family == "petition":
        case_id = (await intake.open_petition(concerns=[PRINCIPAL]))[1].case_id
    else:
        case_id = (await intake.file(concerns=[PRINCIPAL]))["case_id"]
        if family == "incident":
            await intake.judge_filed()
    before = await intake.stored()
    async with intake.client(role, unit, person) as client:
        hidden = await every_road(intake, client, case_id)
        absent = await every_road(intake, client, "no-such")
        listed = await client.get("/v1/cases")

    assert [answer.content for answer in hidden] == [answer.content for answer in absent]
    for answer in hidden:
        problem(answer, 404, "unknown-case")
    assert listed.json() == {"cases": [], "next": None}
    assert await intake.stored() == before


@pytest.mark.parametrize(("role", "unit", "person"), SEES)
@pytest.mark.parametrize("family", ["petition", "incident", "unjudged"])
async def test_units_above_the_concerned_office_see_the_case(
    intake: Intake, family: str, role: Role, unit: str, person: str | None
) -> None:
    """Somebody must deal with it."""
    if family == "petition":
        case_id = (await intake.open_petition(concerns=[PRINCIPAL]))[1].case_id
    else:
        case_id = (await intake.file(concerns=[PRINCIPAL]))["case_id"]
        if family == "incident":
            await intake.judge_filed()
    async with intake.client(role, unit, person) as client:
        seen = await client.get(f"/v1/cases/{case_id}")
        listed = (await client.get("/v1/cases")).json()["cases"]

    assert seen.status_code == 200
    assert [case["case_id"] for case in listed] == [case_id]
    assert seen.json()["concerns"] == [PRINCIPAL]


async def test_concerned_teacher_sees_nothing_of_a_case_that_their_principal_deals_with(intake: Intake) -> None:
    """Who heads no office takes none with them: the person alone is left out, whatever token they hold."""
    _, case = await intake.open_petition(concerns=[TEACHER])
    for unit in (LAKE, BUREAU):
        async with intake.client("principal", unit, TEACHER) as client:
            problem(await client.get(f"/v1/cases/{case.case_id}"), 404, "unknown-case")
            assert (await client.get("/v1/cases")).json()["cases"] == []
    async with intake.client("principal", LAKE, PRINCIPAL) as client:
        assert (await client.get(f"/v1/cases/{case.case_id}")).status_code == 200


async def test_suspected_abuse_is_hidden_from_the_whole_school_before_it_is_judged(intake: Intake) -> None:
    """The policy bypasses the school, though the report names nobody; its reporter still may send it again."""
    body = {"kind": "suspected-abuse", "report_id": "abuse-1", "summary": "bruises"}
    filed = await intake.file(**body)
    async with intake.client("principal", LAKE, PRINCIPAL) as client:
        problem(await client.get(f"/v1/cases/{filed['case_id']}"), 404, "unknown-case")
        assert (await client.get("/v1/cases")).json()["cases"] == []
        await intake.judge_filed()
        problem(await client.get(f"/v1/cases/{filed['case_id']}"), 404, "unknown-case")
        assert (await client.get("/v1/cases")).json()["cases"] == []
    assert await intake.file(**body) == filed


@pytest.mark.parametrize("judged", [False, True])
async def test_conflict_does_not_name_a_hidden_case_to_its_school(intake: Intake, judged: bool) -> None:
    """A reporter of the school who tries the id with other content learns no case."""
    body = {"kind": "suspected-abuse", "report_id": "abuse-1"}
    filed = await intake.file(**body, summary="bruises")
    if judged:
        await intake.judge_filed()
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={**body, "summary": "is there something?"})

    assert "case_id" not in problem(answer, 409, "different-content")
    assert filed["case_id"] not in answer.text


@pytest.mark.parametrize("role", [role for role, rights in RIGHTS.items() if "case.read" in rights])
async def test_petition_not_yet_judged_is_seen_by_nobody_but_its_holder(intake: Intake, role: Role) -> None:
    """Whom it concerns is found out when it is judged; until then no token sees it."""
    filed = await intake.petition(report_id="p-1")
    async with intake.client(role, BUREAU, PETITION_OFFICER) as client:
        for answer in await every_road(intake, client, filed["case_id"]):
            problem(answer, 404, "unknown-case")
        assert (await client.get("/v1/cases")).json()["cases"] == []
        await intake.judge_filed()
        assert (await client.get(f"/v1/cases/{filed['case_id']}")).json()["family"] == "petition"


async def test_report_id_of_a_petition_tells_reporters_nothing(intake: Intake) -> None:
    """The same id used for an incident is a report of its own: no conflict, no case of the petition."""
    petition = await intake.petition(report_id="p-1")
    filed = await intake.file(report_id="p-1")

    assert filed["case_id"] != petition["case_id"]


async def test_code_does_not_work_once_the_case_concerns_its_holder(intake: Intake) -> None:
    """It is like any wrong code, and counts as one."""
    _, case = await intake.open_petition(concerns=[TEACHER])
    await intake.give_code(case.case_id, TEACHER, "7K0M1Q")
    await intake.give_code(case.case_id, PRINCIPAL, "ABCDEF")
    async with intake.anonymous() as client:
        hidden = await client.post("/v1/acknowledge", json={"code": "7K0M1Q"})
        wrong = await client.post("/v1/acknowledge", json={"code": "999999"})
        problem(hidden, 404, "unknown-code")
        assert hidden.content == wrong.content
        assert (await client.post("/v1/acknowledge", json={"code": "ABCDEF"})).status_code == 202
        for _ in range(8):
            await client.post("/v1/acknowledge", json={"code": "7K0M1Q"})
        problem(await client.post("/v1/acknowledge", json={"code": "7K0M1Q"}), 429, "too-many-wrong-codes")


async def test_pages_of_a_list_are_full_though_hidden_cases_lie_between(intake: Intake) -> None:
    """No gap, no short page and no cursor tells of what is hidden, judged or not."""
    seen = []
    for number in range(12):
        concerns = {"concerns": [PRINCIPAL]} if number % 4 else {}
        filed = await intake.file(report_id=f"r-{number}", **concerns)
        if number < 8:
            await intake.judge_filed()
        if not concerns:
            seen.append(filed["case_id"])
    found: list[str] = []
    async with intake.client("principal", LAKE, PRINCIPAL) as client:
        params: dict[str, Any] = {"limit": 2}
        while params.get("cursor", "") is not None:
            page = (await client.get("/v1/cases", params=params)).json()
            found += [case["case_id"] for case in page["cases"]]
            assert len(page["cases"]) == (2 if page["next"] else len(seen) - 2)
            params["cursor"] = page["next"]

    assert sorted(found) == sorted(seen)


@pytest.mark.parametrize(
    ("role", "unit", "person", "sees"), [(*one, True) for one in SEES] + [(*one, False) for one in BLIND]
)
async def test_stream_carries_no_entry_of_a_hidden_case(
    intake: Intake, role: Role, unit: str, person: str | None, sees: bool
) -> None:
    """The cursor moves on; the entry is not written."""
    await intake.petition(concerns=[PRINCIPAL])
    [filed] = await intake.facts()
    [decision] = judge(None, filed, COUNTY, intake.deps.policies, filed.received_at)
    entries = [effect for effect in decision.effects if isinstance(effect, JournalEntry)]
    lines = [
        Entry(0, entry.seq, entry.school_id, entry.kind, entry.model_dump_json(exclude_none=True)) for entry in entries
    ]
    positions = {0: 0}
    caller = Caller("name", role, unit, person, RIGHTS[role])
    written = _written(intake.deps, caller, positions, lines)

    assert positions == {0: len(entries)}
    assert written.count(b"\ndata: ") == (len(entries) if sees else 0)
