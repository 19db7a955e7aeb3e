"""What to do about each error of Twilio, as a table. Meanings: https://www.twilio.com/docs/api/errors; DOMAIN §4."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from services.notifier.channels.base import ChannelError, Flaw, OutcomeUnknown, Refused, TryLater


class Action(Enum):
    """What an error asks for; the value is the error a channel raises."""

    RETRY = TryLater
    LOOK_UP = OutcomeUnknown
    REFUSE = Refused


@dataclass(frozen=True, slots=True)
class Rule:
    """An action, and what the error means to the person who reads the timeline, and to the contact."""

    action: Action
    meaning: str
    flaw: Flaw | None = None


BY_CODE: Mapping[int, Rule] = {
    20003: Rule(Action.RETRY, "login refused: check TOCSIN_TWILIO_ACCOUNT_SID and _AUTH_TOKEN"),
    20404: Rule(Action.RETRY, "account not found: check TOCSIN_TWILIO_ACCOUNT_SID and _BASE_URL"),
    20429: Rule(Action.RETRY, "too many requests: not processed"),
    20500: Rule(Action.LOOK_UP, "internal server error"),
    20503: Rule(Action.LOOK_UP, "service unavailable"),
    21211: Rule(Action.REFUSE, "the number is not valid: correct it in the directory", "dead"),
    21408: Rule(Action.REFUSE, "SMS to this region is not enabled: enable it in the Twilio console"),
    21606: Rule(Action.REFUSE, "the sender cannot send to this number: check TOCSIN_TWILIO_FROM"),
    21610: Rule(Action.REFUSE, "the recipient has opted out: they must opt in again themselves", "opted-out"),
    21611: Rule(Action.RETRY, "the sender's queue is full"),
    21612: Rule(Action.REFUSE, "the number cannot be reached from this sender"),
    21614: Rule(Action.REFUSE, "not a mobile number: correct it in the directory", "dead"),
    21617: Rule(Action.REFUSE, "the text is longer than 1600 characters"),
    21635: Rule(Action.REFUSE, "a landline number: correct it in the directory", "dead"),
    30001: Rule(Action.RETRY, "queue overflow"),
    30002: Rule(Action.REFUSE, "the account is suspended: call Twilio"),
    30003: Rule(Action.RETRY, "handset unreachable"),
    30005: Rule(Action.REFUSE, "unknown handset", "dead"),
    30006: Rule(Action.REFUSE, "landline or unreachable carrier", "dead"),
    30007: Rule(Action.REFUSE, "filtered by the carrier"),
    30008: Rule(Action.RETRY, "unknown error of the carrier"),
}

BY_STATUS: Mapping[int, Rule] = {
    401: BY_CODE[20003],
    403: Rule(Action.RETRY, "forbidden: check the account's permissions"),
    408: Rule(Action.LOOK_UP, "the request timed out at Twilio"),
    429: BY_CODE[20429],
}

_SERVER_FAULT = Rule(Action.LOOK_UP, "server error")
_CLIENT_FAULT = Rule(Action.REFUSE, "request refused")
_NO_ANSWER = Rule(Action.RETRY, "not an answer of Twilio's API: check TOCSIN_TWILIO_BASE_URL")

SERVER_ERROR, CLIENT_ERROR = 500, 400


def rule_of(status: int, code: int | None) -> Rule:
    """Return the rule for an HTTP status and Twilio's own code.

    A code nobody foresaw gets a safe default by its status: 5xx may have been processed, 4xx was not and never will
    be, so the chain goes on to another channel; anything else (a redirect, say) never reached Twilio.
    """
    known = BY_CODE.get(code or 0) or BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= SERVER_ERROR:
        return _SERVER_FAULT
    return _CLIENT_FAULT if status >= CLIENT_ERROR else _NO_ANSWER


def error_of(status: int, code: int | None, retry_after: timedelta | None = None) -> ChannelError:
    """Return the channel error for an error answer. Twilio's own text stays out: it quotes the number."""
    rule = rule_of(status, code)
    shown = f"Twilio {code}" if code not in {None, status} else "Twilio"
    reason = f"{shown} (HTTP {status}): {rule.meaning}"
    if rule.action is Action.REFUSE:
        return Refused(reason, retry_after=retry_after, flaw=rule.flaw)
    kind: type[ChannelError] = rule.action.value
    return kind(reason, retry_after=retry_after)
