"""What a client may send to file an incident, and the rules each field is held to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from events.base import Identifier
from events.incident import Casualties, Concerns, LongText, Severity, ShortText
from services.runtime.directory import DirectorySnapshot

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


@dataclass(frozen=True, slots=True)
class Rules:
    """What a report is held to: the time, the kinds and the directory as they are when it arrives."""

    now: datetime
    kinds: Collection[str]
    hazards: Collection[str]
    directory: DirectorySnapshot


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
    concerns: Concerns = Field(
        default=(),
        description="Person and unit ids of whom it concerns: neither they, nor who acts for them, nor an office that "
        "they head hears of it or sees it.",
    )
    owner: Identifier | None = Field(default=None, description="A hazard's 责任人, by person id: told with the chain.")
    due_at: StatedTime | None = Field(default=None, description="By when a hazard must be gone (整改期限).")
    separate: bool = Field(
        default=False, description="It is another event than the one reported before: never join that case."
    )

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str, info: ValidationInfo) -> str:
        kinds = rules_of(info).kinds
        if kind not in kinds:
            raise ValueError(f"must be one of: {', '.join(sorted(kinds))}")
        return kind

    @field_validator("occurred_at")
    @classmethod
    def _not_in_the_future(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and value > rules_of(info).now + CLOCK_TOLERANCE:
            raise ValueError("lies in the future: check the clock and the offset of the time that was sent")
        return value

    @field_validator("concerns")
    @classmethod
    def _known_unless_urgent(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return value if info.data.get("urgent") else all_known(value, info)

    @field_validator("owner", "due_at")
    @classmethod
    def _only_of_a_hazard(cls, value: str | datetime | None, info: ValidationInfo) -> str | datetime | None:
        if value is not None and info.data.get("kind") not in rules_of(info).hazards:
            raise ValueError("only a hazard has it: leave it out for this kind")
        return value

    @field_validator("owner")
    @classmethod
    def _known_owner(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and rules_of(info).directory.person(value) is None:
            raise ValueError("nobody in the directory has this id")
        return value

    @field_validator("due_at")
    @classmethod
    def _still_to_come(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and value <= rules_of(info).now:
            raise ValueError("must lie ahead: by when shall the hazard be gone?")
        return value


def all_known(concerns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Return ``concerns`` when the directory knows every id.

    Raises:
        ValueError: it does not know one: a mistyped id would let the very person hear of it.
    """
    directory = rules_of(info).directory
    if unknown := [n for n, one in enumerate(concerns) if not is_known(directory, one)]:
        where = ", ".join(str(number + 1) for number in unknown)
        raise ValueError(f"no person and no unit of the directory has id number {where} of this list")
    return concerns


def is_known(directory: DirectorySnapshot, one: str) -> bool:
    """Return whether the directory knows a person or a unit of this id."""
    return directory.person(one) is not None or directory.unit(one) is not None


def rules_of(info: ValidationInfo) -> Rules:
    """Return what the report is held to."""
    assert isinstance(info.context, Rules)
    return info.context
