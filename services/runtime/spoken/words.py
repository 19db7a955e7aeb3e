"""What a telephone call says, in the recipient's language and local time: shared by who calls and who answers Twilio.

Spoken words are heard once and by anybody near: they are what the SMS says and no more, so never the summary, which may
name children, and never what a petition tells. Numbers are written as they are said aloud.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from events.notification import NotificationRequested
from services.runtime.kinds import kind_name

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("zh", "en")
PART_LIMIT = 60
"""Longest name, place or receipt, in characters: about ten seconds of speech."""

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Calls that name the emergency numbers: those that may come before help does."""

_FALLBACK_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What templates may use: everything as it is said."""

    template: str
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
    deadline: str | None
    asks: bool
    code: str | None


def speech(request: NotificationRequested, *, with_code: bool = False) -> str:
    """Return the words of one message. ``with_code``: for who cannot answer by a key of the telephone."""
    # A petition is told in a petition's words, even where a request names an incident's: their names end alike.
    is_petition = request.family == "petition" or request.template.startswith("petition_")
    template = f"petition_{request.template.partition('_')[2]}" if is_petition else request.template
    view = Spoken(
        template=template,
        is_petition=is_petition,
        exercise=request.exercise,
        call_first=template in CALL_FIRST,
        severity=request.severity,
        kind=_said(kind_name(request.kind, request.language)) or request.kind,
        receipt=spelled(request.receipt) if request.receipt else None,
        duty=request.clock.partition("@")[0],
        school=_said(request.school_name) or request.school_id,
        place=_said(request.place),
        deadline=_moment(request),
        asks=request.asks_acknowledgement,
        code=spelled(request.code) if with_code and request.code else None,
    )
    text = _environment().get_template(f"call.{request.language}.j2").render(m=view)
    return " ".join(text.split())


def spelled(code: str) -> str:
    """Return signs to be said one by one, with a breath where the writing has a dash."""
    return ", ".join(" ".join(group) for group in code[:PART_LIMIT].replace(" ", "-").split("-") if group)


def prepare_speech() -> None:
    """Compile every template, so that the first call does not wait for it."""
    for language in LANGUAGES:
        _environment().get_template(f"call.{language}.j2")


def _said(text: str | None) -> str | None:
    return " ".join(text.split())[:PART_LIMIT] if text else None


def _moment(request: NotificationRequested) -> str | None:
    """Return the deadline by the recipient's own clock, with the day when it is not the day of the report."""
    if request.deadline is None:
        return None
    zone = _zone(request.timezone)
    local, started = request.deadline.astimezone(zone), request.started_at.astimezone(zone)
    other_day = local.date() != started.date()
    return _zh(local, other_day=other_day) if request.language == "zh" else _en(local, other_day=other_day)


def _zh(local: datetime, *, other_day: bool) -> str:
    day = f"{local.month}月{local.day}日" if other_day else ""
    return f"{day}{local.hour}点{local.minute:02}分"


def _en(local: datetime, *, other_day: bool) -> str:
    day = f"{local.day} {local:%B}, " if other_day else ""
    return f"{day}{local:%H:%M}"


@cache
def _zone(name: str) -> ZoneInfo:
    """Return the time zone; an unknown one must not stop a call, and the whole of China keeps one time."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found is a KeyError, a path or nonsense one of the others
        return ZoneInfo(_FALLBACK_ZONE)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - spoken text; whoever writes it into XML escapes it
        undefined=StrictUndefined,
        auto_reload=False,
    )
