"""Every field of a policy as a table in Markdown, made from the schema: what it takes, its default, what it means."""

import json
from collections.abc import Iterator
from typing import Any

from escalation_policies.policy_schema import HOUR, policy_schema

BEGIN, END = "<!-- fields: begin -->", "<!-- fields: end -->"
"""Between these lines of a page the table stands; the rest is written by hand."""

Json = dict[str, Any]
_SPAN = "a span: `90s`, `5m`, `1h30m`, `2d`; at most 3660d"
_MOMENT = "a span, or a share of the clock: `80%`"


def field_tables() -> str:
    """Return one table for each part of a policy, the whole first."""
    schema = policy_schema()
    parts: dict[str, Json] = {"Policy": schema, **schema["$defs"]}
    return "\n\n".join("\n".join(_table(name, part)) for name, part in parts.items())


def with_tables(page: str) -> str:
    """Return a page with its tables written anew.

    Raises:
        ValueError: the page has no place for them: the lines ``BEGIN`` and ``END``.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs a line {BEGIN!r} and a line {END!r} around its tables")
    return f"{before}{BEGIN}\n\n{field_tables()}\n\n{END}{after}"


def _table(name: str, part: Json) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    yield str(part["description"]).split("\n\n", maxsplit=1)[0].replace("``", "`")
    yield ""
    yield "| field | takes | default | meaning |"
    yield "|---|---|---|---|"
    for field, rule in part["properties"].items():
        needed = field in part.get("required", ())
        meaning = str(rule["description"]).replace("``", "`").replace("\n", " ")
        yield f"| `{field}` | {_takes(rule)} | {_default(rule, needed=needed)} | {meaning} |"


def _default(rule: Json, *, needed: bool) -> str:
    if needed:
        return "must be given"
    default = rule.get("default")
    if default in (None, [], ()) or (isinstance(default, dict) and len(default) != 1):
        return "—"  # nothing, or a part whose own table says its defaults
    return f"`{json.dumps(default)}`".replace('"', "")


def _takes(rule: Json) -> str:
    if "anyOf" in rule:
        if any(option.get("type") == "number" for option in rule["anyOf"]):
            return _MOMENT
        return ", or ".join(_takes(option) for option in rule["anyOf"] if option.get("type") != "null")
    if "$ref" in rule:
        name = str(rule["$ref"]).rsplit("/", maxsplit=1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in rule or "const" in rule:
        return ", ".join(f"`{value}`" for value in rule.get("enum", [rule.get("const")]))
    kinds = {"array": _list, "object": _by_severity, "integer": _whole_number, "boolean": _yes_or_no}
    return kinds.get(rule["type"], _text)(rule)


def _list(rule: Json) -> str:
    least = f" (at least {rule['minItems']})" if rule.get("minItems") else ""
    return f"a list{least}: {_takes(rule['items'])}"


def _by_severity(rule: Json) -> str:
    return f"one for each severity: `{{{', '.join(f'{name}: …' for name in rule['required'])}}}`"


def _whole_number(rule: Json) -> str:
    return f"a whole number, {rule['minimum']}" + (f" to {rule['maximum']}" if "maximum" in rule else " or more")


def _yes_or_no(rule: Json) -> str:
    del rule
    return "`true`, `false`"


def _text(rule: Json) -> str:
    if rule.get("format") == "date":
        return "a day: `2026-10-01`"
    if rule.get("pattern") == HOUR["pattern"]:
        return 'an hour of the day: `"21:30"`'
    if "smhd" in rule.get("pattern", ""):
        return _SPAN
    return f"text, 1 to {rule['maxLength']} characters" if "maxLength" in rule else "text"
