"""What is asked of a mail server about delivery (RFC 3461): to tell of failure and delay, and to send back little."""

from collections.abc import Sequence

PLAIN = frozenset(range(ord("!"), ord("~") + 1)) - {ord("+"), ord("=")}
LONGEST = 106
"""Characters of ENVID with its value (RFC 3461 §4.4: 100 of the value)."""


def of_the_mail(notification_id: str) -> Sequence[str]:
    """Return the options of MAIL: the id that reports quote, and that they need not return the whole message."""
    quoted = f"ENVID={xtext(notification_id)}"
    return ("RET=HDRS", quoted) if len(quoted) <= LONGEST else ("RET=HDRS",)


def of_the_recipient(address: str) -> Sequence[str]:
    """Return the options of RCPT. Success is not asked for: it says that a mailbox has it, and nobody acts on that."""
    asked = ["NOTIFY=FAILURE,DELAY"]
    if address.isascii():
        asked.append(f"ORCPT=rfc822;{xtext(address)}")
    return asked


def xtext(text: str) -> str:
    """Return text as a parameter may carry it: printable ASCII without ``+`` and ``=``, the rest in hexadecimal."""
    return "".join(chr(byte) if byte in PLAIN else f"+{byte:02X}" for byte in text.encode())
