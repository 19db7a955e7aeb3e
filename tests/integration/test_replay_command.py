"""The journal on a real Kafka, replayed: into the same memory as was lost, and by the command that people type."""

import asyncio
import os
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.broker.apache import ApacheKafka
from services.cli.main import app
from services.cli.replay.past import KafkaPast
from services.cli.replay.rebuilding import rebuild
from services.runtime.bus_admin import BusAdmin
from services.runtime.database import Database
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import cases, codes, joined_reports, journal
from tests.support.intake import LAKE
from tests.support.lost_memory import assert_same, live, messages, sent
from tests.support.paper_bus import KafkaBus
from tests.support.store_rows import CODE_KEY
from tests.support.whole_chain import chain_on

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = count(1)


@pytest.mark.kafka
async def test_replaying_kafka_into_an_empty_database_gives_the_same_memory(
    database: Database, empty: Database, kafka: ApacheKafka, tmp_path: Path
) -> None:
    """Cases, journal with its positions, messages with their ids and outcomes, codes: equal, column by column."""
    settings = Settings(kafka_bootstrap_servers=kafka.bootstrap_servers, topic_prefix=f"r{next(_NUMBERS)}.")
    async with KafkaPast(settings, kafka.bootstrap_servers) as first:
        assert first.topic_id("escalations") is None
    await make_topics(settings)
    async with KafkaPast(settings, kafka.bootstrap_servers) as past:
        async with (
            KafkaBus(database, settings, past) as bus,
            chain_on(database, settings, bus, tmp_path) as chain,
        ):
            await live(chain)
        done = await rebuild(settings, Store(empty), past, CODE_KEY, chain.clock.now())
    await assert_same(database, empty, cases, journal, joined_reports, codes)
    assert await messages(empty) == await messages(database)
    assert (done.cases, done.left_out, done.sent_on, done.unfinished) == (4, {}, 0, 0)
    became = Counter(state for _, _, _, _, _, state, *_ in (await messages(empty)).values())
    assert done.notifications == became.total()
    assert became.keys() == {"handed-over", "skipped"}  # reminders of deadlines that had passed when their turn came
    assert became["handed-over"] == len(sent(tmp_path)) > 10
    assert done.recognised == done.facts == 9


@pytest.mark.kafka
async def test_command_rebuilds_says_what_it_did_and_refuses_a_second_time(kafka: ApacheKafka, tmp_path: Path) -> None:
    """`tocsin replay`, then `tocsin verify`, as processes; once more into the same database is refused."""
    settings = Settings(kafka_bootstrap_servers=kafka.bootstrap_servers, topic_prefix=f"r{next(_NUMBERS)}.")
    await make_topics(settings)
    lost = Database(f"sqlite+aiosqlite:///{tmp_path / 'lost.db'}")
    await lost.migrate()
    async with (
        KafkaPast(settings, kafka.bootstrap_servers) as past,
        KafkaBus(lost, settings, past) as bus,
        chain_on(lost, settings, bus, tmp_path) as chain,
    ):
        await chain.intake.file(school_id=LAKE, severity="III")
        await chain.settle()
    await lost.close()
    into = f"sqlite+aiosqlite:///{tmp_path / 'rebuilt.db'}"
    code, told = await tocsin(settings, tmp_path, "replay", "--into", into, "--from", "bus")
    assert code == 0, told
    assert "1 cases (1 open) and 3 journal entries are rebuilt" in told
    assert "1 messages are known, 0 of them are looked up or sent again" in told
    assert "1 of 1 facts on the bus were applied" in told
    code, told = await tocsin(settings, tmp_path, "replay", "--into", into)
    assert (code, "the database is not empty: cases has 1 rows" in told) == (1, True)
    code, told = await tocsin(settings, tmp_path, "verify", TOCSIN_DATABASE_URL=into)
    assert (code, told) == (0, "1 cases follow from their journals, to the byte\n")
    other = settings.model_copy(update={"topic_prefix": "no-such."})
    code, told = await tocsin(other, tmp_path, "replay", "--into", into + "2")
    assert (code, "the broker has no topic no-such.escalations" in told) == (1, True)


async def tocsin(settings: Settings, folder: Path, *arguments: str, **more: str) -> tuple[int, str]:
    """Run the command as a process of its own; return its exit code and what it said."""
    environment = {
        "PATH": os.environ["PATH"],
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": str(settings.kafka_bootstrap_servers),
        "TOCSIN_TOPIC_PREFIX": settings.topic_prefix,
        "TOCSIN_DATA_DIR": str(folder),
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *arguments, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("environment", "into", "says"),
    [
        ({}, "sqlite+aiosqlite://", "TOCSIN_KAFKA_BOOTSTRAP_SERVERS: which Kafka has the journal?"),
        ({"TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "nonsense", "--into nonsense: no database URL"),
    ],
)
def test_command_says_what_it_lacks(
    environment: dict[str, str], into: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read or written."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answer = CliRunner().invoke(app, ["replay", "--into", into])
    assert answer.exit_code == 1
    assert says in str(answer.exception)


async def make_topics(settings: Settings) -> None:
    admin = BusAdmin(settings, str(settings.kafka_bootstrap_servers))
    await admin.apply_topics()
    await admin.close()
