"""Checks what a client asks and what the fake answers against Twilio's own OpenAPI file.

The file is `twilio_messages_calls.openapi.json` in the folder TOCSIN_CONTRACTS_DIR, or in `../shared/contracts` beside
the repository. Where it is absent nothing is checked and `present()` says so.

Stricter than OpenAPI asks in two ways, because the file marks nothing in a response as required and Twilio ignores
a misspelt form field in silence: a request may carry only documented fields, and a response carries all of them and no
others. Milder in one: DateSent is declared `date-time` but described as `YYYY-MM-DD`, so both pass. Error answers are
not in the file and are not checked. Schemas are compiled once: openapi-core, which walks the file anew for each
request, costs about 10 ms a call.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

FILE = "twilio_messages_calls.openapi.json"
REPOSITORY = Path(__file__).resolve().parents[3]
FORM = "application/x-www-form-urlencoded"

FORMATS = FormatChecker(formats=())
"""OpenAPI 3.0 takes unknown formats as remarks; only these two are checked."""


def _rfc2822(value: object) -> bool:
    return not isinstance(value, str) or parsedate_to_datetime(value).tzinfo is not None


def _date_or_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


FORMATS.checks("date-time-rfc-2822", raises=(ValueError, TypeError))(_rfc2822)
FORMATS.checks("date-time", raises=ValueError)(_date_or_instant)


class ContractViolation(Exception):
    """A request or an answer that Twilio's OpenAPI file does not allow; the text says which field and why."""


def location() -> Path:
    """Return where the OpenAPI file is looked for."""
    folder = os.environ.get("TOCSIN_CONTRACTS_DIR")
    return (Path(folder) if folder else REPOSITORY.parent / "shared" / "contracts") / FILE


def present() -> bool:
    """Return whether the OpenAPI file is there; a test that is about the contract skips without it."""
    return location().is_file()


@cache
def load(path: Path) -> "Contract":
    """Return the compiled contract of a file, compiled once a process."""
    return Contract(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Operation:
    """One method of one path, compiled."""

    name: str
    path: re.Pattern[str]
    parameters: dict[str, Draft4Validator]
    form: Draft4Validator
    answers: dict[int, Draft4Validator]


class Contract:
    """The compiled operations of the file."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._operations = {
            (method.upper(), path): self._operation(path, declared[method])
            for path, declared in document["paths"].items()
            for method in ("get", "post", "delete")
            if method in declared
        }

    def operation(self, method: str, path: str) -> Operation:
        """Return the operation a request is for. Raises ContractViolation when the file has none."""
        for (declared, _), operation in self._operations.items():
            if declared == method and operation.path.fullmatch(path):
                return operation
        raise ContractViolation(f"{method} {path} is not an operation of {FILE}")

    def check_request(
        self,
        operation: Operation,
        path: str,
        query: Sequence[tuple[str, str]],
        form: Sequence[tuple[str, str]],
    ) -> None:
        """Raise ContractViolation unless path, query and form are as declared."""
        found = operation.path.fullmatch(path)
        in_path = list(found.groupdict().items()) if found else []
        for name, text in [*in_path, *query]:
            validator = operation.parameters.get(name)
            if validator is None:
                raise ContractViolation(f"{operation.name}: the query parameter {name!r} is not documented")
            _check(validator, _typed(text, validator.schema), f"{operation.name}: parameter {name}")
        _check(operation.form, _typed_form(form, operation.form.schema), f"{operation.name}: request form")

    def check_answer(self, operation: Operation, status: int, body: Any) -> None:
        """Raise ContractViolation unless a 2xx answer is documented and its body as declared."""
        validator = operation.answers.get(status)
        if validator is None:
            raise ContractViolation(f"{operation.name}: an answer {status} is not documented")
        _check(validator, body, f"{operation.name}: answer {status}")

    def _operation(self, path: str, declared: Mapping[str, Any]) -> Operation:
        form = declared.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {"type": "object"})
        named_groups = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+?)", re.escape(path))
        return Operation(
            name=declared["operationId"],
            path=re.compile(named_groups),
            parameters={each["name"]: self._compile(each["schema"]) for each in declared["parameters"]},
            form=self._compile({"properties": {}, **form}),
            answers={
                int(status): self._compile(answer["content"]["application/json"]["schema"], complete=True)
                for status, answer in declared["responses"].items()
                if "content" in answer
            },
        )

    def _compile(self, schema: Mapping[str, Any], *, complete: bool = False) -> Draft4Validator:
        return Draft4Validator(self._plain(schema, complete=complete), format_checker=FORMATS)

    def _plain(self, schema: Any, *, complete: bool) -> Any:
        """Return OpenAPI 3.0 as plain JSON Schema: references filled in, `nullable` made a type, objects closed."""
        if "$ref" in schema:
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return self._plain(target, complete=complete)
        plain = {key: value for key, value in schema.items() if key not in {"description", "x-twilio", "nullable"}}
        if schema.get("nullable"):
            plain["type"] = [schema["type"], "null"]
        if "items" in schema:
            plain["items"] = self._plain(schema["items"], complete=complete)
        if "properties" in schema:
            properties = schema["properties"]
            plain["properties"] = {key: self._plain(value, complete=complete) for key, value in properties.items()}
            plain["additionalProperties"] = False
            if complete:
                plain["required"] = sorted(properties)
        return plain


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """Return a form or query value as the JSON type its schema names; text that can't be it is left for the check."""
    if schema.get("type") in {"integer", "number"}:
        return int(text) if re.fullmatch(r"-?\d+", text) else _number(text)
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _typed_form(form: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for name, text in form:
        declared = schema["properties"].get(name, {})
        if declared.get("type") == "array":
            typed.setdefault(name, []).append(text)
        else:
            typed[name] = _typed(text, declared)
    return typed


def _check(validator: Draft4Validator, value: Any, what: str) -> None:
    error = next(iter(validator.iter_errors(value)), None)
    if error is not None:
        place = ".".join(str(step) for step in error.absolute_path)
        raise ContractViolation(f"{what}: {place + ': ' if place else ''}{error.message}")
