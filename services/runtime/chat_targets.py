"""The chats that messages may go to, by name: a file that only the notifier reads, because each address is a secret.

The directory, which crosses the bus, has a target's name; here is its address as apprise writes it
(https://appriseit.com/services/), such as ``wecombot://KEY`` or ``dingtalk://SECRET@TOKEN``.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

NEVER = frozenset({"dbus", "gnome", "macosx", "windows", "glib", "kde", "qt", "syslog", "rsyslog", "blink1", "growl"})
"""Ways that end on this very machine, in its logs or on its desktop: nobody hears of anything there."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # as every id of the directory
_SCHEME = re.compile(r"([a-z0-9]+)://.")


def read_targets(path: Path, schemes: Collection[str]) -> Mapping[str, str]:
    """Return the addresses by name.

    Raises:
        ValueError: what to mend, by the names of the targets; no address is repeated.
    """
    try:
        found = YAML(typ="safe").load(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except YAMLError as error:
        # Its own words quote the line, and the line has a secret.
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"{path} is not YAML{f', line {mark.line + 1}' if mark else ''}") from None
    if not isinstance(found, dict) or not found:
        raise ValueError(f"{path}: write one line for each chat, such as `crisis-team: wecombot://KEY`")
    faults = [fault for name, address in found.items() if (fault := _fault(name, address, schemes))]
    if faults:
        raise ValueError(f"{path}: " + "; ".join(faults))
    return MappingProxyType(found)


def _fault(name: object, address: object, schemes: Collection[str]) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "a name must have 1-64 of the letters a-z, A-Z, digits, `.`, `_` and `-`, the first no punctuation"
    scheme = _SCHEME.match(address) if isinstance(address, str) else None
    if scheme is None:
        return f"{name}: not an address of apprise; write it like wecombot://KEY"
    if scheme[1] in NEVER:
        return f"{name}: {scheme[1]}:// ends on this machine, where nobody hears of it"
    if scheme[1] not in schemes:
        return f"{name}: {scheme[1]}:// is not among TOCSIN_CHAT_SCHEMES"
    return None
