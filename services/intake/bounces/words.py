"""A bounce written for people: qmail's, Exim's, and those of mail services that write a page in Chinese."""

import html
import re
from collections.abc import Iterator
from email.message import Message
from email.utils import parseaddr

from events.delivery import DeliveryState
from services.intake.bounces.codes import ADDRESS, status_in
from services.intake.bounces.fields import Told

SENDERS = ("mailer-daemon", "postmaster", "mail-daemon", "mdaemon")
"""Who writes bounces, before the @."""

QMAIL = "Hi. This is the qmail-send program"
"""How qmail's begin (QSBMF, https://cr.yp.to/proto/qsbmf.txt). It writes none for a delay."""

COPIES = re.compile(r"^\W{0,3}-{2,}.*(copy|original message|forwarded)", re.IGNORECASE | re.MULTILINE)
"""Where the copy of the returned email begins: what is in it is ours, and no server's."""

LONGEST_TEXT = 20_000
"""Characters looked at: a bounce says at once what it has to say."""

_TAG = re.compile(r"<[^>]{0,500}>")
_GIVEN_UP: DeliveryState = "undelivered"


def told_by_words(message: Message) -> list[Told]:
    """Return what a bounce for people tells; nothing when the email is none, or gives no reason.

    qmail gives up for good even where it quotes a temporary code: the message was in its queue too long.
    """
    text = "\n".join(_texts(message))[:LONGEST_TEXT]
    is_qmail = QMAIL in text
    if not (is_qmail or "X-Failed-Recipients" in message or _is_from_a_server(message)):
        return []
    copied = COPIES.search(text)
    said = text[: copied.start()] if copied else text
    status = status_in(said)
    if status is None and not is_qmail:
        return []
    is_final = is_qmail or (status or "").startswith("5")
    failed = f"{message.get('X-Failed-Recipients', '')} {said}"
    addresses = frozenset(found.lower() for found in ADDRESS.findall(failed))
    return [Told(_GIVEN_UP if is_final else "delayed", status, _gist(said, status), addresses)]


def _is_from_a_server(message: Message) -> bool:
    local = parseaddr(str(message.get("From", "")))[1].partition("@")[0].lower()
    return local in SENDERS


def _texts(message: Message) -> Iterator[str]:
    """Yield what is written for people, without what was returned."""
    for part in _own_parts(message):
        if part.get_content_maintype() != "text" or part.get_content_subtype() == "rfc822-headers":
            continue
        raw = part.get_payload(decode=True)
        if not isinstance(raw, bytes):
            continue
        text = _decoded(raw, part.get_content_charset("utf-8"))
        yield html.unescape(_TAG.sub(" ", text)) if part.get_content_subtype() == "html" else text


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield the parts of an email, but nothing from inside an email within it."""
    if not message.is_multipart():
        yield message
    elif message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _own_parts(part)


def _decoded(raw: bytes, charset: str) -> str:
    # What is called GB2312 is often GBK or GB18030, which has both in it.
    name = "gb18030" if charset.lower() in {"gb2312", "gbk", "x-gbk", "cp936"} else charset
    try:
        return raw.decode(name, "replace")
    except (LookupError, ValueError):  # no such charset, or no name of one
        return raw.decode("utf-8", "replace")


def _gist(text: str, status: str | None) -> str:
    """Return the line that has the status, or else the first that says anything."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    return next((line for line in lines if status and status in line), lines[0] if lines else "")
