"""Spans of time as people write them in a policy: ``90s``, ``5m``, ``1h30m``, or a share of a clock: ``80%``."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_PART = re.compile(r"(\d+)([smhd])")
_WHOLE = re.compile(r"(?:\d+[smhd])+")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)%")  # no more digits than `format_moment` writes again
_LONGEST = timedelta(days=3660)

Share = float
"""A share of a clock's span, above 0 and below 1."""


def parse_duration(value: object) -> timedelta:
    """Read ``5m`` and its like.

    Raises:
        ValueError: saying what is accepted.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise ValueError(f"{value!r} is not a duration: write 90s, 5m, 1h30m or 2d")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    if not seconds:
        raise ValueError("a duration must be longer than zero")
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{value} is longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Write a span the way a policy does; the inverse of ``parse_duration``."""
    left = int(span.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def parse_moment(value: object) -> timedelta | Share:
    """Read a duration or a share of the clock such as ``80%``.

    Raises:
        ValueError: saying what is accepted.
    """
    if isinstance(value, str) and (found := _SHARE.fullmatch(value)):
        value = float(found.group(1)) / 100
    if not isinstance(value, float):
        return parse_duration(value)
    share = round(value, 4)
    if not 0 < share < 1:  # NaN, too, is not inside
        raise ValueError(f"{value * 100:g}% is not inside the clock: write a share above 0% and below 100%")
    return share


def format_moment(value: timedelta | Share) -> str:
    """Write a moment the way a policy does."""
    return f"{value * 100:g}%" if isinstance(value, float) else format_duration(value)


_SPAN = r"(?=.*[1-9])(?:\d+[smhd])+"
_WRITTEN_SPAN = WithJsonSchema({"type": "string", "pattern": f"^{_SPAN}$"})
_WRITTEN_MOMENT = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": rf"^(?:{_SPAN}|(?=.*[1-9])\d{{1,2}}(?:\.\d{{1,2}})?%)$"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ]
    }
)

Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str), _WRITTEN_SPAN
]
Moment = Annotated[
    timedelta | float, BeforeValidator(parse_moment), PlainSerializer(format_moment, return_type=str), _WRITTEN_MOMENT
]
