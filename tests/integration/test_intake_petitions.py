"""Filing a petition: from anybody, stored before the 202, and nothing of who told what outside its seal."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from events.ids import case_id_of_report
from events.petition import PetitionFiled
from events.receipt import receipt_of
from services.intake.seal import Seal, Sealed
from services.runtime.outbox_rows import OutboxRows
from services.runtime.tables import metadata, petitions, sealed_identities
from tests.support.intake import LAKE, LANE, NOW, PRINCIPAL, TEACHER, Intake, problem

REPORT = "7f0e3f0a-58f7-4f0e-9a53-0d5b0c0e7c11"
NARRATIVE, CONTACT = "The canteen charges twice for one meal", "Nearby Lane 4, evenings"
WHOLE = {
    "report_id": REPORT,
    "school_id": LAKE,
    "kind": "petition-fees",
    "concerns": [TEACHER],
    "headcount": 12,
    "place": "Canteen",
    "summary": NARRATIVE,
    "contact": CONTACT,
}


async def test_petition_is_in_the_store_when_202_arrives(intake: Intake) -> None:
    """Without an account: receipt, secret and the office's clocks come back, and the fact waits for Kafka."""
    answer = await intake.petition(**WHOLE)

    [fact] = await intake.facts()
    [row] = await OutboxRows(intake.database).pending([LANE], 10)
    assert isinstance(fact, PetitionFiled)
    assert (fact.kind, fact.school_id, fact.concerns, fact.headcount) == ("petition-fees", LAKE, (TEACHER,), 12)
    assert (row.topic, row.key) == ("tocsin.petitions", answer["case_id"])
    assert answer["receipt"] == receipt_of(answer["case_id"])
    assert answer["received_at"] == "2026-03-02T06:00:00Z"
    assert set(answer["deadlines"]) == {"report_to_principal@school", "acceptance@school"}
    assert "notices" not in answer
    assert intake.wakes == [1]


async def test_promised_deadlines_are_those_of_the_opened_case(intake: Intake) -> None:
    """The 202 and the judged case never disagree."""
    filed, case = await intake.open_petition()

    assert {name: at.isoformat().replace("+00:00", "Z") for name, at in case.deadlines().items()} == filed["deadlines"]


async def test_promise_names_the_office_that_the_case_went_to(intake: Intake) -> None:
    """The principal is complained of: the district owes the answer, and the 202 says so as the judged case does."""
    filed, case = await intake.open_petition(concerns=[PRINCIPAL])

    assert "acceptance@district" in filed["deadlines"]
    assert {name: at.isoformat().replace("+00:00", "Z") for name, at in case.deadlines().items()} == filed["deadlines"]


async def test_narrative_and_contact_lie_only_in_the_sealed_record(intake: Intake) -> None:
    """No table, event or log line holds what was told, who told it, or the secret."""
    with capture_logs() as logged:
        answer = await intake.petition(**WHOLE)

    [sealed] = await intake.rows(sealed_identities)
    everything = str([[tuple(row) for row in await intake.rows(table)] for table in metadata.sorted_tables])
    everything += str(logged)
    for hidden in (NARRATIVE, CONTACT, answer["secret"], answer["secret"].replace("-", ""), REPORT):
        assert hidden not in everything
    found = intake.deps.seal.open(answer["case_id"], sealed.sealed)
    assert found == Sealed(case_id=answer["case_id"], summary=NARRATIVE, contact=CONTACT)


async def test_petition_that_tells_nothing_private_leaves_no_sealed_record(intake: Intake) -> None:
    """Who they are is theirs to say; the answer says what silence costs."""
    answer = await intake.petition()

    assert await intake.rows(sealed_identities) == []
    assert "no way to answer" in answer["notices"][0]


async def test_same_petition_again_gets_the_same_answer_and_secret(intake: Intake) -> None:
    """A retry on a weak link loses nothing, though the secret is stored nowhere."""
    first = await intake.petition(**WHOLE)
    intake.clock.show(NOW + timedelta(hours=1))
    again = await intake.petition(**dict(reversed(WHOLE.items())))

    assert again == first
    assert await intake.stored() == {"reports": 0, "outbox": 1, "idempotency": 0}
    assert len(await intake.rows(petitions)) == 1


async def test_twenty_equal_petitions_at_once_are_one(intake: Intake) -> None:
    """An impatient thumb makes one case."""
    answers = await asyncio.gather(*(intake.petition(**WHOLE) for _ in range(20)))

    assert len({orjson.dumps(answer) for answer in answers}) == 1
    assert (await intake.stored())["outbox"] == 1


@pytest.mark.parametrize("changed", [{"summary": "something else"}, {"contact": None}, {"kind": "petition"}])
async def test_same_petition_id_with_other_content_is_a_conflict_without_a_secret(
    intake: Intake, changed: dict[str, Any]
) -> None:
    """Whoever has only the id learns neither case nor secret."""
    first = await intake.petition(**WHOLE)
    async with intake.anonymous() as client:
        answer = await client.post("/v1/petitions", json={**WHOLE, **changed})

    problem(answer, 409, "different-content")
    for hidden in (first["case_id"], first["secret"], first["receipt"]):
        assert hidden not in answer.text
    assert (await intake.stored())["outbox"] == 1


