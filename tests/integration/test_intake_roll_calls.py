"""Roll calls by HTTP: answers of one school and of many, who may give them, the sheet, and what officers say."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from escalation_policies.roll_call.loader import Schedules
from events.directory import UnitRecorded
from events.roll_call import CaseNoted, CutOffMoved, ReportConfirmed, RollCallOpened, SchoolExcused
from services.intake.roll_call.bodies import MOST_ROWS
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from tests.support.intake import problem
from tests.support.roll_call_bureau import Bureau
from tests.support.roll_calls import (
    BUREAU,
    CUT_OFF,
    DIRECTOR,
    MONDAY,
    OPENS,
    answered,
    everybody,
    minute,
    schedule,
    units,
)

DAY = MONDAY.isoformat()


@pytest.fixture
async def bureau(database: Database) -> Bureau:
    """Monday, half past three."""
    made = Bureau(database)
    await made.desk.begin(OPENS - timedelta(hours=4))
    await made.at(-120)
    await made.at(-30)
    return made


async def sheet(client: httpx.AsyncClient, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/roll-calls/{DAY}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_principal_answers_with_one_word(bureau: Bureau) -> None:
    """The school, the day and the roll call follow from the token and the time."""
    async with bureau.principal() as client:
        answer = await client.post("/v1/zero-reports", json={"status": "zero"})
    assert answer.status_code == 202, answer.text
    (taken,) = answer.json()["taken"]
    assert taken == {
        "school_id": "s-1",
        "date": DAY,
        "call": "daily",
        "status": "zero",
        "received_at": minute(-30).isoformat().replace("+00:00", "Z"),
        "cut_off": CUT_OFF.isoformat().replace("+00:00", "Z"),
        "late": False,
    }
    (fact,) = await bureau.facts()
    assert isinstance(fact, ReportConfirmed)
    assert (fact.by, fact.via, fact.date, fact.call) == ("p-s-1", "api", MONDAY, "daily")
    await bureau.carry()
    async with bureau.officer() as client:
        assert (await sheet(client))["counts"]["confirmed"] == 1


async def test_repeat_under_one_key_counts_once_and_other_content_is_refused(bureau: Bureau) -> None:
    """A weak network sends it twice."""
    async with bureau.principal() as client:
        first = await client.post("/v1/zero-reports", json={"status": "zero"}, headers={"Idempotency-Key": "k"})
        again = await client.post("/v1/zero-reports", json={"status": "zero"}, headers={"Idempotency-Key": "k"})
        other = await client.post("/v1/zero-reports", json={"status": "with_cases"}, headers={"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert len(await bureau.facts()) == 1
    problem(other, 409, "different-content")


async def test_clerk_sends_a_file_and_one_row_at_fault_stops_no_other(bureau: Bureau) -> None:
    """Semicolons and the mark of a spreadsheet; each refused row with its line and reason."""
    rows = "\ufeffschool_id;status;note\ns-1;zero;\ns-2;with_cases;one fall\ns-3;zero;\nnowhere;zero;\ns-1;perhaps;\n\n"
    async with bureau.clerk() as client:
        answer = await client.post("/v1/zero-reports", content=rows.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text
    assert [(one["school_id"], one["status"]) for one in answer.json()["taken"]] == [
        ("s-1", "zero"),
        ("s-2", "with_cases"),
    ]
    refused = {one["row"]: one["detail"] for one in answer.json()["refused"]}
    assert sorted(refused) == [4, 5, 6]
    assert "may not answer for that school" in refused[4]
    assert "no school of the directory" in refused[5]
    assert "/status" in refused[6]
    facts = await bureau.facts()
    assert [(fact.unit_id, getattr(fact, "by", None), getattr(fact, "note", None)) for fact in facts] == [
        ("s-1", DIRECTOR, None),
        ("s-2", DIRECTOR, "one fall"),
    ]


async def test_many_answers_as_json(bureau: Bureau) -> None:
    """The same, for programs; nothing that can be taken is a 422 with every reason."""
    async with bureau.clerk() as client:
        body = {"reports": [{"school_id": "s-1", "status": "zero"}, {"school_id": "s-2", "status": "zero"}]}
        answer = await client.post("/v1/zero-reports", json=body)
        none = await client.post("/v1/zero-reports", json={"reports": [{"school_id": "s-3", "status": "zero"}]})
        empty = await client.post("/v1/zero-reports", json={"reports": []})
    assert len(answer.json()["taken"]) == 2
    assert none.status_code == 422
    assert [one["row"] for one in none.json()["refused"]] == [1]
    problem(empty, 422, "invalid-request")
    assert len({fact.unit_id for fact in await bureau.facts()}) == 2


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"school,answer\ns-1,zero\n", "the first line must name the columns"),
        (b"\xff\xfe", "must be UTF-8"),
        (b'school_id,status\n"s-1,zero\n', "cannot be read"),
        (b"school_id,status\n" + b"s-1,zero\n" * (MOST_ROWS + 1), f"at most {MOST_ROWS} rows"),
        (b"school_id,status\n\n", "no row says anything"),
    ],
)
async def test_file_that_is_none_is_refused_whole(bureau: Bureau, content: bytes, detail: str) -> None:
    """Nothing is stored of it."""
    async with bureau.clerk() as client:
        answer = await client.post("/v1/zero-reports", content=content, headers={"Content-Type": "text/csv"})
    errors = problem(answer, 422, "invalid-request")["errors"]
    assert detail in errors[0]["detail"]
    assert await bureau.facts() == []


async def test_who_may_not_answer_is_told_who_may(bureau: Bureau) -> None:
    """A teacher; a token of nobody; somebody else's name."""
    async with bureau.intake.client("reporter", "s-1", "p-s-1-teacher") as client:
        refused = await client.post("/v1/zero-reports", json={"status": "zero"})
    assert "principal" in problem(refused, 403, "may-not-answer")["detail"]
    async with bureau.intake.client("reporter", "s-1") as client:
        problem(await client.post("/v1/zero-reports", json={"status": "zero"}), 403, "person-required")
    async with bureau.principal() as client:
        named = await client.post("/v1/zero-reports", json={"status": "zero", "by": "p-s-1-deputy"})
        other = await client.post("/v1/zero-reports", json={"status": "zero", "school_id": "s-2"})
    problem(named, 403, "not-allowed")
    problem(other, 403, "outside-your-units")
    async with bureau.intake.client("watcher", BUREAU) as client:
        problem(await client.post("/v1/zero-reports", json={"status": "zero"}), 403, "not-allowed")
    async with bureau.intake.client("administrator", BUREAU) as client:
        body = {"status": "zero", "school_id": "s-1", "by": "p-s-1-deputy"}
        assert (await client.post("/v1/zero-reports", json=body)).status_code == 202
    assert [getattr(fact, "by", "") for fact in await bureau.facts()] == ["p-s-1-deputy"]


