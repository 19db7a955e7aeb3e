"""Templates filled with every shape that a message may have: what each lacks, and what it has too much of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from escalation_policies.loader import PolicyLibrary
from events.channel import Channel
from events.notification import NotificationRequested, RollCallTemplate, Template
from services.notifier.fitting import fitted
from services.notifier.limits import limit_of
from services.notifier.required import lacking_in_email, lacking_in_sms
from services.notifier.roll_call_samples import ROLL_CALLS, every_roll_call, sample_roll_call
from services.notifier.roll_call_view import RollCallView, roll_call_view
from services.notifier.roll_call_words import fitted_roll_call
from services.notifier.samples import LINK, TEMPLATES, Shape, every_shape, sample
from services.notifier.segments import count
from services.notifier.template_fault import TemplateFault, fault_of
from services.notifier.template_files import LAYOUTS, AnyView, environment
from services.notifier.template_set import TemplateSet
from services.notifier.view import view_of
from services.runtime.spoken.words import lacking_in_call, said_by, spoken_of

_TYPED = "<i>校</i>"
"""What nobody may make HTML of, wherever they type it."""


Named = Template | RollCallTemplate


def try_sms(
    folder: Path | None, file: str, messages: dict[str, int], library: PolicyLibrary
) -> Iterator[TemplateFault]:
    """Fill each message of a file: ``messages`` has the line of each."""
    words = environment(folder, escape=False).get_template(file).module
    for template in (*TEMPLATES, *ROLL_CALLS):
        if template in messages:
            yield from _try_message(file, messages[template], getattr(words, template), template, library)


def try_email(
    folder: Path | None, words: str, places: dict[str, int], library: PolicyLibrary
) -> Iterator[TemplateFault]:
    """Fill every email of a file of words; ``places`` has the files that are checked, each with its subject's line."""
    templates, language = TemplateSet(folder), words.split(".")[1]
    first = next(iter(places))
    for template in _messages_of(words):
        for request, _ in _shapes(template, language, "email", library):
            view = _view(request, LINK)
            try:
                said = templates.own_email(view)
            except Exception as error:  # noqa: BLE001 - whatever a template does is its fault, and told with its line
                yield fault_of(error, first, 1)
                continue
            for lack in lacking_in_email(view, *said):
                part = {"subject": words, "text": LAYOUTS[0], "HTML": LAYOUTS[1]}[lack.rpartition(" ")[2]]
                file = next((name for name in (part, words) if name in places), first)
                yield TemplateFault(file, places[file], f"{template}: it lacks {lack}")
    try:
        html = templates.own_email(_view(_typed(words, language)))[2]
    except Exception as error:  # noqa: BLE001 - as above
        yield fault_of(error, first, 1)
        return
    if _TYPED in html:
        file = LAYOUTS[1] if LAYOUTS[1] in places else first
        yield TemplateFault(file, places[file], "what people type becomes HTML, and may be anything: remove `safe`")


def try_call(folder: Path | None, file: str, library: PolicyLibrary) -> Iterator[TemplateFault]:
    """Fill every call of a file."""
    for template in _messages_of(file):
        for request, _ in _shapes(template, file.split(".")[1], "voice", library):
            spoken = spoken_of(request, with_code=True)
            try:
                lacks = lacking_in_call(spoken, said_by(folder, file, spoken))
            except Exception as error:  # noqa: BLE001 - as above
                yield fault_of(error, file, 1)
                continue
            for lack in lacks:
                yield TemplateFault(file, 1, f"{template}: it lacks {lack}")


def _messages_of(file: str) -> tuple[Named, ...]:
    return ROLL_CALLS if "_roll_call." in file else TEMPLATES


def _shapes(template: Named, language: str, channel: Channel, library: PolicyLibrary) -> Iterator[Shape]:
    if template in ROLL_CALLS:
        return every_roll_call(template, language, channel)
    assert template in TEMPLATES
    return every_shape(template, language, channel, library)


def _view(request: NotificationRequested, link: str | None = None) -> AnyView:
    words = request.roll_call
    return view_of(request, link) if words is None else roll_call_view(request, words, link)


def _typed(words: str, language: str) -> NotificationRequested:
    """Return an email with what somebody typed that would be HTML."""
    changes: dict[str, Any] = {"channel": "email", "language": language}
    if _messages_of(words) is ROLL_CALLS:
        return sample_roll_call("roll_call_summary", school_name=_TYPED, **changes)
    return sample("incident_alert", place=_TYPED, **changes)


def _try_message(file: str, line: int, macro: Any, template: Named, library: PolicyLibrary) -> Iterator[TemplateFault]:
    language = file.split(".")[1]
    limit = limit_of(template, language)
    for request, is_usual in _shapes(template, language, "sms", library):
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


def _fitted(request: NotificationRequested, macro: Any) -> tuple[AnyView, str]:
    """Return the words of a request as they are sent, and what of it they were made of."""
    written: dict[str, AnyView] = {}

    def write(view: AnyView) -> str:
        text = str(macro(view))
        written[text] = view
        return text

    view = _view(request)
    text = fitted_roll_call(view, write) if isinstance(view, RollCallView) else fitted(view, write)
    return written[text], text
