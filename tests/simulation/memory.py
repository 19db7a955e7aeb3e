"""The store's file in a simulation: SQLite without a thread, an await at each statement, and a witness of who wrote.

Triggers compare whoever writes a partition with whoever claimed it last. They know nothing of epochs, so they also see
a fence that does not hold. An intake may write of a notification what its provider told. Others write down in which
order and when the store came to know what, of roll calls: what a step was to know can be told afterwards.
"""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.asyncio import create_async_engine

from services.runtime.database import Database
from tests.simulation.reaper import named
from tests.simulation.virtual_time import Life

Sabotage = Callable[[str], str | None]
"""Given a statement, returns the one to run in its place; None runs nothing. How a test breaks the store on purpose."""

_COMPILED_FOR = create_async_engine("sqlite+aiosqlite://").sync_engine.dialect
_COMPILED: dict[Any, Any] = {}

WITNESS = """
CREATE TABLE witness_claims (name TEXT PRIMARY KEY, writer TEXT);
CREATE TABLE witness_strangers (name TEXT, what TEXT, writer TEXT, claimer TEXT);
CREATE TABLE witness_moments (place INTEGER PRIMARY KEY, what TEXT, name TEXT, said TEXT, at INTEGER, turn REAL);
"""
_CLAIMED = """
CREATE TRIGGER witness_{0} AFTER {1} ON ownership BEGIN
  DELETE FROM witness_claims WHERE name = NEW.name;
  INSERT INTO witness_claims VALUES (NEW.name, witness()); END;
"""
_WROTE = """
CREATE TRIGGER witness_{0} AFTER {1} WHEN {2} AND witness() IS NOT
  (SELECT writer FROM witness_claims WHERE name = {3}) BEGIN
  INSERT INTO witness_strangers VALUES
    ({3}, '{0}', witness(), (SELECT writer FROM witness_claims WHERE name = {3})); END;
"""
_HAPPENED = """
CREATE TRIGGER witness_{0} AFTER {1} WHEN {2} BEGIN
  INSERT INTO witness_moments (what, name, said, at, turn) VALUES ({3}, moment(), turn()); END;
"""
_MOMENTS = (
    ("heard", "INSERT ON inbox", "NEW.consumer = 'roll_call'", "'heard', NEW.event_id, ''"),
    ("call_first", "INSERT ON roll_calls", "1", "'call', NEW.roll_call_id, NEW.state"),
    ("call_next", "UPDATE ON roll_calls", "1", "'call', NEW.roll_call_id, NEW.state"),
    ("part_first", "INSERT ON roll_call_parts", "1", "'part', NEW.roll_call_id || '/' || NEW.partition, NEW.taken"),
    ("part_next", "UPDATE ON roll_call_parts", "1", "'part', NEW.roll_call_id || '/' || NEW.partition, NEW.taken"),
)
"""What the store came to know of roll calls, in the order in which it was committed."""
_WRITES = (
    ("journal", "INSERT ON journal", "1", "'escalation/' || NEW.partition"),
    ("cases", "UPDATE ON cases", "1", "'escalation/' || NEW.partition"),
    ("consumed_first", "INSERT ON consumed", "1", "NEW.consumer || '/' || NEW.partition"),
    ("consumed_next", "UPDATE ON consumed", "1", "NEW.consumer || '/' || NEW.partition"),
    ("notifications_new", "INSERT ON notifications", "1", "'notifier/' || NEW.partition"),
    (
        "notifications_step",
        "UPDATE ON notifications",
        (
            "NOT (witness() LIKE 'intake-%'"
            " AND NEW.state IN ('handed-over', 'delayed', 'sent', 'delivered', 'undelivered'))"
        ),
        "'notifier/' || NEW.partition",
    ),
    ("roll_calls_first", "INSERT ON roll_calls", "1", "'roll_call/' || NEW.partition"),
    ("roll_calls_next", "UPDATE ON roll_calls", "1", "'roll_call/' || NEW.partition"),
    ("school_days_first", "INSERT ON school_days", "1", "'roll_call/' || NEW.partition"),
    ("school_days_next", "UPDATE ON school_days", "1", "'roll_call/' || NEW.partition"),
    ("roll_call_parts_first", "INSERT ON roll_call_parts", "1", "'roll_call/' || NEW.partition"),
    ("roll_call_parts_next", "UPDATE ON roll_call_parts", "1", "'roll_call/' || NEW.partition"),
    ("outbox", "INSERT ON outbox", "NEW.lane NOT LIKE 'intake/%'", "NEW.lane"),
)


