"""Cases that live on a chain until its database is lost, and what is compared with the one that was rebuilt."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from services.runtime.database import Database
from services.runtime.tables import journal, notifications
from tests.support.intake import BUREAU, DIRECTOR, LAKE, PETITION_OFFICER, PRINCIPAL
from tests.support.store_rows import rows_of
from tests.support.whole_chain import Chain


async def live(chain: Chain) -> None:
    """Let four cases live: answered and reported, unanswered, joined by a second report, and a petition."""
    file = chain.intake.file
    answered = (await file(school_id=LAKE, severity="III", place="the hall"))["case_id"]
    await file(school_id=LAKE, kind="injury", severity="IV", exercise=True)
    await file(school_id=LAKE, kind="food-poisoning", severity="III")
    await file(school_id=LAKE, kind="food-poisoning", severity="II", separate=False)
    filed = await chain.intake.petition(kind="petition-fees", concerns=[PRINCIPAL])
    await chain.settle()
    await chain.pass_minutes(6)
    await chain.act(answered, "acknowledge", PRINCIPAL, LAKE)
    await chain.act(answered, "upward-report", PRINCIPAL, LAKE, summary="a small fire")
    await chain.pass_minutes(30)
    await chain.settle()
    await chain.act(answered, "notes", DIRECTOR, "district", text="seen")
    await chain.act(filed["case_id"], "accept", PETITION_OFFICER, BUREAU, notice="we look into it")


async def contents(database: Database, *tables: Table) -> dict[str, list[Any]]:
    return {table.name: [tuple(row) for row in await rows_of(database, table)] for table in tables}


async def assert_same(one: Database, other: Database, *tables: Table) -> None:
    """Compare whole tables: every column of every row; and both journals are numbered as a stream reads them."""
    assert await contents(other, *tables) == await contents(one, *tables)
    for database in (one, other):
        await _assert_numbered(database)


async def _assert_numbered(database: Database) -> None:
    """Each partition's journal has no gap, and each case's entries stand in it in their order."""
    rows = sorted(await rows_of(database, journal), key=lambda row: (row.partition, row.position))
    for partition, entries in groupby(rows, key=lambda row: row.partition):
        places = list(entries)
        assert [row.position for row in places] == list(range(1, len(places) + 1)), f"partition {partition}"
        for case_id in {row.case_id for row in places}:
            own = [row.seq for row in places if row.case_id == case_id]
            assert own == list(range(1, len(own) + 1)), f"case {case_id}"


async def messages(database: Database) -> dict[str, tuple[Any, ...]]:
    """Return what is known of each message but when that was written down."""
    rows = await rows_of(database, notifications)
    return {
        row.notification_id: (
            row.partition, row.case_id, row.contact_id, row.channel, row.lane, row.state, row.tries, row.next_try_at,
            row.provider, row.provider_id, row.reason, row.requested_at, row.request,
        )
        for row in rows
    }  # fmt: skip


def sent(folder: Path) -> list[str]:
    """Return the id of every message that went out."""
    lines = (folder / "outbox.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["notification_id"] for line in lines]
