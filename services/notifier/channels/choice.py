"""Which provider serves which channel: decided by the settings alone, so that the log can say it at start."""

import secrets
from collections.abc import Mapping, Sequence

from services.notifier.channels.base import Channel
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.outbox.channel import OutboxChannel
from services.notifier.channels.sms_gateway.channel import SmsGateway
from services.notifier.channels.smtp_email.channel import SmtpEmail
from services.notifier.channels.smtp_email.connections import Connections
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.notifier.channels.twilio_voice.channel import TwilioVoice
from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.networks import Networks
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.chat_targets import read_targets
from services.runtime.errors import SettingsError
from services.runtime.secret_key import secret_key
from services.runtime.settings import Settings

OUTBOX_FILE = "outbox.jsonl"


def new_nonce() -> str:
    """Draw a number used once."""
    return secrets.token_hex(16)


def build_channels(settings: Settings) -> Mapping[str, Sequence[Channel]]:
    """Return the providers of each kind of contact, in the order in which they are tried.

    A kind without settings of its own goes to the local outbox.

    Raises:
        SettingsError: a chat's address cannot be used.
    """
    return {
        "sms": _sms(settings),
        "email": (_email(settings),),
        "voice": (_voice(settings),),
        "webhook": (_webhook(settings),),
        "chat": (_chat(settings),),
    }


def _sms(settings: Settings) -> Sequence[Channel]:
    """Return Twilio, then the gateway, as far as they are set; which of them goes first for whom, TOCSIN_SMS_ROUTES."""
    found: list[Channel] = []
    sid, token, sender = settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_from
    if sid is not None and token is not None and sender is not None:
        found.append(TwilioSms(sid, token.get_secret_value(), sender, _twilio(settings), settings.public_url))
    gateway, credentials = settings.gateway, settings.gateway_credentials
    if gateway is not None and credentials is not None:
        timeout = settings.provider_timeout_seconds
        found.append(SmsGateway(gateway, credentials, timeout, new_nonce, settings.public_url))
    return found or [OutboxChannel("sms", settings.data_dir / OUTBOX_FILE)]


def _voice(settings: Settings) -> Channel:
    """Return the channel of calls. A messaging service cannot call: it needs a number of its own."""
    sid, token, sender = settings.twilio_account_sid, settings.twilio_auth_token, settings.voice_from
    if sid is None or token is None or sender is None:
        return OutboxChannel("voice", settings.data_dir / OUTBOX_FILE)
    return TwilioVoice(sid, token.get_secret_value(), sender, _twilio(settings), settings.public_url)


def _twilio(settings: Settings) -> TwilioTransport:
    return TwilioTransport(settings.twilio_base_url, settings.provider_timeout_seconds)


def _email(settings: Settings) -> Channel:
    if settings.smtp_host is None:
        return OutboxChannel("email", settings.data_dir / OUTBOX_FILE)
    password = settings.smtp_password
    connections = Connections(
        host=settings.smtp_host,
        port=settings.smtp_port,
        starttls=settings.smtp_starttls,
        username=settings.smtp_username,
        password=password.get_secret_value() if password is not None else None,
        timeout_seconds=settings.provider_timeout_seconds,
    )
    domain = settings.bounce_domain
    bounces = BounceAddresses(secret_key(settings), domain) if domain is not None else None
    return SmtpEmail(settings.smtp_from, connections, bounces)


def _webhook(settings: Settings) -> Channel:
    if not settings.webhook_keys:
        return OutboxChannel("webhook", settings.data_dir / OUTBOX_FILE)
    return Webhook(settings.webhook_keys, settings.provider_timeout_seconds, Networks(settings.private_networks))


def _chat(settings: Settings) -> Channel:
    if settings.chat_targets is None:
        return OutboxChannel("chat", settings.data_dir / OUTBOX_FILE)
    try:
        addresses = read_targets(settings.chat_targets, settings.chat_schemes.split(","))
    except ValueError as error:
        raise SettingsError([f"TOCSIN_CHAT_TARGETS: {error}"]) from None
    return Chat(addresses, settings.provider_timeout_seconds)
