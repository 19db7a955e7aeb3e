"""Watches which incarnation of each topic the broker has, and creates what is missing.

A wiped or recreated topic has a new id. Whoever reads or publishes asks here, so a recreated broker is noticed within
seconds and read from its start.
"""

import asyncio
from collections.abc import Iterable

import structlog

from services.runtime.bus_admin import BusAdmin
from services.runtime.errors import BusAway
from services.runtime.settings import Settings

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 2.0


class TopicWatch:
    """The last known id of each topic, and whether the broker answers."""

    def __init__(self, settings: Settings, admin: BusAdmin) -> None:
        self._settings = settings
        self._admin = admin
        self._names = admin.topic_names()
        self.ids: dict[str, str] = {}
        self.away = True
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Look every two seconds, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def look(self) -> None:
        """Look once. A broker that is away is reported once, not at every look."""
        try:
            if self._settings.create_topics:
                await self._admin.apply_topics()
            found = await self._admin.topic_ids(self._names)
        except BusAway as error:
            if not self.away:
                log.warning("bus.lost", reason=str(error), meaning="clocks go on; records wait in the outbox")
            self.away = True
            self._notify()
            return
        if self.away:
            log.info("bus.reached")
        recreated = sorted(name for name, known in self.ids.items() if name in found and found[name] != known)
        if recreated:
            log.warning("topics.recreated", topics=recreated, meaning="reading them from the start, publishing again")
        if self.away or found != self.ids:
            self.away = False
            self.ids = found
            self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_until_away(self) -> None:
        """Return when the broker does not answer."""
        while not self.away:
            await self._changed.wait()

    async def wait_for(self, names: Iterable[str]) -> dict[str, str]:
        """Return the ids of ``names`` as soon as the broker answers and has all of them."""
        wanted = list(names)
        while self.away or any(name not in self.ids for name in wanted):
            await self._changed.wait()
        return {name: self.ids[name] for name in wanted}

    async def changed_from(self, known: dict[str, str]) -> None:
        """Return when one of these topics has another id than ``known``."""
        while all(self.ids.get(name, topic_id) == topic_id for name, topic_id in known.items()):
            await self._changed.wait()

    async def close(self) -> None:
        """Drop the admin connection."""
        await self._admin.close()
