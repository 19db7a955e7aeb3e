"""What a call about a roll call is made of: numbers, and no list of schools that nobody could remember."""

from collections.abc import Iterator
from dataclasses import dataclass

from events.notification import NotificationRequested
from events.roll_call import Counts, RollCallWords
from services.runtime.spoken.saying import deadline_said, said, spelled

COUNTED = frozenset({"roll_call_list", "roll_call_summary"})
"""Messages that say how a roll call stands."""


@dataclass(frozen=True, slots=True)
class SpokenRollCall:
    """What templates of calls about roll calls may use: everything as it is said."""

    template: str
    exercise: bool
    title: str
    unit: str
    deadline: str | None
    counts: Counts | None
    code: str | None


def spoken_roll_call(request: NotificationRequested, words: RollCallWords, *, with_code: bool) -> SpokenRollCall:
    """Return what the words of a request are made of."""
    return SpokenRollCall(
        template=request.template,
        exercise=request.exercise,
        title=said(words.title) or words.call,
        unit=said(request.school_name) or request.school_id,
        deadline=deadline_said(request),
        counts=words.counts,
        code=spelled(request.code) if with_code and request.code else None,
    )


def lacking_in_roll_call(spoken: SpokenRollCall, text: str) -> Iterator[str]:
    """Give what a call lacks besides its mark and its code, in words for whoever wrote its template."""
    if spoken.unit not in text:
        yield "the school, district or bureau (`m.unit`)"
    if spoken.template == "roll_call_reminder" and spoken.deadline and spoken.deadline not in text:
        yield "the deadline (`m.deadline`)"
    if spoken.template in COUNTED and spoken.counts is not None and str(spoken.counts.missing) not in text:
        yield "how many are missing (`m.counts.missing`)"
