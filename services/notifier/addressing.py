"""Whom a notification goes to, resolved at the moment of sending: the directory as it is then (DESIGN §3)."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from events.directory import ContactAddress, PersonRecorded
from events.notification import NotificationRequested
from services.notifier.channels.base import Message, Refused
from services.notifier.rendering import render

ContactLookup = Callable[[str], tuple[PersonRecorded, ContactAddress] | None]
"""Finds a contact by its id: ``DirectorySnapshot.contact`` of the newest snapshot."""


def address_of(request: NotificationRequested, contact: ContactLookup) -> str | None:
    """Return the address to send to, or None when the directory does not know the contact (yet).

    Raises:
        Refused: the contact is no longer what the request meant; sending would reach the wrong person or device.
    """
    found = contact(request.contact_id)
    if found is None:
        return None
    person, address = found
    if person.person_id != request.person_id:
        raise Refused("the contact belongs to another person now: nothing was sent")
    if address.channel != request.channel:
        raise Refused(f"the contact is no longer for {request.channel}, but for {address.channel}: nothing was sent")
    return address.address


def compose(
    request: NotificationRequested,
    address: str,
    now: datetime,
    speed: float = 1.0,
    *,
    templates: Path | None = None,
    link: str | None = None,
) -> Message:
    """Return the message as the channel takes it.

    ``speed`` is the demo clock's: providers know real time alone. ``templates`` is the folder of a site's own, ``link``
    where the message can be answered.
    """
    words = render(request, templates, link)
    return Message(
        notification_id=request.notification_id,
        case_id=request.case_id,
        address=address,
        template=request.template,
        exercise=request.exercise,
        composed_at=now,
        text=words.text,
        subject=words.subject,
        html=words.html,
        lane=request.lane,
        language=request.language,
        valid_seconds=_valid_seconds(request, now, speed),
        parameters=words.parameters,
        about=_about(request),
        deadline=request.deadline,
        asks_acknowledgement=request.asks_acknowledgement,
    )


def _about(request: NotificationRequested) -> dict[str, str]:
    """Return what a program may know of the case: codes alone, nothing that anybody wrote."""
    return {
        "family": request.family,
        "kind": request.kind,
        "severity": request.severity,
        "school_id": request.school_id,
        "clock": request.clock,
        "started_at": request.started_at.isoformat().replace("+00:00", "Z"),
    }


def _valid_seconds(request: NotificationRequested, now: datetime, speed: float) -> int | None:
    """Return the real seconds until the deadline; None when there is none, or it is over: then late beats never."""
    if request.deadline is None or request.deadline <= now:
        return None
    return max(1, int((request.deadline - now).total_seconds() / speed))
