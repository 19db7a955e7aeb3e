"""The contract files: which there are, how they are written, and which of them no longer say what the code does."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from escalation_policies.policy_schema import policy_schema
from escalation_policies.roll_call.schedule_schema import schedule_schema
from events.codec import SCHEMA_PREFIX
from events.registry import MODELS
from services.cli.contracts.bus_api import asyncapi_document
from services.cli.contracts.http_api import openapi_document
from services.cli.contracts.json_schemas import DIALECT, event_schema

FOLDER = Path(__file__).resolve().parents[3] / "contracts"
"""Where the checkout keeps them."""

_SCHEMAS = "schemas"
POLICY_SCHEMA = f"{_SCHEMAS}/policy.schema.json"
SCHEDULE_SCHEMA = f"{_SCHEMAS}/schedule.schema.json"
"""For editors of policies and of schedules: each file of ours names its own in its first line."""
_EVENT_FILES = "edu.tocsin.*.json"
_WIDTH = 120


def write_contracts(folder: Path = FOLDER) -> list[Path]:
    """Write every contract file below ``folder`` and remove schemas of types that are no more.

    Returns the files that hold the contract now.
    """
    texts = dict(_texts())
    (folder / _SCHEMAS).mkdir(parents=True, exist_ok=True)
    for name in _superfluous(folder, texts):
        (folder / name).unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def stale_contracts(folder: Path = FOLDER) -> list[str]:
    """Return one line for each file that is missing, differs from the code or describes a type that is no more."""
    texts = dict(_texts())
    found = [f"{name}: no such event type any more" for name in _superfluous(folder, texts)]
    for name, text in texts.items():
        file = folder / name
        if not file.is_file():
            found.append(f"{name}: missing")
        elif file.read_bytes() != text.encode():
            found.append(f"{name}: differs from the code")
    return sorted(found)


def _texts() -> Iterator[tuple[str, str]]:
    yield "asyncapi.yaml", _yaml(asyncapi_document())
    yield "openapi.json", _json(openapi_document())
    for event_type in sorted(MODELS):
        yield f"{_SCHEMAS}/{event_type}.json", _json(event_schema(event_type))
    policy = {"$schema": DIALECT, "$id": f"{SCHEMA_PREFIX}edu.tocsin.policy", **policy_schema()}
    yield POLICY_SCHEMA, _json(policy)
    schedule = {"$schema": DIALECT, "$id": f"{SCHEMA_PREFIX}edu.tocsin.schedule", **schedule_schema()}
    yield SCHEDULE_SCHEMA, _json(schedule)


def _superfluous(folder: Path, texts: dict[str, str]) -> list[str]:
    """Return event schemas without a type. Other files in the folder are not ours to judge."""
    present = (f"{_SCHEMAS}/{file.name}" for file in (folder / _SCHEMAS).glob(_EVENT_FILES))
    return sorted(name for name in present if name not in texts)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _yaml(document: dict[str, Any]) -> str:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = _WIDTH
    writer.representer.ignore_aliases = lambda *_: True  # shared parts are written out: aliases confuse readers
    text = StringIO()
    writer.dump(json.loads(_json(document)), text)
    return text.getvalue()
