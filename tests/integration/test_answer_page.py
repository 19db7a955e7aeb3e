"""The link of a message: what its page shows, what its buttons do, and whom it lets in."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from escalation_policies.case import Case
from events.directory import PersonRecorded
from events.incident import IncidentAcknowledged, IncidentDeclined
from events.notification import NotificationRequested
from services.runtime.answer_links import AnswerLinks
from services.runtime.database import Database
from tests.support.intake import LAKE, LINK_SECRET, LINK_TERM, NOW, PRINCIPAL, problem
from tests.support.link_page import page
from tests.support.notices import requested
from tests.support.ports import LOOPBACK, free_port
from tests.support.twilio_intake import Line, directory, make_line

CODE = "K7Q2MX"
NOTICE = "0b7c6d0e-5a0e-5c3b-9d0f-7c6a3f1b2e54"


@pytest.fixture
def line(database: Database) -> Line:
    """An intake, and a principal with a telephone."""
    return make_line(database)


async def asked(line: Line, report: dict[str, Any] | None = None, **changes: Any) -> tuple[Case, str]:
    """File a report and ask the principal about it; return the case and the path of their link."""
    await line.intake.file(**(report or {}))
    case = await line.intake.judge_filed()
    await line.intake.give_code(case.case_id, PRINCIPAL, CODE)
    level = case.levels[0].level
    clock = next(clock.key for clock in case.clocks if clock.level == level)
    fields = {"notification_id": NOTICE, "case_id": case.case_id, "level": level, "clock": clock, **changes}
    return case, path_of(await line.request(**fields))


def path_of(request: NotificationRequested, secret: bytes = LINK_SECRET) -> str:
    return f"/a/{AnswerLinks(secret, LINK_TERM).token_for(request)}"


async def get(line: Line, path: str, address: str = "192.0.2.1") -> httpx.Response:
    async with line.intake.anonymous(address) as client:
        return await client.get(path)


async def press(line: Line, path: str, answer: str | None) -> httpx.Response:
    async with line.intake.anonymous() as client:
        return await client.post(path, data={} if answer is None else {"answer": answer})


async def answers(line: Line) -> list[Any]:
    return [fact for fact in await line.intake.facts() if isinstance(fact, IncidentAcknowledged | IncidentDeclined)]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("tocsin_answer_links_total", {"outcome": outcome}) or 0.0


async def test_page_of_a_test_asks_only_whether_it_arrived(line: Line) -> None:
    """One button, no grade; and what is recorded is that messages reach them."""
    test = f"reachability:2026-03:{LAKE}"
    await line.intake.give_code(test, PRINCIPAL, CODE)
    fields: dict[str, Any] = {
        "case_id": test,
        "template": "reachability_test",
        "kind": "reachability",
        "exercise": True,
    }
    path = path_of(await line.request(notification_id=NOTICE, **fields))
    seen = page(await get(line, path))
    assert seen.buttons == ["accept"]
    assert "确认收到" in seen.text
    assert "较大" not in seen.text
    assert "消息能送达您" in page(await press(line, path, "accept")).text
    (fact,) = await answers(line)
    assert (fact.case_id, fact.by) == (test, PRINCIPAL)


async def test_page_shows_what_is_asked_and_two_buttons(line: Line) -> None:
    """Help first; kind, grade, school, place, deadline in local time; never the summary, which names a child."""
    _, path = await asked(line)
    seen = page(await get(line, path))
    assert seen.one("html").attributes["lang"] == "zh"
    assert seen.all("p")[0].text.startswith("如有危险，请先拨打 110")
    for shown in ("请答复：火灾", "一般", "阳光县第一中心小学", "三楼化学实验室", "14:35"):
        assert shown in seen.text
    assert "张小明" not in seen.text
    assert seen.buttons == ["accept", "decline"]
    assert seen.one("form").attributes == {"method": "post"}
    assert len(seen.all("dt")) == len(seen.all("dd")) >= 5


async def test_page_is_in_the_persons_language_and_marks_a_drill(database: Database) -> None:
    """The watermark is on every page."""
    line = make_line(database, directory(language="en"))
    _, path = await asked(line, {"exercise": True}, language="en", exercise=True)
    seen = page(await get(line, path))
    assert seen.one("html").attributes["lang"] == "en"
    assert "EXERCISE" in seen.text
    assert "In danger, call 110" in seen.text
    assert "Please answer: Fire" in seen.text
    assert page(await press(line, path, "accept")).text.count("EXERCISE") == 2


async def test_petitions_page_says_which_where_and_until_when_and_nothing_of_what_is_in_it(line: Line) -> None:
    """Whatever the request carries (DOMAIN §2)."""
    _, path = await asked(
        line, template="petition_alert", summary="校长收取赞助费", note="家长王某", case_id="petition-case"
    )
    await line.intake.give_code("petition-case", PRINCIPAL, "W3ER5T")
    seen = page(await get(line, path))
    assert "教育收费信访" in seen.text
    assert "4821-0937-7525" in seen.text
    assert "赞助费" not in seen.text
    assert "王某" not in seen.text
    assert "110" not in seen.text


async def test_what_people_typed_is_shown_and_never_run(line: Line) -> None:
    """A place is text."""
    _, path = await asked(line, place="<script>alert(1)</script>", school_name='"><img src=x>')
    assert "<script>alert(1)</script>" in page(await get(line, path)).text


async def test_fetching_a_link_changes_nothing_however_often(line: Line) -> None:
    """Mail filters and previews open every link; the answer is still to be given."""
    _, path = await asked(line)
    stored, wakes = await line.intake.stored(), line.intake.wakes[0]
    seen = await asyncio.gather(*(get(line, path) for _ in range(20)))
    assert {answer.content for answer in seen} == {seen[0].content}
    async with line.intake.anonymous() as client:
        await client.head(path)
        await client.options(path)
        await client.get(path, params={"answer": "accept"})
    assert await line.intake.stored() == stored
    assert line.intake.wakes[0] == wakes


async def test_accepting_is_the_same_fact_as_by_any_road_and_the_page_says_so(line: Line) -> None:
    """At the time it came, named as a link."""
    case, path = await asked(line)
    line.intake.clock.show(NOW + timedelta(minutes=3))
    seen = page(await press(line, path, "accept"))
    assert "已记录您的答复" in seen.text
    assert "已确认由您负责：火灾，Lake School" in seen.text
    assert seen.buttons == []
    assert await answers(line) == [
        IncidentAcknowledged(case_id=case.case_id, received_at=line.intake.clock.now(), by=PRINCIPAL, via="link")
    ]


async def test_declining_tells_that_the_stand_in_is_told(line: Line) -> None:
    """ "Cannot take it" is an answer, too."""
    case, path = await asked(line)
    assert "正在通知替补人员" in page(await press(line, path, "decline")).text
    assert await answers(line) == [IncidentDeclined(case_id=case.case_id, received_at=NOW, by=PRINCIPAL)]


async def test_pressing_twice_or_twenty_times_at_once_counts_once(line: Line) -> None:
    """Everybody gets the page of the first time."""
    _, path = await asked(line)
    seen = await asyncio.gather(*(press(line, path, "accept") for _ in range(20)))
    assert {page(answer).text for answer in seen} == {page(seen[0]).text}
    assert len(await answers(line)) == 1


@pytest.mark.parametrize(("first", "then"), [("accept", "decline"), ("decline", "accept")])
async def test_used_link_says_what_was_answered_and_what_to_do_now(line: Line, first: str, then: str) -> None:
    """It cannot be used for another answer; there is a way for who has changed their mind."""
    _, path = await asked(line)
    await press(line, path, first)
    line.intake.clock.show(NOW + timedelta(minutes=9))
    for answer in (await get(line, path), await press(line, path, then)):
        seen = page(answer)
        assert "您已于14:00用此链接答复" in seen.text
        assert "值班员" in seen.text
        assert seen.buttons == []
    assert len(await answers(line)) == 1


async def test_link_and_code_are_one_answer(line: Line) -> None:
    """Whatever the road, the same answer is the same event."""
    _, path = await asked(line)
    async with line.intake.anonymous() as client:
        assert (await client.post("/v1/acknowledge", json={"code": CODE})).status_code == 202
    page(await press(line, path, "accept"))
    assert len(await answers(line)) == 1


async def test_who_answered_by_another_road_is_told_so(line: Line) -> None:
    """Accepted by SMS a minute ago: no button, and when it was."""
    case, path = await asked(line)
    later = NOW + timedelta(minutes=2)
    await line.intake.judge(case, IncidentAcknowledged(case_id=case.case_id, received_at=later, by=PRINCIPAL))
    seen = page(await get(line, path))
    assert "您已于14:02确认由您负责" in seen.text
    assert seen.buttons == []


async def test_case_that_somebody_else_took_names_them(database: Database) -> None:
    """By name and time; who presses all the same is on record, and told both."""
    line, deputy = with_deputy(database)
    case, path = await asked(line)
    later = NOW + timedelta(minutes=4)
    opened = page(await get(line, path))
    assert opened.buttons == ["accept", "decline"]
    await line.intake.judge(case, IncidentAcknowledged(case_id=case.case_id, received_at=later, by=deputy))
    seen = page(await get(line, path))
    assert "Dep Uty已于14:04确认负责" in seen.text
    assert seen.buttons == []
    assert await answers(line) == []
    line.intake.clock.show(NOW + timedelta(minutes=5))
    pressed = page(await press(line, path, "accept"))
    assert "已记录您的确认" in pressed.text
    assert "此前Dep Uty已于14:04确认负责" in pressed.text
    assert [fact.by for fact in await answers(line)] == [PRINCIPAL]


def with_deputy(database: Database) -> tuple[Line, str]:
    deputy = PersonRecorded(person_id="p-deputy", name="Dep Uty", unit_id=LAKE, roles=("deputy_principal",))
    return make_line(database, directory(others=(deputy,))), deputy.person_id


@pytest.mark.parametrize("change", ["closed", "called-off"])
async def test_question_that_is_asked_no_more_is_not_answered(line: Line, change: str) -> None:
    """Closed, or called off: the page says which, by GET and by POST, and nothing is stored."""
    case, path = await asked(line)
    if change == "closed":
        case = case.model_copy(update={"status": "closed", "closed_at": NOW + timedelta(minutes=30)})
    else:
        clocks = tuple(clock.model_copy(update={"status": "cancelled"}) for clock in case.clocks)
        case = case.model_copy(update={"clocks": clocks})
    await line.intake.keep(case, [], 0)
    for answer in (await get(line, path), await press(line, path, "accept")):
        seen = page(answer)
        assert ("已于14:30结案" if change == "closed" else "已撤回") in seen.text
        assert seen.buttons == []
    assert await answers(line) == []


async def test_expired_link_says_how_to_answer_now(line: Line) -> None:
    """To the second; nothing is stored, and a good link of the same person is not in its way."""
    request_path = (await asked(line))[1]
    line.intake.clock.show(NOW + LINK_TERM - timedelta(seconds=1))
    assert page(await get(line, request_path)).buttons
    line.intake.clock.show(NOW + LINK_TERM)
    for answer in (await get(line, request_path), await press(line, request_path, "accept")):
        seen = page(answer, 410)
        assert "已过期" in seen.text
        assert "确认码" in seen.text
    assert await answers(line) == []


async def test_forged_link_is_told_apart_from_no_other_and_stores_nothing(line: Line) -> None:
    """In both languages, for nobody knows who asks; what the case is stays unsaid."""
    _, path = await asked(line)
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    stored = await line.intake.stored()
    before = counted("wrong")
    for answer in (await get(line, changed), await press(line, changed, "accept")):
        seen = page(answer, 404)
        assert "链接无效" in seen.text
        assert "This link is not known" in seen.text
        assert [section.attributes["lang"] for section in seen.all("div")] == ["zh", "en"]
        assert "火灾" not in seen.text
    assert counted("wrong") == before + 2
    assert await line.intake.stored() == stored


async def test_link_of_a_message_that_nobody_here_knows_is_wrong(line: Line) -> None:
    """Genuine, but its message is lost, or was never asked here: like a forged one."""
    _, path = await asked(line)
    unknown = path_of((await line.request(notification_id="other")).model_copy(update={"notification_id": "third"}))
    lost = await get(line, unknown)
    assert lost.text == (await get(line, path[:-3] + "AAA")).text
    page(lost, 404)


async def test_whom_the_case_has_come_to_concern_gets_in_by_no_link(line: Line) -> None:
    """Told before that was known: the page is the one of a wrong link, by GET and by POST (promise 7)."""
    case, path = await asked(line)
    await line.intake.keep(case.model_copy(update={"excluded": (PRINCIPAL,)}), [], 0)
    wrong = (await get(line, "/a/nonsense")).text
    for answer in (await get(line, path), await press(line, path, "accept"), await press(line, path, "decline")):
        page(answer, 404)
        assert answer.text == wrong
    assert await answers(line) == []


async def test_eleventh_wrong_link_of_a_minute_must_wait_and_a_true_one_need_not(line: Line) -> None:
    """By address; nobody is kept from answering by a neighbour who guesses."""
    _, path = await asked(line)
    for number in range(10):
        page(await get(line, f"/a/wrong{number}"), 404)
    limited = await get(line, "/a/wrong")
    seen = page(limited, 429)
    assert "Too many wrong links" in seen.text
    assert limited.headers["retry-after"] == "61"
    page(await get(line, "/a/wrong", "192.0.2.2"), 404)
    page(await press(line, path, "accept"))
    line.intake.real_seconds[0] = 60.0
    page(await get(line, "/a/wrong"), 404)


@pytest.mark.parametrize("sent", [None, "", "maybe", "accept\x00"])
async def test_form_without_a_choice_is_asked_again(line: Line, sent: str | None) -> None:
    """Responsibility is never guessed."""
    _, path = await asked(line)
    seen = page(await press(line, path, sent), 422)
    assert "没有收到您的选择" in seen.text
    assert seen.buttons == ["accept", "decline"]
    assert await answers(line) == []


async def test_body_that_is_no_form_or_too_large_breaks_nothing(line: Line) -> None:
    """Bytes of any kind are no choice; a flood is refused before it is read."""
    _, path = await asked(line)
    async with line.intake.anonymous() as client:
        page(await client.post(path, content=b"\xff\x00=%ZZ&answer"), 422)
        problem(await client.post(path, content=b"x" * 70_000), 413, "body-too-large")
    assert await answers(line) == []


async def test_store_that_is_away_is_told_on_a_page() -> None:
    """Whoever opens a link reads no JSON: not certain, telephone, try again."""
    away = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{free_port()}/none")
    line, path = make_line(away), path_of(requested(received_at=NOW))
    for answer in (await get(line, path), await press(line, path, "accept")):
        seen = page(answer, 503)
        assert "值班员" in seen.text
        assert "It is not certain" in seen.text
        assert answer.headers["retry-after"] == "2"
    await away.close()
