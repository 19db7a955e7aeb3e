"""What the bus was told of roll calls, in the order in which it was told, each id once, and when it came home."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.codec import decode
from events.errors import EventError
from events.notification import NotificationCancelled, NotificationRequested
from services.runtime.consumption import event_key
from tests.simulation.machine import Machine
from tests.simulation.virtual_time import VirtualLoop

ROLL_CALL = b"/tocsin/roll_call"


@dataclass(frozen=True, slots=True)
class Homed:
    """When a fact came to the partition that it belongs to: by the services' clock, and by the loop's."""

    at: datetime
    turn: float


class RollCallRecord:
    """Facts by inbox key, and messages by their id. ``mishaps``: when the bus lost or hid facts of roll calls."""

    def __init__(self, loop: VirtualLoop, machine: Machine, facts_on: str, messages_on: str) -> None:
        self._loop = loop
        self._machine = machine
        self._facts_on = facts_on
        self._messages_on = messages_on
        self.facts: dict[str, Any] = {}
        self.homed: dict[str, Homed] = {}
        self.requests: dict[str, NotificationRequested] = {}
        self.cancelled: set[str] = set()
        self.mishaps: list[float] = []

    def note(self, topic: str, headers: Any, value: bytes | None, *, is_home: bool) -> None:
        """Note a record that is written."""
        if topic == self._facts_on:
            self._note_fact(headers, value, is_home=is_home)
        elif topic == self._messages_on and dict(headers).get("ce_source") == ROLL_CALL:
            body = decode(headers, value).body
            if isinstance(body, NotificationRequested):
                self.requests.setdefault(body.notification_id, body)
            elif isinstance(body, NotificationCancelled):
                self.cancelled.add(body.notification_id)

    def note_mishap(self, topic: str | None = None) -> None:
        """Note that the bus is away, or that this topic lost something; without a topic, every one."""
        if topic in {None, self._facts_on}:
            self.mishaps.append(self._loop.time())

    def _note_fact(self, headers: Any, value: bytes | None, *, is_home: bool) -> None:
        try:
            decoded = decode(headers, value)
        except EventError:
            return
        key = event_key(decoded.envelope)
        self.facts.setdefault(key, decoded.body)
        if is_home and key not in self.homed:
            self.homed[key] = Homed(self._machine.clock.now(), self._loop.time())

    def of(self, kind: type) -> Mapping[str, Any]:
        """Return the facts of one kind, by inbox key."""
        return {key: body for key, body in self.facts.items() if isinstance(body, kind)}
