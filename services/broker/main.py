"""Starts the message broker that Tocsin was told to use, or the best one this machine offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from services.broker.apache import ApacheKafka
from services.broker.choice import BrokerKind, choose
from services.broker.embedded import EmbeddedBroker, find_embedded
from services.broker.errors import BrokerError, JarFetchError
from services.broker.jars import JarCache
from services.broker.java import find_java, find_maven
from services.broker.local_broker import LocalBroker
from services.broker.probe import answers

Progress = Callable[[str], None]


class RunningBroker(Protocol):
    """A broker that clients can use now."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port[,host:port]` for clients."""

    @property
    def description(self) -> str:
        """Which broker this is, in one line for a person."""

    async def stop(self) -> None:
        """End it if it is ours; a broker that was there before stays."""

    async def healthy(self) -> bool:
        """Whether it serves clients now."""


class ExternalBroker:
    """A Kafka that somebody else runs; it is only asked how it is, never started or stopped."""

    def __init__(self, bootstrap_servers: str) -> None:
        """`bootstrap_servers` is `host:port`, or several of them with commas between."""
        self._bootstrap_servers = bootstrap_servers

    @property
    def bootstrap_servers(self) -> str:
        """As configured."""
        return self._bootstrap_servers

    @property
    def description(self) -> str:
        """Where it is."""
        return f"external Kafka at {self._bootstrap_servers}"

    async def stop(self) -> None:
        """Nothing: it is not ours."""

    async def healthy(self) -> bool:
        """Whether it serves clients now."""
        return await answers(self._bootstrap_servers)


async def start_broker(
    kind: BrokerKind,
    bootstrap_servers: str | None,
    data_dir: Path,
    port: int = 0,
    on_progress: Progress = print,
) -> RunningBroker:
    """Choose a broker, start it if it is a local one, and return it when it serves clients.

    `port` is that of a local broker on loopback (0 chooses one and remembers it). `on_progress` gets sentences for a
    person, also later, when a local broker died and was started again. An external broker that does not answer is
    reported and returned all the same: the services wait for it.

    Call it from the main thread. Raises BrokerError whose text says what is missing and how to get it.
    """
    choice = choose(kind, bootstrap_servers, _works(find_java), _can_have_jars(data_dir), _works(find_embedded))
    on_progress(choice.reason)
    if choice.kind == "external":
        return await _external((bootstrap_servers or "").strip(), on_progress)
    if choice.kind == "embedded":
        return await _embedded(data_dir, port, on_progress)
    try:
        return await _apache(data_dir, port, on_progress)
    except JarFetchError as error:
        if kind != "auto" or not _works(find_embedded):
            raise
        on_progress(f"{error}\nusing the embedded broker instead, for trying out only")
        return await _embedded(data_dir, port, on_progress)


async def _external(bootstrap_servers: str, on_progress: Progress) -> RunningBroker:
    broker = ExternalBroker(bootstrap_servers)
    if not await broker.healthy():
        on_progress(
            f"the Kafka at {bootstrap_servers} does not answer; the services will wait for it. "
            "If it should be there, check the address and that it serves clients without TLS or a password"
        )
    return broker


async def _apache(data_dir: Path, port: int, on_progress: Progress) -> RunningBroker:
    node = ApacheKafka(data_dir, port=port, on_progress=on_progress)
    on_progress("starting Apache Kafka (some seconds)")
    await node.start()
    return LocalBroker(node, on_progress)


async def _embedded(data_dir: Path, port: int, on_progress: Progress) -> RunningBroker:
    node = EmbeddedBroker(data_dir, port=port)
    await node.start()
    return LocalBroker(node, on_progress)


def _works(find: Callable[[], Path]) -> bool:
    try:
        find()
    except BrokerError:
        return False
    return True


def _can_have_jars(data_dir: Path) -> bool:
    return JarCache(data_dir / "kafka" / "libs").is_complete() or _works(find_maven)
