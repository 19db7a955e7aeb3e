"""``tocsin policy explain CASE`` reads the store that the settings name, and nothing else."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from services.cli.policy_command import app
from services.runtime.database import Database
from services.runtime.tables import cases, journal, reports
from tests.support.scenario import SCHOOL, START, Scenario


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with one case that climbed to the district, and one report that nobody has judged."""
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("TOCSIN_DATABASE_URL", raising=False)
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    asyncio.run(_write(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}", scenario))
    return tmp_path


async def _write(url: str, scenario: Scenario) -> None:
    case = scenario.opened
    database = Database(url)
    try:
        await database.migrate()
        row = {
            "case_id": case.case_id,
            "partition": 0,
            "family": case.family,
            "kind": case.kind,
            "severity": case.severity,
            "school_id": SCHOOL,
            "status": case.status,
            "exercise": False,
            "received_at": START,
            "updated_at": START,
            "seq": case.seq,
            "state": case.model_dump_json(),
        }
        entries = [
            {
                "case_id": case.case_id,
                "seq": entry.seq,
                "partition": 0,
                "position": entry.seq,
                "kind": entry.kind,
                "school_id": SCHOOL,
                "at": entry.received_at,
                "entry": entry.model_dump_json(),
            }
            for entry in scenario.entries
        ]
        report = {
            "report_id": "r-2",
            "content_hash": "",
            "case_id": "case-2",
            "school_id": SCHOOL,
            "received_at": START,
            "response": "{}",
        }
        async with database.writing() as connection:
            await connection.execute(insert(cases), row)
            await connection.execute(insert(journal), entries)
            await connection.execute(insert(reports), report)
    finally:
        await database.close()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", *arguments])
    return result.exit_code, result.output


@pytest.mark.usefixtures("store")
def test_case_of_the_store_is_explained() -> None:
    """From the case and its journal, as they were written."""
    code, output = run("case-1")
    assert code == 0
    assert "district: told at 2026-09-01 10:15:00" in output
    assert "director, named by role:district_director@parent: told once, by sms and email" in output


@pytest.mark.usefixtures("store")
def test_one_person_is_explained_alone() -> None:
    """`--person` narrows the answer."""
    code, output = run("case-1", "--person", "principal")
    assert code == 0
    assert "principal was told 3 times" in output
    assert "director" not in output


@pytest.mark.usefixtures("store")
def test_case_that_is_not_there_is_said_to_be_missing_or_waiting() -> None:
    """Unknown, or filed and not judged: two different answers, and neither is silence."""
    code, output = run("case-9")
    assert (code, output) == (1, "no case 'case-9' in this database (TOCSIN_DATABASE_URL, TOCSIN_DATA_DIR)\n")
    code, output = run("case-2")
    assert code == 1
    assert "case 'case-2' was filed at 2026-09-01T02:00:00+00:00 and is not judged yet" in output
