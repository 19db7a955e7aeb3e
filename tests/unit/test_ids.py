"""Derived ids: the standard's own, whatever their parts."""

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from events.ids import NAMESPACE, derived


@given(st.lists(st.text(), min_size=1))
def test_derived_id_is_the_standards(parts: list[str]) -> None:
    """As the standard library makes a UUIDv5, so that another program can derive the same."""
    assert derived(*parts) == str(uuid5(NAMESPACE, "\x1f".join(parts)))
