"""What every event body is: frozen, closed to unknown fields when made, with aware UTC times only.

Producers are strict, consumers tolerant (DESIGN §5): a body is *made* with no unknown field, but *read* by
``events.codec`` with unknown fields ignored, so a newer producer never stops an older consumer.
"""

from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from error


Utc = Annotated[AwareDatetime, AfterValidator(_to_utc)]
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
