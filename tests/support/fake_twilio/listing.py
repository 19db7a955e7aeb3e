"""The list resource: `GET Messages.json` with its filters and pages.

Filters and page fields follow the ListMessage operation of Twilio's OpenAPI file; newest first, as Twilio lists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.support.fake_twilio.errors import TwilioError
from tests.support.fake_twilio.messages import API, Message

DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE = 50, 1000
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


@dataclass(frozen=True)
class Span:
    """What a DateSent value names: a day, or the one second of an instant (Twilio's dates have no fractions)."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read `YYYY-MM-DD` or an ISO 8601 instant, in GMT unless it says otherwise. Raises TwilioError 400."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise TwilioError(20001, status=400, message=f"Invalid DateSent: {text}") from None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)
        bare_date = len(text) == len("YYYY-MM-DD")
        return cls(moment, moment + (ONE_DAY if bare_date else ONE_SECOND))


def matches(message: Message, query: dict[str, str]) -> bool:
    """Return whether a message passes every filter of the query."""
    if message.sent_at is None:
        return False
    on, before, after = (Span.parse(query[key]) if key in query else None for key in FILTERS[2:])
    return (
        query.get("To", message.to) == message.to
        and query.get("From", message.sender) == message.sender
        and (on is None or on.start <= message.sent_at < on.end)
        and (before is None or message.sent_at < before.end)
        and (after is None or message.sent_at >= after.start)
    )


def page_of(messages: Iterable[Message], account_sid: str, query: dict[str, str]) -> dict[str, Any]:
    """Return one page of the messages that pass the query's filters."""
    found = [message for message in messages if matches(message, query)][::-1]
    number = int(query.get("Page", 0))
    size = min(int(query.get("PageSize", DEFAULT_PAGE_SIZE)), MAXIMUM_PAGE_SIZE)
    first = _start(found, query.get("PageToken"), number * size)
    shown = found[first : first + size]
    start = number * size

    def uri(page: int, token: str | None = None) -> str:
        kept = {key: query[key] for key in FILTERS if key in query} | {"PageSize": str(size), "Page": str(page)}
        if token is not None:
            kept["PageToken"] = token
        return f"{API}/{account_sid}/Messages.json?{urlencode(kept)}"

    more = first + size < len(found)
    return {
        "end": start + max(len(shown) - 1, 0),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, "PA" + shown[-1].sid) if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "messages": [message.resource() for message in shown],
        "start": start,
        "uri": uri(number, query.get("PageToken")),
    }


def _start(found: list[Message], token: str | None, fallback: int) -> int:
    """Return where the page begins: after the message the token names, so that new arrivals shift nothing."""
    if token is None:
        return fallback
    return next((index + 1 for index, message in enumerate(found) if "PA" + message.sid == token), fallback)
