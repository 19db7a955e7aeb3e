"""Wires the directory service: follows one YAML file, keeps the store's directory equal to it, publishes changes.

A file with mistakes changes nothing: every mistake is logged with its line, and the last good directory stays. The
file is read again when it changes and every day, because weekly rosters are expanded 28 days ahead.
"""

import asyncio
from pathlib import Path

import structlog

from services.directory.loader import DirectoryErrors, load_directory
from services.directory.publishing import LANE, store_directory
from services.runtime.keeper import Keeper
from services.runtime.outages import through_outages
from services.runtime.process import Process, run_process
from services.runtime.remembered_facts import recall, remember
from services.runtime.settings import Settings

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 86_400.0


class DirectoryFile:
    """The file that is followed."""

    def __init__(self, process: Process, path: Path) -> None:
        self._process = process
        self._path = path
        self._topic = process.settings.topic("directory")
        self._read_as: tuple[float, float, str | None] | None = None
        self.stored = False

    async def run(self) -> None:
        """Look for changes every two seconds, for ever."""
        while True:
            await through_outages(self.look, "the last directory stays in force")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Read the file if it changed, if a day went by, or if the topic was recreated."""
        try:
            changed = self._path.stat().st_mtime
        except OSError as error:
            log.error("directory.file_missing", reason=error.strerror, meaning="the last directory stays in force")  # noqa: TRY400 - the reason says it all
            return
        day = self._process.clock.now().timestamp() // AGAIN_SECONDS
        topic_id = self._process.watch.ids.get(self._topic)
        if self._read_as == (changed, day, topic_id):
            return
        await self._read(topic_id)
        self._read_as = (changed, day, topic_id)

    async def _read(self, topic_id: str | None) -> None:
        now = self._process.clock.now()
        try:
            loaded = await asyncio.to_thread(load_directory, self._path, now)
        except DirectoryErrors as found:
            log.error("directory.refused", faults=len(found.errors), meaning="the last directory stays in force")  # noqa: TRY400 - each fault follows
            for fault in found.errors:
                log.error("directory.fault", line=fault.line, path=fault.path, fault=fault.message)  # noqa: TRY400
            return
        for warning in loaded.warnings:
            log.warning("directory.warning", line=warning.line, path=warning.path, warning=warning.message)
        recreated = await self._recreated(topic_id)
        sent = await store_directory(
            self._process.store, self._topic, loaded.units, loaded.people, now, whole=recreated
        )
        self._process.relay.wake()
        self.stored = True
        log.info("directory.stored", units=len(loaded.units), people=len(loaded.people), published=sent)

    async def _recreated(self, topic_id: str | None) -> bool:
        """Tell whether this incarnation of the topic was never given the whole directory, and note that it will be."""
        if topic_id is None:
            return False
        async with self._process.database.writing() as connection:
            known = await recall(connection, "directory_topic")
            if known != topic_id:
                await remember(connection, "directory_topic", topic_id)
        return known not in {None, topic_id}  # the first incarnation gets every entry as it is stored


async def prepare(process: Process) -> None:
    """Add the directory service's parts to ``process``."""
    keeper = Keeper(process.ownership, LANE, process.settings.lease_seconds, only_with_mail=True)
    await keeper.claim(LANE)
    process.keep(keeper)
    if process.settings.directory is None:
        log.warning("directory.unset", meaning="set TOCSIN_DIRECTORY; until then the stored directory is in force")
    else:
        file = DirectoryFile(process, process.settings.directory)
        process.ready_when(lambda: file.stored)
        process.add("file", file.run())
    process.add_shared()


async def serve(settings: Settings) -> None:
    """Run the directory service until stopped."""
    await run_process("directory", settings, prepare)
