"""A sample county's whole day, end to end at sixty times the speed: every road, and who is told of the missing."""

import asyncio
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from events.codec import encode
from events.directory import UnitRecorded
from events.roll_call import ReportConfirmed
from services.broker.apache import ApacheKafka
from services.directory.loader import LoadedDirectory, load_directory
from services.runtime.clock import wall_now
from services.runtime.twilio_paths import SMS
from tests.e2e.conftest import MakeStack
from tests.support.roll_call_day import ZONE, schedule_of_today
from tests.support.smtp_sink import Mail
from tests.support.stack import ROOT, Stack

pytestmark = pytest.mark.kafka
SPEED = 60.0
COUNTY = ROOT / "deploy" / "sample" / "county.yaml"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CODE = re.compile(r"码([0-9A-HJKMNP-TV-Z]{6})")


class Day:
    """One roll call of a stack: who heads which school, and what has been told."""

    def __init__(self, stack: Stack, directory: LoadedDirectory, cut_off: datetime) -> None:
        self.stack, self.directory, self.cut_off = stack, directory, cut_off
        self.date = (cut_off - timedelta(minutes=362)).astimezone(ZONE).date().isoformat()

    @property
    def schools(self) -> list[UnitRecorded]:
        return [unit for unit in self.directory.units if unit.kind == "school"]

    def head(self, unit_id: str, role: str = "principal") -> Any:
        return next(one for one in self.directory.people if one.unit_id == unit_id and role in one.roles)

    def phone(self, unit_id: str) -> str:
        return str(next(one.address for one in self.head(unit_id).contacts if one.channel == "sms"))

    async def token(self, unit_id: str, role: str = "principal") -> str:
        name = f"{role}@{unit_id}"
        if name not in self.stack.tokens:
            await self.stack.token(
                name, "principal" if role == "principal" else "officer", unit_id, self.head(unit_id, role).person_id
            )
        return name

    async def until(self, minutes: float) -> None:
        """Wait until so many minutes after the cut-off."""
        await self.stack.clock.sleep_until(self.cut_off + timedelta(minutes=minutes))

    async def move(self, officer: str, minutes: int) -> None:
        """Let an officer move the cut-off to so many minutes from now."""
        self.cut_off = self.stack.clock.now() + timedelta(minutes=minutes)
        body = {"cut_off": self.cut_off.isoformat(), "reason": "演示"}
        answer = await self.stack.post(f"/v1/roll-calls/{self.date}/cut-off", body, officer)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    async def sheet(self, **parameters: str) -> dict[str, Any]:
        query = f"?{urlencode(parameters)}" if parameters else ""
        found: dict[str, Any] = await self.stack.get(f"/v1/roll-calls/{self.date}{query}")
        return found

    async def counts(self) -> dict[str, int]:
        found: dict[str, int] = (await self.sheet())["counts"]
        return found

    async def until_counts(self, seconds: float = 20.0, **expected: int) -> dict[str, int]:
        last: dict[str, int] = {}

        async def there() -> dict[str, int] | None:
            last.update(await self.counts())
            return last if all(last[name] == number for name, number in expected.items()) else None

        try:
            return await self.stack.until(there, f"{expected} on the sheet", seconds)
        except AssertionError as error:
            raise AssertionError(f"wanted {expected}, there is {last}") from error

    async def sms(self, number: str, *words: str, seconds: float = 20.0) -> str:
        """Return an SMS to a number that has these words, once there is one."""

        async def there() -> str | None:
            texts = [one.body for one in self.stack.twilio.messages if one.to == number]
            return next((text for text in texts if all(word in text for word in words)), None)

        return await self.stack.until(there, f"an SMS with {words}", seconds)


async def begin(stack: Stack, folder: Path, directory: Path, *, remind: int, step: int) -> Day:
    """Start everything, with a roll call that is open now and for hours: its cut-off is moved when a test is ready."""
    stack.directory = directory
    schedules, cut_off = schedule_of_today(
        folder / "schedules", stack.clock.now(), minutes=360, remind=remind, step=step
    )
    stack.extra["TOCSIN_SCHEDULES"] = str(schedules)
    await stack.start("directory")
    await stack.start("notifier", "escalation", "roll_call", "intake")
    return Day(stack, load_directory(directory, wall_now()), cut_off)


