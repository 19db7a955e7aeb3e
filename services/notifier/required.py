"""What the words of a message must have, whoever wrote them: without it, nobody could act on the message in time."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from services.notifier.roll_call_view import RollCallView
from services.notifier.template_files import AnyView
from services.notifier.view import View
from services.runtime.spoken.roll_call import COUNTED

MARKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"zh": ("【演练】", "演练"), "en": ("EXERCISE", "[EXERCISE]", "DRILL", "[DRILL]")}
)
"""How a drill's message may begin; no other message has one of these words at its beginning."""

STEPS_OF_A_CHASE = frozenset({*COUNTED, "roll_call_reminder", "roll_call_missing"})
"""Messages whose hour is the schedule's: whoever gets one late must not take it for news."""

EMERGENCY_NUMBERS = ("110", "119", "120")


def lacking_in_sms(view: AnyView, text: str) -> list[str]:
    """Return what an SMS lacks, in words for whoever wrote its template; empty when it may be sent."""
    return [*_mark(view, text), *_facts(view, text), *(["one line: it has several"] if "\n" in text else [])]


def lacking_in_email(view: AnyView, subject: str, text: str, html: str) -> list[str]:
    """Return what an email lacks, part by part."""
    found = [f"{one} in the subject" for one in (*_mark(view, subject), *_named(view, subject))]
    found += [f"{one} in the text" for one in (*_mark(view, text), *_facts(view, text))]
    # HTML begins with its head and may escape names: what it shows first cannot be told from here
    mark = [] if not view.exercise or any(one in html for one in MARKS[view.language]) else ["the watermark of a drill"]
    found += [f"{one} in the HTML" for one in mark]
    found += ["the link (`m.link`) in the text"] if view.link and view.link not in text else []
    shown = {"code": view.code, "link": view.link, "deadline": view.deadline if _names_deadline(view) else None}
    return found + [f"the {name} (`m.{name}`) in the HTML" for name, what in shown.items() if what and what not in html]


def _mark(view: AnyView, text: str) -> Iterator[str]:
    is_marked = text.startswith(MARKS[view.language])
    if view.exercise and not is_marked:
        yield f"the watermark of a drill at its beginning ({' or '.join(MARKS[view.language])})"
    if is_marked and not view.exercise:
        yield "its seriousness: it begins like a drill's and is none"


def _facts(view: AnyView, text: str) -> Iterator[str]:
    if view.code and view.code not in text:
        yield "the code (`m.code`)"
    if view.deadline and _names_deadline(view) and view.deadline not in text:
        yield "the deadline (`m.deadline`)"
    yield from _named(view, text)
    yield from _counted(view, text) if isinstance(view, RollCallView) else _of_case(view, text)


def _of_case(view: View, text: str) -> Iterator[str]:
    if view.receipt and view.receipt not in text:
        yield "the receipt number (`m.receipt`)"
    if view.call_first and not all(number in text for number in EMERGENCY_NUMBERS):
        yield f"the emergency numbers ({', '.join(EMERGENCY_NUMBERS)}, where `m.call_first`)"


def _counted(view: RollCallView, text: str) -> Iterator[str]:
    if view.template in COUNTED and view.counts is not None and str(view.counts.missing) not in text:
        yield "how many are missing (`m.counts.missing`)"
    is_late = view.template in STEPS_OF_A_CHASE and view.late_minutes is not None
    if is_late and str(view.late_minutes) not in text:
        yield "how late it is sent (`m.late_minutes`, where it is given)"


def _named(view: AnyView, text: str) -> Iterator[str]:
    if isinstance(view, RollCallView):
        if view.unit not in text:
            yield "the school, district or bureau (`m.unit`)"
        return
    if view.kind not in text:
        yield "the kind (`m.kind`)"
    if view.school not in text:
        yield "the school (`m.school`)"


def _names_deadline(view: AnyView) -> bool:
    """Return whether a deadline must be told: not where nothing is due any more, or nothing was due of the reader."""
    if isinstance(view, RollCallView):
        return view.template == "roll_call_reminder"
    return not view.template.endswith("_correction")
