"""The address of the page on which a message is answered: made by the notifier, read by the intake.

It names one notification, which is one person, asked at one level in one round of one case, and says until when it may
be used; the signature covers both. Nothing in it is about anybody. As long as a link that is typed by nobody needs to
be: in an SMS each character costs.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from events.notification import NotificationRequested
from services.runtime.signed_ids import key_for, packed, signature, unpacked
from services.runtime.tables import EPOCH

PATH: Final = "/a/{token}"
LONGEST_TERM = timedelta(days=30)
"""No link outlives this, however late its deadline: mailboxes are read by others, and forwarded."""

LONGEST_TOKEN = 400
"""Characters: more than any id of 200 makes."""

_SIGNED_BYTES = 16  # 128 bits: no number of guesses over a network finds one
_UNTIL_BYTES = 4  # seconds since 1970
_LAST_SECOND = 0xFFFF_FFFF  # in the year 2106


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """What a link says: which notification is answered, and until when it may be used."""

    notification_id: str
    until: datetime


class AnswerLinks:
    """Makes and reads links. ``secret`` is the installation's, ``term`` how long a link lasts after its message."""

    def __init__(self, secret: bytes, term: timedelta) -> None:
        self._key = key_for(secret, "answer-link")
        self._term = term

    def token_for(self, request: NotificationRequested) -> str:
        """Return the last part of the address: the same for each try of a message, whose text must not change."""
        return self._token(_seconds(self._until(request)), packed(request.notification_id))

    def read(self, token: str) -> AnswerLink | None:
        """Return what a token says, expired or not, or None when it is not one of ours to the last character."""
        content = _decoded(token)
        seconds, name = content[_SIGNED_BYTES : _SIGNED_BYTES + _UNTIL_BYTES], content[_SIGNED_BYTES + _UNTIL_BYTES :]
        # Made anew and compared as text: the spare bits of the last character must be right, too.
        genuine = self._token(int.from_bytes(seconds), name)
        notification_id = unpacked(name)
        if not hmac.compare_digest(genuine, token if token.isascii() else "") or notification_id is None:
            return None
        return AnswerLink(notification_id, EPOCH + timedelta(seconds=int.from_bytes(seconds)))

    def _until(self, request: NotificationRequested) -> datetime:
        """Return the end of the term, or the deadline that the message serves, if that is later."""
        asked_at = max(request.received_at, request.not_before or request.received_at)
        until = max(asked_at + self._term, request.deadline or asked_at)
        return min(until, asked_at + LONGEST_TERM)

    def _token(self, seconds: int, name: bytes) -> str:
        content = seconds.to_bytes(_UNTIL_BYTES) + name
        return base64.urlsafe_b64encode(signature(self._key, content, _SIGNED_BYTES) + content).rstrip(b"=").decode()


def _seconds(moment: datetime) -> int:
    return min(int((moment - EPOCH).total_seconds()), _LAST_SECOND)


def _decoded(token: str) -> bytes:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return b""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
