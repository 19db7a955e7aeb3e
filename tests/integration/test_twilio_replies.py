"""Answers by SMS: the number says who, the text says what, and the reply says what was understood."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.case import Case
from events.directory import ContactAddress, PersonRecorded
from events.incident import IncidentAcknowledged, IncidentDeclined
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from services.runtime.twilio_paths import SMS
from tests.support.intake import DIRECTOR, LAKE, NOW, PRINCIPAL
from tests.support.twilio_intake import DIRECTOR_PHONE, PHONE, PUBLIC_URL, STRANGER, Line, counted, directory, make_line

CODE, OTHER_CODE = "K7Q2MX", "W3ER5T"


@pytest.fixture
def line(database: Database) -> Line:
    """An intake with Twilio set up."""
    return make_line(database)


async def waiting(line: Line, code: str = CODE, **report: Any) -> Case:
    """File a report of which the principal was told, and give them a code."""
    await line.intake.file(**report)
    case = await line.intake.judge_filed()
    await line.intake.give_code(case.case_id, PRINCIPAL, code)
    return case


async def answers(line: Line) -> list[Any]:
    return [fact for fact in await line.intake.facts() if isinstance(fact, IncidentAcknowledged | IncidentDeclined)]


@pytest.mark.parametrize("text", ["收到 Ｋ７Ｑ２ＭＸ", "K 7 Q 2 M X", "1"])
async def test_reply_acknowledges_and_says_so_in_the_persons_language(line: Line, text: str) -> None:
    """The same fact as by any client, named as an SMS, at the time it came."""
    case = await waiting(line)
    line.intake.clock.show(NOW + timedelta(minutes=3))
    said = await line.reply(text)
    assert "已确认" in said
    assert "火灾" in said
    assert "Lake School" in said
    assert await answers(line) == [
        IncidentAcknowledged(case_id=case.case_id, received_at=line.intake.clock.now(), by=PRINCIPAL, via="sms")
    ]


@pytest.mark.parametrize("text", ["来不了", "K7Q2MX 2"])
async def test_reply_that_they_cannot_take_it_declines(line: Line, text: str) -> None:
    """The stand-in is told at once, and the reply says it."""
    case = await waiting(line)
    said = await line.reply(text)
    assert "替补" in said
    assert await answers(line) == [IncidentDeclined(case_id=case.case_id, received_at=NOW, by=PRINCIPAL)]


async def test_reply_to_a_test_of_the_contact_says_that_it_was_one(line: Line) -> None:
    """Nobody is told that they have taken something up, or that others are told: nothing has happened."""
    test = f"reachability:2026-03:{LAKE}"
    await line.intake.give_code(test, PRINCIPAL, CODE)
    for text in (CODE, f"{CODE} 2"):
        said = await line.reply(text)
        assert said.startswith("【演练】已收到，消息能送达您")
        assert "负责" not in said
    accepted, declined = await answers(line)
    assert (accepted.case_id, accepted.by, declined.case_id) == (test, PRINCIPAL, test)


async def test_english_reader_is_answered_in_english_and_a_drill_is_marked(database: Database) -> None:
    """The watermark is on every message."""
    line = make_line(database, directory(language="en"))
    await waiting(line, exercise=True)
    assert (await line.reply("1")).startswith("EXERCISE. Acknowledged")


async def test_message_that_twilio_brings_again_counts_once_and_gets_the_same_reply(line: Line) -> None:
    """Idempotent by its sid, also when the copies come at once, and after the case went on."""
    await waiting(line)
    sid = "SM" + "7" * 32
    said = await asyncio.gather(*(line.reply("1", sid=sid) for _ in range(8)))
    assert len(set(said)) == 1
    await waiting(line, OTHER_CODE)
    assert await line.reply("1", sid=sid) == said[0]
    assert len(await answers(line)) == 1


async def test_code_sent_by_sms_and_typed_into_a_client_is_one_answer(line: Line) -> None:
    """Whatever the road, the same answer is the same event."""
    await waiting(line)
    await line.reply(CODE)
    async with line.intake.anonymous() as client:
        assert (await client.post("/v1/acknowledge", json={"code": CODE})).status_code == 202
    assert len(await answers(line)) == 1


async def test_who_changes_their_mind_before_anybody_has_judged_is_taken_at_their_last_word(line: Line) -> None:
    """While the bus is away nothing is judged: each change is a fact, a repeat of the same word is none."""
    await waiting(line)
    for text in (CODE, f"{CODE} 2", f"{CODE} 2", CODE, CODE, f"{CODE} 2", CODE):
        await line.reply(text)
    said = [fact.TYPE.split(".")[-2] for fact in await answers(line)]
    assert said == ["acknowledged", "declined", "acknowledged", "declined", "acknowledged"]


async def test_one_is_not_enough_where_several_cases_wait(line: Line) -> None:
    """The reply names each with its code, and the code then says which."""
    await waiting(line)
    other = await waiting(line, OTHER_CODE, kind="traffic")
    said = await line.reply("1")
    assert f"{CODE} 火灾" in said
    assert f"{OTHER_CODE} 交通事故" in said
    assert await answers(line) == []
    await line.reply(OTHER_CODE)
    assert [fact.case_id for fact in await answers(line)] == [other.case_id]


async def test_answered_case_waits_no_more(line: Line) -> None:
    """Of two, the one that is still open to them is meant by 1; then nothing is."""
    case = await waiting(line)
    other = await waiting(line, OTHER_CODE, kind="traffic")
    await line.intake.judge(case, IncidentAcknowledged(case_id=case.case_id, received_at=NOW, by=PRINCIPAL))
    assert "交通事故" in await line.reply("1")
    await line.intake.judge(other, IncidentAcknowledged(case_id=other.case_id, received_at=NOW, by=PRINCIPAL))
    assert "没有等您确认" in await line.reply("1")
    assert [fact.case_id for fact in await answers(line)] == [other.case_id]


async def test_case_that_a_stand_in_answered_waits_for_nobody_else(database: Database) -> None:
    """The level has answered: 1 from its principal, minutes later, means another case or none."""
    contact = ContactAddress(contact_id="p-deputy:sms", channel="sms", address=DIRECTOR_PHONE)
    deputy = PersonRecorded(
        person_id="p-deputy", name="Dep Uty", unit_id=LAKE, roles=("deputy_principal",), contacts=(contact,)
    )
    line = make_line(database, directory(others=(deputy,)))
    case = await waiting(line)
    await line.intake.judge(case, IncidentAcknowledged(case_id=case.case_id, received_at=NOW, by="p-deputy"))
    assert "没有等您确认" in await line.reply("1")
    assert await answers(line) == []


async def test_wrong_code_that_twilio_brings_again_is_one_guess(line: Line) -> None:
    """A provider that repeats itself uses up nobody's tries."""
    await waiting(line)
    for _ in range(12):
        assert "不对" in await line.reply("WR0NG1", sid="SM" + "9" * 32)
    assert "已确认" in await line.reply(CODE)


