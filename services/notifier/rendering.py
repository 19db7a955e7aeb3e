"""From a request to words, in the recipient's language and local time.

The code, the deadline and the link are never cut (``fitting``). A petition's messages say which petition, where and
until when, and nothing of what is in it, whatever a request carries (``view``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from events.notification import NotificationRequested
from events.roll_call import RollCallWords
from services.notifier.fitting import fitted
from services.notifier.limits import limits
from services.notifier.roll_call_view import roll_call_view
from services.notifier.roll_call_words import fitted_roll_call
from services.notifier.template_set import template_set
from services.notifier.view import view_of
from services.runtime.kinds import kinds
from services.runtime.spoken.words import prepare_speech, speech

LINKED: Mapping[str, str] = MappingProxyType({"zh": "，或点开 {link}", "en": " or open {link}"})
"""How an SMS goes on after its code. Nothing follows a link: telephones take what does for a part of it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. An SMS has only text."""

    text: str
    subject: str = ""
    html: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def prepare(folder: Path | None = None) -> None:
    """Read and compile what messages are made of, so that the first alert does not wait for it."""
    template_set(folder).compile()
    kinds()
    limits()
    prepare_speech()


def render(request: NotificationRequested, folder: Path | None = None, link: str | None = None) -> Rendered:
    """Return the words of a request for its channel.

    ``folder`` has a site's own templates (TOCSIN_TEMPLATES), ``link`` is where the message can be answered.
    """
    if request.roll_call is not None:
        return _of_roll_call(request, request.roll_call, folder, link)
    view, templates = view_of(request, link), template_set(folder)
    if request.channel == "voice":
        # The code, too: these words stand where nobody can press a key, such as in the local outbox.
        words = Rendered(speech(request, with_code=True, folder=folder))
    elif request.channel == "email":
        subject, text, html = templates.email(view)
        words = Rendered(text, subject, html)
    elif request.channel == "sms":
        words = Rendered(fitted(view, templates.sms) + _linked(view.link, view.language))
    else:  # other people's screens, such as a group's chat: as little is told there, but nothing need be cut
        words = Rendered(templates.sms(replace(view, summary=None, note=None)) + _linked(view.link, view.language))
    return replace(words, parameters=view.parameters())


def _linked(link: str | None, language: str) -> str:
    """Return how a message in one line ends, where it has a link: with segments of its own."""
    return LINKED[language].format(link=link) if link else ""


def _of_roll_call(
    request: NotificationRequested, words: RollCallWords, folder: Path | None, link: str | None
) -> Rendered:
    """Return the words of a message about a roll call, whose templates are its own."""
    view, templates = roll_call_view(request, words, link), template_set(folder)
    if request.channel == "voice":
        said = Rendered(speech(request, with_code=True, folder=folder))
    elif request.channel == "email":
        subject, text, html = templates.email(view)
        said = Rendered(text, subject, html)
    else:
        said = Rendered(fitted_roll_call(view, templates.sms) + _linked(view.link, view.language))
    return replace(said, parameters=view.parameters())
