"""What each kind of value in the directory file looks like, and what to tell the clerk when it does not."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from services.runtime.web_addresses import web_address

T = TypeVar("T")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PHONE = re.compile(r"\+[0-9][0-9 ()-]{3,30}")
# What a browser's e-mail field accepts (HTML Living Standard, "valid e-mail address"), with a dot in the domain.
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
DAY_OR_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
YEARS = range(2000, 2100)
"""A year outside this is a slip of the keyboard."""
NAME_LIMIT = 120  # as events.directory.Name


def identifier(text: str) -> str:
    """Return an id or a role's name. It becomes a key on the bus, where a person's name must never stand."""
    if not ID.fullmatch(text):
        raise ValueError("use 1-64 of the letters a-z, A-Z, digits, `.`, `_` and `-`, the first no punctuation")
    return text


def name(text: str) -> str:
    """Return the name of a unit or a person."""
    if not 0 < len(text) <= NAME_LIMIT:
        raise ValueError(f"write 1-{NAME_LIMIT} characters")
    return text


def one_of(words: tuple[T, ...]) -> Callable[[str], T]:
    """Return a reader of one of these words."""

    def read(text: str) -> T:
        for word in words:
            if word == text:
                return word
        raise ValueError(f"expected one of {', '.join(map(str, words))}")

    return read


def zone(text: str) -> ZoneInfo:
    """Return a time zone of the IANA database."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; use a name of the IANA database, such as Asia/Shanghai") from None


def moment(text: str) -> datetime:
    """Return a time with its offset from UTC, in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901
    if found.tzinfo is None or found.year not in YEARS:
        raise ValueError("write the time with its offset, such as 2026-11-24T08:00:00+08:00")
    return found.astimezone(UTC)


def day_or_time(text: str) -> date | datetime:
    """Return a day, or a time by the clock on the wall; with an offset from UTC it is aware."""
    if not DAY_OR_TIME.fullmatch(text) or int(text[:4]) not in YEARS:
        raise ValueError("write a day, such as 2026-11-01, or a time, such as 2026-11-01T08:00")
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-01") else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day or time; look at the calendar") from None


def hour(text: str) -> time:
    """Return an hour of the unit's own day."""
    if not HOUR.fullmatch(text):
        raise ValueError("write hours and minutes, 00:00 to 23:59, such as 08:00")
    return time.fromisoformat(text)


def days(text: str) -> range:
    """Return a weekday (`mon`) or a run of them (`mon-fri`) as numbers, Monday being 0."""
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
        raise ValueError(f"expected a day ({', '.join(DAYS)}) or a run of days, such as mon-fri")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


# A refused address is never repeated: the message may end in a log, and the line says where it stands.
def phone(text: str) -> str:
    """Return a telephone number in E.164. Its length is judged, not its range: ranges kept for fiction are welcome."""
    try:
        number = phonenumbers.parse(text) if PHONE.fullmatch(text) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError("not a telephone number; write it with + and the country's code, such as +86 ...")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """Return an e-mail address (addr-spec of RFC 5322, without the obsolete forms)."""
    if not EMAIL.fullmatch(text) or ".." in text or text.startswith(".") or ".@" in text:
        raise ValueError("not an e-mail address; write it like duty@school.example.org")
    return text


def webhook(text: str) -> str:
    """Return the address of a program that takes messages."""
    web_address(text)
    return text
