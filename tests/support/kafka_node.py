"""A real Apache Kafka for tests: the local node by Maven, or a container where a Docker engine runs."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from services.broker.apache import ApacheKafka
from services.broker.server_properties import ExtraListener

ROOT = Path(__file__).resolve().parents[2]
LIBS = Path(os.environ.get("TOCSIN_TEST_KAFKA_LIBS", ROOT / "var" / "kafka" / "libs"))


@asynccontextmanager
async def kafka_node(folder: Path, listeners: Sequence[ExtraListener] = ()) -> AsyncIterator[ApacheKafka]:
    """Run a node, and kill it at the end whatever happened."""
    node = ApacheKafka(folder, libs_dir=LIBS, extra_listeners=listeners)
    try:
        await node.start()
        yield node
    finally:
        await node.kill()
