"""A delivery status notification, read by its fields (RFC 3464): what happened to each recipient."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
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
            found += _told(_blocks(part)[: MOST_BLOCKS + 1])
    return found


def _told(blocks: Iterable[Message]) -> Iterator[Told]:
    for block in blocks:
        fields = _fields(block)
        words = " ".join(fields.get("diagnostic-code", "").split())
        given = status_in(fields.get("status", ""))
        status = given if given is not None and not is_vague(given) else _refined(given, words)
        state = ACTIONS.get(fields.get("action", "").strip().lower()) or BY_CLASS.get((status or " ")[0])
        if state is None or not (status or "action" in fields):
            continue  # the first block is of the whole message, and says nothing of a recipient
        # Whose mailbox it is in the end: where mail is passed on, the contact's own may be alive.
        address = _address(fields.get("final-recipient")) or _address(fields.get("original-recipient"))
        yield Told(state, status, words, frozenset({address} if address else ()))


def _refined(given: str | None, words: str) -> str | None:
    """Return the status of the server's own words, where the field says only the class, or nothing."""
    found = status_in(words)
    if given is None:
        return found
    return found if found is not None and found[0] == given[0] else given


def _address(value: str | None) -> str | None:
    """Return the address of ``rfc822; head@school.example``."""
    found = (value or "").rpartition(";")[2].strip().strip("<>").lower()
    return found if "@" in found else None


def _blocks(part: Message) -> list[Message]:
    """Return the blocks of fields, which the parser has read as headers, unless they came encoded."""
    payload = part.get_payload()
    blocks = [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() != "base64":
        return blocks
    encoded = "".join("".join(str(block.get_payload()).split()) for block in blocks)
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):  # not ASCII, even
        return []
    return [HeaderParser().parsestr(block.strip()) for block in _BLANK.split(text) if block.strip()]


def _fields(block: Message) -> Mapping[str, str]:
    """Return the fields by their names in lower case, the first of each, in whatever script a server writes."""
    fields: dict[str, str] = {}
    for name, value in block.raw_items():
        fields.setdefault(name.lower(), _readable(str(value)))
    return fields


def _readable(value: str) -> str:
    """Return a value whose bytes the parser could not read: UTF-8, or else what is written in China (GB 18030)."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
