"""A consumer group: who reads which partitions now, with Kafka's static members and its patience with silent ones."""

from random import Random
from typing import Protocol

from events.topics import PARTITIONS
from tests.simulation.diary import Diary
from tests.simulation.virtual_time import OUTSIDE, VirtualLoop


class Member(Protocol):
    """One app in the group."""

    instance: str


class Group:
    """Shares the partition numbers among the members; topics of one consumer are shared alike."""

    def __init__(self, name: str, loop: VirtualLoop, rng: Random, diary: Diary, session_seconds: float) -> None:
        self._name = name
        self._loop = loop
        self._rng = rng
        self._diary = diary
        self._session = session_seconds
        self._members: dict[str, Member] = {}
        self._shares: dict[str, set[int]] = {}
        self.generation = 0

    def join(self, member: Member) -> None:
        """Take a member in; one that comes back under its name keeps its share, after a moment."""
        self._members[member.instance] = member
        self._soon()

    def leave(self, member: Member) -> None:
        """Let a member go. A static member that stops is only missed when its session ends."""
        self._loop.call_later(self._session, self._expire, member, context=OUTSIDE.copy())

    def silent(self, instance: str) -> None:
        """Note that an instance says nothing any more: it died or froze."""
        member = self._members.get(instance)
        if member is not None:
            self.leave(member)

    def has(self, member: Member) -> bool:
        """Return whether this very app is the member of its name."""
        return self._members.get(member.instance) is member

    def share(self, member: Member) -> set[int]:
        """Return the partition numbers that a member reads now."""
        return self._shares.get(member.instance, set()) if self.has(member) else set()

    def _expire(self, member: Member) -> None:
        if self.has(member) and not getattr(member, "beats", lambda: False)():
            del self._members[member.instance]
            self._soon()

    def _soon(self) -> None:
        self._loop.call_later(self._rng.uniform(0.05, 0.6), self._rebalance, context=OUTSIDE.copy())

    def _rebalance(self) -> None:
        names = sorted(self._members)
        self._rng.shuffle(names)
        self._shares = {name: set(range(turn, PARTITIONS, len(names))) for turn, name in enumerate(names)}
        self.generation += 1
        self._diary.write("rebalanced", self._name, *names)
