"""What a case keeps of the rounds of a clock that are over for long: see ``folding``."""

from collections.abc import Collection

from pydantic import Field

from escalation_policies.clock_rules import ClockName
from events.base import Frozen, Utc


def key_of(name: ClockName, level: str, number: int) -> str:
    """Return the name in the case of one round of a clock."""
    return f"{name}@{level}" + (f"#{number}" if number else "")


class Silence(Frozen):
    """Rounds that nobody answered, one because of the other, which a fact of their time would still answer."""

    began: Utc = Field(description="A fact of after this moment would have been an answer.")
    since: Utc = Field(description="The first deadline that was missed.")
    until: Utc = Field(description="The last one.")
    own: bool = Field(default=False, description="One of them comes of no other clock: it outlives those.")


class Folded(Frozen):
    """The rounds of one clock at one level that are kept no more one by one: what later decisions need of them."""

    name: ClockName
    level: str
    last: int = Field(description="Number of the latest of them: no key is used twice.")
    stands: bool = Field(default=False, description="One of them was answered, or its breach is final.")
    silence: Silence | None = Field(default=None, description="The silence that they end with.")
    because: tuple[str, ...] = Field(default=(), description="Keys of the clocks whose silence this one comes from.")

    @property
    def key(self) -> str:
        """Return the key of the latest of them, which speaks for all."""
        return key_of(self.name, self.level, self.last)

    def comes_of(self, causes: Collection[str]) -> bool:
        """Return whether all of its silence comes of the clocks of these keys: it is none when theirs is none."""
        outlives = self.silence is not None and self.silence.own
        return bool(self.because) and not outlives and all(key in causes for key in self.because)

    @property
    def is_standing(self) -> bool:
        """Return whether at least one of them was not called off."""
        return self.stands or self.silence is not None
