"""Messages to a group's chat, through apprise: WeCom, DingTalk, Feishu and the rest (docs/chat.md)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from services.notifier.channels.base import Handed, Message, OutcomeUnknown, Refused
from services.notifier.channels.chat.errors import NOT_KNOWN, NOT_TAKEN
from services.notifier.channels.chat.lines import Lines
from services.notifier.channels.chat.plugins import Send, sender_of
from services.notifier.channels.http_road import CONNECTIONS
from services.notifier.channels.receivers import Receivers
from services.runtime.errors import SettingsError

LINE_SHARE = 0.25
"""Waiting for a line may take this share of the time-out, so that who gets none knows that nothing was sent."""


class Chat:
    """Sends to targets by name. ``addresses`` are apprise's, and secret: no error and no log line has one."""

    name = "chat"
    provider = "apprise"
    limit = CONNECTIONS

    def __init__(self, addresses: Mapping[str, str], timeout_seconds: float) -> None:
        """Make sure that apprise can use each address.

        Raises:
            SettingsError: it cannot; the target is named.
        """
        self._timeout = timeout_seconds
        self._senders: dict[str, Send] = {}
        faults = []
        for name, address in addresses.items():
            try:
                self._senders[name] = sender_of(address, timeout_seconds * (1 - LINE_SHARE))
            except ValueError as error:
                faults.append(f"TOCSIN_CHAT_TARGETS: {name}: {error}")
        if faults:
            raise SettingsError(faults)
        self._receivers = Receivers()
        self._lines: Lines | None = None

    async def send(self, message: Message) -> Handed:
        """Hand the message over.

        Raises:
            Refused: there is no such target.
            TryLater: it was not asked, because it works on others.
            OutcomeUnknown: apprise says that something went wrong, or says nothing (``errors``).
        """
        send = self._senders.get(message.address)
        if send is None:
            raise Refused(NOT_KNOWN)
        with self._receivers.owing(message.address):
            running = self._open().run(message.address, lambda: send(message.text))
            try:
                async with asyncio.timeout(self._timeout):
                    is_taken = await running
            except TimeoutError as error:
                raise OutcomeUnknown(NOT_TAKEN, of_recipient=True) from error
            if not is_taken:
                raise OutcomeUnknown(NOT_TAKEN, of_recipient=True)
        return Handed(None)

    async def find(self, message: Message, since: datetime) -> None:
        """Find nothing: no chat can be asked. Whoever reads it twice was worth it."""
        del message, since

    async def close(self) -> None:
        """Begin no more calls."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _open(self) -> Lines:
        """Return the lines; they belong to the loop they are first used in."""
        if self._lines is None:
            self._lines = Lines(self._timeout * LINE_SHARE)
        return self._lines
