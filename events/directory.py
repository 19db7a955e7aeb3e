"""Who is who: units, people, contacts and rosters (topic ``tocsin.directory``, compacted, key: unit or person id)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from events.base import Body, Frozen, Identifier, Utc
from events.channel import Channel
from events.notification import Lane

UnitKind = Literal["bureau", "township", "district", "school"]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class ContactAddress(Frozen):
    """One way to reach a person, with its address: what that is depends on the channel (`events.channel`)."""

    contact_id: Identifier
    channel: Channel
    address: Annotated[str, Field(min_length=3, max_length=254)]
    used_for: tuple[Lane, ...] | None = Field(
        default=None, description="How urgent what is sent to it may be; unset: anything. Never leaves nobody told."
    )


class Shift(Frozen):
    """Who is on duty in one role from ``start`` (inclusive) to ``end`` (exclusive)."""

    start: Utc
    end: Utc
    person_id: Identifier


class Roster(Frozen):
    """The shifts of one duty role of a unit (24 小时值班, 校级领导带班)."""

    role: Identifier
    shifts: tuple[Shift, ...] = ()


class Group(Frozen):
    """A named group of people of any unit, such as a crisis team."""

    name: Identifier
    people: tuple[Identifier, ...] = ()


class Absence(Frozen):
    """When a person is away, from ``start`` (inclusive) to ``end`` (exclusive), and who acts for them meanwhile.

    Without a delegate their post counts as vacant: the stand-ins are told.
    """

    start: Utc
    end: Utc
    delegate: Identifier | None = None


class UnitRecorded(Body):
    """A unit as it is now."""

    TYPE: ClassVar[str] = "edu.tocsin.directory.unit-recorded.v1"

    unit_id: Identifier
    name: Name
    kind: UnitKind
    parent: Identifier | None = None
    township: Identifier | None = Field(default=None, description="The township government a school lies in.")
    timezone: str = "Asia/Shanghai"
    rosters: tuple[Roster, ...] = ()
    groups: tuple[Group, ...] = ()


class PersonRecorded(Body):
    """A person as they are now: their unit, the roles they hold there, and how to reach them."""

    TYPE: ClassVar[str] = "edu.tocsin.directory.person-recorded.v1"

    person_id: Identifier
    name: Name
    unit_id: Identifier
    roles: tuple[Identifier, ...] = ()
    language: Literal["zh", "en"] = "zh"
    contacts: tuple[ContactAddress, ...] = ()
    absences: tuple[Absence, ...] = ()


class EntryRemoved(Body):
    """A unit or person that is no more. Their key's last record before the compaction's tombstone."""

    TYPE: ClassVar[str] = "edu.tocsin.directory.entry-removed.v1"

    entry_id: Identifier