async def test_shared_telephone_answers_for_whoever_the_code_is(database: Database) -> None:
    """A duty phone of two people: 1 could be either, a code is its holder's."""
    contact = ContactAddress(contact_id="p-deputy:sms", channel="sms", address=PHONE)
    deputy = PersonRecorded(
        person_id="p-deputy", name="Dep Uty", unit_id=LAKE, roles=("deputy_principal",), contacts=(contact,)
    )
    line = make_line(database, directory(others=(deputy,)))
    case = await waiting(line)
    case = await line.intake.judge(case, IncidentDeclined(case_id=case.case_id, received_at=NOW, by=PRINCIPAL))
    await line.intake.give_code(case.case_id, "p-deputy", OTHER_CODE)
    assert "已确认" in await line.reply("1")  # the deputy was told; the principal has answered
    assert [fact.by for fact in await answers(line)] == ["p-deputy"]
    await line.reply(CODE)
    assert [fact.by for fact in await answers(line)] == ["p-deputy", PRINCIPAL]


async def test_unknown_number_is_told_to_telephone(line: Line) -> None:
    """Nobody can be held responsible: in both languages, and nothing is written."""
    await waiting(line)
    before, stored = counted("reply", "stranger"), await line.intake.stored()
    for text in ("1", CODE, "2", "hello"):
        said = await line.reply(text, STRANGER)
        assert "值班员" in said
        assert "Telephone the duty officer" in said
    assert counted("reply", "stranger") == before + 4
    assert await line.intake.stored() == stored


