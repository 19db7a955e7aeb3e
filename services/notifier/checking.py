"""Every fault of message templates, with file and line, before anybody depends on them.

A template is read, and then filled with every shape that a message may have. One that is at fault in itself is not
filled: what it names and is not there would be told again for each shape.
"""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from escalation_policies.loader import PolicyLibrary
from services.notifier.template_fault import TemplateFault
from services.notifier.template_files import EMAILS, FAMILIES, LANGUAGES, LAYOUTS, TEMPLATES, environment
from services.notifier.template_reading import line_of_macro, messages_in, read_template
from services.notifier.template_trials import try_call, try_email, try_sms
from services.runtime.spoken.words import CALLS, ROLL_CALLS
from services.runtime.spoken.words import TEMPLATES as SPOKEN

Trees = dict[str, nodes.Template]


def check_templates(folder: Path | None, library: PolicyLibrary) -> tuple[int, list[TemplateFault]]:
    """Return how many templates a site's folder has, and every fault of them, once; None: ours."""
    files = sorted(folder.glob("*.j2")) if folder is not None else [*TEMPLATES.glob("*.j2"), *SPOKEN.glob("*.j2")]
    trees: Trees = {}
    faults: list[TemplateFault] = []
    for file in files:
        tree, found = read_template(file, environment(folder, escape=False))
        faults += found
        if tree is not None and not found:
            trees[file.name] = tree
    faults += _tried(folder, trees, library)
    return len(files), sorted(set(faults))


def _tried(folder: Path | None, trees: Trees, library: PolicyLibrary) -> Iterator[TemplateFault]:
    for language in LANGUAGES:
        for file in (f"{family}.{language}.j2" for family in FAMILIES):
            if file in trees:
                yield from try_sms(folder, file, messages_in(file, trees[file]), library)
        for words in (f"{family}.{language}.j2" for family in EMAILS):
            places = {file: line_of_macro(trees[file], "subject") for file in (words, *LAYOUTS) if file in trees}
            if places:
                yield from try_email(folder, words, places, library)
        for call in (*CALLS, *ROLL_CALLS):
            if call in trees and call.split(".")[1] == language:
                yield from try_call(folder, call, library)
