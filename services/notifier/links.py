"""Which messages carry the link at which they are answered, as data: by channel, by provider, by number."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from events.channel import Channel
from events.notification import NotificationRequested
from services.runtime.answer_links import PATH, AnswerLinks
from services.runtime.secret_key import secret_key
from services.runtime.settings import Settings

LinkMaker = Callable[[NotificationRequested, str, str], str | None]
"""From a request, its provider and the address it goes to: the link, or None where there is none to be in it."""

ALWAYS: frozenset[Channel] = frozenset({"email", "webhook", "chat"})
"""Channels that bring any text. A call says no link."""

SMS_WITHOUT: Mapping[str, tuple[str, ...]] = MappingProxyType({"twilio": ("+86",), "local-outbox": ()})
"""By provider of SMS: how the numbers begin to which it brings no link. A provider that is not named brings none.

Twilio to +86: carriers there drop messages with links (DOMAIN §4). Domestic gateways take approved templates only: one
whose template has a place for the link gets a line here.
"""


def link_maker(settings: Settings) -> LinkMaker:
    """Return what makes links by the settings: none, without a public address."""
    if settings.public_url is None:
        return no_link
    links = AnswerLinks(secret_key(settings), timedelta(hours=settings.answer_link_hours))
    public_url, in_sms = settings.public_url, settings.sms_links

    def link(request: NotificationRequested, provider: str, address: str) -> str | None:
        if not request.asks_acknowledgement or request.code is None:
            return None
        if not may_carry(request.channel, provider, address) or (request.channel == "sms" and not in_sms):
            return None
        return public_url + PATH.format(token=links.token_for(request))

    return link


def may_carry(channel: Channel, provider: str, address: str) -> bool:
    """Return whether a message with a link arrives there."""
    if channel == "sms":
        return provider in SMS_WITHOUT and not address.startswith(SMS_WITHOUT[provider])
    return channel in ALWAYS


def no_link(request: NotificationRequested, provider: str, address: str) -> None:
    """Return none, for an installation that cannot be reached from outside."""
    del request, provider, address
