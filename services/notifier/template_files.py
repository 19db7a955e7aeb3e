"""The files that messages are made of: ours, and those of a site's folder that take the place of some of ours."""

from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from services.notifier.roll_call_view import RollCallView
from services.notifier.view import View

TEMPLATES = Path(__file__).parent / "templates"
BUILT_IN = "builtin"
"""Folder by which a site's file imports one of ours: ``{% from "builtin/sms.zh.j2" import case, acknowledge %}``."""

LANGUAGES = ("zh", "en")
FAMILIES = ("sms", "sms_petition", "sms_roll_call")
EMAILS = ("email", "email_roll_call")
WORDS = tuple(f"{family}.{language}.j2" for family in (*FAMILIES, *EMAILS) for language in LANGUAGES)
LAYOUTS = ("email.text.j2", "email.html.j2")
AnyView = View | RollCallView
"""What a message is made of: one about a case, or one about a roll call."""


def sms_file(view: AnyView) -> str:
    """Return the name of the file that has the words of an SMS."""
    family = "sms_roll_call" if isinstance(view, RollCallView) else "sms_petition" if view.is_petition else "sms"
    return f"{family}.{view.language}.j2"


def email_file(view: AnyView) -> str:
    """Return the name of the file that has the words of an email."""
    return f"{'email_roll_call' if isinstance(view, RollCallView) else 'email'}.{view.language}.j2"


@cache
def environment(folder: Path | None, *, escape: bool) -> Environment:
    """Return the templates, compiled for HTML (`escape`) or for text; those in ``folder`` go before ours.

    Two environments rather than escaping by file name: a macro of a text file called from HTML would come back
    unescaped and marked as safe.
    """
    ours = FileSystemLoader(TEMPLATES)
    site = [] if folder is None else [FileSystemLoader(folder)]
    return Environment(
        loader=ChoiceLoader([*site, PrefixLoader({BUILT_IN: ours}), ours]),
        autoescape=escape,  # noqa: S701 - off for SMS and plain text only
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
    )
