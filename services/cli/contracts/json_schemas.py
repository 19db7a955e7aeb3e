"""The JSON Schema (2020-12) of each event type, as a producer must write it.

The schemas are closed, so that a producer finds a misspelt field before it is sent; readers ignore unknown fields
(DESIGN §5). ``$id`` is the urn that each record names in ``ce_dataschema``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import CoreSchema

from events.base import Body
from events.codec import SCHEMA_PREFIX
from events.delivery import DeliveryRecorded
from events.escalation import JournalEntry
from events.registry import MODELS

Json = dict[str, Any]

VERSION = "1.0.0"
"""The contract's own version (semantic versioning), not the program's: it moves when what others build against does."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAMED_BY: Mapping[type[Body], str] = {JournalEntry: "kind", DeliveryRecorded: "state"}
"""The field that a type shared by several words repeats: in ``edu.tocsin.delivery.attempted.v1`` it is the state."""


class _Untitled(GenerateJsonSchema):
    """Gives no field a title: pydantic's only repeats the field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:
        """Answer no for every field."""
        del schema
        return False


def event_schema(event_type: str) -> Json:
    """Return the whole schema of one registered type, to be read without any other file."""
    model = MODELS[event_type]
    schema = model.model_json_schema(schema_generator=_Untitled)
    for field, rule in word_of(event_type).items():
        schema["properties"][field] |= rule
        schema["properties"][field].pop("enum", None)
    return {"$schema": DIALECT, "$id": SCHEMA_PREFIX + event_type, **schema}


def word_of(event_type: str) -> Json:
    """Return the field whose value the type itself gives, with its rule; empty where there is no such field."""
    model = MODELS[event_type]
    field = _NAMED_BY.get(model)
    if field is None:
        return {}
    before, _, after = model.TYPE.partition("*")
    return {field: {"const": event_type.removeprefix(before).removesuffix(after)}}


def shared_schemas(models: Iterable[type[BaseModel]], ref_template: str) -> Json:
    """Return the schema of every model and of what they are made of, by name, for a document that holds many."""
    wanted = [(model, "validation") for model in models]
    _, found = models_json_schema(wanted, ref_template=ref_template, schema_generator=_Untitled)  # type: ignore[arg-type]
    schemas: Json = found["$defs"]
    return schemas
