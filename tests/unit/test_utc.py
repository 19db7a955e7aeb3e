"""Times are read the same way, whether by the short road or by pydantic's own."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from events.base import Utc

OURS: TypeAdapter[datetime] = TypeAdapter(Utc)
PYDANTIC: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
NEARLY = st.from_regex(r"\A\d{3}[\d٣][-W][0-3]\d[-\d][0-3]\d[T 0][0-2]\d[:0][0-6]\d:[0-6]\d[.,:Z]?\d{0,7}[Zz0]?\Z")


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_a_time_as_we_write_it_is_read_as_it_was(at: datetime) -> None:
    """What was stored is the same time again, in UTC itself, whose comparing is quick."""
    found = OURS.validate_json(OURS.dump_json(at))
    assert found == at
    assert found.tzinfo is UTC


@given(text=NEARLY)
def test_a_text_that_is_nearly_a_time_means_what_it_meant(text: str) -> None:
    """No text is read that pydantic refuses, none differently, and what is refused is refused in the same words."""
    assert _outcome(OURS, text) == _outcome(PYDANTIC, text)


@pytest.mark.parametrize(
    "value",
    [
        "2026-09-01T24:00:00.123456Z",
        "2026-02-30T14:00:00.123456Z",
        "2026-W36-2T14:00:00.12345Z",
        "2026-09-01T14:00:00.123456+08:00",
        "2026-09-01T14:00:00",
        "yesterday",
        "",
        None,
        True,
        [],
        1_788_000_000,
        datetime(2026, 9, 1, 14),  # noqa: DTZ001 - naive is what is tried
        datetime(2026, 9, 1, 14, tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_every_other_value_means_what_it_meant(value: Any) -> None:
    """Other zones, naive times and nonsense: the same time, or the same complaint."""
    assert _outcome(OURS, value) == _outcome(PYDANTIC, value)


def test_a_time_before_the_first_year_is_refused() -> None:
    """It cannot be written in UTC."""
    with pytest.raises(ValidationError, match="between the years 1 and 9999"):
        OURS.validate_python("0001-01-01T00:00:00+05:00")


def _outcome(adapter: TypeAdapter[datetime], value: Any) -> Any:
    try:
        found = adapter.validate_python(value)
    except ValidationError as refused:
        return [(one["type"], one["msg"]) for one in refused.errors()]
    return found.astimezone(UTC)
