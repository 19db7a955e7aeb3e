"""What to do about a mail server's answer: the enhanced status code (RFC 3463) decides, else the reply code (RFC 5321).

Class 4 may be tried again, class 5 never succeeds as it stands (RFC 3463 §2). The table holds only what differs from
that, and what a person should do.
"""

import re
from collections.abc import Mapping
from typing import NoReturn

from aiosmtplib.errors import SMTPException, SMTPResponseException

from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater

_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")

MEANINGS: Mapping[str, str] = {
    "5.1.1": "no such mailbox: correct the address in the directory",
    "5.1.2": "no such domain: correct the address in the directory",
    "5.1.3": "not a valid address: correct it in the directory",
    "5.1.10": "the domain takes no mail: correct the address in the directory",
    "5.2.1": "the mailbox is disabled",
    "4.2.2": "the mailbox is full",
    "5.2.2": "the mailbox is full",
    "5.3.4": "the message is too big for the server",
    "4.7.1": "the server asks to come back later (greylisting or a rate limit)",
    "5.7.1": "the server's policy refuses the message: check TOCSIN_SMTP_FROM and the server's relay rules",
    "5.7.8": "login refused: check TOCSIN_SMTP_USERNAME and _PASSWORD",
}

OF_THE_SERVER = frozenset({"5.3.2", "5.7.0", "5.7.8", "5.7.9", "5.7.11"})
"""Class 5, but about our access to the server, not about this message: once put right, the message can go."""

DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
"""The address itself is wrong (RFC 3463 §3.2): nothing will ever arrive there."""

PERMANENT = 500


def error_of(code: int, text: str, phase: str) -> ChannelError:
    """Return the channel error for a reply. ``phase`` is the SMTP command that got it."""
    enhanced = enhanced_code(text)
    words = MEANINGS.get(enhanced or "") or text
    reason = f"SMTP {code}{' ' + enhanced if enhanced else ''} at {phase}: {words}"
    permanent = enhanced.startswith("5.") if enhanced else code >= PERMANENT
    if permanent and enhanced not in OF_THE_SERVER:
        return Refused(reason, flaw="dead" if enhanced in DEAD else None)
    return TryLater(reason)


def enhanced_code(text: str) -> str | None:
    """Return the enhanced status code a reply begins with."""
    found = _ENHANCED.match(text)
    return found.group(1) if found else None


def raise_from_connecting(error: Exception) -> NoReturn:
    """Raise for a connection that was not made, or a login that failed: nothing was sent, whatever the code says."""
    if isinstance(error, SMTPResponseException):
        raise TryLater(error_of(error.code, error.message, "connection").reason) from error
    if isinstance(error, SMTPException) and not isinstance(error, OSError):  # it offers no STARTTLS, or no login
        raise TryLater(f"the mail server cannot be used as set (TOCSIN_SMTP_…): {error.message}") from error
    raise TryLater(f"the mail server cannot be reached: {type(error).__name__}") from error


def raise_from_envelope(error: Exception) -> NoReturn:
    """Raise for a failure before the content was on its way: the message was certainly not taken."""
    if isinstance(error, SMTPResponseException):
        raise error_of(error.code, error.message, "the envelope") from error
    if isinstance(error, UnicodeError):
        raise Refused("the address has characters that this server cannot take: correct it in the directory") from error
    raise TryLater(f"the mail server hung up or was silent: {type(error).__name__}") from error


def raise_from_content(error: Exception) -> NoReturn:
    """Raise for a failure once the content was on its way: without an answer, it may have been taken."""
    if isinstance(error, SMTPResponseException):
        raise error_of(error.code, error.message, "DATA") from error
    raise OutcomeUnknown(f"no answer to the message: {type(error).__name__}") from error


SMTP_FAILURES = (SMTPException, OSError, TimeoutError, UnicodeError, ValueError)
"""What aiosmtplib and the line can raise."""
