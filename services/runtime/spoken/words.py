"""What a telephone call says, in the recipient's language and local time: shared by who calls and who answers Twilio.

Spoken words are heard once and by anybody near: they are what the SMS says and no more, so never the summary, which may
name children, and never what a petition tells. Numbers are written as they are said aloud.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import structlog
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError

from events.notification import NotificationRequested, Template
from events.roll_call import Counts, RollCallWords
from services.runtime.kinds import kind_name

TEMPLATES = Path(__file__).parent / "templates"
ROLL_CALL_TEMPLATES = Path(__file__).parent / "roll_call_templates"
LANGUAGES = ("zh", "en")
CALLS = tuple(f"call.{language}.j2" for language in LANGUAGES)
PART_LIMIT = 60
"""Longest name, place or receipt, in characters: about ten seconds of speech."""

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Calls that name the emergency numbers: those that may come before help does."""

DRILL_MARKS = ("演练", "Exercise", "Drill")
"""How a drill's call may begin."""

_FALLBACK_ZONE = "Asia/Shanghai"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SpokenRollCall:
    """What templates of calls about roll calls may use."""

    template: str
    exercise: bool
    title: str
    unit: str
    deadline: str | None
    counts: Counts | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What templates may use: everything as it is said."""

    template: str
    is_petition: bool
    is_graded: bool
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


def speech(request: NotificationRequested, *, with_code: bool = False, folder: Path | None = None) -> str:
    """Return the words of one message.

    ``with_code``: for who cannot answer by a key of the telephone. ``folder``: a site's own templates. Words of theirs
    that break, or lack what nobody could act without, are not said: ours are, and the log says so.
    """
    if request.roll_call is not None:
        return _of_roll_call(request, request.roll_call, with_code=with_code)
    spoken = spoken_of(request, with_code=with_code)
    file = f"call.{request.language}.j2"
    if folder is not None and (folder / file).is_file():
        try:
            text = said_by(folder, file, spoken)
        except Exception as error:  # noqa: BLE001 - whatever a template does, the call is made in our words
            _refuse(file, request.template, fault_of(error))
        else:
            if not (lacks := lacking_in_call(spoken, text)):
                return text
            _refuse(file, request.template, f"it lacks {', '.join(lacks)}")
    return said_by(None, file, spoken)


def said_by(folder: Path | None, file: str, spoken: Spoken) -> str:
    """Return what a template says on one line.

    Raises:
        TemplateError: the template is broken.
    """
    return " ".join(_environment(folder).get_template(file).render(m=spoken).split())


def fault_of(error: Exception) -> str:
    """Return what is wrong with a template without a word of the message it was filled with."""
    return f"{type(error).__name__}: {error}" if isinstance(error, TemplateError) else type(error).__name__


def lacking_in_call(spoken: Spoken, text: str) -> list[str]:
    """Return what a call lacks, in words for whoever wrote its template; empty when it may be made."""
    found = []
    if spoken.exercise and not text.startswith(DRILL_MARKS):
        found.append(f"the watermark of a drill at its beginning ({' or '.join(DRILL_MARKS)})")
    deadline = spoken.deadline if spoken.asks else None
    for what, name in ((spoken.school, "school"), (spoken.kind, "kind"), (deadline, "deadline")):
        if what and what not in text:
            found.append(f"the {name} (`m.{name}`)")
    if spoken.code and spoken.code not in text:
        found.append("the code (`m.code`, where it is given)")
    return found


def spoken_of(request: NotificationRequested, *, with_code: bool) -> Spoken:
    """Return what the words of a request are made of."""
    # A petition is told in a petition's words, even where a request names an incident's: their names end alike.
    is_petition = request.family == "petition" or request.template.startswith("petition_")
    template = petitions_name(request.template) if is_petition else request.template
    return Spoken(
        template=template,
        is_petition=is_petition,
        is_graded=not is_petition and template != "reachability_test",
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


def petitions_name(template: str) -> str:
    """Return the message of petitions that is named like this one; the first notice, where there is none."""
    name = f"petition_{template.partition('_')[2]}"
    return name if name in get_args(Template) else "petition_alert"


def _of_roll_call(request: NotificationRequested, words: RollCallWords, *, with_code: bool) -> str:
    """Return the words of a call about a roll call: numbers, and no list of schools that nobody could remember."""
    view = SpokenRollCall(
        template=request.template,
        exercise=request.exercise,
        title=_said(words.title) or words.call,
        unit=_said(request.school_name) or request.school_id,
        deadline=_moment(request),
        counts=words.counts,
        code=spelled(request.code) if with_code and request.code else None,
    )
    return " ".join(
        _environment(ROLL_CALL_TEMPLATES).get_template(f"call.{request.language}.j2").render(m=view).split()
    )


def spelled(code: str) -> str:
    """Return signs to be said one by one, with a breath where the writing has a dash."""
    return ", ".join(" ".join(group) for group in code[:PART_LIMIT].replace(" ", "-").split("-") if group)


def prepare_speech() -> None:
    """Compile our templates, so that the first call does not wait for it."""
    for file in CALLS:
        _environment(None).get_template(file)
        _environment(ROLL_CALL_TEMPLATES).get_template(file)


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
def _refuse(file: str, template: str, fault: str) -> None:
    """Say once why a site's words are not used."""
    _log.error(
        "template.refused",
        file=file,
        template=template,
        fault=fault,
        meaning="the built-in words are said instead",
        remedy="`tocsin template check` names every fault with its line",
    )


@cache
def _environment(folder: Path | None) -> Environment:
    ours = FileSystemLoader(TEMPLATES)
    return Environment(
        loader=ours if folder is None else ChoiceLoader([FileSystemLoader(folder), ours]),
        autoescape=False,  # noqa: S701 - spoken text; whoever writes it into XML escapes it
        undefined=StrictUndefined,
        auto_reload=False,
    )
