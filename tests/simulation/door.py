"""The intake's door, for people: a fact is accepted once it is stored, and a repeat of it gets the first answer.

What HTTP does around it is left out. A client whose intake dies does not know what became of the
request, and asks again.
"""

import asyncio
from contextvars import copy_context

from events.base import CaseFact
from events.codec import encode
from events.petition import PetitionFiled
from events.registry import MODELS
from services.intake.body import content_hash
from services.intake.main import LANES
from services.intake.rows import SOURCE, Keyed, remember
from services.runtime.outbox_rows import Outgoing
from services.runtime.process import Process
from tests.simulation.virtual_time import LIFE
from tests.simulation.workers import Worker

PATIENCE_SECONDS = 8.0


async def accept(worker: Worker, topic: str, event_id: str, fact: CaseFact) -> CaseFact | None:
    """Return the fact as the intake took it, or None when the client must ask again."""
    process, life = worker.process, worker.life
    if process is None or life is None or not life.alive:
        return None
    context = copy_context()
    context.run(LIFE.set, life)
    asking = asyncio.get_running_loop().create_task(_store(process, topic, event_id, fact), context=context)
    done, _ = await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
    if not done or asking.exception() is not None:
        return None
    return asking.result()


async def _store(process: Process, topic: str, event_id: str, fact: CaseFact) -> CaseFact:
    stamped = fact.model_copy(update={"received_at": process.clock.now()})
    answer = stamped.model_dump_json()
    lane = f"{LANES}{process.settings.worker_id}"
    async with process.store.transaction() as unit:
        keyed = Keyed("somebody", event_id, content_hash([event_id]))
        earlier = await remember(unit, keyed, answer, stamped.received_at)
        if earlier is not None:
            found = MODELS[fact.TYPE].model_validate_json(earlier)
            assert isinstance(found, CaseFact)
            return found
        record = encode(
            stamped, event_id=event_id, key=fact.case_id, source=SOURCE, time=stamped.received_at, event_type=fact.TYPE
        )
        await unit.append([(lane, Outgoing(process.settings.topic(topic), record))])
    process.relay.wake()
    return stamped


def topic_of(fact: CaseFact, *, petition: bool) -> str:
    """Return the topic that a fact about a case goes to."""
    return "petitions" if petition or isinstance(fact, PetitionFiled) else "incidents"
