"""A message about a roll call in the words of its templates: names of schools give way in an SMS, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

from services.notifier.limits import limit_of
from services.notifier.roll_call_view import RollCallView
from services.notifier.segments import sms_segments
from services.notifier.shortening import cut_at_the_end, cut_in_the_middle

TITLE_LIMIT, UNIT_LIMIT = 12, 24
"""Longest title of a roll call, and longest name of a unit, in an SMS."""

Write = Callable[[RollCallView], str]
"""Gives the words of a view."""


def fitted_roll_call(view: RollCallView, write: Write) -> str:
    """Return the words of an SMS: with as many names of schools as there is room for, since the email has them all."""
    unit = cut_in_the_middle(view.unit, UNIT_LIMIT, view.language)
    short = replace(view, title=cut_at_the_end(view.title, TITLE_LIMIT, view.language), unit=unit)

    def with_names(length: int) -> str:
        names = cut_at_the_end(view.names, length, view.language) if view.names and length else None
        return write(replace(short, names=names))

    room = max(limit_of(view.template, view.language).aim, sms_segments(with_names(0)))
    low, high = 0, len(view.names or "")
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sms_segments(with_names(middle)) <= room else (low, middle - 1)
    return with_names(low)
