"""The bus as data: topics with ids, partitions with offsets, and what may befall them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from aiokafka.partitioner import murmur2

from events.topics import CATALOGUE, CONSUMED, PARTITIONS, dead_letter
from tests.simulation.diary import Diary
from tests.simulation.record import RollCallRecord
from tests.simulation.virtual_time import OUTSIDE, VirtualLoop

PREFIX = "tocsin."
UNSETTLED = 6
"""Records at the end of a log among which two may change places."""
Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Stored:
    """One record in a log, and from when on consumers see it."""

    key: bytes | None
    headers: Headers
    value: bytes | None
    visible_at: float


@dataclass
class Topic:
    """One incarnation of a topic. A place in a log may be empty: a control record, or a record that was lost."""

    topic_id: str
    logs: list[list[Stored | None]] = field(default_factory=list)
    hurt: set[int] = field(default_factory=set)
    """Partitions in which an offset does not always mean the same record: a reader may be past one it never saw."""
    longest: dict[int, int] = field(default_factory=dict)
    """How many records each partition has had at most: a reader may be past any place before that."""


class SimBus:
    """Every topic of one broker. ``away`` means that it does not answer."""

    def __init__(self, loop: VirtualLoop, rng: Random, diary: Diary) -> None:
        self._loop = loop
        self._rng = rng
        self._diary = diary
        self._incarnations = 0
        self.record: RollCallRecord | None = None
        self.topics: dict[str, Topic] = {}
        self.wanted = {PREFIX + topic.name: PARTITIONS for topic in CATALOGUE}
        self.wanted |= {dead_letter(PREFIX + name): 1 for name in CONSUMED}
        self._away = False
        self.arrived = asyncio.Event()
        self.appended = 0
        self.trouble = 0.0
        """How likely the bus's clients stumble."""
        self.slow = 0.0
        """How likely a record is to be seen only seconds after it was written."""
        self.contradictions: list[str] = []
        self._first_bytes: dict[tuple[str, bytes, str], bytes | None] = {}

    @property
    def away(self) -> bool:
        """Return whether the broker does not answer."""
        return self._away

    @away.setter
    def away(self, away: bool) -> None:
        self._away = away
        if away:
            self._mishap()

    def _mishap(self, topic: str | None = None) -> None:
        if self.record is not None:
            self.record.note_mishap(topic)

    def create_missing(self) -> None:
        """Make the topics that do not exist, each with a new id."""
        for name, partitions in self.wanted.items():
            if name not in self.topics:
                self._incarnations += 1
                self.topics[name] = Topic(f"topic-id-{self._incarnations}", [[] for _ in range(partitions)])

    def partition_of(self, topic: str, key: bytes) -> int:
        """Return the partition that Kafka's own partitioner gives a key."""
        return int((murmur2(key) & 0x7FFFFFFF) % len(self.topics[topic].logs))

    def append(self, topic: str, partition: int, key: bytes | None, headers: Headers, value: bytes | None) -> int:
        """Write a record; return its offset."""
        delay = self._rng.uniform(0, 0.01)
        if self._rng.random() < self.slow:
            delay = self._rng.uniform(0.5, 4.0)
            self._diary.count("record delayed", topic, partition)
        log = self.topics[topic].logs[partition]
        before = (record.visible_at for record in reversed(log) if record is not None)
        visible_at = max(self._loop.time() + delay, next(before, 0.0))  # a broker shows no record before an earlier one
        log.append(Stored(key, headers, value, visible_at))
        longest = self.topics[topic].longest.get(partition, 0)
        self.topics[topic].longest[partition] = max(longest, len(log))
        self.appended += 1
        self._compare(topic, headers, value)
        if self.record is not None:
            # Where a log was cut back, a place is used again: who had read so far passes over the record that is there.
            is_home = key is not None and self.partition_of(topic, key) == partition and len(log) > longest
            self.record.note(topic, headers, value, is_home=is_home)
        self._diary.write("appended", topic, partition, len(log) - 1, _id_of(headers))
        self._loop.call_at(visible_at, self._tell, context=OUTSIDE.copy())
        return len(log) - 1

    def _compare(self, topic: str, headers: Headers, value: bytes | None) -> None:
        """One of our ids has one content, however often its source publishes it."""
        source = dict(headers).get("ce_source", b"")
        if not source.startswith(b"/tocsin/") or topic.endswith(".dead-letter"):
            return
        first = self._first_bytes.setdefault((topic, source, _id_of(headers)), value)
        if first != value:
            self.contradictions.append(f"{topic} {_id_of(headers)}: {first!r} and then {value!r}")

    def _tell(self) -> None:
        self.arrived.set()
        self.arrived = asyncio.Event()

    def read(self, topic: str, partition: int, start: int, limit: int) -> Iterator[tuple[int, Stored]]:
        """Yield up to ``limit`` visible records from ``start`` on."""
        found = self.topics.get(topic)
        log = found.logs[partition] if found else []
        for offset in range(start, len(log)):
            record = log[offset]
            if record is None:
                continue
            if record.visible_at > self._loop.time() or limit == 0:
                return
            limit -= 1
            yield offset, record

    def end(self, topic: str, partition: int) -> int:
        """Return the offset after the last record."""
        return len(self.topics[topic].logs[partition]) if topic in self.topics else 0

    def still_has(self, topic_id: str, partition: int, offset: int) -> bool:
        """Return whether a record is where it was written, and was at all times."""
        found = next((topic for topic in self.topics.values() if topic.topic_id == topic_id), None)
        return found is not None and partition not in found.hurt and found.logs[partition][offset] is not None

    def wipe(self) -> None:
        """Lose everything, the topics included."""
        self._diary.count("bus wiped")
        self._mishap()
        self._diary.counts["record lost"] += sum(sum(map(bool, log)) for t in self.topics.values() for log in t.logs)
        self.topics.clear()

    def cut_back(self, topic: str, partition: int, records: int) -> None:
        """Lose the end of a log, as a broker may that did not wait for its disk."""
        if topic in self.topics:
            self._diary.count("log cut back", topic, partition, records)
            self._mishap(topic)
            log = self.topics[topic].logs[partition]
            self._diary.counts["record lost"] += sum(map(bool, log[-records:]))
            self.topics[topic].hurt.add(partition)
            del log[-records:]

    def lose_one(self, topic: str, partition: int) -> None:
        """Lose one record out of a log: its offset stays empty."""
        log = self.topics[topic].logs[partition] if topic in self.topics else []
        if log:
            place = self._rng.randrange(len(log))
            self._diary.count("record lost", topic, partition, place)
            self._mishap(topic)
            log[place] = None

    def double_one(self, topic: str, partition: int) -> None:
        """Write a record a second time, on any partition."""
        log = self.topics[topic].logs[partition] if topic in self.topics else []
        record = self._rng.choice(log) if log else None
        if record is not None:
            to = self._rng.choice([partition, self._rng.randrange(len(self.topics[topic].logs))])
            self._diary.count("record doubled", topic, partition, to)
            self.append(topic, to, record.key, record.headers, record.value)

    def reorder(self, topic: str, partition: int) -> None:
        """Let two of the last records of a log change places, also one that was read with one that was not."""
        log = self.topics[topic].logs[partition] if topic in self.topics else []
        if len(log) > 1:
            one, other = self._rng.sample(range(max(0, len(log) - UNSETTLED), len(log)), 2)
            self._diary.count("record reordered", topic, partition, one, other)
            self._mishap(topic)
            log[one], log[other] = log[other], log[one]
            self.topics[topic].hurt.add(partition)


def _id_of(headers: Headers) -> str:
    return dict(headers).get("ce_id", b"?").decode(errors="replace")
