"""Finding a status in what mail servers say: their codes, and the sentences of those that give none."""

import re

ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
"""An enhanced status code (RFC 3463), and no part of an IP address or a version."""

REPLY = re.compile(r"(?<![\d.#-])([45])\d\d(?=[\s:-])")
"""A reply code (RFC 5321 §4.2) before its text."""

UNKNOWN_MAILBOX = (
    "user not found", "user unknown", "unknown user", "mailbox not found", "mailbox unavailable", "no such user",
    "no such mailbox", "no mailbox here by that name", "does not exist", "recipient not found", "invalid recipient",
    "用户不存在", "收件人不存在", "邮箱不存在", "地址不存在", "收件人邮件地址不存在",
)  # fmt: skip
"""What servers say that give no status code, or one that says nothing: the mailbox is not there."""

NO_SUCH_MAILBOX = "5.1.1"
ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def status_in(text: str) -> str | None:
    """Return the status that a text gives: the gravest, for it may quote milder ones from earlier tries."""
    found: list[str] = sorted(ENHANCED.findall(text), key=lambda code: code[0], reverse=True)
    if found and not is_vague(found[0]):
        return found[0]
    replies: list[str] = REPLY.findall(text)
    if "5" in {*replies, *(code[0] for code in found)} and says_no_mailbox(text):
        return NO_SUCH_MAILBOX
    if found:
        return found[0]
    return f"{max(replies)}.0.0" if replies else None


def is_vague(status: str) -> bool:
    """Return whether a status says no more than its class."""
    return status.endswith(".0.0")


def says_no_mailbox(text: str) -> bool:
    """Return whether a text says that there is no such mailbox."""
    lower = text.lower()
    return any(words in lower for words in UNKNOWN_MAILBOX)
