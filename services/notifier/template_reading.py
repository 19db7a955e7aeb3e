"""What can be said of a template by reading it: whether it is one, and whether there is everything that it names."""

from collections.abc import Collection, Iterator
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, meta, nodes

from services.notifier.roll_call_samples import ROLL_CALLS as ABOUT_ROLL_CALLS
from services.notifier.roll_call_view import RollCallView
from services.notifier.samples import TEMPLATES
from services.notifier.template_fault import TemplateFault
from services.notifier.template_files import LAYOUTS, WORDS
from services.notifier.view import View
from services.runtime.spoken.roll_call import SpokenRollCall
from services.runtime.spoken.words import CALLS, ROLL_CALLS, Spoken

KNOWN = (*WORDS, *LAYOUTS, *CALLS, *ROLL_CALLS)
"""Every file that messages are made of."""

OF_VIEW = frozenset({field.name for field in fields(View)} | {"facts", "parameters"})
OF_ROLL_CALL = frozenset(
    {field.name for field in fields(RollCallView)} | {"facts", "parameters", "call_first", "is_petition", "sealed"}
)
OF_SPOKEN = frozenset(field.name for field in fields(Spoken))
OF_SPOKEN_ROLL_CALL = frozenset(field.name for field in fields(SpokenRollCall))
MESSAGES = (*TEMPLATES, *ABOUT_ROLL_CALLS)
"""The name of every message."""

_IMPORTS = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)
_PREFIXES = (*{template.partition("_")[0] + "_" for template in TEMPLATES}, "roll_call_")


def read_template(path: Path, environment: Environment) -> tuple[nodes.Template | None, list[TemplateFault]]:
    """Return a template's tree, None when it has none, and what is wrong with it."""
    name = path.name
    if name not in KNOWN:
        return None, [TemplateFault(name, 1, f"no message uses a file of this name; there is {', '.join(KNOWN)}")]
    try:
        tree = environment.parse(path.read_text(encoding="utf-8"), name, str(path))
    except TemplateSyntaxError as error:
        return None, [TemplateFault(name, error.lineno, f"not a template: {error.message}")]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [TemplateFault(name, line, "not UTF-8 text; save the file as UTF-8")]
    found = [*_unknown_names(name, tree), *_missing_files(name, tree, environment), *_misnamed(name, tree)]
    return tree, sorted(set(found))


def messages_in(name: str, tree: nodes.Template) -> dict[str, int]:
    """Return the messages whose words a file of SMS has, each with its line."""
    return {macro.name: macro.lineno for macro in tree.find_all(nodes.Macro) if _is_message_of(name, macro.name)}


def line_of_macro(tree: nodes.Template, macro: str) -> int:
    """Return where a macro begins; the first line when there is none of that name."""
    return next((one.lineno for one in tree.find_all(nodes.Macro) if one.name == macro), 1)


def _is_message_of(name: str, macro: str) -> bool:
    family = next((one for one in ("petition", "roll_call") if macro.startswith(f"{one}_")), None)
    return macro in MESSAGES and name.startswith(f"sms_{family}." if family else "sms.")


def _unknown_names(file: str, tree: nodes.Template) -> Iterator[TemplateFault]:
    given = {"m", "words"} if file in LAYOUTS else {"m"} if file in (*CALLS, *ROLL_CALLS) else set()
    for unknown in meta.find_undeclared_variables(tree) - given:
        line = next(_lines_that_use(unknown, tree), 1)
        hint = "; it is known inside a macro that takes it, such as `{% macro incident_alert(m) %}`" * (unknown == "m")
        yield TemplateFault(file, line, f"unknown variable `{unknown}`{hint}")
    known = _known_in(file)
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "m" and node.attr not in known:
            yield TemplateFault(file, node.lineno, f"unknown variable `m.{node.attr}`; {_nearest(node.attr, known)}")


def _known_in(file: str) -> frozenset[str]:
    """Return what a message has in a file; the layouts are those of all emails."""
    if file in LAYOUTS:
        return OF_VIEW | OF_ROLL_CALL
    if file in ROLL_CALLS:
        return OF_SPOKEN_ROLL_CALL
    if file in CALLS:
        return OF_SPOKEN
    return OF_ROLL_CALL if "_roll_call." in file else OF_VIEW


def _lines_that_use(name: str, node: nodes.Node) -> Iterator[int]:
    """Give the lines where a name is used, but in macros that are given something of that name."""
    if isinstance(node, nodes.Name) and node.name == name:
        yield node.lineno
    elif not (isinstance(node, nodes.Macro) and any(given.name == name for given in node.args)):
        for below in node.iter_child_nodes():
            yield from _lines_that_use(name, below)


def _missing_files(file: str, tree: nodes.Template, environment: Environment) -> Iterator[TemplateFault]:
    for node in tree.find_all(_IMPORTS):
        if isinstance(node, _IMPORTS) and isinstance(node.template, nodes.Const):
            named = node.template.value
            if not _is_there(named, environment):
                yield TemplateFault(file, node.lineno, f"there is no file {named!r} to import")


def _is_there(name: str, environment: Environment) -> bool:
    try:
        environment.get_template(name)
    except TemplateNotFound:
        return False
    except TemplateSyntaxError:  # told where it stands
        return True
    return True


def _misnamed(file: str, tree: nodes.Template) -> Iterator[TemplateFault]:
    """Say which macros look like a message's words, and are used for none."""
    if not file.startswith("sms"):
        return
    family = {template for template in MESSAGES if _is_message_of(file, template)}
    for macro in tree.find_all(nodes.Macro):
        if macro.name.startswith(_PREFIXES) and macro.name not in family:
            elsewhere = "it belongs into the other file" if macro.name in MESSAGES else _nearest(macro.name, family)
            message = f"no message of this file is called `{macro.name}`; {elsewhere}"
            yield TemplateFault(file, macro.lineno, message)
        elif macro.name in family and len(macro.args) != 1:
            yield TemplateFault(
                file, macro.lineno, f"write `{{% macro {macro.name}(m) %}}`: it is given the message alone"
            )


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"is it `{near[0]}`?" if near else f"there is {', '.join(sorted(known))}"
