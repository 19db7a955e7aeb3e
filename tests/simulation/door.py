"""The intake's door, for people: a fact is accepted once it is stored, and a repeat of it gets the first answer.

A client whose intake dies does not know what became of the request, and asks again.
"""

from events.base import CaseFact
from events.petition import PetitionFiled
from events.registry import MODELS
from events.topics import TopicName
from services.intake.body import content_hash
from services.intake.deps import Deps
from services.intake.rows import Keyed, append_fact, remember
from tests.simulation.desk import ask
from tests.simulation.workers import Worker


async def accept(worker: Worker, topic: TopicName, event_id: str, fact: CaseFact) -> CaseFact | None:
    """Return the fact as the intake took it, or None when the client must ask again."""
    return await ask(worker, lambda deps, _: _store(deps, topic, event_id, fact))


async def _store(deps: Deps, topic: TopicName, event_id: str, fact: CaseFact) -> CaseFact:
    stamped = fact.model_copy(update={"received_at": deps.clock.now()})
    async with deps.store.transaction() as unit:
        keyed = Keyed("somebody", event_id, content_hash([event_id]))
        earlier = await remember(unit, keyed, stamped.model_dump_json(), stamped.received_at)
        if earlier is not None:
            found = MODELS[fact.TYPE].model_validate_json(earlier)
            assert isinstance(found, CaseFact)
            return found
        await append_fact(deps, unit, stamped, event_id, family="petition" if topic == "petitions" else "incident")
    deps.wake()
    return stamped


def topic_of(fact: CaseFact, *, petition: bool) -> TopicName:
    """Return the topic that a fact about a case goes to."""
    return "petitions" if petition or isinstance(fact, PetitionFiled) else "incidents"
