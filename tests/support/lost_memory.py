"""Cases that live on a chain until its database is lost, and what is compared with the one that was rebuilt."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from services.runtime.database import Database
from services.runtime.tables import notifications
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
    """Return whole tables, but for the place of a journal entry among those of other cases: the urgent left first."""
    return {
        table.name: [
            tuple(value for name, value in row._mapping.items() if name != "position")
            for row in await rows_of(database, table)
        ]
        for table in tables
    }


async def assert_same(one: Database, other: Database, *tables: Table) -> None:
    """Compare whole tables: every column of every row."""
    assert await contents(other, *tables) == await contents(one, *tables)


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
