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
        return tuple(self._as_reachable(recipient) for recipient in found)

    def recipient(self, person_id: str) -> Recipient | None:
        found = super().recipient(person_id)
        return None if found is None else self._as_reachable(found)

    def _as_reachable(self, recipient: Recipient) -> Recipient:
        return recipient.model_copy(update={"contacts": ()}) if recipient.person_id in self.people else recipient
