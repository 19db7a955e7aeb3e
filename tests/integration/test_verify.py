"""`tocsin verify`: a case that does not follow from its own journal is named, with what is wrong."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from escalation_policies.case import Case
from services.cli.main import app
from services.cli.replay.verifying import verdicts
from services.runtime.database import Database
from services.runtime.tables import cases, journal
from tests.support.intake import Intake, make_intake


@pytest.fixture
async def case(intake: Intake) -> Case:
    """A case with its journal, as the engine keeps both."""
    await intake.file(place="the hall")
    return await intake.judge_filed()


async def faults(database: Database) -> list[str | None]:
    return [verdict.fault async for verdict in verdicts(database)]


async def entry_of(database: Database, seq: int) -> str:
    async with database.reading() as connection:
        statement = journal.select().where(journal.c.seq == seq)
        return str((await connection.execute(statement)).one().entry)


async def test_case_that_follows_from_its_journal_has_no_fault(database: Database, case: Case) -> None:
    """Replayed in memory it is the stored one."""
    assert await faults(database) == [None]


async def test_changed_state_is_named(database: Database, case: Case) -> None:
    """Somebody moved a deadline in the state: the journal says otherwise."""
    async with database.writing() as connection:
        changed = case.model_copy(update={"place": "the yard"}).model_dump_json()
        await connection.execute(update(cases).values(state=changed))
    assert await faults(database) == ["the stored state is not the one that its journal tells"]


async def test_state_of_an_older_shape_is_no_fault(database: Database, case: Case) -> None:
    """A version that did not know a field wrote the state: read as it is read today, it is the same."""
    async with database.writing() as connection:
        older = case.model_dump_json(exclude={"headcount", "joined"})
        await connection.execute(update(cases).values(state=older))
    assert await faults(database) == [None]


async def test_state_that_cannot_be_read_is_named(database: Database, case: Case) -> None:
    """Torn text is a fault like any other, and the walk goes on."""
    async with database.writing() as connection:
        await connection.execute(update(cases).values(state='{"case_id":"x"}'))
    assert await faults(database) == ["the stored state is not the one that its journal tells"]


async def test_changed_entry_is_named(database: Database, case: Case) -> None:
    """An entry with another reason does not follow from the cause before it."""
    text = (await entry_of(database, 3)).replace("must acknowledge", "need not acknowledge")
    async with database.writing() as connection:
        await connection.execute(update(journal).where(journal.c.seq == 3).values(entry=text))
    assert await faults(database) == ["entry 3 (clock-started) does not follow from those before it"]


async def test_unreadable_entry_is_named(database: Database, case: Case) -> None:
    """A newer version, or nobody, wrote it."""
    async with database.writing() as connection:
        await connection.execute(update(journal).where(journal.c.seq == 2).values(entry='{"seq":2}'))
    assert await faults(database) == ["entry 2 cannot be read: did a newer version write it?"]


async def test_cause_of_an_unknown_type_is_named(database: Database, case: Case) -> None:
    """What a newer version judged cannot be judged again here."""
    text = (await entry_of(database, 1)).replace("incident.filed.v1", "incident.filed.v9")
    async with database.writing() as connection:
        await connection.execute(update(journal).where(journal.c.seq == 1).values(entry=text))
    [fault] = await faults(database)
    assert fault is not None
    assert "is the producer newer than this program?" in fault


@pytest.mark.parametrize(
    ("seq", "fault"),
    [
        (1, "entry 1 is missing"),
        (2, "entry 2 is missing"),
        (3, "the state is that after entry 3, and the journal has 2"),
    ],
)
async def test_missing_entry_is_named(database: Database, case: Case, seq: int, fault: str) -> None:
    """A journal has no gaps, neither at its start nor in the middle nor at its end."""
    async with database.writing() as connection:
        await connection.execute(delete(journal).where(journal.c.seq == seq))
    assert await faults(database) == [fault]


async def test_state_and_journal_without_each_other_are_named(database: Database, intake: Intake, case: Case) -> None:
    """One case lost its journal, another its state."""
    await intake.file(kind="injury")
    other = await intake.judge_filed()
    async with database.writing() as connection:
        await connection.execute(delete(journal).where(journal.c.case_id == case.case_id))
        await connection.execute(delete(cases).where(cases.c.case_id == other.case_id))
    found = {verdict.case_id: verdict.fault async for verdict in verdicts(database)}
    assert found == {case.case_id: "it has a state and no journal", other.case_id: "it has a journal and no state"}


async def test_entries_written_meanwhile_are_no_fault(database: Database, case: Case) -> None:
    """The state was read before a worker committed one entry more."""
    async with database.writing() as connection:
        row = (await connection.execute(journal.select().where(journal.c.seq == 3))).one()
        later = {**row._mapping, "seq": 4, "position": row.position + 1}
        await connection.execute(journal.insert(), [later])
    assert await faults(database) == [None]


async def test_many_cases_are_walked_page_by_page(database: Database, intake: Intake) -> None:
    """Every case is looked at once, whatever the size of a page."""
    ids = []
    for number in range(5):
        ids.append((await intake.file(report_id=f"r-{number}"))["case_id"])
        await intake.judge_filed()
    assert [verdict.case_id async for verdict in verdicts(database, page_size=2)] == sorted(ids)


def test_command_names_the_case_and_exits_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a script looks at is the exit code; what a person reads is the case's id and what is wrong with it."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'verified.db'}"
    monkeypatch.setenv("TOCSIN_DATABASE_URL", url)
    assert CliRunner().invoke(app, ["verify"]).output == "0 cases follow from their journals, to the byte\n"
    case_id = asyncio.run(_a_case_without_journal(url))
    answer = CliRunner().invoke(app, ["verify"])
    assert answer.exit_code == 1
    assert f"case {case_id}: it has a state and no journal" in answer.output
    assert "1 of 1 cases differ from their journals" in answer.output


async def _a_case_without_journal(url: str) -> str:
    database = Database(url)
    intake = make_intake(database)
    await intake.file()
    case = await intake.judge_filed()
    async with database.writing() as connection:
        await connection.execute(delete(journal))
    await database.close()
    return case.case_id
