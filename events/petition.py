"""The petition family: a person exercises a right, and the office that owes them an answer (``tocsin.petitions``).

The chain's verbs are those of ``events.incident``, on this topic; here is what only petitions have. No event carries
the narrative or who petitioned: both lie sealed in their own record at the intake (DOMAIN §2–3).
"""

from typing import Annotated, ClassVar

from pydantic import Field

from events.base import CaseFact, Identifier
from events.incident import Concerns, LongText, Severity, ShortText


class PetitionFiled(CaseFact):
    """A petition opened a case."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.filed.v1"

    report_id: Identifier
    school_id: Identifier
    kind: Identifier = Field(description="A kind of the petition policies, e.g. `petition` or `petition-on-site`.")
    severity: Severity | None = None
    concerns: Concerns = Field(
        default=(), description="Person and unit ids of whom it concerns: they never hear of it."
    )
    headcount: Annotated[int, Field(ge=1, le=100_000)] | None = None
    place: ShortText | None = None
    exercise: bool = False


class PetitionAccepted(CaseFact):
    """受理: the office takes it up. From here the time to answer runs."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.accepted.v1"

    by: Identifier
    notice: LongText | None = Field(default=None, description="What the petitioner is told.")


class PetitionDeclined(CaseFact):
    """不予受理: not taken up, with the reason and the remedy that the petitioner is told."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.declined.v1"

    by: Identifier
    reason: LongText


class ObjectionRaised(CaseFact):
    """The office says that it is the wrong one. In time, the next level takes over; the petitioner's clock goes on."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.objection-raised.v1"

    by: Identifier
    reason: ShortText


class ExtensionGranted(CaseFact):
    """The time to answer is prolonged, once, with a reason that the petitioner is told."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.extension-granted.v1"

    by: Identifier
    reason: LongText


class PetitionResolved(CaseFact):
    """The office answers. From here the petitioner's time to ask for review runs."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.resolved.v1"

    by: Identifier
    answer: LongText = Field(description="What the petitioner is told.")


class ReviewAsked(CaseFact):
    """The petitioner asks the level above to review. Said by the holder of the secret, so it names nobody."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.review-asked.v1"


class ReviewAnswered(CaseFact):
    """The level above answered the request for review."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.review-answered.v1"

    by: Identifier
    answer: LongText


class PetitionWithdrawn(CaseFact):
    """The petitioner takes it back: nobody else can."""

    TYPE: ClassVar[str] = "edu.tocsin.petition.withdrawn.v1"


PETITION_FACTS: tuple[type[CaseFact], ...] = (
    PetitionFiled,
    PetitionAccepted,
    PetitionDeclined,
    ObjectionRaised,
    ExtensionGranted,
    PetitionResolved,
    ReviewAsked,
    ReviewAnswered,
    PetitionWithdrawn,
)
