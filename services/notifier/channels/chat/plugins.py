"""What of apprise is used: one plugin made from an address, and one call that sends a text.

Its front, which sends to many at once, brings threads, retries and configuration of its own; all of these we have.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import charset

Send = Callable[[str], bool]
"""Sends a text; blocks. False says that it went wrong, and not how far it had come."""


def sender_of(address: str, timeout_seconds: float) -> Send:
    """Return how to send to a target.

    A plugin is made anew for each message: it is not made for several threads, and one that is kept would wait 5.5 s
    between two messages, in the thread. The pace is the channel's own (TOCSIN_PROVIDER_RATES).

    Raises:
        ValueError: apprise cannot use the address.
    """
    with _python_as_it_was():
        from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode  # noqa: PLC0415 - where there are chats

        asset = AppriseAsset(app_id="Tocsin", app_desc="Tocsin", app_url="", http_redirects=False)
        if Apprise.instantiate(address, asset=asset) is None:
            raise ValueError("apprise cannot use this address")

    def send(text: str) -> bool:
        plugin = Apprise.instantiate(address, asset=asset)
        if plugin is None:
            return False
        # Both together are the time-out; an address may ask for other ones (`cto`, `rto`), and does not get them.
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_seconds / 2
        return bool(plugin.notify(body=text, body_format=NotifyFormat.TEXT, overflow=OverflowMode.SPLIT))

    return send


@contextmanager
def _python_as_it_was() -> Iterator[None]:
    """Take back what apprise changes for the whole process when it loads its plugins (half a second, 40 MB).

    That of email lets every email be written as quoted-printable, ours too: three times as long in Chinese, and its
    subject broken into lines. Another imports a module that Python is about to drop, and is warned.
    """
    charsets = dict(charset.CHARSETS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            yield
        finally:
            charset.CHARSETS.clear()
            charset.CHARSETS.update(charsets)
