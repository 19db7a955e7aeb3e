"""What every measurement of scale stands in: a database, a real Kafka, and the service processes, in one folder."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
from sqlalchemy import delete, func, select

from events.base import Urgency
from events.topics import PARTITIONS
from services.runtime.directory import DirectorySnapshot
from services.runtime.live_directory import LiveDirectory
from services.runtime.tables import cases, consumed, outbox
from tests.bench.scale.filling import Template, fill
from tests.support.kafka_node import kafka_node
from tests.support.postgres import PostgresCluster
from tests.support.stack import Stack

SCHOOLS = 200
MEGABYTE = 2**20
KEPT_MARGIN = timedelta(minutes=30)
"""What was kept must stay quiet for the measurements."""
MakeTemplate = Callable[[DirectorySnapshot, datetime], Template]
_HEAD = """units:
  - {id: bureau, name: Bureau, kind: bureau, timezone: Asia/Shanghai}
  - {id: district-1, name: District, kind: district, parent: bureau}
  - {id: township-1, name: Township, kind: township, parent: bureau}
"""
_CHAIN = """  - {id: head, name: One, unit: district-1, roles: [district_director], contacts: [{sms: "+12025550105"}]}
  - {id: town, name: Officer, unit: township-1, roles: [township_officer], contacts: [{sms: "+12025550106"}]}
  - {id: bureau-leader, name: Leader, unit: bureau, roles: [bureau_leader], contacts: [{sms: "+12025550107"}]}
  - {id: duty, name: Duty, unit: bureau, roles: [duty_officer], contacts: [{sms: "+12025550108"}]}
"""


_AS_INSTALLED = {
    "TOCSIN_LOG_LEVEL": "warning",
    "TOCSIN_LEASE_SECONDS": "5",
    "TOCSIN_SESSION_TIMEOUT_SECONDS": "10",
    "PYTHONDONTWRITEBYTECODE": "",  # an installed program has its bytecode; compiling takes longer than the start
}


@dataclass
class World:
    """The processes and what the measurements ask of them."""

    stack: Stack
    directory: DirectorySnapshot
    run: str = field(default_factory=lambda: f"{time.time_ns():x}")
    """In the ids of the cases that a measurement adds: an earlier one may have left its own (``--keep``)."""

    async def refill(self, due: Sequence[tuple[datetime, Iterable[str]]], make: MakeTemplate = Template.due_at) -> None:
        """Add open cases: for each moment the ids of those whose next deadline it is. The worker must be down."""

        def write() -> None:
            rows = (row for moment, ids in due for row in make(self.directory, moment).copies(ids))
            fill(self.stack.database_url, rows)

        await asyncio.to_thread(write)

    async def kept(self, count: int, prefix: str) -> bool:
        """Tell whether an earlier run left these cases, with deadlines still far away; remove all else it left.

        Raises:
            RuntimeError: what it left cannot be used any more.
        """
        above = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        async with self.stack.database.writing() as connection:
            for other in (cases.c.case_id < prefix, cases.c.case_id >= above):
                await connection.execute(delete(cases).where(other))
            await connection.execute(delete(outbox))  # no notifier confirms them here
            found = int((await connection.execute(select(func.count()).select_from(cases))).scalar_one())
            due = select(func.min(cases.c.next_due_at)).where(cases.c.partition == 0)
            first = (await connection.execute(due)).scalar_one()
        if found and (found != count or first < self.stack.clock.now() + KEPT_MARGIN):
            raise RuntimeError(f"{found:,} cases are kept here, the first due at {first}: give another --keep")
        return bool(found)

    async def overdue(self, until: datetime) -> int:
        """Return how many stored deadlines before ``until`` have not fired: committed is what counts."""
        statement = select(func.count()).where(cases.c.partition.in_(range(PARTITIONS)), cases.c.next_due_at <= until)
        async with self.stack.database.reading() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def consumed(self) -> int:
        """Return how many records of the incidents the engine has committed."""
        statement = select(func.coalesce(func.sum(consumed.c.offset + 1), 0)).where(consumed.c.consumer == "escalation")
        async with self.stack.database.reading() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def unpublished(self, lanes: str = "", least_urgent: Urgency = Urgency.BULK) -> int:
        """Return how many records wait in the outbox to be published, in the lanes that begin so, up to an urgency."""
        waiting = (outbox.c.pending, outbox.c.lane.startswith(lanes), outbox.c.urgency <= least_urgent)
        statement = select(func.count()).where(*waiting)
        async with self.stack.database.reading() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def until_published(self, seconds: float = 600.0) -> None:
        """Wait until nothing waits in the outbox."""
        await until_zero(self.unpublished, "records in the outbox", seconds)

    @property
    def worker(self) -> psutil.Process:
        """Return the escalation service's process."""
        return psutil.Process(self.stack.workers["escalation"].process.pid)

    def memory(self, when: str) -> str:
        """Return one line: what the worker holds now, shared pages in proportion (PSS), and its peak."""
        sizes = self.worker.memory_full_info()
        status = Path(f"/proc/{self.worker.pid}/status").read_text(encoding="ascii")
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
        rss, pss = sizes.rss / MEGABYTE, sizes.pss / MEGABYTE
        return f"{f'memory of the worker, {when}':<58} RSS {rss:.0f} MB, PSS {pss:.0f} MB, peak RSS {peak:.0f} MB"


