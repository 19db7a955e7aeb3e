"""The code of a chase answers the roll call: typed into a client or the form, sent back, pressed, or by its link."""

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest

from events.codec import decode
from events.notification import NotificationRequested
from events.roll_call import ReportConfirmed, RollCallWords
from services.runtime.answer_links import AnswerLinks
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows
from services.runtime.roll_call_codes import code_case
from services.runtime.store import CaseRow
from services.runtime.tables import notifications
from tests.support.intake import LAKE, LANE, PRINCIPAL, problem
from tests.support.roll_call_bureau import Bureau
from tests.support.roll_calls import CUT_OFF, MONDAY, OPENS, minute
from tests.support.twilio_intake import Line, make_line

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def bureau(database: Database) -> Bureau:
    """Monday, one minute after the reminders."""
    made = Bureau(database)
    await made.desk.begin(OPENS - timedelta(hours=4))
    await made.at(-120)
    await made.at(-29)
    return made


def asked_of(bureau: Bureau, person: str = "p-s-1") -> NotificationRequested:
    return next(one for one in bureau.desk.asked if one.person_id == person)


async def answers(bureau: Bureau) -> list[tuple[str, str, str, str]]:
    facts = [fact for fact in await bureau.facts() if isinstance(fact, ReportConfirmed)]
    return [(fact.school_id, fact.by, fact.status, fact.via) for fact in facts]


async def test_code_typed_into_any_client_reports_zero(bureau: Bureau) -> None:
    """The same door as every code; twice within a minute is once."""
    code = asked_of(bureau).code
    async with bureau.intake.anonymous() as client:
        first = await client.post("/v1/acknowledge", json={"code": code})
        again = await client.post("/v1/acknowledge", json={"code": str(code).lower()})
    assert first.status_code == 202, first.text
    assert first.json() == again.json()
    assert first.json()["message"].startswith("已为校s-1报“零”")
    assert await answers(bureau) == [("s-1", "p-s-1", "zero", "code")]
    await bureau.carry()
    assert (await bureau.desk.sheet()).counts.confirmed == 1


async def test_form_asks_takes_and_says_what_was_understood(bureau: Bureau) -> None:
    """Small, without a script, in both languages; the emergency numbers stand first."""
    code = asked_of(bureau).code
    async with bureau.intake.anonymous() as client:
        empty = await client.get("/zero-report")
        asking = await client.get("/zero-report", params={"code": code})
        body = urlencode({"code": code, "status": "with_cases", "note": "一人摔伤"})
        taken = await client.post("/zero-report", content=body, headers=FORM)
        twice = await client.post("/zero-report", content=body, headers=FORM)
    assert (empty.status_code, asking.status_code, taken.status_code, twice.status_code) == (200, 200, 202, 202)
    assert "校s-1" not in empty.text
    assert "校s-1" in asking.text
    assert re.search(r'value="zero" checked', asking.text)
    assert "有事 with cases" in taken.text
    for page in (empty, asking, taken):
        assert len(page.content) < 10_240
        assert "<script" not in page.text
        assert "110" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert await answers(bureau) == [("s-1", "p-s-1", "with_cases", "form")]
    await bureau.carry()
    assert (await bureau.desk.days())["s-1"].versions[0].note == "一人摔伤"


async def test_form_begins_with_cases_on_a_day_with_cases(bureau: Bureau) -> None:
    """It knows what the school has reported, and shows nothing that is kept from it."""
    received = minute(-200)
    state = f'{{"received_at": "{received.isoformat()}", "excluded": %s}}'

    def row(case_id: str, school_id: str, excluded: str) -> CaseRow:
        return CaseRow(
            case_id,
            0,
            "incident",
            "fire",
            "III",
            school_id,
            "open",
            False,
            received,
            received,
            1,
            None,
            state % excluded,
        )

    async with bureau.desk.store.transaction() as unit:
        await unit.save([row("c-1", "s-1", "[]"), row("c-2", "s-2", '["s-2"]')])
    async with bureau.intake.anonymous() as client:
        one = await client.get("/zero-report", params={"code": asked_of(bureau).code})
        two = await client.get("/zero-report", params={"code": asked_of(bureau, "p-s-2").code})
    assert re.search(r'value="with_cases" checked', one.text)
    assert re.search(r'value="zero" checked', two.text)


async def test_form_refuses_with_a_page(bureau: Bureau) -> None:
    """A wrong code, no choice, too many guesses: each says what to do; nothing is stored."""
    code = asked_of(bureau).code
    async with bureau.intake.anonymous() as client:
        unchosen = await client.post("/zero-report", content=urlencode({"code": code}), headers=FORM)
        wrong = await client.post("/zero-report", content=urlencode({"code": "ZZZZZZ", "status": "zero"}), headers=FORM)
        for _ in range(10):
            limited = await client.get("/zero-report", params={"code": "ZZZZZY"})
    assert (unchosen.status_code, wrong.status_code, limited.status_code) == (422, 404, 429)
    assert "Choose one" in unchosen.text
    assert "校s-1" in unchosen.text
    assert "Retry-After" in limited.headers
    assert await answers(bureau) == []


