"""From a request to words, in the recipient's language and local time.

The code and the deadline are never cut: when an SMS would need a segment too many, only its optional parts give way.
The summary may name children, so it stays out of SMS, which anybody may read on a locked screen. A petition's messages
say which petition, where and until when, and nothing of what is in it, whatever a request carries (DOMAIN §2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from events.notification import NotificationRequested
from services.notifier.segments import sms_segments
from services.runtime.kinds import kind_name, kinds
from services.runtime.spoken.words import prepare_speech, speech

TEMPLATES = Path(__file__).parent / "templates"

AIM_SEGMENTS: Mapping[str, int] = MappingProxyType({"zh": 1, "en": 2})
"""How many segments an SMS should stay within (DOMAIN §4: one of 70 characters for Chinese alerts)."""

NAME_LIMIT, LABEL_LIMIT = 60, 40
"""Longest school name, and longest kind or receipt, in an SMS: all are needed, none may swallow the message."""

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Emails that begin with the emergency numbers: those that may come before help does."""

_ELLIPSIS: Mapping[str, str] = MappingProxyType({"zh": "…", "en": "..."})  # U+2026 is not in the GSM alphabet
_FALLBACK_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. An SMS has only text."""

    text: str
    subject: str = ""
    html: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """What templates may use: everything already in the recipient's language and local time."""

    template: str
    language: str
    is_petition: bool
    exercise: bool
    call_first: bool
    severity: str
    kind: str
    receipt: str | None
    duty: str
    """Name of the clock the message serves: what is owed."""

    school: str
    place: str | None
    summary: str | None
    note: str | None
    started: str
    deadline: str | None
    asks: bool
    code: str | None
    case_id: str

    def facts(self, severity: str) -> list[tuple[str, str]]:
        """Return the facts an email lists, as (label, value) in reading order; what is not known is left out."""
        facts = [
            ("kind", self.kind),
            ("receipt", self.receipt),
            ("severity", severity),
            ("school", self.school),
            ("place", self.place),
            ("started", self.started),
            ("summary", self.summary),
            ("note", self.note),
            ("deadline", self.deadline),
            ("code", self.code),
            ("case", self.case_id),
        ]
        return [(label, value) for label, value in facts if value]

    def parameters(self) -> Mapping[str, str]:
        """Return what a provider's own template may be filled with; nothing that a child could be known by."""
        found = {
            "school": self.school,
            "kind": self.kind,
            "severity": self.severity,
            "place": self.place,
            "started": self.started,
            "deadline": self.deadline,
            "code": self.code,
            "receipt": self.receipt,
        }
        return {name: value for name, value in found.items() if value}


def prepare() -> None:
    """Compile every template, so that the first alert does not wait for it."""
    for language in AIM_SEGMENTS:
        for name in (f"sms.{language}.j2", f"sms_petition.{language}.j2", f"email.{language}.j2", "email.text.j2"):
            _environment(escape=False).get_template(name)
        for name in (f"email.{language}.j2", "email.html.j2"):
            _environment(escape=True).get_template(name)
    kinds()
    prepare_speech()


def render(request: NotificationRequested) -> Rendered:
    """Return the words of a request for its channel."""
    view = _view(request)
    if request.channel == "voice":
        # The code, too: these words stand where nobody can press a key, such as in the local outbox.
        words = Rendered(speech(request, with_code=True))
    else:
        words = _sms(view) if request.channel == "sms" else _email(view)
    return replace(words, parameters=view.parameters())


def _sms(view: View) -> Rendered:
    family = "sms_petition" if view.is_petition else "sms"
    template = _environment(escape=False).get_template(f"{family}.{view.language}.j2")
    receipt = _cut(view.receipt, LABEL_LIMIT, view) if view.receipt else None
    kind, school = _cut(view.kind, LABEL_LIMIT, view), _cut(view.school, NAME_LIMIT, view)
    short = replace(view, school=school, kind=kind, receipt=receipt)

    def write(place: str | None, note: str | None) -> str:
        return template.render(m=replace(short, place=place, note=note))

    full = write(view.place, view.note)
    if sms_segments(full) <= AIM_SEGMENTS[view.language]:
        return Rendered(full)
    room = max(AIM_SEGMENTS[view.language], sms_segments(write(None, None)))
    place = _longest(view.place, view, lambda part: sms_segments(write(part, None)) <= room)
    note = _longest(view.note, view, lambda part: sms_segments(write(place, part)) <= room)
    return Rendered(write(place, note))


def _longest(part: str | None, view: View, fits: Callable[[str], bool]) -> str | None:
    """Return as much of an optional part as fits, or None when less than two of its characters do."""
    if not part or fits(part):
        return part
    shortest, longest = 1, len(part) - 1
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if fits(_cut(part, middle, view)):
            shortest = middle
        else:
            longest = middle - 1
    cut = _cut(part, shortest, view)
    return cut if shortest > 1 and fits(cut) else None


def _cut(text: str, length: int, view: View) -> str:
    return text if len(text) <= length else text[:length].rstrip() + _ELLIPSIS[view.language]


def _email(view: View) -> Rendered:
    plain, escaped = _environment(escape=False), _environment(escape=True)
    words = plain.get_template(f"email.{view.language}.j2").module
    return Rendered(
        text=plain.get_template("email.text.j2").render(m=view),
        subject=str(words.subject(view)),  # type: ignore[attr-defined]
        html=escaped.get_template("email.html.j2").render(m=view),
    )


def _view(request: NotificationRequested) -> View:
    zone = _zone(request.timezone)
    is_petition = request.family == "petition" or request.template.startswith("petition_")
    # A petition is told in a petition's words, even where a request names an incident's: their names end alike.
    template = f"petition_{request.template.partition('_')[2]}" if is_petition else request.template
    return View(
        template=template,
        language=request.language,
        is_petition=is_petition,
        exercise=request.exercise,
        call_first=template in CALL_FIRST,
        severity=request.severity,
        kind=kind_name(request.kind, request.language),
        receipt=_line(request.receipt),
        duty=request.clock.partition("@")[0],
        school=_line(request.school_name) or request.school_id,
        place=_line(request.place),
        summary=None if is_petition else request.summary,
        note=None if is_petition else _line(request.note),
        started=f"{request.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
        deadline=_moment(request.deadline, request.started_at, zone, request.language),
        asks=request.asks_acknowledgement,
        code=request.code,
        case_id=request.case_id,
    )


def _moment(moment: datetime | None, started_at: datetime, zone: ZoneInfo, language: str) -> str | None:
    """Return a deadline as the recipient's wall clock shows it, with the day when it is not the day of the report."""
    if moment is None:
        return None
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == started_at.astimezone(zone).date():
        return clock
    day = f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {local:%b} "
    return day + clock


def _line(text: str | None) -> str | None:
    """Return the text on one line: a line break could fake another message, or another header."""
    return " ".join(text.split()) if text else None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    """Return the time zone; an unknown one must not stop an alert, and the whole of China keeps one time."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found is a KeyError, a path or nonsense one of the others
        return ZoneInfo(_FALLBACK_ZONE)


@cache
def _environment(*, escape: bool) -> Environment:
    """Return the templates, compiled for HTML (`escape`) or for text.

    Two environments rather than escaping by file name: a macro of a text file called from HTML would come back
    unescaped and marked as safe.
    """
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escape,  # noqa: S701 - off for SMS and plain text only
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
    )
