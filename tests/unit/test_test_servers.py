"""The servers that other tests lean on do what they say: mail sink, proxy, throwaway PostgreSQL."""

import asyncio
import json
import os
import signal
import ssl
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import psycopg
import pytest

from tests.support import postgres
from tests.support.own_process import own_process
from tests.support.ports import LOOPBACK, free_port, listening_socket, port_of
from tests.support.smtp_sink import SmtpSink
from tests.support.tcp_proxy import TcpProxy


def mail(to: str = "head@school.example") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@bureau.example", to, "【演练】请确认"
    message.set_content("三年级二班，请在 15 分钟内确认。")
    return message


async def send(sink: SmtpSink, to: str = "head@school.example", timeout: float = 5) -> None:  # noqa: ASYNC109
    await aiosmtplib.send(mail(to), hostname=LOOPBACK, port=sink.port, start_tls=False, timeout=timeout)


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


async def test_the_sink_keeps_a_mail_parsed(sink: SmtpSink) -> None:
    """What was sent can be read back as a message: subject, text and envelope."""
    waiting = asyncio.create_task(sink.wait_for(lambda kept: "head@school.example" in kept.recipients))
    await send(sink)
    kept = await waiting
    assert (kept.message["Subject"], kept.sender) == ("【演练】请确认", "tocsin@bureau.example")
    assert "15 分钟" in kept.text


async def test_the_sink_rejects_one_recipient_for_good(sink: SmtpSink) -> None:
    """A mailbox that does not exist is refused with 550 5.1.1; another is served."""
    sink.reject("wrong@school.example")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as raised:
        await send(sink, "wrong@school.example")
    assert raised.value.recipients[0].code == 550
    assert raised.value.recipients[0].message.startswith("5.1.1")
    await send(sink)
    assert len(sink.mails) == 1


async def test_the_sink_defers_the_number_of_recipients_ordered(sink: SmtpSink) -> None:
    """A temporary failure is a 450, and it ends."""
    sink.defer_next(1)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as raised:
        await send(sink)
    assert raised.value.recipients[0].code == 450
    await send(sink)
    assert len(sink.mails) == 1


async def test_a_hanging_sink_takes_nothing_until_it_behaves(sink: SmtpSink) -> None:
    """A server that stalls after the data keeps the sender waiting and the mail out."""
    sink.hang()
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(sink, timeout=0.2)
    assert len(sink.mails) == 0
    sink.behave()
    await send(sink)
    assert len(sink.mails) == 1


async def test_a_sink_that_went_down_refuses_until_it_comes_up(sink: SmtpSink) -> None:
    """Going down refuses connections; coming up serves on the same port."""
    sink.go_down()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(sink)
    await sink.come_up()
    await send(sink)
    assert len(sink.mails) == 1


async def test_a_sink_with_credentials_takes_mail_only_encrypted_and_logged_in() -> None:
    """STARTTLS with a certificate made for the run, then AUTH; a wrong password or plain text is refused."""
    async with SmtpSink(credentials=("tocsin", "secret")) as sink:
        trust = ssl.create_default_context(cafile=sink.certificate)
        with pytest.raises(aiosmtplib.SMTPResponseException, match="STARTTLS"):
            await send(sink)

        async def submit(password: str) -> None:
            await aiosmtplib.send(
                mail(),
                hostname=LOOPBACK,
                port=sink.port,
                start_tls=True,
                tls_context=trust,
                username="tocsin",
                password=password,
                timeout=5,
            )

        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await submit("wrong")
        await submit("secret")
        assert [(kept.encrypted, kept.authenticated) for kept in sink.mails] == [(True, True)]


async def test_the_sink_as_a_process_logs_each_mail(tmp_path: Path) -> None:
    """A bench runs it on its own and reads the file."""
    log = tmp_path / "mail.jsonl"
    async with own_process("tests.support.smtp_sink", "--log", str(log)) as server:
        await aiosmtplib.send(mail(), hostname=LOOPBACK, port=server.port, start_tls=False, timeout=5)
    line = json.loads(log.read_text(encoding="utf-8"))
    assert (line["to"], line["subject"]) == (["head@school.example"], "【演练】请确认")


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    sock = listening_socket()
    server = await asyncio.start_server(echo, sock=sock)
    yield port_of(sock)
    server.close()


async def test_the_proxy_adds_its_delay_to_a_round_trip_once(echo_port: int) -> None:
    """A question and its answer take the delay, not twice the delay."""
    loop = asyncio.get_running_loop()
    async with TcpProxy(LOOPBACK, echo_port, delay_ms=200) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        began = loop.time()
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        assert 0.2 <= loop.time() - began < 0.35
        writer.close()


async def test_the_proxy_does_not_limit_throughput(echo_port: int) -> None:
    """Twenty megabytes in many pieces come back whole in little more than one delay, and the end comes through."""
    loop = asyncio.get_running_loop()
    payload = os.urandom(20_000_000)
    async with TcpProxy(LOOPBACK, echo_port, delay_ms=200) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        began = loop.time()
        writer.write(payload)
        writer.write_eof()
        assert await reader.read(-1) == payload
        assert loop.time() - began < 3  # 300 pieces slept over one by one would take 60 s
        writer.close()


async def test_a_cut_proxy_resets_and_refuses_until_it_heals(echo_port: int) -> None:
    """A cut line breaks what is open, refuses what is new, and heals on the same port."""
    async with TcpProxy(LOOPBACK, echo_port) as proxy:
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        writer.write(b"ping")
        await reader.readexactly(4)
        proxy.cut()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, proxy.port)
        await proxy.heal()
        second, writer2 = await asyncio.open_connection(LOOPBACK, proxy.port)
        writer2.write(b"pong")
        assert await second.readexactly(4) == b"pong"
        writer.close()
        writer2.close()


async def test_the_proxy_closes_when_its_target_is_not_there() -> None:
    """A dead target looks dead through the proxy too, and the proxy lives on."""
    async with TcpProxy(LOOPBACK, free_port()) as proxy:
        for _ in range(2):
            reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()


async def test_the_proxy_as_a_process_is_cut_and_healed_by_signals(echo_port: int) -> None:
    """A fault test in another process cuts it with SIGUSR1 and heals it with SIGUSR2."""
    async with own_process("tests.support.tcp_proxy", "--target", f"{LOOPBACK}:{echo_port}") as proxy:
        proxy.send_signal(signal.SIGUSR1)
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, proxy.port)
        proxy.send_signal(signal.SIGUSR2)
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        writer.close()


def test_a_machine_without_postgresql_is_told_what_to_install(tmp_path: Path) -> None:
    """The error names the package, so that nobody has to search."""
    with pytest.raises(postgres.PostgresMissing, match="install the Debian package `postgresql`"):
        postgres.find_programs(tmp_path, search_path=str(tmp_path))


@pytest.mark.postgres
@pytest.mark.skipif(not postgres.present(), reason="no PostgreSQL server: install the Debian package `postgresql`")
def test_a_crashed_cluster_comes_back_with_what_was_committed() -> None:
    """SIGKILL takes the server and not its committed rows; afterwards nothing is left behind."""
    with postgres.PostgresCluster() as cluster:
        url = cluster.create_database("crash").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (value int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            connection.commit()
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            cluster.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=1)
        cluster.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
        folder = cluster.folder
    assert not folder.exists()