async def test_whole_day_of_a_county(make_stack: MakeStack, kafka: ApacheKafka, tmp_path: Path) -> None:
    """165 schools: by file, API, form, code, SMS, link, command line and straight to Kafka; late, missing, contradicted
    and excused. The duty officer's summary equals the sheet. On each database."""
    stack = await make_stack(kafka.bootstrap_servers, speed=SPEED)
    day = await begin(stack, tmp_path, COUNTY, remind=25, step=8)
    officer = day.head("bureau", "bureau_leader")
    await stack.token("leader", "officer", "bureau", officer.person_id)
    schools = [unit.unit_id for unit in day.schools]
    # kept back: each of these takes its own road, or none
    api, form, code, sms, link, cli, bus, late, excused, liar = schools[:10]
    missing = schools[10:13]
    await _by_file(day, schools[13:])
    excuse = await stack.post(f"/v1/roll-calls/{day.date}/excuses", {"school_id": excused, "reason": "停水"}, "leader")
    assert excuse.status_code == 202, excuse.text
    case = await stack.file(school_id=liar, kind="fire")
    await stack.until_kind(case, "case-opened")
    for school, status in ((api, "with_cases"), (liar, "zero")):
        answer = await stack.post("/v1/zero-reports", {"status": status}, await day.token(school))
        assert answer.status_code == 202, answer.text
    await _to_the_bus(day, bus)
    await _by_command(day, cli)
    await day.until_counts(confirmed=len(schools) - 13 + 4, excused=1, contradicted=1)
    await day.sms(day.phone(liar), "当日有在案事件")

    # the cut-off is moved from far away: the reminder is due in a minute
    await day.move("leader", 26)
    # the reminder brings codes and links to those who have not answered, and to nobody else
    texts = {school: await day.sms(day.phone(school), "尚未报送") for school in (form, code, sms, late)}
    codes = {school: found.group(1) for school, text in texts.items() if (found := CODE.search(text))}
    answer = await stack.http.post(
        "/zero-report", content=urlencode({"code": codes[form], "status": "zero"}), headers=FORM
    )
    assert answer.status_code == 202, answer.text
    assert (await stack.post("/v1/acknowledge", {"code": codes[code]}, None)).status_code == 202
    said = await stack.twilio.webhooks.reply(stack.public_url + SMS, day.phone(sms), "1")
    assert "报“零”" in "".join(said.messages)
    await _by_link(day, link)
    await day.until_counts(confirmed=len(schools) - 13 + 8)

    await day.until(0.5)
    await day.sms(day.phone(missing[0]), "截止未报")
    answer = await stack.post("/v1/zero-reports", {"status": "zero"}, await day.token(late))
    assert answer.json()["taken"][0]["late"] is True
    counts = await day.until_counts(late=1, missing=3, awaited=0)
    assert counts["expected"] == len(schools)

    await _districts_and_bureau(day, missing)
    await day.until_counts(seconds=30, missing=3)
    called = {one.to for one in stack.twilio.messages if "截止未报" in one.body}
    assert day.phone(excused) not in called
    assert not called & {day.phone(school) for school in (api, form, code, sms, link, cli, bus)}


async def _districts_and_bureau(day: Day, missing: Sequence[str]) -> None:
    """The district of the missing gets one list; the duty officer the numbers of the sheet."""
    parents = {unit.unit_id: unit.parent for unit in day.schools}
    names = {unit.unit_id: unit.name for unit in day.schools}
    for district in {parents[school] for school in missing}:
        director = day.head(str(district), "district_director")
        number = next(one.address for one in director.contacts if one.channel == "sms")
        await day.sms(number, "缺报", seconds=25)
        mail = await mail_to(day, f"{director.person_id}@example.org", "缺报名单")
        for school in missing:
            assert (names[school] in mail.text) is (parents[school] == district)
    summary = await mail_to(day, None, "汇总")
    counts = (await day.sheet())["counts"]
    for label, name in (
        ("应报", "expected"),
        ("按时", "confirmed"),
        ("迟报", "late"),
        ("缺报", "missing"),
        ("不符", "contradicted"),
    ):
        assert f"{label}: {counts[name]}" in summary.text, summary.text
    csv = (await day.stack.http.get(
        f"/v1/roll-calls/{day.date}?format=csv", headers={"Authorization": f"Bearer {day.stack.tokens['officer']}"}
    )).text  # fmt: skip
    assert sum(",missing," in line for line in csv.splitlines()) == counts["missing"]


