"""What a client may send to file an incident, and the rules each field is held to."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from events.base import Identifier
from events.incident import Casualties, LongText, Severity, ShortText

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far ahead of ours a client's clock may be before "it happened" is a time that has not come."""


def _in_utc_range(value: datetime) -> datetime:
    try:
        value.utctimetuple()
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from error
    return value


StatedTime = Annotated[AwareDatetime, AfterValidator(_in_utc_range)]
"""A time with its offset, such as ``2026-03-02T14:05:00+08:00``. Without one nobody knows which 14:05 was meant."""


class IncidentReport(BaseModel):
    """A report of an incident. Only the kind is needed, and the school where the token is not a school's own.

    An urgent report (`urgent: true`) is never refused for a detail: what cannot be used where it stands is kept, as it
    was sent, in the summary, and the answer says so in `notices`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report_id: Identifier | None = Field(
        default=None,
        description="The client's own id of this report, best a fresh UUID: sending it again counts once. "
        "Unset: the Idempotency-Key header, else each request is a new report.",
    )
    school_id: Identifier | None = Field(default=None, description="Unset: the token's school.")
    kind: str = Field(description="A kind of the policies in force, such as `fire`.")
    severity: Severity | None = Field(default=None, description="Unset: the policy decides.")
    urgent: bool = Field(default=False, description="It is happening now, or somebody is hurt.")
    place: ShortText | None = Field(default=None, description="Where in or near the school.")
    summary: LongText | None = Field(default=None, description="What happened, in the reporter's words.")
    occurred_at: StatedTime | None = Field(default=None, description="When it happened, with its offset.")
    submitted_at: StatedTime | None = Field(
        default=None, description="When the reporter pressed send, if the client was off-line then."
    )
    casualties: Casualties | None = None
    reporter: Identifier | None = Field(default=None, description="Person id of the reporter, if they give it.")
    exercise: bool = Field(default=False, description="A drill: the real road, with a watermark in each message.")

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str, info: ValidationInfo) -> str:
        kinds: tuple[str, ...] = _context(info)["kinds"]
        if kind not in kinds:
            raise ValueError(f"must be one of: {', '.join(sorted(kinds))}")
        return kind

    @field_validator("occurred_at")
    @classmethod
    def _not_in_the_future(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and value > _context(info)["now"] + CLOCK_TOLERANCE:
            raise ValueError("lies in the future: check the clock and the offset of the time that was sent")
        return value


def _context(info: ValidationInfo) -> dict[str, Any]:
    assert isinstance(info.context, dict)
    return info.context
