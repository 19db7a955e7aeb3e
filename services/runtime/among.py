"""``column IN (many values)`` as one parameter: its text never changes, however many there are.

A list of five hundred placeholders is written, hashed and bound anew for each statement, and costs more than looking
the rows up. PostgreSQL takes an array; SQLite reads a JSON array (sqlite.org/json1.html#jeach).
"""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: ColumnElement[Any], values: Collection[Any], *, is_sqlite: bool) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values``, which are texts or whole numbers."""
    if is_sqlite:
        each = func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))


GIVEN = "given"
"""The parameter of ``among_given``."""


def among_given(column: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[bool]:
    """Return the same for a statement that is made once: its values are given as ``{GIVEN: given(values)}``."""
    if is_sqlite:
        each = func.json_each(bindparam(GIVEN)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(GIVEN, type_=ARRAY(column.type)))


def given(values: Collection[Any], *, is_sqlite: bool) -> Any:
    """Return many values as the parameter ``GIVEN`` takes them."""
    return orjson.dumps(list(values)).decode() if is_sqlite else list(values)
