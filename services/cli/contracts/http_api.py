"""The OpenAPI 3.1 document of the intake, made from the application itself.

The application is built from real parts at their defaults. None is used: the database is not opened, and nothing is
read from the environment, so every machine writes the same document.
"""

from datetime import timedelta
from typing import Any

from fastapi import FastAPI

from escalation_policies.loader import load_library
from services.cli.contracts.json_schemas import VERSION
from services.intake.app import create_app
from services.intake.deps import Deps
from services.intake.seal import Seal
from services.runtime.answer_links import AnswerLinks
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tokens import TokenRows


def openapi_document() -> dict[str, Any]:
    """Return the document, with the contract's version instead of the installed program's."""
    document = _application().openapi()
    return {**document, "info": {**document["info"], "version": VERSION}}


def _application() -> FastAPI:
    database = Database("sqlite+aiosqlite:///never-opened.db")
    deps = Deps(
        settings=Settings.model_construct(),  # the defaults alone: `Settings()` would read the environment
        clock=Clock(),
        store=Store(database),
        tokens=TokenRows(database),
        directory=lambda: DirectorySnapshot.of(units=(), people=()),
        policies=load_library(),
        seal=Seal([b"seals nothing: the application only describes itself"]),
        links=AnswerLinks(b"signs nothing, either", timedelta()),
        wake=lambda: None,
        new_id=lambda: "",
        lane="intake/contract",
    )
    return create_app(deps)
