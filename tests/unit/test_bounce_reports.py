"""What a returned email says: notifications by their fields, others by their words, and what is no bounce at all."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.bounces.codes import status_in
from services.intake.bounces.report import read_report

RETURNED = Path(__file__).parents[1] / "support" / "returned"
HEAD = frozenset({"head@school.example"})
UNHURRIED = settings(deadline=None)
"""A busy machine is no fault of the reading."""

NO_MAILBOX = "no such mailbox: correct the address in the directory"


def returned(name: str) -> bytes:
    """Return a sample, with line ends as they come over the wire."""
    return (RETURNED / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


def notification(*blocks: str, **headers: str) -> bytes:
    """Return a delivery status notification with these blocks."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    body = "\n\n".join(("Reporting-MTA: dns; mx.example", *blocks))
    return (
        f"From: MAILER-DAEMON@mx.example\n{extra}MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        f"--B\nContent-Type: message/delivery-status\n\n{body}\n\n--B--\n"
    ).encode()


def block(action: str = "failed", status: str = "5.1.1", recipient: str = "head@school.example", said: str = "") -> str:
    lines = [f"Final-Recipient: rfc822; {recipient}", f"Action: {action}" if action else ""]
    lines += [f"Status: {status}" if status else "", f"Diagnostic-Code: smtp; {said}" if said else ""]
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize(
    ("name", "state", "flaw", "reason"),
    [
        ("postfix_unknown_mailbox", "undelivered", "dead", f"mail server 5.1.1: {NO_MAILBOX}"),
        ("postfix_delayed", "delayed", None, "mail server 4.4.1: X-Postfix; connect to mail.school.example"),
        ("postfix_gave_up", "undelivered", None, "mail server 4.4.1: X-Postfix; connect to mail.school.example"),
        ("postfix_delivered", "delivered", None, None),
        ("exchange_relayed", "sent", None, None),
        ("exchange_unknown_recipient", "undelivered", "dead", "mail server 5.1.10: the domain takes no mail"),
        ("exchange_policy", "undelivered", None, "mail server 5.7.12: smtp;550 5.7.12 sender is not authenticated"),
        ("qmail_no_mailbox", "undelivered", "dead", f"mail server 5.1.1: {NO_MAILBOX}"),
        ("qmail_too_long", "undelivered", None, "mail server 4.4.1: Sorry, I wasn't able to establish an SMTP"),
        ("exim_no_mailbox", "undelivered", "dead", f"mail server 5.1.1: {NO_MAILBOX}"),
        ("netease_no_mailbox", "undelivered", "dead", f"mail server 5.1.1: {NO_MAILBOX}"),
    ],
)
def test_bounce_of_each_kind_of_server_is_understood(
    name: str, state: str, flaw: str | None, reason: str | None
) -> None:
    """What became of it, why, and whether the mailbox is there at all; no address in the words."""
    for content in (returned(name), returned(name).replace(b"\r\n", b"\n")):
        found = read_report(content)
        assert found is not None
        assert (found.state, found.flaw) == (state, flaw)
        assert (found.reason is None) is (reason is None)
        assert found.reason is None or found.reason.startswith(reason or "")
        assert "head@school" not in (found.reason or "").lower()
        assert found.addresses == HEAD or (found.addresses > HEAD and not name.startswith(("postfix", "exchange")))


@pytest.mark.parametrize("name", ["out_of_office", "read_receipt", "from_a_person"])
def test_what_a_mailbox_or_a_person_answers_is_no_bounce(name: str) -> None:
    """Whatever numbers are in it."""
    assert read_report(returned(name)) is None


@pytest.mark.parametrize(
    ("given_", "state", "flaw"),
    [
        (block("failed", "5.1.1"), "undelivered", "dead"),
        (block("failed", "5.1.1 (bad destination mailbox address)"), "undelivered", "dead"),
        (block("Failed", "5.2.2"), "undelivered", None),
        (block("failed", "5.0.0", said="550 5.1.1 User unknown"), "undelivered", "dead"),
        (block("failed", "5.0.0", said="550 User not found: head@school.example"), "undelivered", "dead"),
        (block("failed", "5.0.0", said="554 rejected as spam"), "undelivered", None),
        (block("failed", "5.0.0", said="451 4.7.1 greylisted"), "undelivered", None),
        (block("failed", "4.4.7"), "undelivered", None),
        (block("failed", "4.2.2", said="452 4.2.2 user unknown? mailbox full"), "undelivered", None),
        (block("failed", ""), "undelivered", None),
        (block("delayed", "4.2.2"), "delayed", None),
        (block("delayed", "5.1.1"), "delayed", None),
        (block("", "4.2.2"), "delayed", None),
        (block("", "5.1.1"), "undelivered", "dead"),
        (block("", "2.1.5"), "delivered", None),
        (block("expanded", "2.0.0"), "sent", None),
        (block("telepathy", "5.1.1"), "undelivered", "dead"),
    ],
)
def test_action_decides_and_the_status_where_there_is_none(given_: str, state: str, flaw: str | None) -> None:
    """Who gave up on a temporary error has failed, and a vague status is made clear by the server's words."""
    found = read_report(notification(given_))
    assert found is not None
    assert (found.state, found.flaw) == (state, flaw)


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [("delivered", "failed", "undelivered"), ("relayed", "delivered", "delivered"), ("delayed", "expanded", "sent")],
)
def test_of_several_recipients_who_is_not_reached_counts(first: str, second: str, state: str) -> None:
    """An alias of two: one has it, one has not."""
    blocks = [block(first, "2.0.0" if first != "delayed" else "4.4.1"), block(second, "5.2.1")]
    for each in (blocks, blocks[::-1]):
        found = read_report(notification(*each))
        assert found is not None
        assert found.state == state


