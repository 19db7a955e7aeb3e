"""Kept connections to the mail server: connecting, STARTTLS and login for each mail would cost six round trips."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtplib import SMTP

from services.notifier.channels.smtp_email.errors import SMTP_FAILURES, raise_from_connecting

MOST = 16
"""Most connections at once; Postfix allows a client 50 (smtpd_client_connection_count_limit), others 20."""

SMTPS_PORT = 465
"""TLS from the first byte (RFC 8314 §3.3): there STARTTLS would be one TLS inside the other."""


class Connections:
    """A stack of idle connections: the warmest is used first, so that the others can be closed by the server.

    How many are open is bounded by how many messages the sender has in flight (``MOST``).
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        starttls: bool,
        username: str | None,
        password: str | None,
        timeout_seconds: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self._host, self._port = host, port
        self._implicit_tls = port == SMTPS_PORT
        self._starttls = starttls and not self._implicit_tls
        self._username, self._password = username, password
        # Made once: reading the machine's certificates takes tens of milliseconds.
        self._tls = tls or (ssl.create_default_context() if self._starttls or self._implicit_tls else None)
        self._own_name: str | None = None
        self._idle: list[SMTP] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[SMTP]:
        """Lend a connection that was alive a moment ago; it is kept afterwards unless something went wrong.

        Raises:
            TryLater: the server cannot be reached, or does not let us in.
        """
        client = self._warm() or await self._connect()
        try:
            yield client
        except BaseException:
            client.close()
            raise
        if client.is_connected:
            self._idle.append(client)

    def drop_idle(self) -> None:
        """Close idle connections: one of them was found dead, and the others are older."""
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """Close every idle connection."""
        self.drop_idle()

    def _warm(self) -> SMTP | None:
        while self._idle:
            client = self._idle.pop()
            if client.is_connected:
                return client
        return None

    async def _connect(self) -> SMTP:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            local_hostname=self._own_name,
            timeout=self.timeout_seconds,
            use_tls=self._implicit_tls,
            start_tls=self._starttls,
            tls_context=self._tls,
        )
        try:
            await client.connect()
        except SMTP_FAILURES as error:
            raise_from_connecting(error)
        self._own_name = client.local_hostname  # found by a DNS question, which need not be asked again
        return client
