"""What every event body is: frozen, closed to unknown fields when made, with aware UTC times only.

Producers are strict, consumers tolerant (DESIGN §5): a body is *made* with no unknown field, but *read* by
``events.codec`` with unknown fields ignored, so a newer producer never stops an older consumer.
"""

from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any, ClassVar, cast

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError

_AWARE: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _to_utc(value: Any) -> datetime:
    """Return a time in UTC. One as we write it is read without pydantic, in a third of the time: a case has forty."""
    if value.__class__ is str and value[4:20:3] == "--T::." and value[26:] == "Z":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return _of_any_zone(value)  # which says what is wrong with it
    if value.__class__ is datetime and value.tzinfo is UTC:
        in_utc: datetime = value
        return in_utc
    return _of_any_zone(value)


def _of_any_zone(value: Any) -> datetime:
    try:
        return _AWARE.validate_python(value).astimezone(UTC)
    except ValidationError as error:
        first = error.errors()[0]
        raise PydanticKnownError(cast("Any", first["type"]), first.get("ctx")) from error
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from error


Utc = Annotated[datetime, BeforeValidator(_to_utc)]
"""An aware time, held in UTC. A naive time is refused: nobody can know which 14:00 was meant."""

Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""1–200 characters without control characters (they would break keys, headers and derived ids)."""


class Frozen(BaseModel):
    """An immutable value that forbids unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")


class Urgency(IntEnum):
    """How soon a record must go out, the lowest first. Records of one key keep their order within one urgency."""

    FIRST = 0
    NEXT = 1
    REMINDER = 2
    BULK = 3


class Body(Frozen):
    """The data of one CloudEvent. ``TYPE`` is its ``ce_type`` (``edu.tocsin.<family>.<past-tense>.v<n>``)."""

    TYPE: ClassVar[str]

    @property
    def urgency(self) -> Urgency:
        """Return how soon its record must go out: facts, and what became of them, wait for nothing."""
        return Urgency.FIRST


class CaseFact(Body):
    """Something that happened to a case, as one person or system told it."""

    case_id: Identifier = Field(description="Case this fact belongs to; also the record's key.")
    received_at: Utc = Field(
        description="When Tocsin (or the producing client) received the fact. Judged by this time."
    )
