"""From Twilio's error answers to the errors of a channel, by the table in ``services.runtime.twilio_codes``."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater
from services.runtime.twilio_codes import Action, rule_of

ERRORS: Mapping[Action, type[ChannelError]] = MappingProxyType(
    {"retry": TryLater, "look-up": OutcomeUnknown, "refuse": Refused}
)
"""The error a channel raises for what Twilio's own asks."""


def error_of(status: int, code: int | None, retry_after: timedelta | None = None) -> ChannelError:
    """Return the channel error for an error answer. Twilio's own text stays out: it quotes the number."""
    rule = rule_of(status, code)
    shown = f"Twilio {code}" if code not in {None, status} else "Twilio"
    reason = f"{shown} (HTTP {status}): {rule.meaning}"
    if rule.action == "refuse":
        return Refused(reason, retry_after=retry_after, flaw=rule.flaw)
    return ERRORS[rule.action](reason, retry_after=retry_after)
