"""One unit of work on what arrived: repeats do nothing, bad records stop nothing, offsets move with the work."""

import asyncio
from collections.abc import Sequence

import pytest

from events.codec import decode, encode
from events.incident import IncidentFiled
from events.topics import TopicName
from services.runtime.clock import Clock
from services.runtime.consumption import Applied, Consumption, Received, Record, Rejected
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRow, OutboxRows
from services.runtime.ownership import Ownership
from services.runtime.store import ABSENT, Store, UnitOfWork
from services.runtime.tables import cases, inbox
from tests.support.store_rows import START, a_case, claim, rows_of

TOPIC = "tocsin.incidents"
OURS = "/tocsin/intake"


class Notebook:
    """A consumer that writes down each event as a case, refuses some and sends some on."""

    name = "escalation"
    topics: tuple[TopicName, ...] = ("incidents",)

    def __init__(self, refuse: Sequence[str] = (), forward: Sequence[str] = (), *, broken: bool = False) -> None:
        self._refuse = refuse
        self._forward = forward
        self._broken = broken
        self.applied: list[str] = []
        self.committed = 0

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        refused = [
            Rejected(e.record, "refused by the test", e.event_id) for _, e in batch if e.event_id in self._refuse
        ]
        self.applied += [event.event_id for _, event in batch]
        await unit.save([a_case(event.event_id, owned.partition) for owned, event in batch])
        if self._broken:
            raise RuntimeError("a bug")
        return Applied(self._count, refused, [event for _, event in batch if event.event_id in self._forward])

    def _count(self) -> None:
        self.committed += 1

    async def claimed(self, owned: Ownership) -> None:
        """Hold nothing."""

    async def lost(self, owned: Ownership) -> None:
        """Hold nothing."""


def arrived(event_id: str, offset: int, partition: int = 0, source: str = OURS) -> Record:
    """Return a readable record as the bus brings it."""
    filed = IncidentFiled(
        case_id=f"case-{event_id}", received_at=START, report_id="r", school_id="school-lake", kind="fire"
    )
    encoded = encode(
        filed, event_id=event_id, key=filed.case_id, source=source, time=START, event_type=IncidentFiled.TYPE
    )
    return Record(TOPIC, partition, offset, encoded.key.encode(), encoded.headers, encoded.value)


async def handle(database: Database, consumer: Notebook, *records: Record, topic_id: str = "id-1") -> None:
    """Handle records, each partition with a claim of its own, in one unit of work."""
    by_partition: dict[int, list[Record]] = {}
    for record in records:
        by_partition.setdefault(record.partition, []).append(record)
    claims = {partition: await claim(database, f"escalation/{partition}") for partition in by_partition}
    consumption = Consumption(Store(database), Clock(), consumer)
    await consumption.handle([(claims[part], topic_id, batch) for part, batch in by_partition.items()])


async def letters(database: Database, lane: str = "escalation/0") -> list[OutboxRow]:
    return await OutboxRows(database).pending([lane], 100)


async def remembered(database: Database) -> set[str]:
    return {row.event_id for row in await rows_of(database, inbox)}


async def position(database: Database, partition: int = 0, topic_id: str = "id-1") -> int:
    return await Store(database).position("escalation", TOPIC, partition, topic_id)


async def test_record_at_or_below_the_stored_offset_is_skipped(database: Database) -> None:
    """Offsets that were handled before are passed over, whatever they carry; the next one is applied."""
    consumer = Notebook()
    await handle(database, consumer, arrived("a", 0), arrived("b", 1))
    await handle(database, consumer, arrived("x", 0), arrived("y", 1), arrived("c", 2))
    assert consumer.applied == ["a", "b", "c"]
    assert await position(database) == 2


async def test_old_records_do_not_move_the_offset_back(database: Database) -> None:
    """A batch of nothing but repeats changes nothing."""
    consumer = Notebook()
    await handle(database, consumer, arrived("a", 0), arrived("b", 1))
    await handle(database, consumer, arrived("a", 0))
    assert (await position(database), consumer.committed) == (1, 1)


async def test_repeated_event_is_skipped_by_its_id(database: Database) -> None:
    """The same event at another offset, in the same batch or a later one, is applied once; the offset moves on."""
    consumer = Notebook()
    await handle(database, consumer, arrived("a", 0), arrived("a", 1))
    await handle(database, consumer, arrived("a", 2))
    assert consumer.applied == ["a"]
    assert await position(database) == 2


async def test_same_id_of_another_source_is_another_event(database: Database) -> None:
    """Ids are unique within a source: two foreign clients that both count from 1 do not hide each other's reports."""
    consumer = Notebook()
    await handle(database, consumer, arrived("1", 0, source="/school/a"), arrived("1", 1, source="/school/b"))
    assert consumer.applied == ["/school/a|1", "/school/b|1"]


async def test_recreated_topic_is_read_from_its_start(database: Database) -> None:
    """Offsets of an earlier incarnation do not count: its successor's first records are applied."""
    consumer = Notebook()
    await handle(database, consumer, arrived("a", 0), arrived("b", 1))
    await handle(database, consumer, arrived("a", 0), arrived("c", 1), topic_id="id-2")
    assert consumer.applied == ["a", "b", "c"]
    assert (await position(database), await position(database, topic_id="id-2")) == (ABSENT, 1)


