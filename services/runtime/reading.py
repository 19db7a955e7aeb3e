"""Adds the reading of the bus to a process.

Apart from ``process``, so that a service that only publishes never loads the stream engine.
"""

from services.runtime.bus import BusWorker, GiveWay, Pace
from services.runtime.consumption import Consumer, Consumption
from services.runtime.keeper import Keeper
from services.runtime.process import Process
from services.runtime.stream_app import FaustEngine


def read_bus(
    process: Process,
    consumer: Consumer,
    keeper: Keeper,
    give_way: GiveWay | None = None,
    pace: Pace | None = None,
) -> None:
    """Read the consumer's topics for as long as the process lives; it is ready once partitions were assigned.

    ``give_way`` is awaited before each unit of records: what is more urgent goes first. ``pace``: how much is taken at
    once.
    """
    keeper.listen(consumer)
    consumption = Consumption(process.store, process.clock, consumer)
    engine = process.bus.engine or FaustEngine(process.settings, process.bootstrap)
    worker = BusWorker(
        process.settings, engine, consumer, consumption, process.store, keeper, process.watch, give_way, pace
    )
    process.ready_when(lambda: worker.reading)
    process.add("bus", worker.run())
