"""A small county over the real directory snapshot: people may be appointed, moved and sent on leave at any moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from escalation_policies.selector import SchoolName, Selector
from events.directory import Absence, ContactAddress, PersonRecorded, Roster, Shift, UnitKind, UnitRecorded
from events.escalation import Recipient
from services.runtime.directory import DirectorySnapshot

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)

UNITS: dict[str, tuple[UnitKind, str | None, str | None]] = {
    "bureau": ("bureau", None, None),
    "township": ("township", "bureau", None),
    "district": ("district", "bureau", None),
    "school-1": ("school", "district", "township"),
}

POSTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "principal": ("school-1", ("principal",)),
    "deputy": ("school-1", ("deputy_principal",)),
    "teacher": ("school-1", ()),
    "director": ("district", ("district_director",)),
    "district-deputy": ("district", ("district_deputy",)),
    "township-officer": ("township", ("township_officer",)),
    "bureau-leader": ("bureau", ("bureau_leader",)),
    "petition-officer": ("bureau", ("petition_officer",)),
    "protection-officer": ("bureau", ("protection_officer",)),
    "health-officer": ("bureau", ("health_officer",)),
    "exam-officer": ("bureau", ("exam_officer",)),
    "duty-officer": ("bureau", ("duty_officer",)),
}

DUTIES: dict[tuple[str, str], str] = {
    ("school-1", "school_leader"): "deputy",
    ("bureau", "duty_officer"): "duty-officer",
}


@dataclass(frozen=True)
class Post:
    """Where somebody is, what they hold there, and who acts for them while they are away."""

    unit: str
    roles: tuple[str, ...]
    away: bool = False
    delegate: str | None = None
    contacts: tuple[str, ...] = ("sms", "email")


@dataclass
class County:
    """The directory of a case, whole; ``posts`` and ``duties`` may be changed, and count from the next decision on."""

    posts: dict[str, Post] = field(default_factory=lambda: {who: Post(*post) for who, post in POSTS.items()})
    duties: dict[tuple[str, str], str] = field(default_factory=lambda: dict(DUTIES))
    _made: tuple[object, DirectorySnapshot] | None = None

    def appoint(self, delegate: str, acts_for: str) -> None:
        """Send somebody on leave and let another act for them."""
        self.posts[acts_for] = replace(self.posts[acts_for], away=True, delegate=delegate)

    def move(self, person: str, unit: str, *roles: str) -> None:
        """Give somebody another post."""
        self.posts[person] = replace(self.posts[person], unit=unit, roles=roles)

    def remove(self, *people: str) -> None:
        """Let people leave the directory."""
        for person in people:
            del self.posts[person]

    def silence(self, *people: str) -> None:
        """Take away every way to reach people."""
        for person in people:
            self.posts[person] = replace(self.posts[person], contacts=())

    @property
    def snapshot(self) -> DirectorySnapshot:
        """Return the directory as it is now; made anew only after a change."""
        now = (tuple(self.posts.items()), tuple(self.duties.items()))
        if self._made is None or self._made[0] != now:
            people = [self._person(who) for who in self.posts]
            self._made = (now, DirectorySnapshot.of([self._unit(unit) for unit in UNITS], people))
        return self._made[1]

    def school(self, school_id: str) -> SchoolName | None:
        return self.snapshot.school(school_id)

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        return self.snapshot.resolve(selector, school_id, at)

    def recipient(self, person_id: str) -> Recipient | None:
        return self.snapshot.recipient(person_id)

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        return self.snapshot.concerned(ids, heads)

    def _unit(self, unit_id: str) -> UnitRecorded:
        kind, parent, township = UNITS[unit_id]
        rosters = tuple(
            Roster(role=role, shifts=(Shift(start=FIRST, end=LAST, person_id=person),))
            for (unit, role), person in self.duties.items()
            if unit == unit_id
        )
        return UnitRecorded(unit_id=unit_id, name=unit_id, kind=kind, parent=parent, township=township, rosters=rosters)

    def _person(self, who: str) -> PersonRecorded:
        post = self.posts[who]
        away = (Absence(start=FIRST, end=LAST, delegate=post.delegate),) if post.away else ()
        return PersonRecorded(
            person_id=who,
            name=who,
            unit_id=post.unit,
            roles=post.roles,
            contacts=tuple(
                ContactAddress.model_validate({"contact_id": f"{who}:{c}", "channel": c, "address": f"{who}:{c}"})
                for c in post.contacts
            ),
            absences=away,
        )