async def test_code_of_somebody_else_is_wrong(line: Line) -> None:
    """The director cannot answer for the principal from their own telephone."""
    await waiting(line)
    assert "not known" in await line.reply(CODE, DIRECTOR_PHONE)
    assert await answers(line) == []


async def test_case_that_came_to_concern_somebody_does_not_exist_for_them(line: Line) -> None:
    """Neither by its code nor by 1: as for any other road (promise 7)."""
    case = await waiting(line)
    await line.intake.keep(case.model_copy(update={"excluded": (PRINCIPAL,), "seq": case.seq}), [], 0)
    assert "不对" in await line.reply(CODE)
    assert "没有等您确认" in await line.reply("1")
    assert await answers(line) == []


async def test_eleventh_wrong_code_of_a_minute_must_wait_and_other_numbers_need_not(line: Line) -> None:
    """Guesses are limited by number, as by address; right codes are not."""
    await waiting(line)
    await line.intake.give_code("case-x", DIRECTOR, OTHER_CODE)
    for number in range(10):
        assert "不对" in await line.reply(f"WR0NG{number}")
    assert "太多" in await line.reply(CODE)
    assert await answers(line) == []
    assert "Acknowledged" in await line.reply(OTHER_CODE, DIRECTOR_PHONE)
    line.intake.real_seconds[0] = 61.0
    assert "已确认" in await line.reply(CODE)


async def test_text_that_is_no_answer_is_asked_back(line: Line) -> None:
    """Responsibility is never guessed from a text."""
    await waiting(line)
    assert "没有看懂" in await line.reply("在路上了")
    assert "没有看懂" in await line.reply(f"{CODE} 我不在学校")
    assert await answers(line) == []


async def test_opt_out_flags_the_contact_and_is_no_answer(line: Line) -> None:
    """Never SMS again; the telephone itself may still ring, and nothing is sent back: Twilio confirms it."""
    await waiting(line)
    assert not await line.reply("Unsubscribe")
    flags = await line.intake.rows(contact_flags)
    assert [(flag.contact_id, flag.flaw, flag.address_hash, flag.since) for flag in flags] == [
        (f"{PRINCIPAL}:sms", "opted-out", hash_of(PHONE), NOW)
    ]
    assert await answers(line) == []


async def test_start_ends_the_opt_out_and_leaves_a_dead_number_dead(line: Line) -> None:
    """Who wants messages again gets them; what a carrier said of a number is another matter."""
    await line.reply("STOP")
    await line.request()
    assert not await line.reply("START")
    assert await line.intake.rows(contact_flags) == []
    await line.twilio.report(line.message(), "undelivered", error_code=30005)
    await line.reply("START")
    assert [flag.flaw for flag in await line.intake.rows(contact_flags)] == ["dead"]


async def test_petition_is_answered_without_a_word_of_what_is_in_it(line: Line) -> None:
    """Kind and school; the answer goes to the petitions' topic."""
    _, case = await line.intake.open_petition(kind="petition-on-site", summary="校长收取赞助费", contact="家长王某")
    await line.intake.give_code(case.case_id, PRINCIPAL, CODE)
    said = await line.reply(CODE)
    assert "现场群体信访" in said
    assert "期限内办理" in said
    assert "赞助费" not in said
    topics = [topic for topic, body in await line.outgoing() if isinstance(body, IncidentAcknowledged)]
    assert topics == ["tocsin.petitions"]


async def test_reply_that_twilio_did_not_sign_is_refused(line: Line) -> None:
    """Anybody can write a number into From."""
    await waiting(line)
    before = counted("reply", "forged")
    form = {"MessageSid": "SM1", "From": PHONE, "Body": "1"}
    answer = await line.twilio.post(PUBLIC_URL + SMS, form, forged=True)
    assert answer.status_code == 403
    assert counted("reply", "forged") == before + 1
    assert await answers(line) == []
