"""The holder of receipt and secret sees how a petition stands, and does what only they can do."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from escalation_policies.case import Case
from events import petition as facts
from events.base import CaseFact
from events.petition import PetitionWithdrawn, ReviewAsked
from services.intake.seal import hash_secret
from services.runtime.tables import petitions
from tests.support.intake import BUREAU, DIRECTOR, DISTRICT, LAKE, NOW, PRINCIPAL, TOWN, Intake, problem


async def ask(
    intake: Intake, filed: dict[str, Any], path: str = "", method: str = "GET", **changed: str
) -> httpx.Response:
    named = {**filed, **changed}
    async with intake.anonymous() as client:
        return await client.request(
            method, f"/v1/petitions/{named['receipt']}{path}", headers={"Tocsin-Secret": named["secret"]}
        )


async def page(intake: Intake, filed: dict[str, Any]) -> dict[str, Any]:
    answer = await ask(intake, filed)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def say(intake: Intake, case: Case, fact: type[CaseFact], days: float = 1, **fields: str) -> Case:
    by = {} if fact in {ReviewAsked, PetitionWithdrawn} else {"by": PRINCIPAL}
    told = {"case_id": case.case_id, "received_at": NOW + timedelta(days=days), **by, **fields}
    return await intake.judge(case, fact.model_validate(told))


async def test_page_of_a_petition_not_yet_judged_shows_its_clocks(intake: Intake) -> None:
    """From the 202 on, the holder has a page."""
    filed = await intake.petition(kind="petition-fees")
    seen = await page(intake, filed)

    assert (seen["state"], seen["office"], seen["school"]) == ("received", None, "Lake School")
    promised = {f"{name}": at for name, at in filed["deadlines"].items()}
    assert {f"{one['clock']}@school": one["deadline"] for one in seen["deadlines"]} == promised


async def test_page_names_the_office_by_unit_and_never_a_person(intake: Intake) -> None:
    """Responsible is an office; who sits there is not the holder's business, nor are codes and messages."""
    filed, _ = await intake.open_petition(summary="private words", contact="private number")
    answer = await ask(intake, filed)
    seen = answer.json()

    assert seen["state"] == "open"
    assert seen["office"] == {"level": "school", "units": [{"unit_id": LAKE, "name": "Lake School"}]}
    acceptance = next(one for one in seen["deadlines"] if one["clock"] == "acceptance")
    assert acceptance == {
        "clock": "acceptance",
        "level": "school",
        "deadline": filed["deadlines"]["acceptance@school"],
        "state": "running",
    }
    assert (seen["remedy"]["act"], seen["remedy"]["until"]) == ("wait", acceptance["deadline"])
    for hidden in (PRINCIPAL, "Pat Principal", "private", filed["secret"]):
        assert hidden not in answer.text


async def test_page_follows_acceptance_extension_answer_and_review(intake: Intake) -> None:
    """What the office wrote is there, with the next deadline and the next remedy at each point."""
    filed, case = await intake.open_petition()
    case = await say(intake, case, facts.PetitionAccepted, notice="We take it up")
    seen = await page(intake, filed)
    assert (seen["state"], seen["notice"], seen["accepted_at"]) == ("accepted", "We take it up", "2026-03-03T06:00:00Z")
    first = seen["remedy"]["until"]
    assert next(one["deadline"] for one in seen["deadlines"] if one["clock"] == "resolution") == first

    case = await say(intake, case, facts.ExtensionGranted, 5, reason="The books must be read")
    seen = await page(intake, filed)
    assert (seen["extension_reason"], seen["remedy"]["until"] > first) == ("The books must be read", True)

    case = await say(intake, case, facts.PetitionResolved, 9, answer="You get it back")
    seen = await page(intake, filed)
    assert (seen["state"], seen["answer"], seen["remedy"]["act"]) == ("answered", "You get it back", "ask-review")
    until = next(one["deadline"] for one in seen["deadlines"] if one["clock"] == "review_request")
    assert seen["remedy"]["until"] == until

    case = await say(intake, case, ReviewAsked, 10)
    seen = await page(intake, filed)
    assert (seen["state"], seen["remedy"]["act"]) == ("in-review", "wait")
    assert seen["office"]["units"] == [{"unit_id": DISTRICT, "name": "District"}]

    answered = facts.ReviewAnswered(
        case_id=case.case_id, received_at=NOW + timedelta(days=12), by=DIRECTOR, answer="It stands"
    )
    await intake.judge(case, answered)
    seen = await page(intake, filed)
    assert (seen["state"], seen["review_answer"], seen["remedy"]["act"]) == ("reviewed", "It stands", "ask-above")
    assert seen["closed_at"] == "2026-03-14T06:00:00Z"


