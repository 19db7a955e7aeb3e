"""What to do about a receiver's answer, by HTTP status.

Source: CloudEvents "HTTP 1.1 Web Hooks for Event Delivery" 1.0 §2.2 (410: no more to this address; 415; 429 with
Retry-After), RFC 9110 §15. The id makes a repeat harmless, so whatever may pass is tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from services.notifier.channels.base import ChannelError, Flaw, OutcomeUnknown, Refused, TryLater


@dataclass(frozen=True, slots=True)
class Rule:
    """The error a status is, and what it means to whoever reads the timeline."""

    error: type[ChannelError]
    meaning: str
    flaw: Flaw | None = None


BY_STATUS: Mapping[int, Rule] = MappingProxyType(
    {
        401: Rule(Refused, "it does not accept our signature: `tocsin contacts webhook-secret` shows its secret"),
        403: Rule(Refused, "it does not accept our signature: `tocsin contacts webhook-secret` shows its secret"),
        404: Rule(Refused, "nothing is there: correct the address in the directory"),
        405: Rule(Refused, "it takes no POST: correct the address in the directory"),
        408: Rule(TryLater, "the request took it too long"),
        410: Rule(Refused, "it wants no more messages: correct the address in the directory", "dead"),
        413: Rule(Refused, "the message is too long for it"),
        415: Rule(Refused, "it takes no CloudEvents (application/cloudevents+json)"),
        421: Rule(TryLater, "the request went to the wrong server"),
        425: Rule(TryLater, "it asks to come again"),
        429: Rule(TryLater, "too many requests"),
    }
)

_SERVER_FAULT = Rule(OutcomeUnknown, "server error")
_CLIENT_FAULT = Rule(Refused, "refused")
_REDIRECT = Rule(Refused, "redirects are not followed: put the final address into the directory")
_NO_ANSWER = Rule(OutcomeUnknown, "not an answer to a POST")

OK, REDIRECT, CLIENT_ERROR, SERVER_ERROR = 200, 300, 400, 500


def is_taken(status: int) -> bool:
    """Return whether a status says that the receiver has the message."""
    return OK <= status < REDIRECT


def error_of(status: int, retry_after: timedelta | None = None) -> ChannelError:
    """Return the error for a status that is not 2xx."""
    rule = BY_STATUS.get(status) or _by_class(status)
    reason = f"the receiver answered {status}: {rule.meaning}"
    if rule.error is Refused:
        return Refused(reason, flaw=rule.flaw)
    return rule.error(reason, retry_after=retry_after, of_recipient=True)


def _by_class(status: int) -> Rule:
    if status >= SERVER_ERROR:
        return _SERVER_FAULT
    if status >= CLIENT_ERROR:
        return _CLIENT_FAULT
    return _REDIRECT if status >= REDIRECT else _NO_ANSWER
