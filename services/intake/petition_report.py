"""What a person may send to petition. Every field but the school may be left out, who they are first of all."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from events.base import Identifier
from events.incident import Concerns, ShortText
from services.intake.report import all_known

FALLBACK_KIND = "petition"
Narrative = Annotated[str, Field(max_length=20_000)]
Contact = Annotated[str, Field(max_length=1_000)]


class PetitionReport(BaseModel):
    """A petition. What is told in it, and how to answer, is sealed: no message, list or event carries either."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    report_id: Identifier | None = Field(
        default=None,
        description="The client's own id of this petition, best a fresh UUID: sending it again counts once. Keep it to "
        "yourself. Unset: the Idempotency-Key header, else each request is a new petition.",
    )
    school_id: Identifier = Field(description="The school that it is about, by its id in the directory.")
    kind: str | None = Field(
        default=None, description=f"A petition kind of the policies in force. Unset or unknown: `{FALLBACK_KIND}`."
    )
    concerns: Concerns = Field(
        default=(),
        description="Person and unit ids of whom it concerns: neither they, nor who acts for them, nor an office that "
        "they head hears of it or sees it.",
    )
    headcount: Annotated[int, Field(ge=1, le=100_000)] | None = Field(default=None, description="How many petition.")
    place: ShortText | None = Field(default=None, description="Where; the offices are told. Name nobody here.")
    summary: Narrative | None = Field(default=None, description="What you ask for, in your words. Sealed.")
    contact: Contact | None = Field(default=None, description="How to answer you, if you wish to say. Sealed.")
    exercise: bool = Field(default=False, description="A drill: the real road, with a watermark in each message.")

    @field_validator("concerns")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return all_known(value, info)
