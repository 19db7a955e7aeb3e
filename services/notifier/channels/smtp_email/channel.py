"""Email through one mail server. A 250 says *accepted*, never *read* (DOMAIN §5)."""

import asyncio
from contextlib import suppress
from datetime import datetime
from email.utils import parseaddr

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPHeloError, SMTPServerDisconnected

from services.notifier.channels.base import Handed, Message, Refused, TryLater
from services.notifier.channels.smtp_email.connections import MOST, Connections
from services.notifier.channels.smtp_email.dsn import of_the_mail, of_the_recipient
from services.notifier.channels.smtp_email.errors import SMTP_FAILURES, raise_from_content, raise_from_envelope
from services.notifier.channels.smtp_email.mime import compose, domain_of, message_id
from services.runtime.bounce_addresses import BounceAddresses


class SmtpEmail:
    """Sends emails from one address. With ``bounces``, what is not delivered comes back to an address of its own."""

    name = "email"
    provider = "smtp"
    limit = MOST

    def __init__(self, sender: str, connections: Connections, bounces: BounceAddresses | None = None) -> None:
        self._sender = sender
        self._bounces = bounces
        self._envelope_sender = parseaddr(sender)[1]
        self._domain = domain_of(sender)
        self._connections = connections

    async def send(self, message: Message) -> Handed:
        """Hand the message to the mail server.

        The envelope and the content are timed apart: silence before the content means *not taken*, after it *unknown*.
        """
        try:
            content = compose(message, self._sender)
        except ValueError as error:
            raise Refused("the address cannot stand in a header: correct it in the directory") from error
        try:
            await self._through_one(message, content)
        except _Gone:
            # A kept connection had died unnoticed. Nothing was sent on it, so a fresh one may carry the same message.
            self._connections.drop_idle()
            await self._through_one(message, content)
        return Handed(message_id(message.notification_id, self._domain))

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Return None: SMTP has no question for this. The same Message-ID lets mailboxes drop the duplicate."""
        del message, since
        return None

    async def close(self) -> None:
        """Close kept connections."""
        await self._connections.close()

    async def _through_one(self, message: Message, content: bytes) -> None:
        async with self._connections.one() as client:
            await self._open_envelope(client, message)
            try:
                async with asyncio.timeout(self._connections.timeout_seconds):
                    await client.data(content)
            except SMTP_FAILURES as error:
                raise_from_content(error)

    async def _open_envelope(self, client: SMTP, message: Message) -> None:
        returns_to = self._bounces.address_for(message.notification_id) if self._bounces is not None else None
        try:
            async with asyncio.timeout(self._connections.timeout_seconds):
                asks = returns_to is not None and await _offers_dsn(client)
                await client.mail(
                    returns_to or self._envelope_sender, options=of_the_mail(message.notification_id) if asks else ()
                )
                await client.rcpt(message.address, options=of_the_recipient(message.address) if asks else ())
        except SMTPServerDisconnected as error:
            raise _Gone("the mail server hung up before the message") from error
        except SMTP_FAILURES as error:
            raise_from_envelope(error)


async def _offers_dsn(client: SMTP) -> bool:
    """Return whether the server may be asked to tell of failure and delay (RFC 3461 §4).

    A connection without TLS and without a login has not asked yet what its server offers.
    """
    if client.is_ehlo_or_helo_needed:
        with suppress(SMTPHeloError):  # an old server: MAIL greets it by HELO
            await client.ehlo()
    return client.supports_extension("dsn")


class _Gone(TryLater):
    """The connection was closed before anything was sent on it."""
