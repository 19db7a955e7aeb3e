"""From a request to words, in the recipient's language and local time.

The code and the deadline are never cut (``fitting``). A petition's messages say which petition, where and until when,
and nothing of what is in it, whatever a request carries (``view``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from events.notification import NotificationRequested
from services.notifier.fitting import fitted
from services.notifier.limits import limits
from services.notifier.template_set import compile_all, email_words, sms_words
from services.notifier.view import view_of
from services.runtime.kinds import kinds
from services.runtime.spoken.words import prepare_speech, speech


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message. An SMS has only text."""

    text: str
    subject: str = ""
    html: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def prepare() -> None:
    """Read and compile what messages are made of, so that the first alert does not wait for it."""
    compile_all()
    kinds()
    limits()
    prepare_speech()


def render(request: NotificationRequested) -> Rendered:
    """Return the words of a request for its channel."""
    view = view_of(request)
    if request.channel == "voice":
        # The code, too: these words stand where nobody can press a key, such as in the local outbox.
        words = Rendered(speech(request, with_code=True))
    elif request.channel == "sms":
        words = Rendered(fitted(view, sms_words))
    else:
        subject, text, html = email_words(view)
        words = Rendered(text, subject, html)
    return replace(words, parameters=view.parameters())
