"""What a mail server's enhanced status code means (RFC 3463), as data: for who sends, and for who takes bounces.

Class 2 is success, 4 may be tried again, 5 never succeeds as it stands (RFC 3463 §2). The tables hold only what differs
from that, and what a person should do.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "5.1.1": "no such mailbox: correct the address in the directory",
        "5.1.2": "no such domain: correct the address in the directory",
        "5.1.3": "not a valid address: correct it in the directory",
        "5.1.10": "the domain takes no mail: correct the address in the directory",
        "5.2.1": "the mailbox is disabled",
        "4.2.2": "the mailbox is full",
        "5.2.2": "the mailbox is full",
        "5.3.4": "the message is too big for the server",
        "4.4.7": "it could not be delivered in time",
        "5.4.7": "it could not be delivered in time",
        "4.7.1": "the server asks to come back later (greylisting or a rate limit)",
        "5.7.1": "the server's policy refuses the message: check TOCSIN_SMTP_FROM and the server's relay rules",
        "5.7.8": "login refused: check TOCSIN_SMTP_USERNAME and _PASSWORD",
    }
)

OF_THE_SERVER = frozenset({"5.3.2", "5.7.0", "5.7.8", "5.7.9", "5.7.11"})
"""Class 5, but about our access to the server, not about this message: once put right, the message can go."""

DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
"""The address itself is wrong (RFC 3463 §3.2): nothing will ever arrive there."""

_LEADING = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


def enhanced_code(text: str) -> str | None:
    """Return the enhanced status code a reply begins with."""
    found = _LEADING.match(text)
    return found.group(1) if found else None
