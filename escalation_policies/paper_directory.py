"""A directory on paper: every post and duty that a policy names is held by one person, called after it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from escalation_policies.chain_scrutiny import selectors_of
from escalation_policies.schema import Policy
from escalation_policies.selector import Ancestor, SchoolName, Selector
from events.channel import Channel
from events.escalation import Contact, Recipient

SCHOOL = "self"
"""The school's id is the word a selector has for it, so that whom a case concerns is found by unit, too."""

OWNER = "owner"
"""Who must remove a hazard."""

_CHANNELS: tuple[Channel, ...] = ("sms", "email")


class PaperDirectory:
    """Every post is held, nobody is away, and everybody has every channel."""

    def __init__(self, policy: Policy) -> None:
        self._units = {_post(selector): _unit(selector) for _, selector in selectors_of(policy)}

    @property
    def posts(self) -> tuple[str, ...]:
        """Return everybody there is, by the role, duty or group they are called after."""
        return (*self._units, OWNER)

    def school(self, school_id: str) -> SchoolName:
        """Return a school of that name."""
        return SchoolName(unit_id=school_id, name=school_id)

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the holder of the post."""
        del school_id, at
        return (_holder(_post(selector), _unit(selector)),)

    def recipient(self, person_id: str) -> Recipient:
        """Return somebody of that name."""
        return _holder(person_id, self._units.get(person_id, SCHOOL))

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return whom the report names, and the office of each who heads it."""
        return tuple(sorted({*ids, *self._offices(ids, heads)}))

    def _offices(self, ids: Sequence[str], heads: Sequence[str]) -> Iterator[str]:
        for one in ids:
            if one in heads:
                yield self._units.get(one, SCHOOL)


def _post(selector: Selector) -> str:
    return selector.role or selector.on_duty or selector.group or ""


def _unit(selector: Selector) -> str:
    return selector.at.ancestor if isinstance(selector.at, Ancestor) else selector.at


def _holder(person: str, unit: str) -> Recipient:
    contacts = tuple(Contact(contact_id=f"{person}:{channel}", channel=channel) for channel in _CHANNELS)
    return Recipient(person_id=person, name=person, role=person, unit_id=unit, unit_name=unit, contacts=contacts)
