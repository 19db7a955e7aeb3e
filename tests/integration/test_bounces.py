"""Returned emails, over real connections: what each kind leads to, and who is refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPRecipientRefused, SMTPRecipientsRefused, SMTPResponseException
from prometheus_client import REGISTRY

from events.directory import ContactAddress, PersonRecorded
from events.unreached import ContactUnreached
from services.intake.bounces.listener import LARGEST, MOST_CONNECTIONS, serve_bounces
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import SettingsError
from services.runtime.tables import contact_flags
from tests.support.intake import COUNTY_UNITS, LAKE, PRINCIPAL
from tests.support.ports import LOOPBACK, free_port, listening_socket, port_of
from tests.support.twilio_intake import Line, make_line

NOTICE = "0b7c6d0e-5a0e-5c3b-9d0f-7c6a3f1b2e54"
MAILBOX = "head@school.example"
ADDRESSES = BounceAddresses(b"secret", "bounces.example.org")
RETURNED = Path(__file__).parents[1] / "support" / "returned"


def county(address: str = MAILBOX) -> DirectorySnapshot:
    contact = ContactAddress(contact_id=f"{PRINCIPAL}:email", channel="email", address=address)
    person = PersonRecorded(
        person_id=PRINCIPAL, name="Pat Principal", unit_id=LAKE, roles=("principal",), contacts=(contact,)
    )
    return DirectorySnapshot.of(COUNTY_UNITS, [person])


class Post:
    """A listener, and mail servers that return emails to it."""

    def __init__(self, line: Line, port: int) -> None:
        self.line = line
        self.port = port

    async def asked(self, state: str = "handed-over", **changes: Any) -> None:
        """Store an email to the principal as the notifier keeps it."""
        fields = {
            "notification_id": NOTICE,
            "channel": "email",
            "contact_id": f"{PRINCIPAL}:email",
            "provider": "smtp",
            "provider_id": f"<{NOTICE}@example.org>",
        }
        await self.line.request(state, **{**fields, **changes})

    @asynccontextmanager
    async def server(self) -> AsyncIterator[SMTP]:
        client = SMTP(hostname=LOOPBACK, port=self.port, timeout=10, start_tls=False, use_tls=False)
        async with client:
            yield client

    async def bring(self, mail: str | bytes, to: str | None = None, sender: str = "") -> None:
        """Return an email, a sample by its name, from the null sender as RFC 3464 asks."""
        content = (RETURNED / f"{mail}.eml").read_bytes() if isinstance(mail, str) else mail
        async with self.server() as client:
            await client.sendmail(sender, [to or ADDRESSES.address_for(NOTICE) or ""], content)

    async def row(self) -> Any:
        return await self.line.row(NOTICE)

    async def facts(self) -> list[ContactUnreached]:
        return [fact for fact in await self.line.intake.facts() if isinstance(fact, ContactUnreached)]

    async def flags(self) -> list[tuple[str, str, str]]:
        rows = await self.line.intake.rows(contact_flags)
        return [(row.contact_id, row.flaw, row.address_hash) for row in rows]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("tocsin_bounces_total", {"outcome": outcome}) or 0.0


@asynccontextmanager
async def listening(line: Line) -> AsyncIterator[Post]:
    port = free_port()
    serving = asyncio.create_task(serve_bounces(line.intake.deps, ADDRESSES, LOOPBACK, port))
    post = Post(line, port)
    try:
        async with asyncio.timeout(10):
            while not serving.done():
                try:
                    async with post.server():
                        break
                except OSError:
                    await asyncio.sleep(0.01)
        yield post
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
async def post(database: Database) -> AsyncIterator[Post]:
    async with listening(make_line(database, county())) as found:
        yield found


FLAG = (f"{PRINCIPAL}:email", "dead", hash_of(MAILBOX))


@pytest.mark.parametrize(
    ("mail", "state", "is_dead"),
    [
        ("postfix_unknown_mailbox", "undelivered", True),
        ("exchange_unknown_recipient", "undelivered", True),
        ("qmail_no_mailbox", "undelivered", True),
        ("netease_no_mailbox", "undelivered", True),
        ("exchange_policy", "undelivered", False),
        ("postfix_gave_up", "undelivered", False),
    ],
)
async def test_email_that_comes_back_brings_in_the_next_contact_and_flags_a_dead_mailbox(
    post: Post, mail: str, state: str, is_dead: bool
) -> None:
    """The row, the record, the fact for the case, and the flag, by the same road as any provider's receipt."""
    await post.asked()
    await post.bring(mail)
    row = await post.row()
    assert (row.state, row.provider, row.provider_id) == (state, "smtp", f"<{NOTICE}@example.org>")
    assert row.reason.startswith("mail server ")
    assert await post.line.deliveries() == [(state, 1)]
    [fact] = await post.facts()
    assert (fact.cause, fact.contact_id, fact.reason) == ("undelivered", f"{PRINCIPAL}:email", row.reason)
    assert await post.flags() == ([FLAG] if is_dead else [])
    assert post.line.intake.wakes == [1]


