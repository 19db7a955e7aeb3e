"""What the words of a message about a roll call are made of: no grade, no incident's words, nothing that was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from events.notification import NotificationRequested
from events.roll_call import Counts, RollCallWords
from services.runtime.local_time import shown, zone_of

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
