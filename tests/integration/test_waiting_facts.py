"""Facts that come before the report of their case wait for it, and are judged right after it as if in order."""

from datetime import timedelta

import pytest

from escalation_policies.case import Case
from events.base import CaseFact
from events.codec import encode
from events.incident import IncidentAcknowledged, IncidentFiled, NoteAdded
from services.runtime.consumption import Consumption, Record
from services.runtime.database import Database
from services.runtime.home import home_partition
from services.runtime.outbox_rows import OutboxRows
from services.runtime.store import Store
from services.runtime.tables import inbox, journal, waiting_facts
from tests.support.intake import LAKE, NOW, PRINCIPAL, StillClock
from tests.support.store_rows import claim, escalation_on, rows_of

TOPIC = "tocsin.incidents"
TOLD = IncidentFiled(case_id="case-1", received_at=NOW, report_id="r", school_id=LAKE, kind="fire")
NOTE = NoteAdded(case_id="case-1", received_at=NOW + timedelta(seconds=20), by=PRINCIPAL, text="smoke upstairs")
ACCEPTED = IncidentAcknowledged(case_id="case-1", received_at=NOW + timedelta(seconds=40), by=PRINCIPAL)


class Desk:
    """The escalation service reading one case's partition, batch after batch."""

    def __init__(self, database: Database, case_id: str) -> None:
        self.database = database
        self.lane = f"escalation/{home_partition(case_id)}"
        self._case_id = case_id
        self._clock = StillClock()
        self._clock.show(NOW + timedelta(minutes=1))
        self._offset = 0

    async def hear(self, *facts: CaseFact, partition: int | None = None) -> None:
        """Handle one batch, told of this desk's case."""
        home = home_partition(self._case_id) if partition is None else partition
        owned = await claim(self.database, f"escalation/{home}")
        records = []
        for fact in facts:
            told = fact.model_copy(update={"case_id": self._case_id})
            event_id = f"{self._case_id}/{fact.TYPE}"
            key = self._case_id
            encoded = encode(told, event_id=event_id, key=key, source="/tocsin/intake", time=NOW, event_type=fact.TYPE)
            records.append(Record(TOPIC, home, self._offset, key.encode(), encoded.headers, encoded.value))
            self._offset += 1
        consumer = escalation_on(self.database, self._clock, {owned.name: owned}.get)
        await Consumption(Store(self.database), self._clock, consumer).handle([(owned, "id-1", records)])

    async def kinds(self) -> list[str]:
        """Return the kinds of the case's journal, in order."""
        return [row.kind for row in await rows_of(self.database, journal) if row.case_id == self._case_id]

    async def case(self) -> Case | None:
        found = await Store(self.database).states([self._case_id])
        return Case.model_validate_json(found[self._case_id]) if found else None

    async def notices(self) -> int:
        """Return how many messages were asked for."""
        rows = await OutboxRows(self.database).pending([self.lane], 1000)
        return sum(row.topic == "tocsin.notifications" for row in rows)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, "case-1")


async def assert_as_in_order(desk: Desk) -> None:
    """Compare with another case to which the same happened, and was told in its order."""
    ordered = Desk(desk.database, "case-2")
    assert ordered.lane != desk.lane
    for fact in (TOLD, NOTE, ACCEPTED):
        await ordered.hear(fact)
    assert await desk.kinds() == await ordered.kinds()
    assert "acknowledged" in await desk.kinds()
    assert await desk.notices() == await ordered.notices() > 0
    assert await rows_of(desk.database, waiting_facts) == []


async def test_fact_before_its_report_waits_and_opens_nothing(desk: Desk) -> None:
    """An acknowledgement without a case is kept and handled: no case, no journal, no message comes of it yet."""
    await desk.hear(ACCEPTED)
    assert await desk.case() is None
    assert (await desk.kinds(), await desk.notices()) == ([], 0)
    assert [row.case_id for row in await rows_of(desk.database, waiting_facts)] == ["case-1"]
    assert len(await rows_of(desk.database, inbox)) == 1


async def test_fact_of_an_earlier_batch_is_judged_right_after_its_report(desk: Desk) -> None:
    """The report comes a batch later: the case is as if both had come in order, and nothing waits any longer."""
    await desk.hear(ACCEPTED)
    await desk.hear(NOTE)
    await desk.hear(TOLD)
    await assert_as_in_order(desk)


async def test_fact_of_the_same_batch_is_judged_right_after_its_report(desk: Desk) -> None:
    """The report comes later in the same batch: as if in order, and nothing was left in the table."""
    await desk.hear(ACCEPTED, NOTE, TOLD)
    await assert_as_in_order(desk)


async def test_facts_of_both_batches_are_judged_in_the_order_of_their_times(desk: Desk) -> None:
    """One waits in the table, one in the batch: they are judged by when they happened, not by where they waited."""
    await desk.hear(ACCEPTED)
    await desk.hear(NOTE, TOLD)
    await assert_as_in_order(desk)


async def test_fact_after_its_report_in_the_batch_does_not_wait(desk: Desk) -> None:
    """Facts around their report in one batch: the one before waits for it, the one after is judged where it stands."""
    await desk.hear(NOTE, TOLD, ACCEPTED)
    await assert_as_in_order(desk)


async def test_repeat_of_a_waiting_fact_waits_once(desk: Desk) -> None:
    """A fact that is sent twice before its report is one fact."""
    await desk.hear(ACCEPTED)
    await desk.hear(ACCEPTED, NOTE)
    assert len(await rows_of(desk.database, waiting_facts)) == 2
    await desk.hear(TOLD)
    await assert_as_in_order(desk)


async def test_report_that_cannot_be_judged_leaves_the_facts_waiting(desk: Desk) -> None:
    """A report of an unknown school is a dead letter: what waited goes on waiting for one that can be judged."""
    await desk.hear(ACCEPTED, NOTE)
    await desk.hear(TOLD.model_copy(update={"school_id": "no-such-school"}))
    assert await desk.case() is None
    assert len(await rows_of(desk.database, waiting_facts)) == 2


async def test_fact_at_a_foreign_partition_waits_at_home_only(desk: Desk) -> None:
    """A fact that another partitioner sent astray is sent on, and does not wait where its report never comes."""
    home = home_partition("case-1")
    await desk.hear(ACCEPTED, partition=(home + 1) % 12)
    assert await rows_of(desk.database, waiting_facts) == []
    rows = await OutboxRows(desk.database).pending([f"escalation/{(home + 1) % 12}"], 10)
    assert [(row.topic, row.key) for row in rows] == [(TOPIC, "case-1")]


async def test_our_own_fact_from_ahead_of_the_clock_is_judged_as_said_now(database: Database) -> None:
    """Our clock was set back after the 202: what was accepted is no mistake of a client, and is not put aside."""
    desk = Desk(database, "case-1")
    ahead = timedelta(hours=1)
    await desk.hear(TOLD, ACCEPTED.model_copy(update={"received_at": NOW + ahead}))
    assert "acknowledged" in await desk.kinds()
    case = await desk.case()
    assert case is not None
    level = case.level("principal")
    assert level is not None
    assert level.acknowledged_at == NOW + timedelta(minutes=1)
