"""Takes returned emails: an SMTP server that knows one kind of recipient, and never sends anything.

So nothing can go round in circles, whatever comes back. Who writes to an address that was not signed here is refused
before their mail is read; a mail that is no bounce is taken and dropped, for a server that is refused one would write
another. While the store is away they are told to come back.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from services.intake.bounces.report import Report, read_report
from services.intake.deps import Deps
from services.intake.metrics import BOUNCES
from services.intake.notices import Notice, find_notice
from services.intake.problems import LOG, STORE_ERRORS
from services.intake.receipts import Receipt, take_receipt
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.errors import SettingsError

MAIL: Final = "smtp"
"""The provider, as the notifier names it."""

MOST_CONNECTIONS = 50
MOST_RECIPIENTS = 10
LARGEST = 1024 * 1024
"""Bytes: a bounce has our email in it, which is small, and some pages about it."""

SILENCE_SECONDS = 60.0
MOST_COMMANDS = 30
"""Of one kind on one connection: who guesses addresses must come again for every thirty."""

TAKEN = "250 2.0.0 Noted"
STRANGER = "550 5.1.1 No such address here"
TOO_MANY = "452 4.5.3 Too many recipients"
COME_BACK = "451 4.3.0 Cannot be stored now, try again later"
BUSY = b"421 4.3.2 Too many connections, try again later\r\n"


class BounceListener:
    """What the server does with each mail: aiosmtpd calls the ``handle_…`` methods."""

    def __init__(self, deps: Deps, addresses: BounceAddresses) -> None:
        self._deps = deps
        self._addresses = addresses

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Any, envelope: Any, address: str, options: Sequence[str]
    ) -> str:
        """Take a recipient whose address was signed here."""
        del server, session, options
        if self._addresses.read(address) is None:
            BOUNCES.labels(outcome="forged").inc()
            LOG.info("bounce.refused")
            return STRANGER
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Take a mail. It counts as taken when everything that it says is stored."""
        del server, session
        # In a thread: a mail made to be hard to read takes a second, and filing must not wait for it.
        report = await asyncio.to_thread(_read, bytes(envelope.content))
        try:
            for address in dict.fromkeys(envelope.rcpt_tos):
                outcome = await self._take(str(self._addresses.read(address)), report)
                BOUNCES.labels(outcome=outcome).inc()
        except STORE_ERRORS as error:
            LOG.error("store.unavailable", error=type(error).__name__)
            return COME_BACK
        return TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Say that it may come again: whatever broke is in the log, and the mail is with its sender."""
        LOG.error("bounce.broke", error=type(error).__name__, exc_info=error)
        return COME_BACK

    async def _take(self, notification_id: str, report: Report | None) -> str:
        """Store what a report says of a notification; return what came of it."""
        if report is None:
            LOG.info("bounce.says_nothing", notification_id=notification_id)
            return "unreadable"
        notice = await find_notice(self._deps, notification_id)
        if notice is None or notice.request.channel != "email":
            LOG.info("bounce.of_a_stranger")
            return "stranger"
        receipt = Receipt(
            provider=MAIL,
            provider_id=None,
            state=report.state,
            address=self._address(notice, report),
            reason=report.reason,
            flaw=report.flaw,
        )
        return "taken" if await take_receipt(self._deps, notice, receipt) else "nothing-new"

    def _address(self, notice: Notice, report: Report) -> str:
        """Return the contact's address, if the report speaks of it: mail may be passed on to another that is dead."""
        found = self._deps.directory().contact(notice.request.contact_id)
        if found is None or found[1].address.lower() not in report.addresses:
            return ""
        return found[1].address


def _read(content: bytes) -> Report | None:
    """Return what a mail says. Nobody knows what comes from outside: an error here is a defect, and loses one mail."""
    try:
        return read_report(content)
    except Exception:  # noqa: BLE001 - logged whole; refused, its server would write a bounce of the bounce
        LOG.exception("bounce.unreadable", size=len(content))
        return None


class _Session(SMTP):
    """One connection; those beyond the limit are told to come back."""

    def __init__(self, listener: BounceListener, sessions: set["_Session"], hostname: str) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            listener,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Tocsin",
            timeout=SILENCE_SECONDS,
            command_call_limit=MOST_COMMANDS,
            loop=loop,
        )
        self._sessions = sessions

    def connection_made(self, transport: Any) -> None:
        """Begin, or refuse."""
        super().connection_made(transport)
        if len(self._sessions) >= MOST_CONNECTIONS:
            BOUNCES.labels(outcome="busy").inc()
            transport.write(BUSY)
            transport.close()
            return
        self._sessions.add(self)

    def end(self) -> None:
        """Break the connection off: what was not yet confirmed comes again."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined] # the library calls it a bare BaseTransport

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._sessions.discard(self)
        super().connection_lost(error)


async def serve_bounces(deps: Deps, addresses: BounceAddresses, host: str, port: int) -> None:
    """Listen until cancelled.

    Raises:
        SettingsError: nobody can listen there.
    """
    listener, sessions = BounceListener(deps, addresses), set[_Session]()
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Session(listener, sessions, addresses.domain), host, port
        )
    except OSError as error:
        raise SettingsError([f"TOCSIN_BOUNCE_PORT: cannot listen on {host}:{port}: {error.strerror}"]) from error
    LOG.info("bounces.listening", host=host, port=port, domain=addresses.domain)
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        for session in tuple(sessions):
            session.end()
