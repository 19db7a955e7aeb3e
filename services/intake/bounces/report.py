"""What a returned email says: pure, from its bytes alone.

A delivery status notification (RFC 3464) says it in fields. Others say it in a sentence for people: qmail by its own
rules (QSBMF), Exim, and the mail services of China in Chinese. What a mailbox answers by itself (out of office, a
receipt of reading) is no bounce, whoever it comes back to.
"""

import email
from dataclasses import dataclass
from email.message import Message

from events.delivery import DeliveryState
from services.intake.bounces.fields import Told, told_by_fields
from services.intake.bounces.words import told_by_words
from services.runtime.contact_flags import Flaw
from services.runtime.harmless import harmless
from services.runtime.mail_status import DEAD, MEANINGS

WEIGHT: tuple[DeliveryState, ...] = ("undelivered", "delivered", "sent", "delayed")
"""Of several recipients (a list, an alias), the first of these counts: one who is not reached is to be reached."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far an email has come. ``addresses``: whose mailbox it speaks of, in lower case, as far as it says so."""

    state: DeliveryState
    reason: str | None
    flaw: Flaw | None
    addresses: frozenset[str]


def read_report(content: bytes) -> Report | None:
    """Return what a returned email says, or None when it is none, or says nothing that anybody could be sure of."""
    message = email.message_from_bytes(content)
    told = told_by_fields(message)
    if not told and not _is_automatic(message):
        told = told_by_words(message)
    if not told:
        return None
    return _report(min(told, key=lambda one: WEIGHT.index(one.state)))


def _is_automatic(message: Message) -> bool:
    """Return whether a mailbox answered by itself (RFC 3834). Exim marks its bounces so, too, and names who failed."""
    answered = str(message.get("Auto-Submitted", "no")).strip().lower().startswith("auto-replied")
    return answered and "X-Failed-Recipients" not in message


def _report(told: Told) -> Report:
    if told.state not in {"undelivered", "delayed"}:
        return Report(told.state, None, None, told.addresses)
    words = MEANINGS.get(told.status or "") or harmless(told.words) or "not delivered"
    reason = f"mail server {told.status}: {words}" if told.status else f"mail server: {words}"
    is_dead = told.state == "undelivered" and told.status in DEAD
    return Report(told.state, harmless(reason), "dead" if is_dead else None, told.addresses)
