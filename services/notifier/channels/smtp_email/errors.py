"""What to do about a mail server's answer: the enhanced status code (RFC 3463) decides, else the reply code (RFC 5321).

What the codes mean stands in ``services.runtime.mail_status``.
"""

from typing import NoReturn

from aiosmtplib.errors import SMTPException, SMTPResponseException

from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater
from services.runtime.mail_status import DEAD, MEANINGS, OF_THE_SERVER, enhanced_code

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