def add_witness(path: Path) -> None:
    """Put the triggers into a fresh store."""
    script = WITNESS + _CLAIMED.format("first", "INSERT") + _CLAIMED.format("again", "UPDATE OF epoch, owner")
    script += "".join(_WROTE.format(*write) for write in _WRITES)
    script += "".join(_HAPPENED.format(*moment) for moment in _MOMENTS)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


class SimConnection(aiosqlite.Connection):
    """A connection of one process. Statements run in the loop, with an await before each and after each commit."""

    def __init__(
        self, path: str, life: Life, rng: random.Random, sabotage: Sabotage | None, moment: Callable[[], int]
    ) -> None:
        super().__init__(lambda: _open(path, life.name, moment), 64)
        self._life = life
        self._rng = rng
        self._sabotage = sabotage
        self._immediate = False
        self._written: list[str] = []

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        self._connection = self._connector()
        yield from ()
        return self

    @property
    def holds_lock(self) -> bool:
        """Return whether the file's one write lock is held here."""
        return self._immediate and self._connection is not None and self._connection.in_transaction

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        name = getattr(fn, "__name__", "")
        if name in {"execute", "executemany"}:
            what = named(args[0])
            await self._life.call(what)
            self._note(what)
            statement = args[0] if self._sabotage is None else self._sabotage(args[0])
            if statement is None:
                return None
            args = (statement, *args[1:])
            result = fn(*args, **kwargs)
            if statement.startswith("BEGIN"):
                self._immediate = statement == "BEGIN IMMEDIATE"
            return result
        if name != "commit":
            return fn(*args, **kwargs)
        what = f"COMMIT of {self._written[0] if self._written else 'nothing'}"
        await self._life.call(what)
        if self._rng.random() < 0.1:
            await asyncio.sleep(self._rng.uniform(0, 0.02))
        result = fn(*args, **kwargs)
        await self._life.call(f"after {what}")
        return result

    def _note(self, what: str) -> None:
        """Remember what a transaction wrote first: it is called by that."""
        verb, _, table = what.partition(" ")
        if verb == "BEGIN":
            self._written = []
        elif verb in {"INSERT", "UPDATE", "DELETE"}:
            self._written.append(table)

    def stop(self) -> None:
        """Close at once; an open transaction is rolled back, as at the death of a process."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def close(self) -> None:
        """Close."""
        self.stop()


class SimDatabase(Database):
    """The database as one process opens it."""

    def __init__(
        self,
        path: Path,
        life: Life,
        now_micros: Callable[[], int],
        rng: random.Random,
        sabotage: Sabotage | None,
        moment: Callable[[], int],
    ) -> None:
        self._connections: list[SimConnection] = []
        self._micros = now_micros

        async def connect(at: str) -> aiosqlite.Connection:
            connection = SimConnection(at, life, rng, sabotage, moment)
            self._connections.append(connection)
            return await connection

        super().__init__(f"sqlite+aiosqlite:///{path}", survives_power_cut=False, connect=connect)
        # A statement is compiled once in all runs, not once in each life of a process: half of the cost of a start.
        self.engine.sync_engine.dialect = _COMPILED_FOR
        self.engine.update_execution_options(compiled_cache=_COMPILED)
        life.holds_lock = lambda: any(connection.holds_lock for connection in self._connections)

    @property
    def now_micros(self) -> ColumnElement[int]:
        """Return the database's own clock: the simulated machine's."""
        return literal(self._micros())

    def cut(self) -> None:
        """Close every connection at once: its process died."""
        for connection in self._connections:
            connection.stop()


def _open(path: str, name: str, moment: Callable[[], int]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.create_function("witness", 0, lambda: name)
    connection.create_function("moment", 0, moment)
    connection.create_function("turn", 0, lambda: asyncio.get_running_loop().time())
    return connection
