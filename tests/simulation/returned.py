"""Emails that mail servers return, as they really write them: samples, each told of another mailbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from events.delivery import DeliveryState

_SAMPLES = Path(__file__).parents[1] / "support" / "returned"
_MAILBOX = b"head@school.example"
"""Whose mailbox the samples speak of."""


@dataclass(frozen=True)
class Sort:
    """What one sort of returned email says, to whoever reads it as its server meant it. None: nothing."""

    state: DeliveryState | None
    is_dead: bool = False


SORTS: Mapping[str, Sort] = {
    "postfix_unknown_mailbox": Sort("undelivered", is_dead=True),
    "exim_no_mailbox": Sort("undelivered", is_dead=True),
    "qmail_no_mailbox": Sort("undelivered", is_dead=True),
    "postfix_gave_up": Sort("undelivered"),
    "qmail_too_long": Sort("undelivered"),
    "postfix_delayed": Sort("delayed"),
    "exchange_relayed": Sort("sent"),
    "postfix_delivered": Sort("delivered"),
    "out_of_office": Sort(None),
    "read_receipt": Sort(None),
}
FAILED = tuple(name for name, sort in SORTS.items() if sort.state == "undelivered")
OF_WHAT_ARRIVES = ("postfix_delayed", "exchange_relayed", "postfix_delivered", "out_of_office", "read_receipt")


def returned(name: str, mailbox: str) -> bytes:
    """Return a sample that speaks of a mailbox."""
    return _sample(name).replace(_MAILBOX, mailbox.encode())


@cache
def _sample(name: str) -> bytes:
    return (_SAMPLES / f"{name}.eml").read_bytes()
