"""What was published is compared with what downstream recorded: confirmed rows go, lost ones go out again."""

import time
from collections.abc import Sequence

import pytest
from sqlalchemy import update

from events.codec import encode
from events.incident import IncidentFiled
from events.topics import TopicName
from services.runtime.bus_admin import BusAdmin
from services.runtime.clock import Clock
from services.runtime.consumption import Applied, Consumption, Received, Record
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows, Outgoing, Published
from services.runtime.ownership import MICROS, Ownership
from services.runtime.reconciler import GRACE_MICROS, PAGE, SILENCE_MICROS, SILENCE_ROUNDS, Reconciler
from services.runtime.settings import Settings
from services.runtime.store import Position, Store, UnitOfWork
from services.runtime.tables import outbox
from services.runtime.topic_watch import TopicWatch
from tests.support.store_rows import START, claim, outgoing, rows_of

TOPIC = "tocsin.incidents"
LANE = "intake/test"
LONG_AGO = GRACE_MICROS + 3 * MICROS


class Desk:
    """A lane, the reconciler that looks after it, and the broker's present incarnation ``id-2``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.store = Store(database)
        self.wakes = 0
        settings = Settings()
        self.watch = TopicWatch(settings, BusAdmin(settings, "127.0.0.1:1"))
        self.watch.ids, self.watch.away = {TOPIC: "id-2"}, False
        self.reconciler = Reconciler(settings, database, self.watch, lambda: [LANE], self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    async def publish(
        self, record: Outgoing, offset: int, topic_id: str = "id-2", *, ago: int = LONG_AGO, lane: str = LANE
    ) -> None:
        """Put a record into the outbox and note that the broker has it since ``ago`` microseconds."""
        async with self.store.transaction() as unit:
            await unit.append([(lane, record)])
        number = (await rows_of(self.database, outbox))[-1].id
        await OutboxRows(self.database).settle([Published(number, topic_id, 0, offset)], [])
        async with self.database.writing() as connection:
            since = int(time.time() * MICROS) - ago
            await connection.execute(update(outbox).where(outbox.c.id == number).values(published_at=since))

    async def consumer_has(self, offset: int, *event_ids: str, topic_id: str = "id-2") -> None:
        """Note that the consumer has read up to ``offset`` and handled these events."""
        async with self.store.transaction() as unit:
            await unit.mark_seen("escalation", event_ids, START)
            await unit.advance("escalation", [Position(TOPIC, 0, topic_id, offset)])

    async def left(self) -> dict[str, bool]:
        """Return the outbox rows that are still there, and whether each is to be published."""
        return {row.event_id: row.pending for row in await rows_of(self.database, outbox)}


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_confirmed_row_is_deleted(desk: Desk) -> None:
    """A row whose event is in the consumer's inbox is done, however young it is."""
    await desk.publish(outgoing("a", TOPIC), 0, ago=0)
    await desk.consumer_has(0, "a")
    assert await desk.reconciler.compare() == 0
    assert await desk.left() == {}


async def test_row_that_only_another_consumer_handled_is_not_confirmed(desk: Desk) -> None:
    """The notifier's inbox says nothing about a record that the escalation service must handle."""
    await desk.publish(outgoing("a", TOPIC), 0)
    async with desk.store.transaction() as unit:
        await unit.mark_seen("notifier", ["a"], START)
    await desk.reconciler.compare()
    assert await desk.left() == {"a": False}


async def test_row_of_an_earlier_incarnation_is_pending_again(desk: Desk) -> None:
    """What went to a topic that was recreated since, and was not handled, is published again."""
    await desk.publish(outgoing("lost", TOPIC), 5, "id-1")
    await desk.publish(outgoing("handled", TOPIC), 6, "id-1")
    await desk.consumer_has(0, "handled")
    assert await desk.reconciler.compare() == 1
    assert await desk.left() == {"lost": True}
    assert desk.wakes == 1


async def test_row_passed_over_is_pending_again(desk: Desk) -> None:
    """The consumer has read past a record and does not have it: it is published again."""
    await desk.publish(outgoing("passed", TOPIC), 3)
    await desk.consumer_has(3)
    assert await desk.reconciler.compare() == 1
    assert await desk.left() == {"passed": True}


async def test_row_that_the_consumer_has_not_reached_stays(desk: Desk) -> None:
    """A consumer that merely lags is waited for."""
    await desk.publish(outgoing("ahead", TOPIC), 4)
    await desk.consumer_has(3)
    assert await desk.reconciler.compare() == 0
    assert await desk.left() == {"ahead": False}
    assert desk.wakes == 0


async def test_offset_read_in_another_incarnation_passes_nothing_over(desk: Desk) -> None:
    """Offsets count within one incarnation: a consumer still at the old one's end has not read the new one."""
    await desk.publish(outgoing("new", TOPIC), 2)
    await desk.consumer_has(90, topic_id="id-1")
    assert await desk.reconciler.compare() == 0


async def test_young_row_is_left_in_the_consumers_hands(desk: Desk) -> None:
    """Within the grace time a row is not judged lost: its consumer may be committing it."""
    await desk.publish(outgoing("young", TOPIC), 0, ago=0)
    await desk.consumer_has(0)
    assert await desk.reconciler.compare() == 0
    assert await desk.left() == {"young": False}


async def test_row_in_long_silence_is_pending_again_and_waits_longer_each_time(desk: Desk) -> None:
    """After ten minutes without a word a row goes out again; the second time it is given twenty."""
    await desk.publish(outgoing("silent", TOPIC), 9, ago=SILENCE_MICROS + MICROS)
    await desk.publish(outgoing("patient", TOPIC), 10, ago=2 * SILENCE_MICROS - 60 * MICROS)
    async with desk.database.writing() as connection:
        await connection.execute(update(outbox).where(outbox.c.event_id == "patient").values(tries=2))
    assert await desk.reconciler.compare() == 1
    assert await desk.left() == {"silent": True, "patient": False}


