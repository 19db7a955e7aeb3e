"""``tocsin roll-call`` against a real server: the day, and the hours that it prints, are the bureau's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from services.cli.roll_call_command import app
from services.runtime.database import Database
from tests.support.http_server import HttpServer
from tests.support.roll_call_bureau import Bureau
from tests.support.roll_calls import BUREAU, MONDAY, OFFICER, OPENS

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Desk:
    """Somebody at a terminal far away, with an officer's token."""

    def __init__(self, url: str, token: str) -> None:
        self._where = ["--url", url, "--token", token]

    async def type(self, *words: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*words, *self._where]))


@pytest.fixture
async def desk(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Monday of the bureau, half past three; the terminal stands in Los Angeles, and its clock shows today."""
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    bureau = Bureau(database)
    await bureau.desk.begin(OPENS - timedelta(hours=4))
    await bureau.at(-120)
    await bureau.at(-30)
    async with HttpServer(bureau.intake.app) as server:
        yield Desk(server.url, await bureau.intake.token("officer", BUREAU, OFFICER))


async def test_status_is_of_the_bureaus_day(desk: Desk) -> None:
    """Nobody at the terminal knows that it is Monday there; the cut-off is told by the bureau's clock."""
    found = await desk.type("status")
    assert found.exit_code == 0, found.output
    assert f"每日零报告 {MONDAY} (daily), cut-off 16:00 CST: expected 4" in found.output


async def test_sheet_is_of_the_bureaus_day(desk: Desk) -> None:
    """As a page to be printed."""
    found = await desk.type("sheet", "--format", "html")
    assert found.exit_code == 0, found.output
    assert f"每日零报告 {MONDAY}" in found.output


async def test_day_that_is_named_is_that_day(desk: Desk) -> None:
    """The next day's has not opened: everybody is awaited."""
    found = await desk.type("status", "--date", "2026-03-03")
    assert f"{MONDAY + timedelta(days=1)} (daily)" in found.output
    assert "awaited 4" in found.output


async def test_day_that_is_none_is_refused_with_the_way_to_write_it(desk: Desk) -> None:
    """In one line, and the exit code says so."""
    found = await desk.type("status", "--date", "2026-02-30")
    assert found.exit_code == 1
    assert "day: write it as 2026-03-02, or today" in found.output