async def test_event_names_no_id_with_which_the_petition_could_be_sent_again(intake: Intake) -> None:
    """Who handles a petition may read all of it: they must not be given its secret for sending it again."""
    filed = await intake.petition(**WHOLE)
    [fact] = await intake.facts()
    assert isinstance(fact, PetitionFiled)

    again = await intake.petition(**{**WHOLE, "report_id": fact.report_id})
    assert fact.report_id != REPORT
    assert again["case_id"] != filed["case_id"]
    assert again["secret"] != filed["secret"]
    assert filed["case_id"] == case_id_of_report(fact.report_id)


async def test_answer_is_the_same_after_the_keys_were_rotated(intake: Intake) -> None:
    """A new key seals from now on; what the old one gave stays given."""
    first = await intake.petition(**WHOLE)
    old = b"0123456789abcdef0123456789abcdef"
    object.__setattr__(intake.deps, "seal", Seal([b"a new key of thirty-two characters", old]))

    assert await intake.petition(**WHOLE) == first
    object.__setattr__(intake.deps, "seal", Seal([b"a new key of thirty-two characters"]))
    async with intake.anonymous() as client:
        problem(await client.post("/v1/petitions", json=WHOLE), 409, "different-content")


async def test_idempotency_key_names_a_petition_without_an_id(intake: Intake) -> None:
    """The header does what report_id does."""
    key = {"Idempotency-Key": "k-1"}
    async with intake.anonymous() as client:
        answers = [await client.post("/v1/petitions", json={"school_id": LAKE}, headers=key) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert len(await intake.rows(petitions)) == 1


@pytest.mark.parametrize("header", ["Bearer tcs_wrong", "Basic abc", "own"])
async def test_token_that_comes_with_a_petition_is_neither_needed_nor_kept(intake: Intake, header: str) -> None:
    """A petition by a signed-in teacher is as anonymous as any, and a bad token stops nobody."""
    token = await intake.token("reporter", LAKE, TEACHER)
    async with intake.anonymous(headers={"Authorization": f"Bearer {token}" if header == "own" else header}) as client:
        answer = await client.post("/v1/petitions", json={"school_id": LAKE})

    assert answer.status_code == 202
    tables = (petitions, metadata.tables["outbox"], sealed_identities)
    kept = str([[tuple(row) for row in await intake.rows(table)] for table in tables])
    caller = await intake.deps.tokens.find(token, NOW)
    for hidden in (TEACHER, caller.actor, caller.name):
        assert hidden not in kept


@pytest.mark.parametrize("kind", [None, "petition", "fire", "noise"])
async def test_petition_of_an_unknown_kind_is_taken_as_a_plain_one(intake: Intake, kind: str | None) -> None:
    """A petition is never refused for its word, and never becomes an incident."""
    answer = await intake.petition(kind=kind, contact="x")
    [fact] = await intake.facts()

    assert isinstance(fact, PetitionFiled)
    assert fact.kind == "petition"
    assert ("notices" in answer) is (kind in {"fire", "noise"})


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"school_id": "nowhere"}, "/school_id"),
        ({"school_id": None}, "/school_id"),
        ({"concerns": ["p-nobody"]}, "/concerns"),
        ({"concerns": ["x"] * 21}, "/concerns"),
        ({"headcount": 0}, "/headcount"),
        ({"summary": "x" * 20_001}, "/summary"),
        ({"severity": "I"}, "/severity"),
        ({"name": "A"}, "/name"),
    ],
)
async def test_unusable_petition_is_named_and_not_stored(intake: Intake, changed: dict[str, Any], pointer: str) -> None:
    """A mistyped id of whom it concerns would let them hear of it: that is said, not guessed."""
    async with intake.anonymous() as client:
        answer = await client.post("/v1/petitions", json={**WHOLE, **changed})

    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer
    assert (await intake.stored())["outbox"] == 0
    assert await intake.rows(petitions) == []


async def test_failed_commit_leaves_nothing_of_a_petition(intake: Intake) -> None:
    """When the fact cannot be stored, neither is the seal, and the sender hears that."""
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_away")
    async with intake.anonymous() as client:
        answer = await client.post("/v1/petitions", json=WHOLE)
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox_away RENAME TO outbox")

    assert answer.status_code in {500, 503}
    assert (await intake.rows(petitions), await intake.rows(sealed_identities)) == ([], [])


async def test_thirty_first_petition_of_a_minute_from_one_address_must_wait(intake: Intake) -> None:
    """One address cannot fill the store or try the directory's ids; its neighbour petitions on."""
    async with intake.anonymous() as client, intake.anonymous("192.0.2.2") as neighbour:
        for number in range(30):
            body = {"school_id": LAKE} if number % 2 else {"school_id": LAKE, "concerns": [f"p-{number}"]}
            assert (await client.post("/v1/petitions", json=body)).status_code in {202, 422}
        intake.real_seconds[0] = 20.0
        limited = await client.post("/v1/petitions", json={"school_id": LAKE})
        problem(limited, 429, "too-many-petitions")
        assert limited.headers["retry-after"] == "40"
        assert (await neighbour.post("/v1/petitions", json={"school_id": LAKE})).status_code == 202
        intake.real_seconds[0] = 60.0
        assert (await client.post("/v1/petitions", json={"school_id": LAKE})).status_code == 202
