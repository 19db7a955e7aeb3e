"""Wires the escalation service: the Faust app inside our process, the timers, the journal's topic."""

from datetime import timedelta

from escalation_policies.loader import LIBRARY, PolicyLibrary, load_library
from escalation_policies.reachability_plan import PLAN, load_plan
from services.escalation.consumer import EscalationConsumer
from services.escalation.gatherings import Gatherings
from services.escalation.journal_topic import JournalTopic
from services.escalation.reachability import Reachability
from services.escalation.timers import Timers
from services.runtime.keeper import Keeper
from services.runtime.process import Process, run_process
from services.runtime.reading import read_bus
from services.runtime.secret_key import secret_key
from services.runtime.settings import Settings


async def prepare(process: Process, policies: PolicyLibrary | None = None) -> None:
    """Add the escalation service's parts to ``process``; without ``policies``, those of the settings."""
    settings = process.settings
    policies = policies or load_library(settings.policies or LIBRARY)
    keeper = Keeper(process.ownership, "escalation/", settings.lease_seconds)
    timers = Timers(process.store, process.clock, timedelta(seconds=settings.horizon_seconds))
    consumer = EscalationConsumer(
        settings,
        process.store,
        process.clock,
        process.directory.snapshot,
        policies,
        secret_key(settings),
        timers,
        keeper.owned.get,
        process.relay.wake,
    )
    process.keep(keeper)
    read_bus(process, consumer, keeper, timers.give_way)
    past = JournalTopic(settings, process.store, process.watch, lambda: list(keeper.owned.values()), process.relay.wake)
    gatherings = Gatherings(
        settings,
        process.store,
        process.clock,
        process.directory.snapshot,
        policies,
        lambda: keeper.owned.get("escalation/0"),
        process.relay.wake,
    )
    reachability = Reachability(
        settings,
        process.store,
        process.clock,
        process.directory.snapshot,
        load_plan(settings.reachability or PLAN),
        secret_key(settings),
        lambda: keeper.owned.get("escalation/0"),
        process.relay.wake,
    )
    process.add("gatherings", gatherings.run())
    process.add("reachability", reachability.run())
    process.add("timers", timers.run(consumer.fire, keeper.drop))
    process.add("journal", past.run())
    process.add_shared()


async def serve(settings: Settings) -> None:
    """Run the escalation service until stopped."""
    await run_process("escalation", settings, prepare)