@pytest.mark.parametrize(
    ("mail", "state"),
    [("postfix_delayed", "delayed"), ("postfix_delivered", "delivered"), ("exchange_relayed", "sent")],
)
async def test_email_that_is_late_or_there_is_on_record_and_nobody_else_is_told(
    post: Post, mail: str, state: str
) -> None:
    """Delayed is not lost, and delivered is not acknowledged."""
    await post.asked()
    await post.bring(mail)
    assert (await post.row()).state == state
    assert await post.line.deliveries() == [(state, 1)]
    assert await post.facts() == []
    assert await post.flags() == []


async def test_bounce_that_comes_twenty_times_at_once_counts_once(post: Post) -> None:
    """Servers repeat what they think was lost."""
    await post.asked()
    before = counted("taken"), counted("nothing-new")
    await asyncio.gather(*(post.bring("postfix_unknown_mailbox") for _ in range(20)))
    assert await post.line.deliveries() == [("undelivered", 1)]
    assert len(await post.facts()) == 1
    assert (counted("taken"), counted("nothing-new")) == (before[0] + 1, before[1] + 19)


async def test_bounces_out_of_order_never_move_an_email_back(post: Post) -> None:
    """A delay that is told after the end, an end after the delivery."""
    await post.asked()
    for mail in ("postfix_gave_up", "postfix_delayed", "exchange_relayed", "postfix_delivered", "postfix_gave_up"):
        await post.bring(mail)
    assert (await post.row()).state == "delivered"
    assert await post.line.deliveries() == [("undelivered", 1), ("delivered", 1)]
    assert len(await post.facts()) == 1


@pytest.mark.parametrize("state", ["attempted", "outcome-unknown"])
async def test_bounce_of_an_email_of_unknown_outcome_says_that_it_was_taken(post: Post, state: str) -> None:
    """Nothing is left to send again."""
    await post.asked(state, provider_id=None)
    await post.bring("postfix_delayed")
    row = await post.row()
    assert (row.state, row.next_try_at, row.provider_id) == ("delayed", None, None)


def of_nobody() -> str:
    return f"b-{'a' * 44}@bounces.example.org"


def of_another_installation() -> str:
    return BounceAddresses(b"other", "bounces.example.org").address_for(NOTICE) or ""


@pytest.mark.parametrize(
    "address",
    [of_nobody(), of_another_installation(), "postmaster@bounces.example.org", "somebody@elsewhere.example"],
)
async def test_strangers_bounce_is_refused_before_it_is_read(post: Post, address: str) -> None:
    """Forged, another installation's, or mail to be passed on: 550, counted, and nothing is written."""
    await post.asked()
    before = counted("forged")
    with pytest.raises((SMTPRecipientRefused, SMTPRecipientsRefused)) as caught:
        await post.bring("postfix_unknown_mailbox", to=address)
    assert "550" in str(caught.value) or "5.1.1" in str(caught.value)
    assert counted("forged") == before + 1
    assert (await post.row()).state == "handed-over"
    assert await post.line.outgoing() == []