async def test_unreadable_record_becomes_a_dead_letter_and_the_next_is_applied(database: Database) -> None:
    """The dead letter has the reason, the origin, the original headers and bytes; nothing after it waits."""
    consumer = Notebook()
    good = arrived("a", 0)
    bad = Record(TOPIC, 0, 1, b"some-key", [*good.headers, ("extra", b"kept")], b"\xff{not json")
    await handle(database, consumer, good, bad, arrived("b", 2))
    assert consumer.applied == ["a", "b"]
    (letter,) = await letters(database)
    headers = dict(letter.headers)
    assert (letter.topic, letter.key, letter.value) == (f"{TOPIC}.dead-letter", "some-key", b"\xff{not json")
    assert b"not JSON" in headers["tocsin_reason"]
    assert (headers["tocsin_origin"], headers["extra"]) == (b"tocsin.incidents/0/1", b"kept")
    assert await position(database) == 2


@pytest.mark.parametrize(
    ("key", "headers", "value"),
    [
        (None, [], None),
        (b"\x00\xff", [], b"\x00"),
        (b"key", [("ce_id", b"\xff\x00")], b"{}"),
        (b"key", [("ce_specversion", b"1.0"), ("\x00", b"\x00")], b'{"a": "\\u0000"}'),
        (b"key", [("content-type", b"application/cloudevents+json")], b'{"id": "\\ud800", "specversion": "1.0"}'),
        (b"key", [], b"[" * 100_000),
    ],
    ids=["empty", "zero-bytes", "no-utf8", "zero-header", "lone-surrogate", "deep"],
)
async def test_no_bytes_stop_the_partition(
    database: Database, key: bytes | None, headers: list[tuple[str, bytes]], value: bytes | None
) -> None:
    """Whatever bytes stand in key, headers or value: a dead letter with those bytes, and the next is applied."""
    consumer = Notebook()
    await handle(database, consumer, Record(TOPIC, 0, 0, key, headers, value), arrived("a", 1))
    assert consumer.applied == ["a"]
    assert [letter.value for letter in await letters(database)] == [value or b""]


async def test_refused_event_is_handled_and_becomes_a_dead_letter(database: Database) -> None:
    """What the consumer refuses is a dead letter with its reason, and is not tried again when it is repeated."""
    consumer = Notebook(refuse=["b"])
    await handle(database, consumer, arrived("a", 0), arrived("b", 1))
    await handle(database, consumer, arrived("b", 2))
    (letter,) = await letters(database)
    assert dict(letter.headers)["tocsin_reason"] == b"refused by the test"
    assert decode(letter.headers, letter.value).envelope.id == "b"
    assert consumer.applied == ["a", "b"]
    assert await remembered(database) == {"a", "b"}


async def test_forwarded_event_is_not_marked_as_handled(database: Database) -> None:
    """An event sent on to its home counts there: here it is passed by, and not remembered as handled."""
    consumer = Notebook(forward=["a"])
    await handle(database, consumer, arrived("a", 0), arrived("b", 1))
    assert await remembered(database) == {"b"}
    assert await position(database) == 1
    home = Notebook()
    await handle(database, home, arrived("a", 0, partition=5))
    assert home.applied == ["a"]


async def test_several_partitions_share_one_unit(database: Database) -> None:
    """Records of three partitions are applied with their own claims, and each offset moves on, in one commit."""
    consumer = Notebook()
    bad = Record(TOPIC, 2, 9, None, [], b"?")
    await handle(database, consumer, arrived("a", 4, 0), arrived("b", 7, 1), arrived("c", 8, 2), bad)
    assert consumer.committed == 1
    assert {row.case_id: row.partition for row in await rows_of(database, cases)} == {"a": 0, "b": 1, "c": 2}
    assert [await position(database, partition) for partition in (0, 1, 2)] == [4, 7, 9]
    assert len(await letters(database, "escalation/2")) == 1


async def test_what_was_committed_is_taken_up_though_the_reader_was_cancelled(database: Database) -> None:
    """A topic is recreated while a unit is under way: what it stored is taken up, for nobody would look for it."""
    for turns in range(30):  # cancelled at each moment of the unit, the one after its commit included
        consumer = Notebook()
        reading = asyncio.create_task(handle(database, consumer, arrived(f"e{turns}", turns)))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        async with asyncio.timeout(5):
            while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - the unit ends by itself
                await asyncio.sleep(0.001)
        stored = f"e{turns}" in await remembered(database)
        assert stored == (consumer.committed == 1), turns


async def test_consumer_that_fails_leaves_nothing_of_the_batch(database: Database) -> None:
    """When the consumer raises, no offset moved and nothing was remembered: the batch can be handled again."""
    with pytest.raises(RuntimeError, match="a bug"):
        await handle(database, Notebook(broken=True), arrived("a", 0), arrived("b", 0, 1))
    assert (await position(database), await remembered(database)) == (ABSENT, set())
    consumer = Notebook()
    await handle(database, consumer, arrived("a", 0), arrived("b", 0, 1))
    assert consumer.applied == ["a", "b"]
