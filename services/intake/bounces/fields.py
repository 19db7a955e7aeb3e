"""A delivery status notification, read by its fields (RFC 3464): what happened to each recipient."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from types import MappingProxyType

from events.delivery import DeliveryState
from services.intake.bounces.codes import is_vague, status_in

TYPES = ("message/delivery-status", "message/global-delivery-status")
"""The part that programs read; the second with addresses in any script (RFC 6533)."""

ACTIONS: Mapping[str, DeliveryState] = MappingProxyType(
    {
        "failed": "undelivered",
        "delayed": "delayed",
        "delivered": "delivered",
        "relayed": "sent",
        "expanded": "sent",
    }
)
"""By Action (RFC 3464 §2.3.3). It decides, not the status: who gives up after days of 4.4.1 has failed."""

BY_CLASS: Mapping[str, DeliveryState] = MappingProxyType({"5": "undelivered", "4": "delayed", "2": "delivered"})
"""Where no action is given, by the class of the status."""

MOST_BLOCKS = 50
"""Recipients looked at: one email of ours has one, and an alias may have some."""

_BLANK = re.compile(r"\r?\n[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one recipient. ``words`` are the server's own."""

    state: DeliveryState
    status: str | None
    words: str
    addresses: frozenset[str]


def told_by_fields(message: Message) -> list[Told]:
    """Return what a notification tells; nothing when the email is none."""
    found: list[Told] = []
    for part in message.walk():
        if part.get_content_type() in TYPES:
            blocks = [block for block in _BLANK.split(_text(part)) if block.strip()][: MOST_BLOCKS + 1]
            found += _told(blocks)
    return found


def _told(blocks: list[str]) -> Iterator[Told]:
    for block in blocks:
        fields = HeaderParser().parsestr(block.strip())
        words = " ".join(_value(fields, "Diagnostic-Code").split())
        given = status_in(_value(fields, "Status"))
        status = given if given is not None and not is_vague(given) else _refined(given, words)
        state = ACTIONS.get(_value(fields, "Action").strip().lower()) or BY_CLASS.get((status or " ")[0])
        if state is None or not (status or "Action" in fields):
            continue  # the first block is of the whole message, and says nothing of a recipient
        # Whose mailbox it is in the end: where mail is passed on, the contact's own may be alive.
        address = _address(_value(fields, "Final-Recipient")) or _address(_value(fields, "Original-Recipient"))
        yield Told(state, status, words, frozenset({address} if address else ()))


def _refined(given: str | None, words: str) -> str | None:
    """Return the status of the server's own words, where the field says only the class, or nothing."""
    found = status_in(words)
    if given is None:
        return found
    return found if found is not None and found[0] == given[0] else given


def _value(fields: Message, name: str) -> str:
    return str(fields.get(name, ""))


def _address(value: str) -> str | None:
    """Return the address of ``rfc822; head@school.example``."""
    found = value.rpartition(";")[2].strip().strip("<>").lower()
    return found if "@" in found else None


def _text(part: Message) -> str:
    """Return the fields as text. The parser reads them as headers, whatever encoding they came in."""
    raw = part.as_bytes().partition(b"\n\n")[2]
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    try:
        if encoding == "base64":
            raw = base64.b64decode(b"".join(raw.split()), validate=True)
        elif encoding == "quoted-printable":
            raw = quopri.decodestring(raw)
    except binascii.Error:
        return ""
    return raw.decode("utf-8", "replace")