@pytest.mark.parametrize(
    "mail", ["out_of_office", "read_receipt", "from_a_person", b"\x00\xff garbage", b"a: b\r\n" * 5000]
)
async def test_mail_that_is_no_bounce_is_taken_dropped_and_counted(post: Post, mail: str | bytes) -> None:
    """Refused, its server would write one more; and nothing is ever sent from here, so nothing goes round."""
    await post.asked()
    before = counted("unreadable")
    await post.bring(mail, sender="" if mail == "out_of_office" else MAILBOX)
    assert counted("unreadable") == before + 1
    assert (await post.row()).state == "handed-over"
    assert await post.line.outgoing() == []


async def test_mail_that_breaks_the_reader_ends_neither_the_listener_nor_the_connection(post: Post) -> None:
    """Emails within emails, thousands deep: dropped with its error in the log, and the next bounce counts."""
    await post.asked()
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 4000
    before = counted("unreadable")
    address = ADDRESSES.address_for(NOTICE) or ""
    async with post.server() as client:
        await client.sendmail("", [address], b"From: MAILER-DAEMON@mx.example\r\n" + nested)
        assert counted("unreadable") == before + 1
        await client.sendmail("", [address], (RETURNED / "qmail_no_mailbox.eml").read_bytes())
    assert (await post.row()).state == "undelivered"


@pytest.mark.parametrize("changes", [{"notification_id": "other"}, {"channel": "sms", "provider": "twilio"}])
async def test_bounce_of_what_nobody_here_sent_by_email_is_counted_and_dropped(
    post: Post, changes: dict[str, Any]
) -> None:
    """Signed here, and lost since, or of another channel."""
    await post.asked(**changes)
    before = counted("stranger")
    await post.bring("postfix_unknown_mailbox")
    assert counted("stranger") == before + 1
    assert await post.line.outgoing() == []


@pytest.mark.parametrize("address", ["corrected@school.example", "HEAD@school.example"])
async def test_flag_is_of_the_mailbox_that_the_bounce_speaks_of(database: Database, address: str) -> None:
    """An address that was corrected since is another contact; the case of its letters is no correction."""
    async with listening(make_line(database, county(address))) as post:
        await post.asked()
        await post.bring("postfix_unknown_mailbox")
        assert len(await post.facts()) == 1
        expected = [(f"{PRINCIPAL}:email", "dead", hash_of(address))] if address.startswith("HEAD") else []
        assert await post.flags() == expected


async def refused(call: Callable[[], Awaitable[Any]]) -> int:
    """Return the code with which a server refused."""
    with pytest.raises(SMTPResponseException) as caught:
        await call()
    return caught.value.code


async def test_while_the_store_is_away_its_server_keeps_the_bounce() -> None:
    """451: it comes again, and nothing is lost."""
    away = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{free_port()}/none")
    async with listening(make_line(away, county())) as post:
        assert await refused(lambda: post.bring("postfix_unknown_mailbox")) == 451
    await away.close()


async def test_mail_that_is_too_large_is_refused(post: Post) -> None:
    """552, before it is in memory whole."""
    assert await refused(lambda: post.bring(b"x" * 70 + b"\r\n" + b"y" * LARGEST)) == 552


async def test_connections_have_a_bound(post: Post) -> None:
    """The one too many is told to come back, and may when another has gone."""
    before = counted("busy")
    open_ones = [await asyncio.open_connection(LOOPBACK, post.port) for _ in range(MOST_CONNECTIONS)]
    for reader, _ in open_ones:
        assert (await reader.readline()).startswith(b"220")
    reader, writer = await asyncio.open_connection(LOOPBACK, post.port)
    assert (await reader.readline()).startswith(b"421")
    assert await reader.read() == b""
    writer.close()
    assert counted("busy") == before + 1
    for _, other in open_ones:
        other.close()
        await other.wait_closed()
    await post.asked()
    async with asyncio.timeout(5):
        while (await post.row()).state == "handed-over":
            try:
                await post.bring("postfix_gave_up")
            except (OSError, SMTPResponseException):  # the others are still going
                await asyncio.sleep(0.02)


async def test_port_that_is_taken_is_said_with_its_setting(database: Database) -> None:
    """The process ends, and its last line says what to change."""
    with listening_socket(0) as taken, pytest.raises(SettingsError, match="TOCSIN_BOUNCE_PORT"):
        await serve_bounces(make_line(database).intake.deps, ADDRESSES, LOOPBACK, port_of(taken))
