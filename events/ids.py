"""Names of things. Ids of consequences are derived from what caused them, never drawn (DESIGN §3).

A derived id makes every repeat harmless: work done twice after a crash carries the same ids twice.
"""

from hashlib import sha1
from typing import NewType
from uuid import UUID

CaseId = NewType("CaseId", str)
UnitId = NewType("UnitId", str)
PersonId = NewType("PersonId", str)
ContactId = NewType("ContactId", str)
NotificationId = NewType("NotificationId", str)
EventId = NewType("EventId", str)

NAMESPACE = UUID("6f1d1c0e-5a0e-5c3b-9d0f-7c6a3f1b2e54")
"""Root of every derived id. Never change it: recorded histories are replayed byte for byte."""

_ROOT = NAMESPACE.bytes
_VERSION_5 = 5 << 76 | 0b10 << 62
"""The version, and the variant of RFC 9562: the bits that do not come from the name."""
_OF_NAME = ~(0xF << 76 | 0b11 << 62)


def derived(*parts: str) -> str:
    """Return the UUIDv5 (RFC 9562 §5.5) of ``parts``.

    Parts are joined with a unit separator (U+001F), which no id contains, so ``("a", "bc")`` and ``("ab", "c")``
    never meet. The same as ``uuid.uuid5`` in half the time, for every record has several ids.
    """
    named = sha1(_ROOT + "\x1f".join(parts).encode(), usedforsecurity=False).digest()
    number = int.from_bytes(named[:16]) & _OF_NAME | _VERSION_5
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def case_id_of_report(report_id: str) -> CaseId:
    """Return the case that a report opens: the same report, sent again by any road, opens the same case."""
    return CaseId(derived("case", report_id))


def notification_id(case_id: str, clock: str, step: str, recipient: str, channel: str, attempt: int) -> NotificationId:
    """Return the id of one notification: requested exactly once per this tuple (promise 4)."""
    return NotificationId(derived("notification", case_id, clock, step, recipient, channel, str(attempt)))


def journal_event_id(case_id: str, seq: int) -> EventId:
    """Return the id of the ``seq``-th entry of a case's journal."""
    return EventId(derived("journal", case_id, str(seq)))


def fact_event_id(case_id: str, kind: str, key: str) -> EventId:
    """Return the id of a fact about a case. ``key`` tells repeats from new facts (report id, idempotency key)."""
    return EventId(derived("fact", case_id, kind, key))


def roll_call_id(bureau_id: str, date: str, call: str) -> str:
    """Return the id of one roll call; ``date`` is the day as ISO 8601 writes it."""
    return derived("roll-call", bureau_id, date, call)


def roll_call_part_id(roll_call: str, unit_id: str) -> str:
    """Return the id of one unit's part in a roll call: what its messages and codes belong to."""
    return derived("roll-call-part", roll_call, unit_id)