async def test_page_shows_a_missed_deadline_once_and_as_missed(intake: Intake) -> None:
    """The chasing rounds of an overdue office are not new deadlines for the petitioner."""
    filed, case = await intake.open_petition()
    late = facts.ObjectionRaised(
        case_id=case.case_id, received_at=NOW + timedelta(days=40), by=PRINCIPAL, reason="late"
    )
    await intake.judge(case, late)
    seen = await page(intake, filed)

    acceptance = [one for one in seen["deadlines"] if one["clock"] == "acceptance"]
    assert [(one["state"], one["deadline"]) for one in acceptance] == [
        ("missed", filed["deadlines"]["acceptance@school"])
    ]
    assert "late" in seen["remedy"]["detail"]


async def test_page_follows_a_petition_to_the_office_that_takes_it_over(intake: Intake) -> None:
    """Wrongly routed: the next office is named, and the deadline is still counted from the filing."""
    filed, case = await intake.open_petition()
    await say(intake, case, facts.ObjectionRaised, reason="not ours")
    seen = await page(intake, filed)

    assert seen["office"]["level"] == "district"
    acceptance = [one for one in seen["deadlines"] if one["clock"] == "acceptance"]
    assert [one["deadline"] for one in acceptance] == [filed["deadlines"]["acceptance@school"]]


async def test_petition_about_the_bureau_reaches_the_named_fallback_office(intake: Intake) -> None:
    """Nobody clean is left on the chain: the page names the township, never the office complained of."""
    filed, _ = await intake.open_petition(concerns=[LAKE, DISTRICT, BUREAU])
    seen = await page(intake, filed)

    assert [unit["unit_id"] for unit in seen["office"]["units"]] == [TOWN]


@pytest.mark.parametrize("changed", ["secret", "receipt", "no-secret", "empty"])
async def test_wrong_secret_and_unknown_receipt_look_alike(intake: Intake, changed: str) -> None:
    """Nobody can find out whether a receipt exists, whatever they ask or say."""
    filed, _ = await intake.open_petition()
    other = {
        "secret": {"secret": "0000-0000-0000-0000-0000-0000-0000"},
        "receipt": {"receipt": "0000-0000-0000"},
        "no-secret": {"secret": "x" * 100},
        "empty": {"secret": ""},
    }[changed]
    for method, path in (("GET", ""), ("POST", "/ask-review"), ("POST", "/withdraw")):
        answer = await ask(intake, filed, path, method, **other)
        absent = await ask(intake, filed, path, method, receipt="9999-9999-9999", secret="0")
        problem(answer, 404, "unknown-petition")
        assert answer.content == absent.content


async def test_receipt_and_secret_are_read_as_people_write_them(intake: Intake) -> None:
    """Case, gaps and look-alikes do not matter, nor do the receipt's dashes."""
    filed, _ = await intake.open_petition()
    secret = filed["secret"].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    answer = await ask(intake, filed, receipt=filed["receipt"].replace("-", ""), secret=secret)

    assert answer.status_code == 200


