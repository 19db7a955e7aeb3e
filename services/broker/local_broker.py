"""Keeps a local broker alive: one that dies is started again on its port, and a person is told."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Callable
from typing import Protocol

import structlog

from services.broker.errors import BrokerError
from services.broker.probe import answers

LOOK_EVERY_SECONDS = 0.3
LONGEST_PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class BrokerNode(Protocol):
    """What a local broker offers: ApacheKafka and EmbeddedBroker."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""

    @property
    def description(self) -> str:
        """One line for a person."""

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""

    async def start(self) -> None:
        """Start it, or raise BrokerError."""

    async def stop(self) -> None:
        """End it in order."""


class LocalBroker:
    """A running local broker with a watch on it."""

    def __init__(self, node: BrokerNode, on_progress: Callable[[str], None]) -> None:
        """`node` has been started. Create this inside a running event loop: the watch begins at once."""
        self._node = node
        self._on_progress = on_progress
        self._watch = asyncio.create_task(self._keep_alive(), name="broker-watch")

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients; the same after every restart."""
        return self._node.bootstrap_servers

    @property
    def description(self) -> str:
        """Which broker this is and where its files are, for a person."""
        return self._node.description

    async def healthy(self) -> bool:
        """Whether it runs and serves clients now."""
        return self._node.is_running and await answers(self.bootstrap_servers)

    async def stop(self) -> None:
        """End the watch, then the broker in order."""
        self._watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watch
        await self._node.stop()

    async def _keep_alive(self) -> None:
        pause = LOOK_EVERY_SECONDS
        while True:
            await asyncio.sleep(pause)
            if self._node.is_running:
                pause = LOOK_EVERY_SECONDS
                continue
            log.error("broker.exited")
            self._on_progress("the broker ended unexpectedly; starting it again")
            try:
                await self._node.start()
                self._on_progress("the broker is back")
            except (BrokerError, OSError, subprocess.SubprocessError) as error:
                pause = min(LONGEST_PAUSE_SECONDS, max(1.0, pause * 2))
                self._on_progress(f"the broker did not start; next try in {pause:.0f} s. {error}")
