"""Wires the notifier: requests from the bus, the channels that are configured, and the sender between them."""

import random
from collections.abc import Mapping, Sequence

from services.notifier.channels.base import Channel
from services.notifier.channels.choice import build_channels
from services.notifier.consumer import NotifierConsumer
from services.notifier.flagged import count_flagged
from services.notifier.links import link_maker
from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.bus import Pace as ReadingPace
from services.runtime.keeper import Keeper
from services.runtime.process import Process, run_process
from services.runtime.reading import read_bus
from services.runtime.settings import Settings

READING = ReadingPace(short_unit_seconds=0.01)
"""An alert beside bulk waits for the unit of work under way, and each step of its sending for another."""


async def prepare(
    process: Process, channels: Mapping[str, Sequence[Channel]] | None = None, rng: random.Random | None = None
) -> None:
    """Add the notifier's parts to ``process``; without ``channels``, those of the settings."""
    settings = process.settings
    keeper = Keeper(process.ownership, "notifier/", settings.lease_seconds)
    process.keep(keeper)  # before the sender: what ends last lets go of the partitions
    sender = Sender(
        process.store,
        process.clock,
        channels or build_channels(settings),
        lambda contact_id: process.directory.snapshot().contact(contact_id),
        topic=settings.topic,
        rules=SendingRules.of(settings),
        rng=rng or random.Random(),  # noqa: S311 - jitter, not a secret
        link=link_maker(settings),
    )
    await sender.__aenter__()
    process.on_stop.append(lambda: sender.__aexit__(None, None, None))
    consumer = NotifierConsumer(process.store, process.clock, sender, deliveries_topic=settings.topic("deliveries"))
    read_bus(process, consumer, keeper, pace=READING)
    process.add("flagged", count_flagged(process.database, process.directory.snapshot))
    process.add_shared()


async def serve(settings: Settings) -> None:
    """Run the notifier until stopped."""
    await run_process("notifier", settings, prepare)
