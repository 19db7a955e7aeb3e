"""``tocsin policy explain CASE``: why was somebody called, or not? Answered from the store, for whoever runs it."""

from typing import Annotated

import typer
from sqlalchemy import select

from escalation_policies.case import Case
from escalation_policies.explanation import explain
from events.escalation import JournalEntry
from services.cli.token_command import with_database
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.live_directory import LiveDirectory
from services.runtime.tables import cases, journal, reports


def explain_case(
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")],
    person: Annotated[str | None, typer.Option(help="Only what this person (by id) has to do with it.")] = None,
) -> None:
    """Say who was called, by which selector and channels, who was not and why, and what comes next."""

    async def work(database: Database, clock: Clock) -> tuple[bool, str]:
        directory = LiveDirectory(database)
        await directory.refresh()
        found = await _read(database, case_id)
        if found is None:
            return False, await _missing(database, case_id)
        return True, explain(*found, directory.snapshot(), clock.now(), person)

    known, text = with_database(work)
    typer.echo(text, nl=not known, err=not known)
    if not known:
        raise typer.Exit(1)


async def _read(database: Database, case_id: str) -> tuple[Case, list[JournalEntry]] | None:
    """Return a case with its journal. A newer version may have written more: it is read as far as it is understood."""
    entries = select(journal.c.entry).where(journal.c.case_id == case_id).order_by(journal.c.seq)
    async with database.reading() as connection:
        state = (await connection.execute(select(cases.c.state).where(cases.c.case_id == case_id))).scalar()
        if state is None:
            return None
        texts = (await connection.execute(entries)).scalars()
        found = [JournalEntry.model_validate_json(text, extra="ignore") for text in texts]
    return Case.model_validate_json(state, extra="ignore"), found


async def _missing(database: Database, case_id: str) -> str:
    """Say what is known of a case that nobody has judged."""
    async with database.reading() as connection:
        statement = select(reports.c.received_at).where(reports.c.case_id == case_id).limit(1)
        received_at = (await connection.execute(statement)).scalar()
    if received_at is None:
        return f"no case {case_id!r} in this database (TOCSIN_DATABASE_URL, TOCSIN_DATA_DIR)"
    return f"case {case_id!r} was filed at {received_at.isoformat()} and is not judged yet: is escalation running?"
