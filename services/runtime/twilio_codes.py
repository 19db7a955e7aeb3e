"""What Twilio's error codes mean and ask for, as a table: for whoever sends, and for whoever takes its receipts.

Meanings: https://www.twilio.com/docs/api/errors; actions: DOMAIN §4. Codes are one number space over all of Twilio, so
messages and calls share the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.runtime.contact_flags import Flaw

Action = Literal["retry", "look-up", "refuse"]
"""``retry``: not processed; ``look-up``: perhaps processed; ``refuse``: it never will be."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An action, and what the error means to the person who reads the timeline, and to the contact."""

    action: Action
    meaning: str
    flaw: Flaw | None = None


BY_CODE: Mapping[int, Rule] = {
    13224: Rule("refuse", "the number cannot be called: correct it in the directory", "dead"),
    13227: Rule("refuse", "calls to this region are not enabled: enable them in the Twilio console"),
    20003: Rule("retry", "login refused: check TOCSIN_TWILIO_ACCOUNT_SID and _AUTH_TOKEN"),
    20404: Rule("retry", "account not found: check TOCSIN_TWILIO_ACCOUNT_SID and _BASE_URL"),
    20429: Rule("retry", "too many requests: not processed"),
    20500: Rule("look-up", "internal server error"),
    20503: Rule("look-up", "service unavailable"),
    21205: Rule("refuse", "Twilio cannot use the address of our webhook: check TOCSIN_PUBLIC_URL"),
    21210: Rule("refuse", "the calling number is not verified: check TOCSIN_TWILIO_VOICE_FROM"),
    21211: Rule("refuse", "the number is not valid: correct it in the directory", "dead"),
    21212: Rule("refuse", "the calling number is not valid: check TOCSIN_TWILIO_VOICE_FROM"),
    21214: Rule("refuse", "the number cannot be called"),
    21215: Rule("refuse", "calls to this region are not enabled: enable them in the Twilio console"),
    21216: Rule("refuse", "Twilio does not call this number: correct it in the directory", "dead"),
    21217: Rule("refuse", "the number is not valid: correct it in the directory", "dead"),
    21408: Rule("refuse", "SMS to this region is not enabled: enable it in the Twilio console"),
    21606: Rule("refuse", "the sender cannot send to this number: check TOCSIN_TWILIO_FROM"),
    21610: Rule("refuse", "the recipient has opted out: they must opt in again themselves", "opted-out"),
    21611: Rule("retry", "the sender's queue is full"),
    21612: Rule("refuse", "the number cannot be reached from this sender"),
    21614: Rule("refuse", "not a mobile number: correct it in the directory", "dead"),
    21617: Rule("refuse", "the text is longer than 1600 characters"),
    21635: Rule("refuse", "a landline number: correct it in the directory", "dead"),
    30001: Rule("retry", "queue overflow"),
    30002: Rule("refuse", "the account is suspended: call Twilio"),
    30003: Rule("retry", "handset unreachable"),
    30005: Rule("refuse", "unknown handset", "dead"),
    30006: Rule("refuse", "landline or unreachable carrier", "dead"),
    30007: Rule("refuse", "filtered by the carrier"),
    30008: Rule("retry", "unknown error of the carrier"),
    30036: Rule("refuse", "not sent before its validity ended"),
}

BY_STATUS: Mapping[int, Rule] = {
    401: BY_CODE[20003],
    403: Rule("retry", "forbidden: check the account's permissions"),
    408: Rule("look-up", "the request timed out at Twilio"),
    429: BY_CODE[20429],
}

_SERVER_FAULT = Rule("look-up", "server error")
_CLIENT_FAULT = Rule("refuse", "request refused")
_NO_ANSWER = Rule("retry", "not an answer of Twilio's API: check TOCSIN_TWILIO_BASE_URL")

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
