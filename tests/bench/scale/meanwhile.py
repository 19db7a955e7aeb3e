"""An incident filed while very many deadlines fall due: where it waits on its way to the provider, stage by stage.

The whole road is up: intake, escalation, notifier, with the local outbox as the provider. Incidents are filed at a
steady pace before the cut-off (quiet) and after it, until everything that the cut-off caused was handed over.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select

from services.runtime.tables import inbox
from tests.bench.figures import Figures
from tests.bench.scale.log import Log, Mark
from tests.bench.scale.world import SCHOOLS, World, until_zero

FILED_PER_SECOND = 4.0
QUIET_SECONDS = 15.0
START_SECONDS = 15.0
PATIENCE_SECONDS = 1_800.0
TOPICS = ("incidents", "escalations", "notifications", "deliveries")
LOCAL = dict.fromkeys(("TOCSIN_TWILIO_ACCOUNT_SID", "TOCSIN_TWILIO_AUTH_TOKEN", "TOCSIN_TWILIO_FROM"), "")


@dataclass
class Way:
    """When one incident passed each stage, in seconds since 1970."""

    posted: float
    accepted: float = 0.0
    event_id: str = ""
    request_id: str = ""
    at: dict[str, float] = field(default_factory=dict)


STAGES = (
    ("POST → accepted", "posted", "accepted"),
    ("accepted → its record on the bus", "accepted", "fact"),
    ("→ read by the escalation", "fact", "judged"),
    ("→ its entry on the bus", "judged", "entry"),
    ("→ its first message asked for on the bus", "judged", "asked"),
    ("→ read by the notifier", "asked", "taken"),
    ("→ a try begins", "taken", "attempted"),
    ("→ handed over", "attempted", "handed-over"),
    ("POST → handed over, the whole way", "posted", "handed-over"),
)


async def measure_meanwhile(world: World, count: int) -> list[str]:
    """Return the stages of the way for incidents filed before and during a cut-off of ``count`` deadlines."""
    stack = world.stack
    await stack.stop("escalation")
    stack.extra |= {**LOCAL, "TOCSIN_SMTP_HOST": ""}
    logs = {name: Log(stack.kafka, stack.prefix + name) for name in TOPICS}
    marks = {name: await log.mark() for name, log in logs.items()}
    cut_off = stack.clock.now() + timedelta(seconds=START_SECONDS + QUIET_SECONDS + count / 4_000)
    await world.refill([(cut_off, (f"rush-{count}-{number}" for number in range(count)))])
    await stack.start("notifier", "escalation", "intake")
    ahead = (cut_off - stack.clock.now()).total_seconds()
    await asyncio.sleep(max(0.0, ahead - QUIET_SECONDS))
    quiet, busy = dict[str, Way](), dict[str, Way]()
    await _file(world, quiet, QUIET_SECONDS - 2)
    await asyncio.sleep(max(0.0, (cut_off - stack.clock.now()).total_seconds()))
    begun = time.monotonic()
    filing = asyncio.create_task(_file(world, busy, PATIENCE_SECONDS))
    try:
        fired = await until_zero(lambda: world.overdue(cut_off), "deadlines not fired", PATIENCE_SECONDS, 0.5) - begun
        published = await until_zero(world.unpublished, "records in the outbox", PATIENCE_SECONDS, 0.5) - begun
    finally:
        filing.cancel()
        await asyncio.gather(filing, return_exceptions=True)
    await asyncio.sleep(2)
    await until_zero(world.unpublished, "records in the outbox", PATIENCE_SECONDS, 0.5)
    await stack.stop("intake")
    await stack.stop("notifier")
    sizes = await _follow(world, logs, marks, quiet | busy)
    done = (
        f"{f'cut-off of {count:,}, whole road up':<58} committed in {fired:.1f} s, all on the bus in {published:.1f} s"
    )
    done += f" ({', '.join(f'{sizes[name]:,} {name}' for name in TOPICS)})"
    return [done, *_lines("quiet", quiet), *_lines("during", busy)]


def _lines(when: str, ways: dict[str, Way]) -> list[str]:
    arrived = [way for way in ways.values() if "handed-over" in way.at]
    lines = [f"{when}: {len(ways)} incidents filed, {len(arrived)} handed over"]
    for name, since, until in STAGES:
        spans = [way.at[until] - way.at[since] for way in ways.values() if since in way.at and until in way.at]
        if spans:
            lines.append(Figures.of(f"{when}: {name}", spans).line())
    return lines


async def _file(world: World, ways: dict[str, Way], seconds: float) -> None:
    """File incidents at a steady pace."""

    async def one(number: int) -> None:
        at = time.time()
        case_id = await world.stack.file(school_id=f"school-{1 + number % SCHOOLS}", place=f"room {number}")
        ways[case_id] = Way(at, at={"posted": at, "accepted": time.time()})

    begun, number = time.monotonic(), 0
    async with asyncio.TaskGroup() as tasks:
        while time.monotonic() < begun + seconds:
            tasks.create_task(one(number))
            number += 1
            await asyncio.sleep(max(0.0, begun + number / FILED_PER_SECOND - time.monotonic()))


async def _follow(world: World, logs: dict[str, Log], marks: dict[str, Mark], ways: dict[str, Way]) -> Counter[str]:
    """Find each incident on the topics and in the inboxes; return how many records each topic got."""
    sizes: Counter[str] = Counter()
    asked: dict[str, Way] = {}
    for name in TOPICS:
        async for record in logs[name].since(marks[name]):
            sizes[name] += 1
            at = record.timestamp / 1000
            if name in {"incidents", "escalations"}:
                way = ways.get(record.key.decode())
                if way is None:
                    continue
                if name == "incidents" and not way.event_id:
                    way.event_id, way.at["fact"] = dict(record.headers)["ce_id"].decode(), at
                elif name == "escalations":
                    way.at.setdefault("entry", at)
            elif name == "notifications":
                body = orjson.loads(record.value)
                way = ways.get(body["case_id"])
                if way is not None and not way.request_id and body["lane"] == "escalation":
                    way.request_id, way.at["asked"] = body["notification_id"], at
                    asked[way.request_id] = way
            elif (way := asked.get(record.key.decode())) is not None:
                body = orjson.loads(record.value)
                way.at.setdefault(body["state"], datetime.fromisoformat(body["at"]).timestamp())
    by_event = {way.event_id: way for way in ways.values()}
    statement = select(inbox.c.consumer, inbox.c.event_id, inbox.c.handled_at)
    async with world.stack.database.reading() as connection:
        for row in await connection.execute(statement):
            if row.consumer == "escalation" and row.event_id in by_event:
                by_event[row.event_id].at["judged"] = row.handled_at.timestamp()
            elif row.consumer == "notifier" and row.event_id in asked:
                asked[row.event_id].at["taken"] = row.handled_at.timestamp()
    return sizes
