"""Calls: what is said to whom, what a key does, and what the end of a call says."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation_policies.case import Case
from events.incident import IncidentAcknowledged, IncidentDeclined
from events.unreached import ContactUnreached
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from tests.support.intake import LAKE, NOW, PRINCIPAL
from tests.support.twilio_intake import CALL_SID, PHONE, Line, counted, make_line

CODE = "K7Q2MX"


@pytest.fixture
def line(database: Database) -> Line:
    """An intake with Twilio set up."""
    return make_line(database)


async def ordered(line: Line, **changes: Any) -> Case:
    """File a report, and order a call about it to the principal."""
    await line.intake.file()
    case = await line.intake.judge_filed()
    await line.intake.give_code(case.case_id, PRINCIPAL, CODE)
    await line.request(case_id=case.case_id, channel="voice", **changes)
    return case


async def facts(line: Line) -> list[Any]:
    kinds = (IncidentAcknowledged, IncidentDeclined, ContactUnreached)
    return [fact for fact in await line.intake.facts() if isinstance(fact, kinds)]


async def test_call_says_the_message_twice_asks_for_a_key_and_says_goodbye(line: Line) -> None:
    """Help first, what, where, until when; by a Chinese voice; not a word of the summary, which names a child."""
    await ordered(line)
    script = await line.twilio.pick_up(line.call())
    words = script.words
    assert words.count("请先拨打幺幺零、幺幺九或幺二零") == 2
    assert words.count("较大火灾。阳光县第一中心小学，三楼化学实验室。") == 2
    assert words.count("14点35分前确认") == 2
    assert words.count("请按1") == 2
    assert "张小明" not in words
    assert CODE not in words.replace(" ", "")
    assert script.languages == {"zh-CN"}
    assert script.keys_go_to == line.call().url
    assert script.hangs_up
    assert (await line.row()).state == "sent"


async def test_call_is_in_a_sites_own_words(database: Database, tmp_path: Path) -> None:
    """When it is picked up, and again after a key that means nothing."""
    (tmp_path / "call.zh.j2").write_text("紧急！{{ m.kind }}，{{ m.school }}，{{ m.deadline }}。", encoding="utf-8")
    line = make_line(database, templates=tmp_path)
    await ordered(line)
    script = await line.twilio.pick_up(line.call())
    assert script.words.count("紧急！火灾，阳光县第一中心小学，14点35分。") == 2
    assert "紧急！火灾" in (await line.twilio.press(line.call(), "7", script)).words


async def test_call_that_tests_the_contact_asks_only_whether_it_arrived(line: Line) -> None:
    """By its key, nobody takes anything up."""
    test = f"reachability:2026-03:{LAKE}"
    await line.intake.give_code(test, PRINCIPAL, CODE)
    await line.request(channel="voice", case_id=test, template="reachability_test", kind="reachability", exercise=True)
    script = await line.twilio.pick_up(line.call())
    assert script.words.count("联络测试。") == 2
    assert script.words.count("确认收到，请按1") == 2
    assert "请按2" not in script.words
    assert "较大" not in script.words
    said = (await line.twilio.press(line.call(), "1", script)).words
    assert said.startswith("演练。 已收到，消息能送达您")
    (fact,) = await facts(line)
    assert (fact.case_id, fact.by) == (test, PRINCIPAL)


async def test_english_drill_begins_with_its_watermark(line: Line) -> None:
    """Said before anything else, each time."""
    await ordered(line, language="en", exercise=True)
    script = await line.twilio.pick_up(line.call())
    assert script.words.count("Exercise. This is an exercise. If anybody") == 2
    assert script.languages == {"en-US"}
    assert "Exercise. Acknowledged" in (await line.twilio.press(line.call(), "1", script)).words


async def test_petition_is_called_by_number_kind_and_place(line: Line) -> None:
    """Never its narrative, whatever the request carries."""
    await line.request(channel="voice", template="petition_alert", summary="校长收取赞助费", note="家长王某")
    words = (await line.twilio.pick_up(line.call())).words
    assert "教育收费信访" in words
    assert "4 8 2 1" in words
    assert "赞助费" not in words
    assert "王某" not in words


async def test_message_that_asks_nothing_is_said_twice_without_a_question(line: Line) -> None:
    """Nobody is asked for a key that would do nothing."""
    await line.request(channel="voice", template="incident_correction", asks_acknowledgement=False)
    script = await line.twilio.pick_up(line.call())
    assert script.words.count("撤回") == 2
    assert script.keys_go_to is None
    assert "请按1" not in script.words


async def test_key_1_acknowledges_and_says_so(line: Line) -> None:
    """The same fact as by any client, named as a call; the call was delivered."""
    case = await ordered(line)
    script = await line.twilio.pick_up(line.call())
    line.intake.clock.show(NOW + timedelta(minutes=2))
    said = await line.twilio.press(line.call(), "1", script)
    assert "已确认" in said.words
    assert said.hangs_up
    assert await facts(line) == [
        IncidentAcknowledged(case_id=case.case_id, received_at=line.intake.clock.now(), by=PRINCIPAL, via="voice")
    ]
    assert await line.deliveries() == [("sent", 1), ("delivered", 1)]
    assert (await line.twilio.end(line.call(), "completed")).status_code == 204
    assert await line.deliveries() == [("sent", 1), ("delivered", 1)]


async def test_key_2_declines_and_says_that_the_stand_in_is_told(line: Line) -> None:
    """ "Cannot take it" is an answer, too."""
    case = await ordered(line)
    said = await line.twilio.press(line.call(), "2", await line.twilio.pick_up(line.call()))
    assert "替补" in said.words
    assert await facts(line) == [IncidentDeclined(case_id=case.case_id, received_at=NOW, by=PRINCIPAL)]


async def test_key_that_twilio_tells_of_many_times_counts_once(line: Line) -> None:
    """Also when its requests come at once."""
    await ordered(line)
    script = await line.twilio.pick_up(line.call())
    said = await asyncio.gather(*(line.twilio.press(line.call(), "1", script) for _ in range(8)))
    assert {one.words for one in said} == {said[0].words}
    assert len(await facts(line)) == 1
    assert await line.deliveries() == [("sent", 1), ("delivered", 1)]


async def test_other_key_is_asked_again(line: Line) -> None:
    """A slip of the finger decides nothing, and the message is said once more."""
    await ordered(line)
    script = await line.twilio.pick_up(line.call())
    said = await line.twilio.press(line.call(), "5", script)
    assert "没有这个选项" in said.words
    assert "较大火灾" in said.words
    assert await facts(line) == []
    await line.twilio.press(line.call(), "1", said)
    assert len(await facts(line)) == 1


async def test_person_whom_the_case_concerns_by_now_answers_nothing(line: Line) -> None:
    """Excluded after the call was ordered: nothing is stored for them, and the voice gives nothing away."""
    case = await ordered(line)
    script = await line.twilio.pick_up(line.call())
    await line.intake.keep(case.model_copy(update={"excluded": (PRINCIPAL,)}), [], 0)
    said = await line.twilio.press(line.call(), "1", script)
    assert "不能由您" in said.words
    assert await facts(line) == []


async def test_machine_hears_nothing_and_the_next_way_is_tried_at_once(line: Line) -> None:
    """A tape is not a person, and anybody may listen to it; the end of such a call is no delivery."""
    await ordered(line)
    call = line.call()
    script = await line.twilio.pick_up(call, "machine_start")
    assert script.said == []
    assert script.hangs_up
    assert (await line.row()).state == "undelivered"
    await line.twilio.end(call, "completed")
    [fact] = await facts(line)
    assert (fact.cause, fact.channel, fact.reason) == ("undelivered", "voice", "Twilio: a machine picked up")
    assert await line.deliveries() == [("undelivered", 1)]


@pytest.mark.parametrize("answered_by", ["human", "unknown", None])
async def test_call_that_a_person_heard_without_a_key_is_delivered(line: Line, answered_by: str | None) -> None:
    """Delivered, and no more: the clock goes on."""
    await ordered(line)
    call = line.call()
    await line.twilio.pick_up(call, answered_by)
    await line.twilio.end(call, "completed")
    assert await line.deliveries() == [("sent", 1), ("delivered", 1)]
    assert await facts(line) == []


async def test_machine_that_is_known_as_one_only_at_the_end_heard_nothing(line: Line) -> None:
    """It was spoken to like a person: nobody was reached all the same."""
    await ordered(line)
    call = line.call()
    await line.twilio.pick_up(call, "unknown")
    call.answered_by = "machine_end_beep"
    await line.twilio.end(call, "completed")
    assert await line.deliveries() == [("sent", 1), ("undelivered", 1)]
    assert [fact.reason for fact in await facts(line)] == ["Twilio: a machine picked up"]


async def test_call_that_ended_before_anything_was_said_reached_nobody(line: Line) -> None:
    """Twilio could not ask us what to say: to it the call was completed."""
    await ordered(line)
    await line.twilio.end(line.call(), "completed")
    [fact] = await facts(line)
    assert fact.reason == "Twilio: the call ended before anything was said"


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_call_that_nobody_took_brings_in_the_next_contact(line: Line, status: str) -> None:
    """Once, however often the end is told."""
    case = await ordered(line)
    ends = await asyncio.gather(*(line.twilio.end(line.call(), status) for _ in range(5)))
    assert {answer.status_code for answer in ends} == {204}
    row = await line.row()
    assert (row.state, row.provider_id) == ("undelivered", CALL_SID)
    [fact] = await facts(line)
    assert (fact.case_id, fact.cause, fact.contact_id) == (case.case_id, "undelivered", f"{PRINCIPAL}:voice")
    assert await line.intake.rows(contact_flags) == []


async def test_number_that_can_never_be_called_is_flagged(line: Line) -> None:
    """Twilio names the reason; the flag is on the contact for calls."""
    await ordered(line)
    await line.twilio.end(line.call(), "failed", ErrorCode="13224")
    flags = await line.intake.rows(contact_flags)
    assert [(flag.contact_id, flag.flaw, flag.address_hash) for flag in flags] == [
        (f"{PRINCIPAL}:voice", "dead", hash_of(PHONE))
    ]


async def test_call_that_nobody_here_ordered_is_ended_without_a_word(line: Line) -> None:
    """Signed, but unknown: silence, and 204 for its end; nothing is written."""
    before = counted("call", "stranger")
    stranger = line.call("nobody")
    script = await line.twilio.pick_up(stranger)
    assert (script.said, script.hangs_up) == ([], True)
    assert (await line.twilio.end(stranger, "completed")).status_code == 204
    assert counted("call", "stranger") == before + 2
    assert await line.outgoing() == []


async def test_sms_cannot_be_answered_as_if_it_were_a_call(line: Line) -> None:
    """The address of a call leads to no message of another channel."""
    await line.request(school_id=LAKE)
    assert (await line.twilio.pick_up(line.call())).said == []


async def test_request_that_twilio_did_not_sign_hears_nothing_of_the_case(line: Line) -> None:
    """The words of a call are for whoever was called."""
    await ordered(line)
    before = counted("call", "forged")
    answer = await line.twilio.post(str(line.call().url), {"CallSid": CALL_SID, "Digits": "1"}, forged=True)
    assert answer.status_code == 403
    assert "火灾" not in answer.text
    assert counted("call", "forged") == before + 1
    assert await facts(line) == []
