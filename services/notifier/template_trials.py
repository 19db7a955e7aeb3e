"""Templates filled with every shape that a message may have: what each lacks, and what it has too much of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from escalation_policies.loader import PolicyLibrary
from events.notification import NotificationRequested, Template
from services.notifier.fitting import fitted
from services.notifier.limits import limit_of
from services.notifier.required import lacking_in_email, lacking_in_sms
from services.notifier.samples import LINK, TEMPLATES, every_shape, sample
from services.notifier.segments import count
from services.notifier.template_fault import TemplateFault, fault_of
from services.notifier.template_files import LAYOUTS, environment
from services.notifier.template_set import TemplateSet
from services.notifier.view import View, view_of
from services.runtime.spoken.words import lacking_in_call, said_by, spoken_of

_TYPED = "<i>校</i>"
"""What nobody may make HTML of, wherever they type it."""


def try_sms(
    folder: Path | None, file: str, messages: dict[str, int], library: PolicyLibrary
) -> Iterator[TemplateFault]:
    """Fill each message of a file: ``messages`` has the line of each."""
    words = environment(folder, escape=False).get_template(file).module
    for template in TEMPLATES:
        if template in messages:
            yield from _try_message(file, messages[template], getattr(words, template), template, library)


def try_email(
    folder: Path | None, language: str, places: dict[str, int], library: PolicyLibrary
) -> Iterator[TemplateFault]:
    """Fill every email of a language; ``places`` has the files that are checked, each with its subject's line."""
    templates = TemplateSet(folder)
    words = f"email.{language}.j2"
    first = next(iter(places))
    for template in TEMPLATES:
        for request, _ in every_shape(template, language, "email", library):
            view = view_of(request, LINK)
            try:
                said = templates.own_email(view)
            except Exception as error:  # noqa: BLE001 - whatever a template does is its fault, and told with its line
                yield fault_of(error, first, 1)
                continue
            for lack in lacking_in_email(view, *said):
                part = {"subject": words, "text": LAYOUTS[0], "HTML": LAYOUTS[1]}[lack.rpartition(" ")[2]]
                file = next((name for name in (part, words) if name in places), first)
                yield TemplateFault(file, places[file], f"{template}: it lacks {lack}")
    typed = templates.own_email(view_of(sample("incident_alert", channel="email", language=language, place=_TYPED)))
    if _TYPED in typed[2]:
        file = LAYOUTS[1] if LAYOUTS[1] in places else first
        yield TemplateFault(file, places[file], "what people type becomes HTML, and may be anything: remove `safe`")


def try_call(folder: Path | None, file: str, language: str, library: PolicyLibrary) -> Iterator[TemplateFault]:
    """Fill every call of a language."""
    for template in TEMPLATES:
        for request, _ in every_shape(template, language, "voice", library):
            spoken = spoken_of(request, with_code=True)
            try:
                lacks = lacking_in_call(spoken, said_by(folder, file, spoken))
            except Exception as error:  # noqa: BLE001 - as above
                yield fault_of(error, file, 1)
                continue
            for lack in lacks:
                yield TemplateFault(file, 1, f"{template}: it lacks {lack}")


def _try_message(
    file: str, line: int, macro: Any, template: Template, library: PolicyLibrary
) -> Iterator[TemplateFault]:
    language = file.split(".")[1]
    limit = limit_of(template, language)
    for request, is_usual in every_shape(template, language, "sms", library):
        try:
            view, text = _fitted(request, macro)
        except Exception as error:  # noqa: BLE001 - as above
            yield fault_of(error, file, line)
            continue
        for lack in lacking_in_sms(view, text):
            yield TemplateFault(file, line, f"{template}: it lacks {lack}")
        segments, most = count(text).segments, limit.aim if is_usual else limit.most
        if segments > most:
            yield TemplateFault(file, line, f"{template}: {segments} segments where {most} must do: shorten its words")


def _fitted(request: NotificationRequested, macro: Any) -> tuple[View, str]:
    """Return the words of a request as they are sent, and what of it they were made of."""
    written: dict[str, View] = {}

    def write(view: View) -> str:
        text = str(macro(view))
        written[text] = view
        return text

    text = fitted(view_of(request), write)
    return written[text], text
