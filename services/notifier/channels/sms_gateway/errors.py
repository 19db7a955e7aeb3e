"""From a gateway's answer to the errors of a channel, by the table in ``services.runtime.sms_gateway.codes``."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater
from services.runtime.sms_gateway.codes import Action, Codes, rule_of, shown

ERRORS: Mapping[Action, type[ChannelError]] = MappingProxyType({"retry": TryLater, "look-up": OutcomeUnknown})


def is_taken(codes: Codes, status: int, code: str | None) -> bool:
    """Return whether an answer says that the gateway has the message."""
    return rule_of(codes, status, code).action == "taken"


def error_of(codes: Codes, status: int, code: str | None, retry_after: timedelta | None = None) -> ChannelError:
    """Return the channel error for an answer that is no success. The gateway's own text stays out: it may quote."""
    rule = rule_of(codes, status, code)
    reason = f"SMS gateway {shown(codes, code)} (HTTP {status}): {rule.meaning}"
    if rule.action == "refuse":
        return Refused(reason, flaw=rule.flaw)
    return ERRORS[rule.action](reason, retry_after=retry_after, of_recipient=rule.of_recipient)
