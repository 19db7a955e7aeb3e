"""A real SMTP server that keeps what it is sent, and refuses, defers or hangs when told to::

    async with SmtpSink() as smtp:
        smtp.reject("wrong@school.example")           # 550 5.1.1 for this recipient
        ...                                           # the code under test sends to 127.0.0.1:smtp.port
        mail = await smtp.wait_for(lambda m: "head@school.example" in m.recipients)
        assert mail.message["Subject"] == "..."

With `credentials` it offers STARTTLS, with a certificate made for the occasion by the `openssl` command
(`certificate` is the file a client trusts), and takes mail only after AUTH. As a process:
`python -m tests.support.smtp_sink --port 9025 --log mail.jsonl`.
"""

import argparse
import asyncio
import email
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.support.arrivals import Arrivals, Stamp, stamp
from tests.support.certificate import server_context
from tests.support.ports import LOOPBACK, listening_socket, port_of

NO_SUCH_USER = "550 5.1.1 The email account that you tried to reach does not exist"
TRY_LATER = "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery"
GAVE_UP = "421 4.4.2 Timed out"


@dataclass(frozen=True)
class Mail:
    """One accepted mail: the envelope and the message, parsed when somebody asks: a bench's mails nobody reads."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    arrived: Stamp
    encrypted: bool
    authenticated: bool
    asked: tuple[str, ...] = ()
    """What was asked of a server that offers DSN, in the order of the commands."""

    @cached_property
    def message(self) -> EmailMessage:
        """Return the message."""
        return email.message_from_bytes(self.content, policy=default)

    @property
    def text(self) -> str:
        """Return the plain text part, or "" when there is none."""
        part = self.message.get_body(("plain",))
        return "" if part is None else str(part.get_content())

    def as_json(self) -> dict[str, Any]:
        """Return the mail as a line of the log."""
        return {
            "from": self.sender,
            "to": list(self.recipients),
            "subject": str(self.message["Subject"]),
            "message_id": str(self.message["Message-ID"]),
            "text": self.text,
            **self.arrived.as_json(),
        }


class _Notifying(SMTP):
    """A server that takes the parameters of DSN (RFC 3461), which aiosmtpd knows nothing of."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the protocol's name
        """Take RET and ENVID."""
        rest, asked = _parted(arg, ("RET=", "ENVID="))
        await super().smtp_MAIL(rest)
        if self.envelope is not None:
            self.envelope.mail_options = asked

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - the protocol's name
        """Take NOTIFY and ORCPT."""
        rest, asked = _parted(arg, ("NOTIFY=", "ORCPT="))
        await super().smtp_RCPT(rest)
        if self.envelope is not None:
            self.envelope.rcpt_options = asked


def _parted(arg: str | None, names: tuple[str, ...]) -> tuple[str, list[str]]:
    words = (arg or "").split(" ")
    return " ".join(word for word in words if not word.startswith(names)), [w for w in words if w.startswith(names)]


class SmtpSink:
    """An SMTP server on 127.0.0.1. `port` 0 takes any free one; `log` gets a JSON line for each mail taken."""

    def __init__(
        self,
        *,
        port: int = 0,
        log: Path | None = None,
        credentials: tuple[str, str] | None = None,
        offers_dsn: bool = False,
    ) -> None:
        self._offers_dsn = offers_dsn
        self.knows_ehlo = True
        self.port = port
        self.mails: Arrivals[Mail] = Arrivals(log)
        self.certificate: Path | None = None
        self._credentials = credentials
        self._keys: TemporaryDirectory[str] | None = None
        self._rejected: dict[str, str] = {}
        self._deferrals = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._sessions: list[Any] = []

    def reject(self, recipient: str, *, reply: str = NO_SUCH_USER) -> None:
        """Refuse this recipient from now on, for good (5xx) or with another reply."""
        self._rejected[recipient.lower()] = reply

    def defer_next(self, count: int) -> None:
        """Answer the next `count` recipients with a temporary failure, 450 4.2.1."""
        self._deferrals += count

    def hang(self) -> None:
        """Leave every mail without an answer after its data; `behave` answers it 421: what hung is never taken."""
        self._flowing.clear()

    def behave(self) -> None:
        """Forget everything ordered."""
        self._rejected.clear()
        self._deferrals = 0
        self._flowing.set()

    async def wait_for(self, predicate: Callable[[Mail], bool], timeout: float = 5.0) -> Mail:  # noqa: ASYNC109 - the error says what came instead
        """Return the oldest mail the predicate holds for. Raises AssertionError after `timeout` s."""
        return await self.mails.wait_for(predicate, timeout)

    async def come_up(self) -> None:
        """Listen, on the same port as before when there was one."""
        sock = listening_socket(self.port)
        self.port = port_of(sock)
        self._server = await asyncio.get_running_loop().create_server(self._session, sock=sock)

    def go_down(self) -> None:
        """Refuse new connections and reset the open ones, until `come_up`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()
        self._sessions.clear()

    async def __aenter__(self) -> Self:
        if self._credentials is not None:
            self._keys = TemporaryDirectory(prefix="smtp-sink-")
            self.certificate = Path(self._keys.name) / "certificate.pem"
            self._tls = await asyncio.to_thread(server_context, Path(self._keys.name))
        await self.come_up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_down()
        await asyncio.sleep(0)  # lets the reset connections close before the loop does
        self.mails.close()
        if self._keys is not None:
            self._keys.cleanup()

    def _session(self) -> Any:
        """Return the protocol of one new connection."""
        secured: dict[str, Any] = {}
        if self._credentials is not None:
            secured = {
                "tls_context": self._tls,
                "require_starttls": True,
                "auth_required": True,
                "authenticator": self._authenticate,
            }
        kind = _Notifying if self._offers_dsn else SMTP
        session = kind(self, loop=asyncio.get_running_loop(), hostname="sink.example", enable_SMTPUTF8=True, **secured)
        self._sessions.append(session)
        return session

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        """Judge a login: called by the protocol."""
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self._credentials, handled=False)

    async def handle_EHLO(  # noqa: N802 - the protocol's hook
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what is offered: called by the protocol."""
        session.host_name = hostname
        if not self.knows_ehlo:
            return ["502 5.5.1 Command not implemented"]
        return [*responses[:-1], "250-DSN", responses[-1]] if self._offers_dsn else responses

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the protocol's hook
        """Take or refuse a recipient: called by the protocol."""
        if address.lower() in self._rejected:
            return self._rejected[address.lower()]
        if self._deferrals:
            self._deferrals -= 1
            return TRY_LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the protocol's hook
        """Take a mail: called by the protocol."""
        if not self._flowing.is_set():
            await self._flowing.wait()
            return GAVE_UP
        self.mails.add(
            Mail(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.content),
                arrived=stamp(),
                encrypted=session.ssl is not None,
                authenticated=bool(session.authenticated),
                asked=tuple(envelope.mail_options + envelope.rcpt_options) if self._offers_dsn else (),
            )
        )
        return "250 2.0.0 OK: taken"


async def _serve(sink: SmtpSink) -> None:
    async with sink:
        sys.stdout.write(f"smtp sink listens on {LOOPBACK}:{sink.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def _run(port: int, log: Path | None) -> None:
    await _serve(SmtpSink(port=port, log=log))


def main() -> None:
    """Run as a process until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="An SMTP server on 127.0.0.1 that keeps what it is sent")
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    parser.add_argument("--log", type=Path, help="file that gets a JSON line for each mail taken")
    chosen = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(chosen.port, chosen.log))


if __name__ == "__main__":
    main()
