"""The OpenAPI document: what FastAPI derives, and the bodies and problems that it cannot see.

Bodies are read by `services.intake.body`, for their limits and their salvage, so their schemas are added here.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from services.intake.problems import MEDIA_TYPE, PROBLEMS, TYPE_PREFIX
from services.intake.security import declared

TITLE = "Tocsin"
DESCRIPTION = """File an incident from any client; the chain above hears within its deadlines.

Every error is an `application/problem+json` document (RFC 9457) that says what to do now. Every POST may be repeated:
by `report_id` when filing, by `Idempotency-Key` otherwise. Times carry an offset; answers are in UTC."""
_REF = "#/components/schemas/{model}"
_BODIES: dict[str, type[BaseModel]] = {}


class FieldFault(BaseModel):
    """One thing to mend: a place in the body, or a parameter."""

    pointer: str | None = Field(default=None, description="JSON pointer into the body (RFC 6901).")
    parameter: str | None = Field(default=None, description="Name of a query, path or header parameter.")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(
        description="Stable; branch on this.", json_schema_extra={"enum": [TYPE_PREFIX + name for name in PROBLEMS]}
    )
    title: str
    status: int
    detail: str = Field(description="About this request: what to do now.")
    errors: tuple[FieldFault, ...] | None = None
    case_id: str | None = Field(default=None, description="With `different-content`: the earlier report's case.")


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the part of an operation that says its JSON body is a ``model``."""
    _BODIES[model.__name__] = model
    content = {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return {"requestBody": {"required": True, "content": content}}


def either_body(one: type[BaseModel], many: type[BaseModel], file: str) -> dict[str, Any]:
    """Return the part of an operation that takes a ``one``, or ``many`` of them, or a file of that media type."""
    _BODIES.update({model.__name__: model for model in (one, many)})
    schema = {"oneOf": [{"$ref": _REF.format(model=model.__name__)} for model in (one, many)]}
    content = {"application/json": {"schema": schema}, file: {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


def form_body() -> dict[str, Any]:
    """Return the part of an operation that says its body is a form whose fields are the sender's business."""
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of ``app``."""
    if app.openapi_schema is None:
        document = get_openapi(title=TITLE, version=app.version, description=DESCRIPTION, routes=app.routes)
        models = [(model, "validation") for model in (*_BODIES.values(), ProblemDetails)]
        _, definitions = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas.update(definitions["$defs"])
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "tcs_…"}}
        _operations(app, document)
        app.openapi_schema = document
    return app.openapi_schema


def _operations(app: FastAPI, document: dict[str, Any]) -> None:
    problem = {
        "description": "A problem, with what to do now.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}},
    }
    for route, rights, _ in declared(app):
        for method in route.methods or ():
            operation = document["paths"].get(route.path, {}).get(method.lower())
            if operation is None:
                continue
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
            if rights:
                operation["security"] = [{"bearer": []}]
                operation["description"] = f"{operation.get('description', '')}\n\nRight: `{rights[0]}`.".strip()
