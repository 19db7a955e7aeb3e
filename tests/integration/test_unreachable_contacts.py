"""Flagged contacts as people see them: the officer by HTTP, the administrator on the command line, the gauge."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from services.cli.main import app
from services.notifier.flagged import count_flagged
from services.runtime.contact_flags import ContactFlag, Flaw, flagging, flags_of, hash_of
from services.runtime.database import Database
from services.runtime.live_directory import write_entries
from services.runtime.tokens import Role
from tests.support.intake import BUREAU, COUNTY, DIRECTOR, DISTRICT, HILL, LAKE, NOW, PRINCIPAL, Intake, problem


def flag(person: str, flaw: Flaw = "dead", address: str | None = None, days: int = 0) -> ContactFlag:
    contact = f"{person}:email"
    return ContactFlag(
        contact, hash_of(address or f"{person}@example.org"), flaw, "SMTP 550 5.1.1", NOW - timedelta(days=days)
    )


async def put(database: Database, *flags: ContactFlag) -> None:
    async with database.writing() as connection:
        statement, rows = flagging(flags, is_sqlite=database.is_sqlite)
        await connection.execute(statement, [dict(row) for row in rows])


async def test_officer_sees_the_flagged_contacts_of_their_units(intake: Intake) -> None:
    """Person, contact, flaw, reason and since when, the oldest first; never the address."""
    await put(intake.database, flag(PRINCIPAL), flag(DIRECTOR, "opted-out", days=2))
    async with intake.client("officer", BUREAU, None) as client:
        answer = await client.get("/v1/contacts/unreachable")
    shown = answer.json()["contacts"]
    assert [(one["person_id"], one["flaw"]) for one in shown] == [(DIRECTOR, "opted-out"), (PRINCIPAL, "dead")]
    assert shown[1]["contact_id"] == f"{PRINCIPAL}:email"
    assert (shown[1]["unit_id"], shown[1]["channel"], shown[1]["reason"]) == (LAKE, "email", "SMTP 550 5.1.1")
    assert "@" not in answer.text


@pytest.mark.parametrize(
    ("role", "unit", "seen"), [("officer", DISTRICT, 2), ("principal", LAKE, 1), ("principal", HILL, 0)]
)
async def test_contacts_outside_the_callers_units_are_not_shown(
    intake: Intake, role: Role, unit: str, seen: int
) -> None:
    """Each sees their own people and those below."""
    await put(intake.database, flag(PRINCIPAL), flag(DIRECTOR))
    async with intake.client(role, unit, None) as client:
        assert len((await client.get("/v1/contacts/unreachable")).json()["contacts"]) == seen


@pytest.mark.parametrize("role", ["reporter", "watcher"])
async def test_who_only_files_or_watches_is_refused(intake: Intake, role: Role) -> None:
    """Who cannot be reached is not everybody's business."""
    async with intake.client(role, BUREAU, None) as client:
        problem(await client.get("/v1/contacts/unreachable"), 403, "not-allowed")


async def test_contact_whose_address_was_corrected_is_not_shown(intake: Intake) -> None:
    """Nor one of somebody who left."""
    await put(intake.database, flag(PRINCIPAL, address="old@example.org"), flag("who-left"))
    async with intake.client("officer", BUREAU, None) as client:
        assert (await client.get("/v1/contacts/unreachable")).json() == {"contacts": []}


async def test_later_word_of_the_provider_replaces_the_earlier(database: Database) -> None:
    """One flag a contact."""
    await put(database, flag(PRINCIPAL))
    await put(database, flag(PRINCIPAL, "opted-out"))
    async with database.reading() as connection:
        kept = await flags_of(connection, is_sqlite=database.is_sqlite)
    assert [(one.contact_id, one.flaw) for one in kept.values()] == [(f"{PRINCIPAL}:email", "opted-out")]


async def test_gauge_counts_what_still_holds_by_flaw(database: Database) -> None:
    """A corrected address counts no more."""
    await put(database, flag(PRINCIPAL), flag(DIRECTOR, address="old@example.org"))
    counting = asyncio.create_task(count_flagged(database, lambda: COUNTY))

    def counted(flaw: str) -> float | None:
        return REGISTRY.get_sample_value("tocsin_contacts_flagged", {"flaw": flaw})

    async with asyncio.timeout(5):
        while counted("dead") != 1 or counted("opted-out") != 0:  # noqa: ASYNC110 - a gauge has no Event
            await asyncio.sleep(0.01)
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting


async def test_administrator_lists_them_on_the_command_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, with what to correct; nothing to correct is said, too."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", database.url)
    monkeypatch.setenv("COLUMNS", "200")
    people = [one for one in (COUNTY.person(PRINCIPAL), COUNTY.person(DIRECTOR)) if one is not None]
    units = [one for one in (COUNTY.unit(LAKE), COUNTY.unit(DISTRICT)) if one is not None]
    async with database.writing() as connection:
        await write_entries(connection, units, people)
    nobody = await asyncio.to_thread(CliRunner().invoke, app, ["contacts", "unreachable"])
    await put(database, flag(PRINCIPAL), flag(DIRECTOR, "opted-out"))
    listed = await asyncio.to_thread(CliRunner().invoke, app, ["contacts", "unreachable"])
    assert "every contact" in nobody.stdout
    lines = {line.split()[0]: line for line in listed.stdout.splitlines() if ":email" in line}
    assert lines.keys() == {PRINCIPAL, DIRECTOR}
    for part in (f"{PRINCIPAL}:email", "email", "dead", "2026-", "SMTP 550 5.1.1"):
        assert part in lines[PRINCIPAL]