async def mail_to(day: Day, address: str | None, word: str) -> Mail:
    """Return the email to an address, or to anybody, whose subject has a word, once there is one."""

    def wanted(mail: Mail) -> bool:
        return (address is None or address in mail.recipients) and word in str(mail.message["Subject"])

    return await day.stack.smtp.wait_for(wanted, timeout=30)


async def _by_file(day: Day, schools: Sequence[str]) -> None:
    """Each district's director sends a file for the schools of their own."""
    parents = {unit.unit_id: str(unit.parent) for unit in day.schools}
    for district in dict.fromkeys(parents[school] for school in schools):
        rows = "school_id,status\n" + "".join(f"{one},zero\n" for one in schools if parents[one] == district)
        token = day.stack.tokens[await day.token(district, "district_director")]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
        answer = await day.stack.http.post("/v1/zero-reports", content=rows.encode(), headers=headers)
        assert answer.status_code == 202, answer.text
        assert answer.json()["refused"] == []


async def _to_the_bus(day: Day, school: str) -> None:
    """Another client produces the fact itself."""
    at = day.stack.clock.now()
    fact = ReportConfirmed(school_id=school, received_at=at, status="zero", by=day.head(school).person_id)
    record = encode(fact, event_id="own-1", key=school, source="/school/app", time=at, event_type=fact.TYPE)
    producer = AIOKafkaProducer(bootstrap_servers=day.stack.kafka)
    await producer.start()
    topic = f"{day.stack.prefix}zero-reports"
    await producer.send_and_wait(topic, record.value, key=school.encode(), headers=record.headers)
    await producer.stop()


async def _by_command(day: Day, school: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", "roll-call", "confirm", "--url", day.stack.public_url,
        "--token", day.stack.tokens[await day.token(school)], cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert f"{school}: zero for daily" in out.decode()


async def _by_link(day: Day, school: str) -> None:
    """The email of the reminder has a link: one tap."""
    address = f"{day.head(school).person_id}@example.org"
    mail = await mail_to(day, address, "提醒")
    found = re.search(re.escape(day.stack.public_url) + r"(/a/\S+)", mail.text)
    assert found, mail.text
    assert "报零" in (await day.stack.http.get(found.group(1))).text
    answer = await day.stack.http.post(found.group(1), content="answer=accept", headers=FORM)
    assert answer.status_code == httpx.codes.OK, answer.text


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_service_down_across_the_cut_off_skips_nothing_and_says_how_late(
    make_stack: MakeStack, kafka: ApacheKafka, tmp_path: Path
) -> None:
    """Killed before the cut-off, back after it: who answered meanwhile is in time, who did not hears how late."""
    stack = await make_stack(kafka.bootstrap_servers, speed=SPEED)
    day = await begin(stack, tmp_path, stack.directory, remind=2, step=4)
    await stack.token("principal-1", "principal", "school-1", "principal-1")
    await stack.token("leader", "officer", "bureau", "bureau-leader")
    await day.move("leader", 12)
    await day.until(-6)
    await stack.kill("roll_call")
    answer = await stack.post("/v1/zero-reports", {"status": "zero"}, "principal-1")
    assert answer.json()["taken"][0]["late"] is False
    await day.until(6)
    await stack.start("roll_call")
    late = await day.sms(day.phone("school-2"), "截止未报", "迟发", seconds=40)
    assert int(re.search(r"迟发(\d+)分钟", late).group(1)) >= 6  # type: ignore[union-attr]
    counts = await day.until_counts(confirmed=1, missing=1)
    summary = await mail_to(day, None, "汇总")
    assert f"缺报: {counts['missing']}" in summary.text
    assert "山前中学" in summary.text
    told = [one.body for one in stack.twilio.messages if one.to == day.phone("school-1")]
    assert not [text for text in told if "截止未报" in text]
