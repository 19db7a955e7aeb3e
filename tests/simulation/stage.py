"""What a run is set upon: folder, empty store, settings, and the globals that a run must not leave changed."""

import asyncio
import atexit
import gc
import logging
import random
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import structlog

from services.runtime.database import Database
from services.runtime.settings import Settings
from tests.simulation.diary import Diary
from tests.simulation.memory import add_witness


@contextmanager
def shared_dice(seed: int) -> Iterator[None]:
    """Seed the jitter that the product draws from Python's shared generator, and give it back afterwards."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def logged_to(diary: Diary) -> Iterator[None]:
    """Let the product's log lines go to the diary, and nowhere else."""
    before = structlog.get_config()
    structlog.configure(processors=[diary.from_structlog], wrapper_class=structlog.stdlib.BoundLogger)
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for one run, in memory where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@contextmanager
def no_collector() -> Iterator[None]:
    """Keep Python's collector out of a run: when it closes what a dead process left, something else would happen.

    What was there before the run is frozen meanwhile, so that the collection at its end looks at the run's own alone.
    """
    pool = logging.getLogger("sqlalchemy.pool")
    level = pool.level
    pool.setLevel(logging.CRITICAL + 1)
    gc.disable()
    gc.freeze()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dead processes leave connections: that is their part
            yield
            gc.collect()
            gc.collect()  # what was closed by the first has left connections of its own
    finally:
        gc.unfreeze()
        gc.enable()
        pool.setLevel(level)


@cache
def template() -> Path:
    """Return a migrated, empty store; each run copies it."""
    made = Path(tempfile.mkdtemp(prefix="simulation-template-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    path = made / "tocsin.db"
    database = Database(f"sqlite+aiosqlite:///{path}")
    asyncio.run(_migrated(database))
    add_witness(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


async def _migrated(database: Database) -> None:
    await database.migrate()
    await database.close()


def settings(speed: float, horizon_seconds: float, link_hours: float, at: Path) -> Settings:
    """Return the settings that every process of a run shares."""
    return Settings(
        kafka_bootstrap_servers="simulated:0",
        data_dir=at,
        speed=speed,
        demo=True,
        horizon_seconds=horizon_seconds,
        secret_key="k" * 32,
        seal_key="s" * 32,
        public_url="https://tocsin.example",
        answer_link_hours=link_hours,
        bounce_domain="bounces.example",
        provider_timeout_seconds=2.0,
        session_timeout_seconds=6.0,
        lease_seconds=5.0,
        worker_id="w",
    )
