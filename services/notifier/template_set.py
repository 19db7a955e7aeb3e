"""The templates of every message, compiled: the words of an SMS are macros, an email is laid out around its words."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifier.view import View

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("zh", "en")


def sms_words(view: View) -> str:
    """Return what an SMS says, whatever its length: the macro that is named like the message."""
    family = "sms_petition" if view.is_petition else "sms"
    return str(getattr(_module(f"{family}.{view.language}.j2"), view.template)(view))


def email_words(view: View) -> tuple[str, str, str]:
    """Return the subject, the text and the HTML of an email."""
    subject = str(_module(f"email.{view.language}.j2").subject(view))
    plain = _environment(escape=False).get_template("email.text.j2").render(m=view)
    return subject, plain, _environment(escape=True).get_template("email.html.j2").render(m=view)


def compile_all() -> None:
    """Compile every template, so that the first alert does not wait for it."""
    for language in LANGUAGES:
        for name in (f"sms.{language}.j2", f"sms_petition.{language}.j2", f"email.{language}.j2"):
            _module(name)
        _environment(escape=True).get_template(f"email.{language}.j2")
    _environment(escape=False).get_template("email.text.j2")
    _environment(escape=True).get_template("email.html.j2")


def _module(name: str) -> Any:
    return _environment(escape=False).get_template(name).module


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
