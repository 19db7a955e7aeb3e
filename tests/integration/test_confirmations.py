"""Every answer, by every road, is told what was understood, as the case stands: in its giver's own words."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from escalation_policies.case import Case
from events.directory import PersonRecorded
from events.incident import IncidentAcknowledged
from events.notification import NotificationRequested
from services.cli.main import app
from services.runtime.answer_links import AnswerLinks
from services.runtime.database import Database
from services.runtime.http_server import serve_app
from tests.support.intake import LAKE, LINK_SECRET, LINK_TERM, NOW, PRINCIPAL
from tests.support.link_page import page
from tests.support.ports import LOOPBACK, free_port
from tests.support.twilio_intake import Line, directory, make_line

CODE, DEPUTY = "K7Q2MX", "p-deputy"
Road = Callable[[Line], Awaitable[str]]


async def by_code(line: Line) -> str:
    async with line.intake.anonymous() as client:
        answer = await client.post("/v1/acknowledge", json={"code": CODE})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["message"])


async def by_sms(line: Line) -> str:
    return await line.reply(f"收到 {CODE}")


async def by_telephone(line: Line) -> str:
    call = line.call("call-1")
    return (await line.twilio.press(call, "1", await line.twilio.pick_up(call))).words


async def by_link(line: Line) -> str:
    request = NotificationRequested.model_validate_json((await line.row("mail-1")).request)
    token = AnswerLinks(LINK_SECRET, LINK_TERM).token_for(request)
    async with line.intake.anonymous() as client:
        return page(await client.post(f"/a/{token}", data={"answer": "accept"})).text


async def by_command(line: Line) -> str:
    """Enter the code with `tocsin ack`, over a real connection."""
    port = free_port()
    serving = asyncio.create_task(serve_app(line.intake.app, LOOPBACK, port))
    try:
        async with asyncio.timeout(10):
            while not await _is_open(port):  # noqa: ASYNC110 - the server tells nobody when it listens
                await asyncio.sleep(0.01)
        command = ["ack", CODE, "--url", f"http://{LOOPBACK}:{port}"]
        result = await asyncio.to_thread(CliRunner().invoke, app, command)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    assert result.exit_code == 0, result.output
    return result.output


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


ROADS = {"code": by_code, "command": by_command, "sms": by_sms, "voice": by_telephone, "link": by_link}


async def asked(database: Database, language: str = "zh", **report: Any) -> tuple[Line, Case]:
    """File a report of which the principal is told by every channel."""
    deputy = PersonRecorded(person_id=DEPUTY, name="Dep Uty", unit_id=LAKE, roles=("deputy_principal",))
    line = make_line(database, directory(language=language, others=(deputy,)))
    if str(report.get("kind", "")).startswith("petition"):
        case = (await line.intake.open_petition(**report))[1]
    else:
        await line.intake.file(**report)
        case = await line.intake.judge_filed()
    await line.intake.give_code(case.case_id, PRINCIPAL, CODE)
    level = case.levels[0].level
    for notification_id, channel in (("call-1", "voice"), ("mail-1", "email")):
        await line.request(
            notification_id=notification_id,
            channel=channel,
            case_id=case.case_id,
            level=level,
            clock=f"report_to_principal@{level}",
            language=language,
            exercise=case.exercise,
        )
    return line, case


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(("language", "words"), [("zh", "已确认"), ("en", "Acknowledged")])
async def test_who_takes_responsibility_hears_it_in_their_language(
    database: Database, road: str, language: str, words: str
) -> None:
    """And that a drill is one."""
    line, _ = await asked(database, language, exercise=True)
    said = await ROADS[road](line)
    assert words in said
    assert ("演练" if language == "zh" else "xercise") in said.replace("EXERCISE", "Exercise")


@pytest.mark.parametrize("road", ROADS)
async def test_who_comes_second_hears_who_was_first(database: Database, road: str) -> None:
    """By name and time; their own answer is on record, too."""
    line, case = await asked(database)
    earlier = NOW + timedelta(minutes=2)
    await line.intake.judge(case, IncidentAcknowledged(case_id=case.case_id, received_at=earlier, by=DEPUTY))
    line.intake.clock.show(NOW + timedelta(minutes=3))
    said = await ROADS[road](line)
    assert "此前Dep Uty已于14:02确认负责" in said
    facts = [fact for fact in await line.intake.facts() if isinstance(fact, IncidentAcknowledged)]
    assert [(fact.by, fact.via) for fact in facts] == [(PRINCIPAL, "code" if road == "command" else road)]


@pytest.mark.parametrize("road", ROADS)
async def test_who_answers_for_a_closed_case_hears_that_it_is_closed(database: Database, road: str) -> None:
    """Nobody is told that they are in charge of what is over."""
    line, case = await asked(database)
    closed = case.model_copy(update={"status": "closed", "closed_at": NOW + timedelta(hours=1)})
    await line.intake.keep(closed, [], 0)
    said = await ROADS[road](line)
    assert "已于15:00结案" in said
    assert "已确认由您负责" not in said


@pytest.mark.parametrize("road", ["code", "sms", "link"])
async def test_petitions_answer_asks_for_no_report_upward(database: Database, road: str) -> None:
    """Its own words, and nothing of what is in it."""
    line, _ = await asked(database, kind="petition-fees", summary="校长收取赞助费")
    said = await ROADS[road](line)
    assert "请在期限内办理" in said
    assert "赞助费" not in said
