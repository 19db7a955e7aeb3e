"""A directory in which some people hold their posts, and have no contact at all."""

from datetime import datetime

from escalation_policies.selector import Selector
from events.escalation import Recipient
from tests.support.scenario import Staff


class Unreachable(Staff):
    """The usual staff, some of whom cannot be reached by any channel."""

    def __init__(self, *people: str) -> None:
        super().__init__()
        self.people = people

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        found = super().resolve(selector, school_id, at)
        return tuple(r.model_copy(update={"contacts": ()}) if r.person_id in self.people else r for r in found)