async def test_answer_before_the_opening_is_told_when(database: Database) -> None:
    """At noon; and on a day without a roll call of that name."""
    early = Bureau(database)
    await early.desk.begin(OPENS - timedelta(hours=4))
    await early.at(-240)
    async with early.principal() as client:
        answer = await client.post("/v1/zero-reports", json={"status": "zero"})
        other = await client.post("/v1/zero-reports", json={"status": "zero", "call": "night"})
    assert "opens on 2026-03-02 at 14:00" in problem(answer, 409, "no-roll-call")["detail"]
    assert "there is daily" in problem(other, 409, "no-roll-call")["detail"]
    assert await early.facts() == []


async def test_late_answer_is_taken_and_says_so(bureau: Bureau) -> None:
    """Better late than never; the moment of the cut-off itself is still in time, as the sheet has it."""
    for minutes, number, late in ((0, 1, False), (10, 2, True)):
        await bureau.at(minutes)
        async with bureau.principal(number) as client:
            answer = await client.post("/v1/zero-reports", json={"status": "zero"})
        assert answer.json()["taken"][0]["late"] is late
    await bureau.at(11)
    async with bureau.officer() as client:
        lines = {line["school_id"]: line["standing"] for line in (await sheet(client))["lines"]}
    assert (lines["s-1"], lines["s-2"]) == ("confirmed", "late")


async def test_another_bureaus_roll_calls_are_nobodys_here(database: Database) -> None:
    """It is known, and not told from one that is not."""
    neighbour = UnitRecorded(unit_id="b2", name="邻局", kind="bureau", timezone="Asia/Shanghai")
    made = Bureau(database, DirectorySnapshot.of([*units(), neighbour], everybody()))
    async with made.officer() as client:
        answers = [
            problem(await client.get(f"/v1/roll-calls/{DAY}", params={"bureau_id": name}), 404, "unknown-bureau")
            for name in ("b2", "elsewhere")
        ]
        opened = await client.post("/v1/roll-calls", json={"call": "x", "minutes": 30, "bureau_id": "b2"})
    assert answers[0]["detail"] == answers[1]["detail"]
    problem(opened, 404, "unknown-bureau")
    assert await made.facts() == []


