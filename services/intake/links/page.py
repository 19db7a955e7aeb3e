"""The page of a link as HTML: small, without a script, for a telephone, and safe to be fetched by anything."""

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from events.notification import NotificationRequested
from services.intake.answering import Holder
from services.intake.links.words import LABELS, SEVERITIES, WORDS
from services.runtime.kinds import kind_name
from services.runtime.local_time import shown, zone_of
from services.runtime.spoken.words import CALL_FIRST

HERE = Path(__file__).parent
TITLE: Final = "警钟 Tocsin"
"""What a link preview may show: nothing of the case."""

LANGUAGES = ("zh", "en")
ACCEPT: Final = "accept"
DECLINE: Final = "decline"


@dataclass(frozen=True, slots=True)
class Section:
    """What is said in one language: usually the only one."""

    language: str
    heading: str
    texts: tuple[str, ...] = ()
    call_first: str | None = None
    watermark: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """One answer."""

    value: str
    label: str
    hint: str


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page, and the status that goes with it."""

    sections: tuple[Section, ...]
    status: int = 200
    facts: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    title: str = TITLE
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the page as it goes over the wire. That it is not to be kept is said of every answer of the intake."""
        style, policy = _style()
        html = _environment().get_template("page.html.j2").render(p=self, style=style)
        headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow",
            "X-Frame-Options": "DENY",
            "Content-Language": ", ".join(section.language for section in self.sections),
            **self.headers,
        }
        return Response(html, self.status, headers, "text/html")


def asking(request: NotificationRequested, holder: Holder, *, pressed_nothing: bool = False) -> Page:
    """Return the question with its two buttons; whether it arrived is asked with one."""
    language = request.language
    said = {name: words[language] for name, words in WORDS.items()}
    section = Section(
        language=language,
        heading=said["ask"].format(kind=kind_name(request.kind, language)),
        texts=(said["press"],) if pressed_nothing else (),
        call_first=said["call_first"] if request.template in CALL_FIRST else None,
        watermark=said["watermark"] if request.exercise else None,
    )
    names: tuple[tuple[str, str], ...] = ((ACCEPT, ACCEPT), (DECLINE, DECLINE))
    if holder.is_test:
        names = ((ACCEPT, "confirm"),)
    elif request.roll_call is not None:
        names = ((ACCEPT, "zero"), (DECLINE, "with_cases"))
    buttons = tuple(Button(one, said[name], said[f"{name}_hint"]) for one, name in names)
    return Page((section,), 422 if pressed_nothing else 200, _facts(request, holder), buttons)


def telling(request: NotificationRequested, name: str, *texts: str, status: int = 200) -> Page:
    """Return a page that only says something, under one of the headings."""
    words = WORDS[name][request.language]
    watermark = WORDS["watermark"][request.language] if request.exercise else None
    return Page((Section(request.language, words, texts, watermark=watermark),), status)


def telling_anybody(name: str, status: int, headers: dict[str, str] | None = None) -> Page:
    """Return a page for somebody whose language nobody knows, in both: a heading and what to do now."""
    sections = tuple(Section(one, WORDS[name][one], (WORDS[f"{name}_then"][one],)) for one in LANGUAGES)
    return Page(sections, status, headers=headers or {})


def _facts(request: NotificationRequested, holder: Holder) -> tuple[tuple[str, str], ...]:
    """Return what an SMS says, and no more: whoever forwards or previews the link must learn no child's name."""
    language, zone = request.language, zone_of(request.timezone)
    severity = holder.case.severity if holder.case is not None else request.severity
    facts = {
        "kind": kind_name(request.kind, language),
        "receipt": request.receipt,
        "severity": SEVERITIES[language][severity] if request.family == "incident" and not holder.is_test else None,
        "school": request.school_name,
        "place": request.place,
        "started": f"{request.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "deadline": shown(request.deadline, request.started_at, zone, language) if request.deadline else None,
    }
    return tuple((LABELS[name][language], value) for name, value in facts.items() if value)


@cache
def _style() -> tuple[Markup, str]:
    """Return the style, and the policy that lets it and nothing else: no script, no image, no frame around it."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'"
    return Markup(style), f"{policy}; frame-ancestors 'none'"  # noqa: S704 - a file of ours


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, auto_reload=False, trim_blocks=True
    )