async def test_two_cases_that_share_a_receipt_are_told_apart_by_the_secret(intake: Intake) -> None:
    """The number names, the secret decides."""
    one, two = await intake.petition(report_id="a"), await intake.petition(report_id="b")
    async with intake.database.writing() as connection:
        await connection.execute(petitions.update().values(receipt=one["receipt"]))

    for filed in (one, two):
        assert (await page(intake, {**filed, "receipt": one["receipt"]}))["case_id"] == filed["case_id"]


async def test_secret_is_stored_hashed_only(intake: Intake) -> None:
    """A stolen database opens nothing: 28 signs of base32 are 140 bits."""
    filed = await intake.petition()
    [row] = await intake.rows(petitions)

    assert row.secret_hash == hash_secret(filed["secret"])
    assert len(filed["secret"].replace("-", "")) == 28


async def test_eleventh_wrong_secret_of_a_minute_must_wait(intake: Intake) -> None:
    """Then even the right one waits; right ones are never counted."""
    filed = await intake.petition()
    for _ in range(15):
        await page(intake, filed)
    for _ in range(10):
        problem(await ask(intake, filed, secret="wrong"), 404, "unknown-petition")
    problem(await ask(intake, filed), 429, "too-many-wrong-secrets")
    intake.real_seconds[0] = 60.0
    await page(intake, filed)


async def test_holder_asks_for_review_once(intake: Intake) -> None:
    """Asked thrice, one fact goes to the petitions' topic, and the answer stays the same."""
    filed, case = await intake.open_petition()
    case = await say(intake, case, facts.PetitionResolved, 2, answer="No")
    intake.clock.show(NOW + timedelta(days=3))
    answers = [await ask(intake, filed, "/ask-review", "POST")]
    intake.clock.show(NOW + timedelta(days=4))
    answers += [await ask(intake, filed, "/ask-review", "POST") for _ in range(2)]

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["accepted_at"] for answer in answers} == {"2026-03-05T06:00:00Z"}
    asked = [fact for fact in await intake.facts() if isinstance(fact, ReviewAsked)]
    assert asked == [ReviewAsked(case_id=case.case_id, received_at=NOW + timedelta(days=3))]


async def test_review_is_not_asked_before_there_is_an_answer_nor_after_its_time(intake: Intake) -> None:
    """The holder hears why at once, and asking too early does not use up the right."""
    filed, case = await intake.open_petition()
    problem(await ask(intake, filed, "/ask-review", "POST"), 409, "not-now")
    await say(intake, case, facts.PetitionDeclined, 2, reason="Not ours to decide")
    intake.clock.show(NOW + timedelta(days=34))
    problem(await ask(intake, filed, "/ask-review", "POST"), 409, "not-now")
    intake.clock.show(NOW + timedelta(days=30))
    assert (await ask(intake, filed, "/ask-review", "POST")).status_code == 202


@pytest.mark.parametrize("judged", [False, True])
async def test_holder_takes_the_petition_back_once(intake: Intake, judged: bool) -> None:
    """Judged or not, one fact; the page says so afterwards."""
    filed = await intake.petition()
    case = await intake.judge_filed() if judged else None
    answers = [await ask(intake, filed, "/withdraw", "POST") for _ in range(2)]

    assert {answer.status_code for answer in answers} == {202}
    [fact] = [fact for fact in await intake.facts() if isinstance(fact, PetitionWithdrawn)]
    if case is not None:
        await intake.judge(case, fact)
        seen = await page(intake, filed)
        assert (seen["state"], seen["remedy"]["act"]) == ("withdrawn", "none")
        assert (await ask(intake, filed, "/withdraw", "POST")).content == answers[0].content


async def test_petition_that_has_ended_cannot_be_taken_back(intake: Intake) -> None:
    """There is nothing left to stop, and the holder hears that."""
    filed, case = await intake.open_petition()
    case = await say(intake, case, facts.PetitionResolved, 2, answer="No")
    case = await say(intake, case, facts.PetitionResolved, 60, answer="again")
    assert case.status == "closed"

    problem(await ask(intake, filed, "/withdraw", "POST"), 409, "not-now")
