"""An SMS in as few segments as it can be: what gives way, and in which order; the code and the deadline never do.

The summary and the note may name children, so they stay out of SMS, which anybody may read on a locked screen.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from services.notifier.limits import limit_of
from services.notifier.segments import sms_segments
from services.notifier.shortening import cut_at_the_end, cut_in_the_middle, without_broad_districts
from services.notifier.view import View

NAME_LIMIT, LABEL_LIMIT = 60, 30
"""Longest school name, and longest kind or receipt, in an SMS: all are needed, none may swallow the message."""

SHORTEST_NAME = 12
"""So much of a school's name is left where even the last segment is full: enough to ask about."""

Write = Callable[[View], str]
"""Gives the words of a view."""


def fitted(view: View, write: Write) -> str:
    """Return the words of an SMS within its segments.

    First to give way are the broad districts before the school's name, then the place as far as needed. What is left
    may take more segments than aimed at. Only where that is too much, the school's name is cut, too.
    """
    limit, view = limit_of(view.template, view.language), _bounded(view)
    for segments in range(limit.aim, limit.most + 1):
        for named in _with_ever_shorter_school(view):
            if _is_within(segments, write(named)):
                return write(named)
        for named in (*_with_ever_shorter_school(view),)[::-1]:
            if _is_within(segments, write(replace(named, place=None))):
                return write(_with_room_used(named, write, segments))
    return write(_squeezed(replace(view, place=None), write, limit.most))


def _is_within(segments: int, text: str) -> bool:
    return sms_segments(text) <= segments


def _bounded(view: View) -> View:
    """Return the view without what an SMS never says, and without a label or a name that would swallow it."""
    language = view.language
    return replace(
        view,
        summary=None,
        note=None,
        school=cut_in_the_middle(view.school, NAME_LIMIT, language),
        kind=cut_at_the_end(view.kind, LABEL_LIMIT, language),
        receipt=cut_at_the_end(view.receipt, LABEL_LIMIT, language) if view.receipt else None,
    )


def _with_ever_shorter_school(view: View) -> Iterator[View]:
    for school in without_broad_districts(view.school, view.language):
        yield replace(view, school=school)


def _with_room_used(view: View, write: Write, segments: int) -> View:
    """Return the view with as much of its place as there is room for."""

    def placed(length: int) -> View:
        return replace(view, place=cut_in_the_middle(view.place or "", length, view.language))

    length = _longest(view.place, lambda length: _is_within(segments, write(placed(length))))
    return placed(length) if length else replace(view, place=None)


def _longest(text: str | None, fits: Callable[[int], bool]) -> int:
    """Return how many characters of a text fit; 0 when less than two of them do: one says nothing."""
    if not text:
        return 0
    if fits(len(text)):
        return len(text)
    shortest, longest = 1, len(text) - 1
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if fits(middle):
            shortest = middle
        else:
            longest = middle - 1
    return shortest if shortest > 1 and fits(shortest) else 0


def _squeezed(view: View, write: Write, segments: int) -> View:
    """Return the view with the school's name cut until it fits, or as short as it may become."""

    def named(length: int) -> View:
        return replace(view, school=cut_in_the_middle(view.school, length, view.language))

    return named(max(SHORTEST_NAME, _longest(view.school, lambda length: _is_within(segments, write(named(length))))))