async def test_today_is_the_bureaus_own(bureau: Bureau) -> None:
    """Whatever the caller's clock says: the service knows where it is half past three on that Monday."""
    async with bureau.officer() as client:
        dated = await client.get(f"/v1/roll-calls/{DAY}")
        today = await client.get("/v1/roll-calls/today")
        calls = await client.get("/v1/roll-calls/today/calls")
        school = await client.get("/v1/roll-calls/today/schools/s-1")
        file = await client.get("/v1/roll-calls/today", params={"format": "csv"})
        moved = await client.post("/v1/roll-calls/today/cut-off", json={"cut_off": minute(60).isoformat()})
        excused = await client.post("/v1/roll-calls/today/excuses", json={"school_id": "s-1", "reason": "no water"})
        wrong = problem(await client.get("/v1/roll-calls/yesterday"), 422, "invalid-request")
    assert today.json() == dated.json()
    assert today.json()["date"] == DAY
    assert f"roll-call-{DAY}-daily.csv" in file.headers["content-disposition"]
    assert [one["call"] for one in calls.json()] == ["daily"]
    assert school.json()["line"]["school_id"] == "s-1"
    assert (moved.json()["date"], excused.json()["date"]) == (DAY, DAY)
    assert [one.date.isoformat() for one in await bureau.facts() if isinstance(one, CutOffMoved | SchoolExcused)] == [
        DAY,
        DAY,
    ]
    assert wrong["errors"] == [{"parameter": "day", "detail": "write it as 2026-03-02, or today"}]


async def test_bureau_without_a_schedule_has_no_today(database: Database) -> None:
    """Its officers hear why, and are not shown an empty sheet."""
    made = Bureau(database, schedules=Schedules([schedule(**{"\nchase:": "\nbureaus: [other]\nchase:"})]))
    async with made.officer() as client:
        problem(await client.get("/v1/roll-calls/today"), 404, "unknown-bureau")


async def test_sheet_is_that_of_the_callers_units(bureau: Bureau) -> None:
    """The bureau sees all, a district its own with its own numbers, a school itself."""
    await bureau.desk.say(answered(minute(-60)))
    await bureau.at(1)
    async with bureau.officer() as client:
        whole = await sheet(client)
    async with bureau.clerk() as client:
        district = await sheet(client)
    async with bureau.principal(3) as client:
        own = await sheet(client)
    assert (whole["counts"]["expected"], whole["counts"]["missing"]) == (4, 3)
    assert (district["counts"]["expected"], district["counts"]["missing"]) == (2, 1)
    assert [line["school_id"] for line in own["lines"]] == ["s-3"]
    assert [part["district_id"] for part in district["districts"]] == ["d1"]
    async with bureau.clerk() as client:
        problem(await client.get(f"/v1/roll-calls/{DAY}", params={"bureau_id": "elsewhere"}), 404, "unknown-bureau")
        problem(await client.get(f"/v1/roll-calls/{DAY}", params={"call": "night"}), 404, "unknown-roll-call")


async def test_sheet_as_a_file_and_as_a_page(bureau: Bureau) -> None:
    """What somebody typed runs in no spreadsheet and breaks no page."""
    await bureau.desk.say(answered(minute(-60), note="=1+1<b>"))
    await bureau.at(5)
    async with bureau.officer() as client:
        file = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "csv"})
        page = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "html"})
    assert file.headers["content-type"].startswith("text/csv")
    assert f"roll-call-{DAY}-daily.csv" in file.headers["content-disposition"]
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("district_id,district,school_id,school,standing")
    assert lines[1].startswith("d1,片区d1,s-1,校s-1,confirmed,zero,2026-03-02T15:00:00+08:00")
    assert "'=1+1<b>" in lines[1]
    assert len(lines) == 5
    assert "&lt;b&gt;" in page.text
    assert "<script" not in page.text
    assert "缺报 missing 3" in page.text
    assert len(page.content) < 10_240


async def test_school_with_cases_of_which_none_is_filed_is_marked(bureau: Bureau) -> None:
    """In the file and on the page: whoever reads the sheet may ask whether one still has to be filed."""
    await bureau.desk.say(answered(minute(-60), "with_cases"), answered(minute(-60), by="p-s-2", school_id="s-2"))
    await bureau.at(1)
    async with bureau.officer() as client:
        whole = await sheet(client)
        file = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "csv"})
        page = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "html"})
    assert [line["school_id"] for line in whole["lines"] if line["nothing_filed"]] == ["s-1"]
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["nothing_filed"] for row in rows] == ["yes", "", "", ""]
    assert page.text.count("with cases, none filed") == 1
    await bureau.desk.say(CaseNoted(school_id="s-1", received_at=minute(2), case_id="c-1", happened_at=minute(-90)))
    async with bureau.officer() as client:
        assert [line["school_id"] for line in (await sheet(client))["lines"] if line["nothing_filed"]] == []


