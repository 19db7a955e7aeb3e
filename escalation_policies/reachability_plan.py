"""When people are asked whether messages reach them: data, checked whole before it is used (``reachability.yaml``)."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from escalation_policies.durations import Duration
from escalation_policies.errors import Fault, PolicyFaults
from escalation_policies.schema import QuietHours
from events.base import Frozen
from events.channel import Channel

PLAN = Path(__file__).with_name("reachability.yaml")
LONGEST_SPREAD, SHORTEST_TERM, LONGEST_TERM = timedelta(days=7), timedelta(minutes=10), timedelta(days=14)
"""A round is over before the next begins; nobody is called silent before they could look."""


class QuietNight(Frozen):
    """When nobody is asked, by the unit's own clock."""

    start: time
    end: time


class ReachabilityPlan(Frozen):
    """A round a month: each unit on its day, at its hour, and a little later than the unit before."""

    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))
    day: Annotated[int, Field(ge=1, le=28)]
    at: time
    spread: Duration
    term: Duration
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("sms", "email")
    quiet_hours: QuietNight

    @model_validator(mode="after")
    def _ends_before_the_next_begins(self) -> Self:
        if self.spread > LONGEST_SPREAD:
            raise ValueError(f"`spread` is at most {LONGEST_SPREAD.days}d: a round ends before the next begins")
        if not SHORTEST_TERM <= self.term <= LONGEST_TERM:
            raise ValueError(f"`term` is 10m to {LONGEST_TERM.days}d: people need time to look, and a round its end")
        if self.quiet_hours.start == self.quiet_hours.end:
            raise ValueError("`quiet_hours` are the whole day: nobody would ever be asked")
        return self

    @property
    def quiet(self) -> QuietHours:
        """Return the quiet hours as the policies judge them."""
        return QuietHours(start=self.quiet_hours.start, end=self.quiet_hours.end)


def load_plan(path: Path = PLAN) -> ReachabilityPlan:
    """Read a plan.

    Raises:
        PolicyFaults: with everything that is wrong with it.
    """
    try:
        found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFaults([Fault(path.name, 0, "", f"cannot be read as UTF-8 text: {error}")]) from error
    except YAMLError as error:
        raise PolicyFaults([Fault(path.name, 1, "", f"not YAML: {str(error).splitlines()[0]}")]) from error
    try:
        return ReachabilityPlan.model_validate(found)
    except ValidationError as error:
        raise PolicyFaults(
            [
                Fault(path.name, 1, ".".join(map(str, item["loc"])), str(item["msg"]).removeprefix("Value error, "))
                for item in error.errors(include_url=False)
            ]
        ) from error
