"""The words of every message: ours, or those of a site where it has some of its own.

The words of an SMS are macros named like the messages, those of an email macros and tables that its two layouts use. A
site's file need only have what it changes. Its words are not sent when they break, or lack what nobody could act
without: ours are, and the log says so (promise 6).
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import structlog

from services.notifier.required import lacking_in_email, lacking_in_sms
from services.notifier.template_files import LAYOUTS, WORDS, AnyView, email_file, environment, sms_file
from services.runtime.spoken.words import fault_of

_log = structlog.get_logger(__name__)
_Said = TypeVar("_Said")
EmailWords = tuple[str, str, str]
"""Subject, text, HTML."""


@cache
def template_set(folder: Path | None) -> "TemplateSet":
    """Return the templates of a site's folder over ours; None: ours alone."""
    return TemplateSet(folder)


class TemplateSet:
    """The words of messages. A site's files are read once: a changed one counts from the next start."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._modules: dict[tuple[str, bool], Any] = {}
        self._logged: set[tuple[str, str]] = set()

    def sms(self, view: AnyView) -> str:
        """Return what an SMS says, whatever its length."""
        file = sms_file(view)
        own = getattr(self._own(file, escape=False), view.template, None)
        said = self._tried(file, view, lambda: str(own(view)), lambda text: lacking_in_sms(view, text)) if own else None
        return str(getattr(_module(None, file, escape=False), view.template)(view)) if said is None else said

    def email(self, view: AnyView) -> EmailWords:
        """Return the subject, the text and the HTML of an email."""
        own = [file for file in (email_file(view), *LAYOUTS) if self._has(file)]
        if own:
            said = self._tried(own[0], view, lambda: self.own_email(view), lambda said: lacking_in_email(view, *said))
            if said is not None:
                return said
        return _email(view, None, {escape: _Words(_module(None, email_file(view), escape=escape)) for escape in BOTH})

    def own_email(self, view: AnyView) -> EmailWords:
        """Return an email as the site's files have it, whatever it lacks.

        Raises:
            TemplateError: a file is broken.
        """
        file = email_file(view)
        words = {escape: _Words(self._own(file, escape=escape), _module(None, file, escape=escape)) for escape in BOTH}
        return _email(view, self._folder, words)

    def compile(self) -> None:
        """Compile every template, so that the first alert does not wait for it; a site's faults are logged."""
        for escape in BOTH:
            for file in WORDS:
                _module(None, file, escape=escape)
                self._own(file, escape=escape)
            for file in LAYOUTS:
                environment(None, escape=escape).get_template(file)

    def _has(self, file: str) -> bool:
        return self._folder is not None and (self._folder / file).is_file()

    def _own(self, file: str, *, escape: bool) -> Any:
        """Return the macros and tables of the site's file; None when there is none that could be used."""
        if (file, escape) not in self._modules:
            try:
                module = _module(self._folder, file, escape=escape) if self._has(file) else None
            except Exception as error:  # noqa: BLE001 - whatever a file does, its messages are sent in our words
                module = None
                self._refuse(file, "every message", fault_of(error))
            self._modules[file, escape] = module
        return self._modules[file, escape]

    def _tried(
        self, file: str, view: AnyView, say: Callable[[], _Said], lacking: Callable[[_Said], list[str]]
    ) -> _Said | None:
        """Return what the site's template says, or None when that cannot be sent."""
        try:
            said = say()
        except Exception as error:  # noqa: BLE001 - whatever a template does, its message is sent in our words
            self._refuse(file, view.template, fault_of(error))
            return None
        if lacks := lacking(said):
            self._refuse(file, view.template, f"it lacks {', '.join(lacks)}")
            return None
        return said

    def _refuse(self, file: str, template: str, fault: str) -> None:
        """Say once for each message why the site's words are not used."""
        if (file, template) in self._logged:
            return
        self._logged.add((file, template))
        _log.error(
            "template.refused",
            file=file,
            template=template,
            fault=fault,
            meaning="the built-in words are sent instead",
            remedy="`tocsin template check` names every fault with its line",
        )


BOTH = (False, True)
"""Not escaped, for text; escaped, for HTML."""


class _Words:
    """What a layout finds under ``words``: each macro or table from the first file that has it."""

    def __init__(self, *modules: Any) -> None:
        self._modules = [module for module in modules if module is not None]

    def __getattr__(self, name: str) -> Any:
        for module in self._modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


def _module(folder: Path | None, file: str, *, escape: bool) -> Any:
    return environment(folder, escape=escape).get_template(file).module


def _email(view: AnyView, folder: Path | None, words: dict[bool, _Words]) -> EmailWords:
    text, html = (
        environment(folder, escape=escape).get_template(layout).render(m=view, words=words[escape])
        for escape, layout in zip(BOTH, LAYOUTS, strict=True)
    )
    return str(words[False].subject(view)), text, html
