"""Acknowledging by code: from any client, forgiving about spelling, hard to guess."""

import asyncio
from datetime import timedelta

import pytest

from events.incident import IncidentAcknowledged, IncidentDeclined
from tests.support.intake import NOW, PRINCIPAL, Intake, problem

CODE = "7K0M1Q9Z"


async def coded(intake: Intake) -> str:
    case_id: str = (await intake.file())["case_id"]
    await intake.judge_filed()
    await intake.give_code(case_id, PRINCIPAL, CODE)
    return case_id


@pytest.mark.parametrize("typed", [CODE, "7k0m 1q9z", "7KOM-IQ9Z", " 7kom lq9z ", "７Ｋ０Ｍ　１Ｑ９Ｚ", "7K0M1Q9Z."])
async def test_code_is_read_as_people_type_it(intake: Intake, typed: str) -> None:
    """Case, gaps, look-alikes and full-width signs do not matter."""
    case_id = await coded(intake)
    intake.clock.show(NOW + timedelta(minutes=2))
    async with intake.anonymous() as client:
        answer = await client.post("/v1/acknowledge", json={"code": typed})

    fact = (await intake.facts())[-1]
    assert answer.status_code == 202, answer.text
    assert answer.json() == {
        "case_id": case_id,
        "kind": "fire",
        "school": "Lake School",
        "accepted_at": "2026-03-02T06:02:00Z",
        "message": answer.json()["message"],
    }
    assert fact == IncidentAcknowledged(
        case_id=case_id, received_at=NOW + timedelta(minutes=2), by=PRINCIPAL, via="code"
    )


async def test_code_is_heard_again_after_its_holder_declined(intake: Intake) -> None:
    """A repeat counts once; "I can, after all" is no repeat."""
    case_id: str = (await intake.file())["case_id"]
    case = await intake.judge_filed()
    await intake.give_code(case_id, PRINCIPAL, CODE)
    async with intake.anonymous() as client:
        await client.post("/v1/acknowledge", json={"code": CODE})
        case = await intake.judge(case, IncidentAcknowledged(case_id=case_id, received_at=NOW, by=PRINCIPAL))
        later = NOW + timedelta(minutes=1)
        await intake.judge(case, IncidentDeclined(case_id=case_id, received_at=later, by=PRINCIPAL))
        intake.clock.show(NOW + timedelta(minutes=2))
        again = await client.post("/v1/acknowledge", json={"code": CODE})

    assert again.json()["accepted_at"] == "2026-03-02T06:02:00Z"
    facts = [fact for fact in await intake.facts() if isinstance(fact, IncidentAcknowledged)]
    assert [fact.received_at for fact in facts] == [NOW, NOW + timedelta(minutes=2)]


async def test_same_code_again_gets_the_same_answer_and_counts_once(intake: Intake) -> None:
    """A nervous recipient may press twice, or twenty times."""
    await coded(intake)
    async with intake.anonymous() as client:
        sends = (client.post("/v1/acknowledge", json={"code": CODE}) for _ in range(20))
        answers = await asyncio.gather(*sends)
        intake.clock.show(NOW + timedelta(hours=1))
        late = await client.post("/v1/acknowledge", json={"code": CODE})

    assert {answer.content for answer in answers} == {late.content}
    assert await intake.stored() == {"reports": 1, "outbox": 2, "idempotency": 1}


@pytest.mark.parametrize("typed", ["7K0M1Q9Y", "?!", "x" * 65, "7K0M1Q9Z\u0000\u0000X"])
async def test_wrong_code_is_not_found_and_says_how_to_go_on(intake: Intake, typed: str) -> None:
    """The person learns what to do now."""
    await coded(intake)
    async with intake.anonymous() as client:
        answer = await client.post("/v1/acknowledge", json={"code": typed})

    assert "telephone" in problem(answer, 404, "unknown-code")["detail"]
    assert (await intake.stored())["outbox"] == 1


async def test_eleventh_wrong_code_of_a_minute_must_wait(intake: Intake) -> None:
    """One address has ten wrong guesses a minute; then even a right one waits, and others do not."""
    await coded(intake)
    async with intake.anonymous() as client, intake.anonymous("192.0.2.2") as neighbour:
        for _ in range(10):
            problem(await client.post("/v1/acknowledge", json={"code": "WRONG"}), 404, "unknown-code")
        intake.real_seconds[0] = 20.0
        limited = await client.post("/v1/acknowledge", json={"code": CODE})
        problem(limited, 429, "too-many-wrong-codes")
        assert limited.headers["retry-after"] == "40"
        assert (await neighbour.post("/v1/acknowledge", json={"code": CODE})).status_code == 202
        intake.real_seconds[0] = 60.0
        assert (await client.post("/v1/acknowledge", json={"code": CODE})).status_code == 202


async def test_wrong_codes_sent_at_once_are_all_counted(intake: Intake) -> None:
    """Parallel guesses get no extra tries."""
    async with intake.anonymous() as client:
        sends = (client.post("/v1/acknowledge", json={"code": f"WRONG{n}"}) for n in range(30))
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*sends))

    assert statuses == [404] * 10 + [429] * 20


async def test_wrong_codes_from_everywhere_are_limited_together(intake: Intake) -> None:
    """A crowd of addresses has 120 wrong guesses a minute."""
    statuses: list[int] = []
    for number in range(13):
        async with intake.anonymous(f"192.0.2.{number}") as client:
            answers = [await client.post("/v1/acknowledge", json={"code": "WRONG"}) for _ in range(10)]
        statuses += [answer.status_code for answer in answers]

    assert statuses == [404] * 120 + [429] * 10


async def test_right_codes_are_never_counted(intake: Intake) -> None:
    """A school behind one address acknowledges as often as it likes."""
    await coded(intake)
    async with intake.anonymous() as client:
        statuses = {(await client.post("/v1/acknowledge", json={"code": CODE})).status_code for _ in range(30)}

    assert statuses == {202}


async def test_right_codes_sent_at_once_from_one_address_all_pass(intake: Intake) -> None:
    """A whole school behind one address is no attacker."""
    case_id = await coded(intake)
    for number in range(20):
        await intake.give_code(case_id, f"p-{number}", f"C0DE{number}")
    async with intake.anonymous() as client:
        sends = (client.post("/v1/acknowledge", json={"code": f"CODE{number}"}) for number in range(20))
        statuses = {answer.status_code for answer in await asyncio.gather(*sends)}

    assert statuses == {202}
