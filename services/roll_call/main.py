"""Wires the roll-call service: answers from the bus, the chase, and the cases that answers must agree with."""

import os

from escalation_policies.roll_call.loader import SCHEDULES, Schedules, load_schedules
from services.roll_call.case_watch import CaseWatch
from services.roll_call.caught_up import CaughtUp
from services.roll_call.consumer import RollCallConsumer
from services.roll_call.opening import Opening
from services.roll_call.plan import Plan
from services.roll_call.rolls import Rolls
from services.roll_call.steps import Steps
from services.roll_call.timers import Timers
from services.runtime.bus import Pace
from services.runtime.keeper import Keeper
from services.runtime.open_calls import OpenCalls
from services.runtime.process import Process, run_process
from services.runtime.reading import read_bus
from services.runtime.secret_key import secret_key
from services.runtime.settings import Settings
from services.runtime.stream_app import FaustEngine

PACE = Pace(most_records=500, unit_seconds=0.2)
"""Nobody waits for an answer to be judged, and steps wait for all of them: large units cost less."""

BEHIND = 15
"""How much less of a busy processor it asks for than the services of incidents (nice, 0-19): at a cut-off it has work
for many seconds, and none of it is as urgent as one report."""


async def prepare(process: Process, schedules: Schedules | None = None) -> None:
    """Add the roll-call service's parts to ``process``; without ``schedules``, those of the settings."""
    settings, store, clock, key = process.settings, process.store, process.clock, secret_key(process.settings)
    schedules = schedules or load_schedules(settings.schedules or SCHEDULES)
    directory, wake = process.directory.snapshot, process.relay.wake
    keeper = Keeper(process.ownership, "roll_call/", settings.lease_seconds)
    calls, rolls, plan = OpenCalls(process.database, schedules, directory), Rolls(directory), Plan()
    opening = Opening(settings, store, clock, directory, schedules, calls, rolls, key, wake)
    steps = Steps(settings, store, clock, directory, calls, rolls, plan, key, keeper.owned.get, wake)
    engine = process.bus.engine or FaustEngine(settings, process.bootstrap)
    caught_up = CaughtUp(engine, store, process.watch, RollCallConsumer.name, settings.topic("zero-reports"))
    timers = Timers(process.database, clock, calls, plan, opening, steps, caught_up, keeper)
    consumer = RollCallConsumer(
        settings,
        clock,
        directory,
        schedules,
        calls,
        key,
        wake,
        claimed=timers.claimed,
        lost=timers.lost,
        changed=timers.look_again,
    )
    watch = CaseWatch(settings, store, directory, schedules, lambda: list(keeper.owned.values()), wake)
    process.keep(keeper)
    read_bus(process, consumer, keeper, timers.give_way, PACE)
    process.add("timers", timers.run())
    process.add("cases", watch.run())
    process.add_shared()


async def serve(settings: Settings) -> None:
    """Run the roll-call service until stopped."""
    os.nice(BEHIND)
    await run_process("roll_call", settings, prepare)
