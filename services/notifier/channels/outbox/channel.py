"""The local outbox: where messages go when no provider is configured, so that a trial shows what would be sent.

One JSON line a message. The file holds addresses and texts, so only its owner may read it. It is flushed but not
fsynced: a power cut may lose the last lines of a trial, and the delivery records still say what was handed over.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TextIO

import structlog

from services.notifier.channels.base import Handed, Message, TryLater

PROVIDER = "local-outbox"
_log = structlog.get_logger(__name__)


class OutboxChannel:
    """Appends messages to a file. Several channels and processes may share it: each line is one append."""

    provider = PROVIDER
    limit = 64

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._file: TextIO | None = None
        self._kept: frozenset[str] | None = None

    async def send(self, message: Message) -> Handed:
        """Append the message. Raises TryLater when the disk refuses."""
        try:
            self._append(message)
        except OSError as error:
            raise TryLater(f"the local outbox cannot be written: {error.strerror}") from error
        _log.info(
            "notification.kept_locally",
            notification_id=message.notification_id,
            channel=self.name,
            template=message.template,
        )
        return Handed(message.notification_id)

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Return the message if a process before this one kept it."""
        del since
        if self._kept is None:
            self._kept = self._read()
        return Handed(message.notification_id) if message.notification_id in self._kept else None

    async def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, message: Message) -> None:
        line = {
            "at": message.composed_at.isoformat(),
            "notification_id": message.notification_id,
            "case_id": message.case_id,
            "channel": self.name,
            "to": message.address,
            "template": message.template,
            "exercise": message.exercise,
            "subject": message.subject or None,
            "text": message.text,
        }
        if self._file is None:
            self._file = self._open()
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def _open(self) -> TextIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def _read(self) -> frozenset[str]:
        """Return the ids in the file. Read once: what this process keeps itself, it never has to look up."""
        try:
            with self._path.open(encoding="utf-8") as file:
                return frozenset(filter(None, map(_id_of, file)))
        except FileNotFoundError:
            return frozenset()


def _id_of(line: str) -> str | None:
    """Return the id of one line; a line cut by a crash has none."""
    try:
        found = json.loads(line)["notification_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(found)
