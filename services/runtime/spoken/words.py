"""What a telephone call says, in the recipient's language and local time: shared by who calls and who answers Twilio.

Spoken words are heard once and by anybody near: they are what the SMS says and no more, so never the summary, which may
name children, and never what a petition tells. Numbers are written as they are said aloud.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

import structlog
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError

from events.notification import NotificationRequested, Template
from services.runtime.kinds import kind_name
from services.runtime.spoken.roll_call import SpokenRollCall, lacking_in_roll_call, spoken_roll_call
from services.runtime.spoken.saying import deadline_said, said, spelled

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("zh", "en")
CALLS = tuple(f"call.{language}.j2" for language in LANGUAGES)
ROLL_CALLS = tuple(f"call_roll_call.{language}.j2" for language in LANGUAGES)
"""The files of calls, and of calls about roll calls."""

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Calls that name the emergency numbers: those that may come before help does."""

DRILL_MARKS = ("演练", "Exercise", "Drill")
"""How a drill's call may begin."""

_log = structlog.get_logger(__name__)


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
    spoken = spoken_of(request, with_code=with_code)
    file = call_file(spoken, request.language)
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


def call_file(spoken: Spoken | SpokenRollCall, language: str) -> str:
    """Return the name of the file that has the words of a call."""
    return f"call{'_roll_call' if isinstance(spoken, SpokenRollCall) else ''}.{language}.j2"


def said_by(folder: Path | None, file: str, spoken: Spoken | SpokenRollCall) -> str:
    """Return what a template says on one line.

    Raises:
        TemplateError: the template is broken.
    """
    return " ".join(_environment(folder).get_template(file).render(m=spoken).split())


def fault_of(error: Exception) -> str:
    """Return what is wrong with a template without a word of the message it was filled with."""
    return f"{type(error).__name__}: {error}" if isinstance(error, TemplateError) else type(error).__name__


def lacking_in_call(spoken: Spoken | SpokenRollCall, text: str) -> list[str]:
    """Return what a call lacks, in words for whoever wrote its template; empty when it may be made."""
    found = []
    if spoken.exercise and not text.startswith(DRILL_MARKS):
        found.append(f"the watermark of a drill at its beginning ({' or '.join(DRILL_MARKS)})")
    found += _lacking_facts(spoken, text) if isinstance(spoken, Spoken) else lacking_in_roll_call(spoken, text)
    if spoken.code and spoken.code not in text:
        found.append("the code (`m.code`, where it is given)")
    return found


def _lacking_facts(spoken: Spoken, text: str) -> Iterator[str]:
    deadline = spoken.deadline if spoken.asks else None
    for what, name in ((spoken.school, "school"), (spoken.kind, "kind"), (deadline, "deadline")):
        if what and what not in text:
            yield f"the {name} (`m.{name}`)"


def spoken_of(request: NotificationRequested, *, with_code: bool) -> Spoken | SpokenRollCall:
    """Return what the words of a request are made of."""
    if request.roll_call is not None:
        return spoken_roll_call(request, request.roll_call, with_code=with_code)
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
        kind=said(kind_name(request.kind, request.language)) or request.kind,
        receipt=spelled(request.receipt) if request.receipt else None,
        duty=request.clock.partition("@")[0],
        school=said(request.school_name) or request.school_id,
        place=said(request.place),
        deadline=deadline_said(request),
        asks=request.asks_acknowledgement,
        code=spelled(request.code) if with_code and request.code else None,
    )


def petitions_name(template: str) -> str:
    """Return the message of petitions that is named like this one; the first notice, where there is none."""
    name = f"petition_{template.partition('_')[2]}"
    return name if name in get_args(Template) else "petition_alert"


def prepare_speech() -> None:
    """Compile our templates, so that the first call does not wait for it."""
    for file in (*CALLS, *ROLL_CALLS):
        _environment(None).get_template(file)


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
