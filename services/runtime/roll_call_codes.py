"""The code by which a person answers a school's roll calls: one a month, so that a day's chase makes no new ones.

It stands in the table of all codes, under a name in place of a case's id. It says "zero" for one school and nothing
else, of the roll call that is open when it is sent.
"""

from datetime import date

from events.notification import NotificationRequested

_PREFIX = "roll-call"
_BETWEEN = "\x1f"
"""No id has it, so a name is always read as it was made."""

ROLL_CALL_CODES = f"{_PREFIX}{_BETWEEN}"
"""How the names of all such codes begin."""


def code_case(school_id: str, day: date) -> str:
    """Return the name under which the codes for a school's roll calls of a month stand."""
    return _BETWEEN.join((_PREFIX, school_id, f"{day:%Y-%m}"))


def school_of_code(case_id: str) -> str | None:
    """Return the school that a code answers for, or None when it belongs to a case."""
    parts = case_id.split(_BETWEEN)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX else None  # noqa: PLR2004 - as it is made


def case_of_code(request: NotificationRequested) -> str:
    """Return under which name the code of a message stands: its case, or its school's roll calls."""
    if request.roll_call is None:
        return request.case_id
    return code_case(request.school_id, request.roll_call.date)
