"""An incident filed while very many deadlines fall due: where it waits on its way to the provider, stage by stage.

The whole road is up: intake, escalation, notifier, with the local outbox as the provider. Incidents are filed at a
steady pace before the cut-off (quiet) and for a minute after it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select

from services.runtime.tables import inbox
from tests.bench.figures import Figures
from tests.bench.scale.log import Log, Mark
from tests.bench.scale.world import SCHOOLS, World

FILED_PER_SECOND = 4.0
QUIET_SECONDS = 15.0
START_SECONDS = 15.0
BUSY_SECONDS = 60.0
LAST_SECONDS = 5.0
"""For the last incident to arrive."""
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
    await world.refill([(cut_off, (f"rush-{world.run}-{number}" for number in range(count)))])
    await stack.start("notifier", "escalation", "intake")
    await asyncio.sleep((cut_off - stack.clock.now()).total_seconds() - QUIET_SECONDS)
    quiet, busy = dict[str, Way](), dict[str, Way]()
    await _file(world, quiet, QUIET_SECONDS - 2)
    await asyncio.sleep(max(0.0, (cut_off - stack.clock.now()).total_seconds()))
    begun = time.time()
    filing = asyncio.create_task(_file(world, busy, BUSY_SECONDS))
    fired = ""
    while not filing.done():
        if not fired and not await world.overdue(cut_off):
            fired = f"fired in {time.time() - begun:.1f} s"
        await asyncio.sleep(0.5)
    await filing
    left = await world.overdue(cut_off)
    await asyncio.sleep(LAST_SECONDS)
    waiting = await world.unpublished()
    for name in ("intake", "escalation", "notifier"):
        await stack.stop(name)
    sizes = {name: len([0 async for _ in log.since(marks[name])]) for name, log in logs.items()}
    await _find_on_topics(logs, marks, quiet | busy)
    await _find_in_inboxes(world, quiet | busy)
    fired = fired or f"{left:,} not fired after {BUSY_SECONDS:.0f} s"
    done = f"{f'cut-off of {count:,}, the whole road up':<58} {fired}; "
    done += f"{', '.join(f'{sizes[name]:,} {name}' for name in TOPICS)}; {waiting:,} records wait in the outbox"
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


async def _find_on_topics(logs: dict[str, Log], marks: dict[str, Mark], ways: dict[str, Way]) -> None:
    """Note when each incident came on each topic."""
    async for record in logs["incidents"].since(marks["incidents"]):
        way = ways.get(record.key.decode())
        if way is not None and not way.event_id:
            way.event_id, way.at["fact"] = dict(record.headers)["ce_id"].decode(), record.timestamp / 1000
    async for record in logs["escalations"].since(marks["escalations"]):
        if (way := ways.get(record.key.decode())) is not None:
            way.at.setdefault("entry", record.timestamp / 1000)
    async for record in logs["notifications"].since(marks["notifications"]):
        body = orjson.loads(record.value)
        way = ways.get(body["case_id"])
        if way is not None and not way.request_id and body["lane"] == "escalation":
            way.request_id, way.at["asked"] = body["notification_id"], record.timestamp / 1000
    asked = {way.request_id: way for way in ways.values()}
    async for record in logs["deliveries"].since(marks["deliveries"]):
        if (way := asked.get(record.key.decode())) is not None:
            body = orjson.loads(record.value)
            way.at.setdefault(body["state"], datetime.fromisoformat(body["at"]).timestamp())


async def _find_in_inboxes(world: World, ways: dict[str, Way]) -> None:
    """Note when each incident's records were taken up by the services that read them."""
    facts = {("escalation", way.event_id): way for way in ways.values()}
    requests = {("notifier", way.request_id): way for way in ways.values()}
    statement = select(inbox.c.consumer, inbox.c.event_id, inbox.c.handled_at)
    async with world.stack.database.reading() as connection:
        for row in await connection.execute(statement):
            place, at = (row.consumer, row.event_id), row.handled_at.timestamp()
            if place in facts:
                facts[place].at["judged"] = at
            elif place in requests:
                requests[place].at["taken"] = at