async def test_form_of_the_next_day_says_when_the_roll_call_opens(bureau: Bureau) -> None:
    """The code stays for the month; before the opening it answers nothing."""
    code = asked_of(bureau).code
    await bureau.at(1440 - 200)
    async with bureau.intake.anonymous() as client:
        body = urlencode({"code": code, "status": "zero"})
        page = await client.post("/zero-report", content=body, headers=FORM)
    assert page.status_code == 409
    assert "opens on 2026-03-03 at 14:00" in page.text
    assert await answers(bureau) == []


async def test_link_of_a_chase_answers_with_one_tap(bureau: Bureau) -> None:
    """Two buttons: nothing happened, something happened. Looking changes nothing."""
    asked = asked_of(bureau)
    async with bureau.intake.database.writing() as connection:
        await connection.execute(
            notifications.insert().values(
                notification_id=asked.notification_id,
                partition=0,
                case_id=asked.case_id,
                contact_id=asked.contact_id,
                channel=asked.channel,
                lane=asked.lane,
                state="handed-over",
                tries=1,
                requested_at=minute(-30),
                updated_at=minute(-30),
                request=asked.model_dump_json(exclude_none=True),
                is_late=False,
            )
        )
    links: AnswerLinks = bureau.intake.deps.links
    path = f"/a/{links.token_for(asked)}"
    async with bureau.intake.anonymous() as client:
        shown = await client.get(path)
        assert await answers(bureau) == []
        pressed = await client.post(path, content="answer=accept", headers=FORM)
    assert "报零：今日无事" in shown.text
    assert "今日有事" in shown.text
    assert "一般" not in shown.text
    assert "已为校s-1报“零”" in pressed.text
    assert await answers(bureau) == [("s-1", "p-s-1", "zero", "link")]


async def test_code_of_a_case_is_none_of_a_roll_call(bureau: Bureau) -> None:
    """The form takes codes of roll calls alone."""
    await bureau.intake.give_code("case-1", "p-s-1", "AAAAAA")
    async with bureau.intake.anonymous() as client:
        page = await client.post("/zero-report", content=urlencode({"code": "AAAAAA", "status": "zero"}), headers=FORM)
        problem(await client.post("/v1/acknowledge", json={"code": "BBBBBB"}), 404, "unknown-code")
    assert page.status_code == 404
    assert CUT_OFF > OPENS


@pytest.mark.parametrize(
    ("text", "status"),
    [("K7Q2MX", "zero"), ("1", "zero"), ("收到", "zero"), ("2", "with_cases"), ("K7Q2MX 2", "with_cases")],
)
async def test_reply_by_sms_answers_the_roll_call(database: Database, text: str, status: str) -> None:
    """The code, or `1` where one school waits; `2` says that something happened."""
    line = make_line(database)
    await line.intake.give_code(code_case(LAKE, MONDAY), PRINCIPAL, "K7Q2MX")
    said = await line.reply(text)
    assert ("报“零”" if status == "zero" else "报“有事”") in said
    assert "Lake School" in said
    assert await reported(line) == [(LAKE, PRINCIPAL, status, "sms")]


async def test_reply_without_a_code_answers_nothing_when_nobody_is_asked(database: Database) -> None:
    """Before the opening, and with the code of another month."""
    line = make_line(database)
    await line.intake.give_code(code_case(LAKE, date(2026, 2, 2)), PRINCIPAL, "K7Q2MX")
    assert "没有等您确认的事" in await line.reply("1")
    await line.intake.give_code(code_case(LAKE, MONDAY), PRINCIPAL, "W3ER5T")
    line.intake.clock.show(OPENS - timedelta(hours=1))
    assert "没有等您确认的事" in await line.reply("1")
    assert await reported(line) == []


@pytest.mark.parametrize(("key", "status", "words"), [("1", "zero", "报“零”"), ("2", "with_cases", "报“有事”")])
async def test_key_of_the_telephone_answers_the_roll_call(
    database: Database, key: str, status: str, words: str
) -> None:
    """One digit, and what was understood is said."""
    line = make_line(database)
    await line.intake.give_code(code_case(LAKE, MONDAY), PRINCIPAL, "K7Q2MX")
    about = RollCallWords(date=MONDAY, call="daily", title="每日零报告")
    await line.request(channel="voice", family="roll-call", template="roll_call_missing", roll_call=about)
    asked = await line.twilio.pick_up(line.call())
    assert "无事报零，请按1。有事，请按2。" in asked.words
    assert words in (await line.twilio.press(line.call(), key, asked)).words
    assert await reported(line) == [(LAKE, PRINCIPAL, status, "voice")]


async def reported(line: Line) -> list[tuple[str, str, str, str]]:
    """Return the answers that the intake has put on their way."""
    rows = await OutboxRows(line.intake.database).pending([LANE], 100)
    facts = [decode(row.headers, row.value).body for row in rows]
    return [(f.school_id, f.by, f.status, f.via) for f in facts if isinstance(f, ReportConfirmed)]
