"""The email itself: headers that thread a case and mark it urgent, text and HTML side by side (DOMAIN §5)."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr

from services.notifier.channels.base import Message

_POLICY = SMTP.clone(cte_type="7bit")
"""Seven-bit encodings pass every server; 8BITMIME is an extension."""


def domain_of(sender: str) -> str:
    """Return the domain of the sender's address, which makes message ids globally unique (RFC 5322 §3.6.4)."""
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def message_id(notification_id: str, domain: str) -> str:
    """Return the id of a notification's email: the same for each try, so that mailboxes can drop a duplicate."""
    return f"<{notification_id}@{domain}>"


def thread_id(case_id: str, domain: str) -> str:
    """Return the id that all emails of a case reply to; no email has it, and readers group by it all the same."""
    return f"<case-{case_id}@{domain}>"


def compose(message: Message, sender: str) -> bytes:
    """Return the email as bytes for the wire.

    Raises:
        ValueError: an address cannot stand in a header.
    """
    domain = domain_of(sender)
    email = EmailMessage(policy=_POLICY)
    email["From"] = sender
    email["To"] = message.address
    email["Subject"] = message.subject
    email["Date"] = formatdate()
    email["Message-ID"] = message_id(message.notification_id, domain)
    email["In-Reply-To"] = email["References"] = thread_id(message.case_id, domain)
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    email["Importance"] = "high"
    email["X-Priority"] = "1"
    email.set_content(message.text)
    if message.html is not None:
        email.add_alternative(message.html, subtype="html")
    return email.as_bytes()
