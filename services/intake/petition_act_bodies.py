"""What an office may say about a petition: the body of each verb. The petitioner reads notices, reasons and answers."""

from pydantic import Field

from events.incident import LongText, ShortText
from services.intake.act_bodies import ActBody


class Acceptance(ActBody):
    """受理: the petition is taken up. The time to answer runs from here."""

    notice: LongText | None = Field(default=None, description="What the petitioner is told.")


class Refusal(ActBody):
    """不予受理: it is not taken up. The petitioner is told why, and may ask for review."""

    reason: LongText = Field(min_length=1)


class Objection(ActBody):
    """The office says it is the wrong one: in time, the next level takes over. The petitioner's clock goes on."""

    reason: ShortText = Field(min_length=1)


class Extension(ActBody):
    """The time to answer is prolonged, once, before it is over. The petitioner is told why."""

    reason: LongText = Field(min_length=1)


class Resolution(ActBody):
    """The office answers. The petitioner's time to ask for review runs from here."""

    answer: LongText = Field(min_length=1)


class ReviewAnswer(ActBody):
    """The level above answers the request for review."""

    answer: LongText = Field(min_length=1)
