"""A message about a roll call in words: who is missing, how it stands, until when. No grade, no incident's words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from events.notification import NotificationRequested
from events.roll_call import Counts, RollCallWords
from services.notifier.limits import Limit
from services.notifier.segments import sms_segments
from services.notifier.shortening import cut_at_the_end, cut_in_the_middle
from services.notifier.template_files import LANGUAGES, LAYOUTS
from services.notifier.template_files import TEMPLATES as SHARED
from services.runtime.local_time import shown, zone_of

TEMPLATES = Path(__file__).parent / "roll_call_templates"

LIMITS: Mapping[str, Limit] = {"zh": Limit(1, 2), "en": Limit(2, 3)}
"""Segments of an SMS, as for messages of cases (``templates/limits.yaml``)."""

TITLE_LIMIT, UNIT_LIMIT = 12, 24
"""Longest title of a roll call, and longest name of a unit, in an SMS."""

_BETWEEN: Mapping[str, str] = {"zh": "、", "en": ", "}


@dataclass(frozen=True, slots=True)
class RollCallView:
    """What templates may use: everything already in the recipient's language and local time."""

    call_first: ClassVar[bool] = False
    is_petition: ClassVar[bool] = False
    sealed: ClassVar[bool] = False

    template: str
    language: str
    exercise: bool
    title: str
    unit: str
    date: str
    deadline: str | None
    counts: Counts | None
    names: str | None
    contradicted: str | None
    more: int
    late_minutes: int | None
    asks: bool
    code: str | None
    link: str | None

    def facts(self, severity: str) -> list[tuple[str, str]]:
        """Return the facts an email lists, as (label, value) in reading order; what is not known is left out."""
        del severity
        counted = self.counts.model_dump() if self.counts is not None else {}
        facts = [
            ("unit", self.unit),
            ("date", self.date),
            ("deadline", self.deadline),
            *((name, str(number)) for name, number in counted.items()),
            ("missing_names", self.names),
            ("contradicted_names", self.contradicted),
            ("more", str(self.more) if self.more else None),
            ("sent_late", f"{self.late_minutes} min" if self.late_minutes else None),
            ("code", self.code),
        ]
        return [(label, value) for label, value in facts if value]

    def parameters(self) -> Mapping[str, str]:
        """Return what a provider's own template may be filled with."""
        found = {
            "title": self.title,
            "unit": self.unit,
            "date": self.date,
            "deadline": self.deadline,
            "names": self.names,
            "code": self.code,
            **({name: str(number) for name, number in self.counts.model_dump().items()} if self.counts else {}),
        }
        return {name: value for name, value in found.items() if value}


def roll_call_view(request: NotificationRequested, words: RollCallWords, link: str | None = None) -> RollCallView:
    """Return what the words of a request are made of; ``link`` is where it can be answered."""
    between = _BETWEEN[request.language]
    zone = zone_of(request.timezone)
    return RollCallView(
        template=request.template,
        language=request.language,
        exercise=request.exercise,
        title=_line(words.title) or words.call,
        unit=_line(request.school_name) or request.school_id,
        date=f"{words.date.month}月{words.date.day}日" if request.language == "zh" else f"{words.date:%-d %b}",
        deadline=shown(request.deadline, request.started_at, zone, request.language) if request.deadline else None,
        counts=words.counts,
        names=_line(between.join(words.missing)),
        contradicted=_line(between.join(words.contradicted)),
        more=words.more,
        late_minutes=words.late_minutes,
        asks=request.asks_acknowledgement,
        code=request.code,
        link=link,
    )


def _line(text: str | None) -> str | None:
    """Return the text on one line: a line break could fake another message, or another header."""
    return " ".join(text.split()) if text else None


def roll_call_sms(view: RollCallView) -> str:
    """Return the SMS. Names of schools give way, for the list is in the email and on the page; nothing else does."""
    macro = getattr(_words(view.language, escape=False), view.template)
    unit = cut_in_the_middle(view.unit, UNIT_LIMIT, view.language)
    short = replace(view, title=cut_at_the_end(view.title, TITLE_LIMIT, view.language), unit=unit)

    def write(length: int) -> str:
        names = cut_at_the_end(view.names, length, view.language) if view.names and length else None
        return str(macro(replace(short, names=names)))

    room = max(LIMITS[view.language].aim, sms_segments(write(0)))
    low, high = 0, len(view.names or "")
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sms_segments(write(middle)) <= room else (low, middle - 1)
    return write(low)


def roll_call_email(view: RollCallView) -> tuple[str, str, str]:
    """Return the subject, the text and the HTML."""
    plain, html = (_words(view.language, escape=escape) for escape in (False, True))
    written = [
        _environment(escape=escape).get_template(layout).render(m=view, words=words)
        for layout, words, escape in zip(LAYOUTS, (plain, html), (False, True), strict=True)
    ]
    return str(plain.subject(view)), written[0], written[1]


def prepare_roll_calls() -> None:
    """Compile every template, so that the first of thousands does not wait for it."""
    for language in LANGUAGES:
        for escape in (False, True):
            _words(language, escape=escape)


@cache
def _words(language: str, *, escape: bool) -> Any:
    return _environment(escape=escape).get_template(f"roll_call.{language}.j2").module


@cache
def _environment(*, escape: bool) -> Environment:
    """Return our templates, and the layouts that all emails share. Two environments: see ``template_files``."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(SHARED)]),
        autoescape=escape,  # noqa: S701 - off for SMS and plain text only
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
    )
