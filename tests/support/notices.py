"""Requests for notifications, a directory that knows their contacts, and a channel that does as a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.directory import ContactAddress, PersonRecorded
from events.notification import NotificationRequested
from services.notifier.channels.base import ChannelError, Handed, Message

START = datetime(2026, 3, 2, 6, 20, tzinfo=UTC)
PHONE, MAILBOX = "+8613800000001", "head@school.example"


def requested(**changes: Any) -> NotificationRequested:
    """Return a request for an SMS to the principal, changed as told; of a petition when the template is one's."""
    petition = {"family": "petition", "kind": "petition-fees", "receipt": "4821-0937-7525"}
    fields: dict[str, Any] = {
        "case_id": "case-1",
        "received_at": START,
        "notification_id": "notice-1",
        "clock": "report_to_principal",
        "step": "told",
        "level": "principal",
        "person_id": "person-1",
        "contact_id": "person-1:sms",
        "channel": "sms",
        "lane": "escalation",
        "template": "incident_alert",
        "language": "zh",
        "timezone": "Asia/Shanghai",
        "kind": "fire",
        "severity": "III",
        "school_id": "school-1",
        "school_name": "阳光县第一中心小学",
        "place": "三楼化学实验室",
        "summary": "学生张小明手部烧伤",
        "started_at": START,
        "deadline": START + timedelta(minutes=15),
        "code": "K7Q2MX",
    }
    told_of = petition if str(changes.get("template", "")).startswith("petition_") else {}
    return NotificationRequested(**{**fields, **told_of, **changes})


def contact(contact_id: str) -> tuple[PersonRecorded, ContactAddress] | None:
    """Find ``<person>:sms`` and ``<person>:email`` of anybody; other contacts are unknown."""
    person_id, _, channel = contact_id.partition(":")
    if channel == "sms":
        address = ContactAddress(contact_id=contact_id, channel="sms", address=PHONE)
    elif channel == "email":
        address = ContactAddress(contact_id=contact_id, channel="email", address=MAILBOX)
    else:
        return None
    return PersonRecorded(person_id=person_id, name="Li Ming", unit_id="school-1", contacts=(address,)), address


def message(**changes: Any) -> Message:
    """Return a rendered message, changed as told."""
    fields: dict[str, Any] = {
        "notification_id": "notice-1",
        "case_id": "case-1",
        "address": PHONE,
        "template": "incident_alert",
        "exercise": False,
        "composed_at": START,
        "text": "较大火灾：阳光县第一中心小学。请14:35前确认，确认码K7Q2MX",
    }
    return Message(**{**fields, **changes})


async def taken(message: Message) -> Handed:
    """Take a message at once."""
    return Handed(f"id-of-{message.notification_id}")


async def silent(message: Message) -> Handed:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError(message)


def failing(error: Exception) -> Callable[[Message], Awaitable[Handed]]:
    """Fail with this error."""

    async def fail(message: Message) -> Handed:
        raise error

    return fail


async def failure_of(call: Awaitable[object]) -> ChannelError:
    """Return what a call failed with, which must not repeat the address."""
    with pytest.raises(ChannelError) as caught:
        await call
    assert PHONE[4:] not in caught.value.reason
    assert MAILBOX not in caught.value.reason
    return caught.value


class ScriptedChannel:
    """A channel whose next sends go as ``script`` says, one entry each, and well after that."""

    def __init__(
        self,
        name: str = "sms",
        script: list[Callable[[Message], Awaitable[Handed]]] | None = None,
        *,
        limit: int = 64,
        provider: str = "scripted",
        has: Callable[[Message], Handed | None] = lambda _: None,
    ) -> None:
        self.name = name
        self.provider = provider
        self.limit = limit
        self.script = script or []
        self.sent: list[str] = []
        self.looked_up: list[str] = []
        self._has = has

    async def send(self, message: Message) -> Handed:
        self.sent.append(message.notification_id)
        step = self.script.pop(0) if self.script else taken
        return await step(message)

    async def find(self, message: Message, since: datetime) -> Handed | None:
        del since
        self.looked_up.append(message.notification_id)
        return self._has(message)

    async def close(self) -> None:
        return None
