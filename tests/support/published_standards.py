"""The standards' own schemas, where this machine has them: in TOCSIN_CONTRACTS_DIR, or beside the repository."""

import json
from typing import Any

import pytest

from tests.support.fake_twilio import contract


def standard(name: str) -> dict[str, Any]:
    """Return a schema file; the test that asks skips, with the place that was looked at, where it is absent."""
    file = contract.location().with_name(name)
    if not file.is_file():
        pytest.skip(f"{name} is not at {file.parent}; set TOCSIN_CONTRACTS_DIR to the folder that has it")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document