async def test_school_has_every_version_and_every_reason(bureau: Bureau) -> None:
    """Why was nobody called? It says so."""
    await bureau.desk.say(
        answered(minute(-60), by="p-s-1-teacher"), answered(minute(-50)), answered(minute(5), "with_cases")
    )
    await bureau.at(6)
    async with bureau.principal() as client:
        found = (await client.get(f"/v1/roll-calls/{DAY}/schools/s-1")).json()
        problem(await client.get(f"/v1/roll-calls/{DAY}/schools/s-2"), 404, "unknown-roll-call")
    assert [(one["status"], one["refused"] is None) for one in found["versions"]] == [
        ("zero", False),
        ("zero", True),
        ("with_cases", True),
    ]
    assert found["line"]["corrected_late"] is True
    assert [note["reason"] for note in found["notes"]][:2] == [
        "reminder: p-s-1 told",
        "said by somebody who may not answer for this school: kept, and not counted",
    ]


async def test_officer_opens_moves_and_excuses(bureau: Bureau) -> None:
    """Each is one fact; who may not is told who may."""
    async with bureau.officer() as client:
        opened = await client.post("/v1/roll-calls", json={"call": "flood", "minutes": 30, "exercise": True})
        moved = await client.post(
            f"/v1/roll-calls/{DAY}/cut-off", json={"call": "daily", "cut_off": minute(60).isoformat()}
        )
        excused = await client.post(f"/v1/roll-calls/{DAY}/excuses", json={"school_id": "s-1", "reason": "no water"})
        again = await client.post("/v1/roll-calls", json={"call": "daily", "minutes": 30})
        past = await client.post(
            f"/v1/roll-calls/{DAY}/cut-off", json={"call": "daily", "cut_off": minute(-31).isoformat()}
        )
    assert [one.status_code for one in (opened, moved, excused)] == [202, 202, 202], excused.text
    assert [type(fact) for fact in await bureau.facts()] == [RollCallOpened, CutOffMoved, SchoolExcused]
    problem(again, 422, "invalid-request")
    problem(past, 422, "invalid-request")
    async with bureau.intake.client("officer", "s-1", "p-s-1") as client:
        refused = await client.post(f"/v1/roll-calls/{DAY}/excuses", json={"school_id": "s-1", "reason": "no time"})
    problem(refused, 403, "not-allowed")
    async with bureau.principal() as client:
        problem(await client.post("/v1/roll-calls", json={"call": "x", "minutes": 5}), 403, "not-allowed")
    await bureau.carry()
    async with bureau.officer() as client:
        calls = (await client.get(f"/v1/roll-calls/{DAY}/calls")).json()
        found = await sheet(client, call="daily")
    assert [(one["call"], one["exercise"]) for one in calls] == [("daily", False), ("flood", True)]
    assert found["cut_off"] == minute(60).isoformat().replace("+00:00", "Z")
    assert found["counts"]["excused"] == 1


async def test_month_counts_by_school_in_directory_order(bureau: Bureau) -> None:
    """Nobody is ranked; drills and the day that is not over count nowhere."""
    await bureau.desk.say(answered(minute(-60)))
    async with bureau.officer() as client:
        drill = await client.post("/v1/roll-calls", json={"call": "flood", "minutes": 30, "exercise": True})
        assert drill.status_code == 202, drill.text
    await bureau.at(10)
    for days in (1, 2):
        await bureau.at(-120 + 1440 * days)
        await bureau.desk.say(answered(minute(-60 + 1440 * days), by="p-s-2", school_id="s-2"))
        await bureau.at(10 + 1440 * days)
    until = minute(9_000)
    issued = await bureau.intake.deps.tokens.create(
        b"t" * 32, name="m", role="officer", unit_id=BUREAU, now=OPENS, expires_at=until
    )
    async with bureau.intake.anonymous(headers={"Authorization": f"Bearer {issued.secret}"}) as client:
        month = (await client.get("/v1/roll-call-months/2026-03")).json()
        problem(await client.get("/v1/roll-call-months/2026-13"), 422, "invalid-request")
    found = {
        one["school_id"]: (one["asked"], one["in_time"], one["missing"], one["streak"]) for one in month["schools"]
    }
    assert found == {"s-1": (3, 1, 2, 0), "s-2": (3, 2, 1, 2), "s-3": (3, 0, 3, 0), "s-lonely": (3, 0, 3, 0)}
    assert list(found) == ["s-1", "s-2", "s-3", "s-lonely"]