async def test_row_published_before_the_clock_was_set_back_is_pending_again_at_once(desk: Desk) -> None:
    """A time of publishing that is yet to come says nothing about how long it is silent: nobody waits for it."""
    await desk.publish(outgoing("before", TOPIC), 3, ago=-6 * 3600 * MICROS)
    assert await desk.reconciler.compare() == 1
    await desk.publish(outgoing("now", TOPIC), 4)
    assert await desk.reconciler.compare() == 0


async def test_other_lanes_and_an_unreachable_broker_are_left_alone(desk: Desk) -> None:
    """Lanes of other processes are theirs to judge, and without a broker nothing is known to be lost."""
    await desk.publish(outgoing("theirs", TOPIC), 1, "id-1", lane="intake/other")
    await desk.publish(outgoing("ours", TOPIC), 2, "id-1")
    desk.watch.away = True
    assert await desk.reconciler.compare() == 0
    desk.watch.away = False
    await desk.reconciler.compare()
    assert await desk.left() == {"theirs": False, "ours": True}


class Nobody:
    """The escalation service's name, without its judgement."""

    name = "escalation"
    topics: tuple[TopicName, ...] = ("incidents",)

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        """Accept everything."""
        del unit, batch
        return Applied()

    async def claimed(self, owned: Ownership) -> None:
        """Hold nothing."""

    async def lost(self, owned: Ownership) -> None:
        """Hold nothing."""


@pytest.mark.parametrize(
    ("event_type", "value"),
    [("edu.tocsin.incident.of-tomorrow.v9", b"{}"), (IncidentFiled.TYPE, b'{"case_id": 7}')],
    ids=["unknown-type", "invalid-body"],
)
async def test_dead_letter_of_ours_is_not_published_again(desk: Desk, event_type: str, value: bytes) -> None:
    """A record of ours that its consumer cannot read is done with once it is a dead letter: no circle, no flood."""
    filed = IncidentFiled(case_id="c", received_at=START, report_id="r", school_id="school-lake", kind="fire")
    good = encode(filed, event_id="a", key="c", source="/tocsin/intake", time=START, event_type=event_type)
    bad = Record(TOPIC, 0, 0, b"c", good.headers, value)
    await desk.publish(Outgoing(TOPIC, good), 0)
    owned = await claim(desk.database)
    await Consumption(desk.store, Clock(), Nobody()).handle([(owned, "id-2", [bad])])
    assert await desk.reconciler.compare() == 0
    assert await desk.left() == {"dead-letter:tocsin.incidents/0/0": True}


async def test_unreadable_record_of_a_foreign_client_may_come_again_mended(desk: Desk) -> None:
    """Only ids of ours are marked by a dead letter: a client that mends its event under the same id is heard."""
    filed = IncidentFiled(case_id="c", received_at=START, report_id="r", school_id="school-lake", kind="fire")
    good = encode(filed, event_id="1", key="c", source="/school", time=START, event_type=IncidentFiled.TYPE)
    bad = Record(TOPIC, 0, 0, b"c", good.headers, b"{}")
    mended = Record(TOPIC, 0, 1, b"c", good.headers, good.value)
    owned = await claim(desk.database)
    consumption = Consumption(desk.store, Clock(), Nobody())
    await consumption.handle([(owned, "id-2", [bad])])
    async with desk.store.transaction() as unit:
        assert await unit.seen("escalation", ["/school|1"]) == set()
    await consumption.handle([(owned, "id-2", [mended])])
    async with desk.store.transaction() as unit:
        assert await unit.seen("escalation", ["/school|1"]) == {"/school|1"}


async def test_every_lost_row_is_found_however_many_there_are(desk: Desk) -> None:
    """More rows than one page: those handled go, those passed over are pending again, those not reached stay."""
    count = 2 * PAGE + 30
    async with desk.store.transaction() as unit:
        await unit.append([(LANE, outgoing(f"n{number}", TOPIC)) for number in range(count)])
    rows = await rows_of(desk.database, outbox)
    places = [Published(row.id, "id-2", 0, number) for number, row in enumerate(rows)]
    await OutboxRows(desk.database).settle(places, [])
    async with desk.database.writing() as connection:
        await connection.execute(update(outbox).values(published_at=int(time.time() * MICROS) - LONG_AGO))
    await desk.consumer_has(count - 11, *(f"n{number}" for number in range(0, count, 2)))
    assert await desk.reconciler.compare() == (count - 10) // 2
    left = await desk.left()
    assert sum(left.values()) == (count - 10) // 2
    assert [name for name, pending in left.items() if not pending] == [f"n{n}" for n in range(count - 10, count)]


async def test_silence_is_asked_for_from_time_to_time(desk: Desk) -> None:
    """A row that falls silent after the first comparison is found half a minute later at the latest."""
    await desk.publish(outgoing("young", TOPIC), 9)
    assert await desk.reconciler.compare() == 0
    await desk.publish(outgoing("silent", TOPIC), 10, ago=SILENCE_MICROS + MICROS)
    assert [await desk.reconciler.compare() for _ in range(SILENCE_ROUNDS)] == [0] * (SILENCE_ROUNDS - 1) + [1]


async def test_silent_row_is_judged_by_its_own_consumer(desk: Desk) -> None:
    """A message that fell silent is the notifier's to answer for: the escalation's inbox says nothing about it."""
    await desk.publish(outgoing("message", "tocsin.notifications"), 9, ago=SILENCE_MICROS + MICROS)
    assert await desk.reconciler.compare() == 0
    assert await desk.left() == {"message": False}