def test_mailbox_to_which_mail_is_passed_on_is_the_one_spoken_of() -> None:
    """The contact's own may be alive."""
    told = block(recipient="elsewhere@other.example") + "\nOriginal-Recipient: rfc822; head@school.example"
    found = read_report(notification(told))
    assert found is not None
    assert found.addresses == frozenset({"elsewhere@other.example"})


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_status_that_a_server_gives_in_chinese_is_read(charset: str) -> None:
    """Raw bytes in a field, as no standard allows and some servers write."""
    told = notification(block("failed", "5.0.0", said="550 用户不存在").replace("\n", "\r\n"))
    found = read_report(told.decode().encode(charset))
    assert found is not None
    assert (found.state, found.flaw) == ("undelivered", "dead")


def test_page_in_chinese_is_read_in_the_charset_that_it_means() -> None:
    """Called GB2312, and written in what came after it."""
    head = b"From: Postmaster@163.example\nContent-Type: text/html; charset=gb2312\n\n"
    found = read_report(head + "<p>退信说明：囍</p><p>550 用户不存在</p>".encode("gb18030"))
    assert found is not None
    assert found.flaw == "dead"


def test_returned_email_within_a_bounce_says_nothing_of_it() -> None:
    """What people reported may be about a server, too."""
    outer = (
        "From: postmaster@mx.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\n"
        "451 4.4.1 still trying\n\n--B\nContent-Type: message/rfc822\n\nSubject: x\n\n550 5.1.1 user unknown\n\n--B--\n"
    )
    found = read_report(outer.encode())
    assert found is not None
    assert (found.state, found.flaw) == ("delayed", None)


def test_words_of_another_class_make_no_status_milder() -> None:
    """Given up for good, with a temporary error quoted."""
    found = read_report(notification(block("failed", "5.0.0", said="451 4.7.1 greylisted")))
    assert found is not None
    assert (found.reason or "").startswith("mail server 5.0.0: ")


def test_charset_that_is_none_breaks_nothing() -> None:
    """Read as UTF-8."""
    for charset in (b"no-such", b"a\x00b"):
        head = b'From: MAILER-DAEMON@mx.example\nContent-Type: text/plain; charset="' + charset + b'"\n\n'
        found = read_report(head + b"550 5.1.1 unknown\n")
        assert found is not None
        assert found.flaw == "dead"


def test_field_that_is_broken_over_lines_breaks_nothing() -> None:
    """A control character that Python takes for the end of a line: what follows looks like one more field."""
    found = read_report(notification(block(said="550 5.1.1 unknown\x1e5:\n  x")))
    assert found is not None
    assert found.flaw == "dead"


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50, b"From: x\n\n", notification(), notification("nonsense")])
def test_garbage_says_nothing(content: bytes) -> None:
    """And a notification without a recipient neither."""
    assert read_report(content) is None


@UNHURRIED
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    """Nobody knows what comes in from outside."""
    read_report(content)


@UNHURRIED
@given(st.sampled_from(sorted(path.stem for path in RETURNED.glob("*.eml"))), st.data())
def test_no_damage_to_a_bounce_breaks_the_reading(name: str, data: st.DataObject) -> None:
    """Cut, and with bytes of any kind put in."""
    content = returned(name)
    at = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(at, min(len(content), at + 200)))
    read_report(content[:at] + data.draw(st.binary(max_size=30)) + content[end:])


def test_emails_within_emails_without_end_break_nothing() -> None:
    """Deeper than any reader goes: it is logged by who reads it, and never ends the listener."""
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(60))
    assert read_report(b"From: MAILER-DAEMON@mx.example\n" + nested) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("(#5.1.1)", "5.1.1"),
        ("host 5.1.1.1 said 5.7.1", "5.7.1"),
        ("version 4.2.10.3", None),
        ("451 4.7.1 later, then 550 5.2.1 disabled", "5.2.1"),
        ("said 550 User not found: x", "5.1.1"),
        ("said 554 spam", "5.0.0"),
        ("said 451 later", "4.0.0"),
        ("550 pupils", "5.0.0"),
        ("call 5550 1234", None),
        ("", None),
    ],
)
def test_status_is_found_in_a_servers_words(text: str, status: Any) -> None:
    """The gravest that it gives, and no part of an address or a version."""
    assert status_in(text) == status