async def until_zero(count: Any, what: str, seconds: float, step: float = 0.1) -> float:
    """Wait until ``count()`` is zero; return when that was, by the monotonic clock."""
    deadline = time.monotonic() + seconds
    while left := await count():
        if time.monotonic() > deadline:
            raise RuntimeError(f"still {left:,} {what} after {seconds:.0f} s")
        await asyncio.sleep(step)
    return time.monotonic()


@asynccontextmanager
async def world(database: str, folder: Path) -> AsyncIterator[World]:
    """Start everything but the worker; stop and remove all of it at the end."""
    async with AsyncExitStack() as stack_of:
        url = f"sqlite+aiosqlite:///{folder / 'tocsin.db'}"
        if database == "postgres":
            cluster = PostgresCluster({"max_wal_size": "8GB"}, keep=folder / "postgres")
            url = stack_of.enter_context(cluster).database("bench")
        county = folder / "county.yaml"
        county.write_text(_county(), encoding="utf-8")
        node = await stack_of.enter_async_context(kafka_node(folder / "kafka"))
        account = SimpleNamespace(sid="AC" + "0" * 32, token="bench")
        nobody = cast("Any", SimpleNamespace(account=account, url="http://127.0.0.1:1", port=1))
        installed = _AS_INSTALLED | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        stack = Stack(node.bootstrap_servers, url, folder, county, "bench.", nobody, nobody, extra=installed)
        stack_of.push_async_callback(stack.close)
        await stack.prepare()
        await stack.start("directory")
        live = LiveDirectory(stack.database)
        await stack.until(live.refresh, "the directory is in the store")
        made = World(stack, live.snapshot())
        await until_zero(lambda: made.unpublished("directory/"), "records of the directory in the outbox", 60.0)
        await stack.stop("directory")
        yield made


def _county() -> str:
    schools = "".join(
        f"  - {{id: school-{n}, name: School {n}, kind: school, parent: district-1, township: township-1}}\n"
        for n in range(1, SCHOOLS + 1)
    )
    people = "".join(
        f"  - {{id: {role}-{n}, name: Somebody {n}, unit: school-{n}, roles: [{role}], "
        f'contacts: [{{sms: "+12025550{100 + n % 100}"}}, {{email: {role}-{n}@example.org}}]}}\n'
        for n in range(1, SCHOOLS + 1)
        for role in ("principal", "deputy_principal")
    )
    return f"{_HEAD}{schools}people:\n{_CHAIN}{people}"
