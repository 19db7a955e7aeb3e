"""The memory's promises: all or nothing, one living claim, gapless history, one unit of a partition at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.outbox_rows import OutboxRows, Published
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import ABSENT, Position, Store, UnitOfWork
from services.runtime.tables import cases, consumed, inbox, journal, outbox, ownership
from tests.support.store_rows import START, a_case, an_entry, claim, outgoing, rows_of

NAME = "escalation/0"
TOPIC = "tocsin.incidents"


async def write_everything(unit: UnitOfWork, owned: Ownership, case_id: str = "case-1") -> None:
    """Write one row of each kind, as a handled event does."""
    await unit.save([a_case(case_id, owned.partition)])
    await unit.record([(owned, an_entry(case_id, 1))])
    await unit.append([(owned.name, outgoing(f"{case_id}-notice"))])
    await unit.mark_seen("escalation", [f"{case_id}-event"], START)
    await unit.advance("escalation", [Position(TOPIC, owned.partition, "id-1", 7)])


async def written(database: Database) -> dict[str, int]:
    """Return how many rows of each kind there are, and how far the journal's number has come."""
    found = {table.name: len(await rows_of(database, table)) for table in (cases, journal, outbox, inbox, consumed)}
    return found | {"position": sum(row.position for row in await rows_of(database, ownership))}


async def test_unit_that_ends_well_has_written_everything(database: Database) -> None:
    """State, history, outgoing record, inbox and offset are there together after the unit."""
    owned = await claim(database)
    async with Store(database).transaction(owned) as unit:
        await write_everything(unit, owned)
    assert set((await written(database)).values()) == {1}


async def test_exception_in_the_body_leaves_nothing(database: Database) -> None:
    """A unit whose body fails has written none of it."""
    owned = await claim(database)

    async def fails() -> None:
        async with Store(database).transaction(owned) as unit:
            await write_everything(unit, owned)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fails()
    assert set((await written(database)).values()) == {0}


async def test_refusal_by_the_database_leaves_nothing(database: Database) -> None:
    """A unit whose last write the database refuses has written none of it."""
    owned = await claim(database)

    async def repeats_an_entry() -> None:
        async with Store(database).transaction(owned) as unit:
            await write_everything(unit, owned)
            await unit.record([(owned, an_entry("case-1", 1))])

    with pytest.raises(IntegrityError):
        await repeats_an_entry()
    assert set((await written(database)).values()) == {0}


async def test_claim_overtaken_during_the_body_writes_nothing(database: Database) -> None:
    """The fence refuses a unit whose claim was overtaken while it judged; the error names the partition."""
    owned = await claim(database)

    async def is_overtaken() -> None:
        async with Store(database).transaction(owned) as unit:
            await write_everything(unit, owned)
            await claim(database)

    with pytest.raises(StaleEpoch) as refused:
        await is_overtaken()
    assert refused.value.names == [NAME]
    assert set((await written(database)).values()) == {0}


async def test_one_stale_claim_of_several_refuses_the_whole_unit(database: Database) -> None:
    """A unit over two partitions, one of them lost, writes to neither and names the lost one."""
    lost, kept = await claim(database, "escalation/0"), await claim(database, "escalation/1")
    await claim(database, "escalation/0")

    async def writes_to_what_it_kept() -> None:
        async with Store(database).transaction(lost, kept) as unit:
            await write_everything(unit, kept)

    with pytest.raises(StaleEpoch) as refused:
        await writes_to_what_it_kept()
    assert refused.value.names == ["escalation/0"]
    assert set((await written(database)).values()) == {0}


async def test_living_lease_is_not_taken_by_who_asks_for_expired_ones(database: Database) -> None:
    """``only_if_expired`` gives nothing while the lease lives, and the holder's claim stays good."""
    owned = await claim(database)
    assert await OwnershipRows(database, "other", 60.0).claim(NAME, only_if_expired=True) is None
    async with Store(database).transaction(owned) as unit:
        await write_everything(unit, owned)


async def test_expired_lease_is_taken_with_a_higher_epoch(database: Database) -> None:
    """``only_if_expired`` takes a lease that ran out, and the old claim is void."""
    old = await claim(database, lease_seconds=-1)
    new = await OwnershipRows(database, "other", 60.0).claim(NAME, only_if_expired=True)
    assert new is not None
    assert new.epoch > old.epoch
    with pytest.raises(StaleEpoch):
        async with Store(database).transaction(old):
            pass


async def test_renewing_prolongs_what_is_held_and_returns_what_was_lost(database: Database) -> None:
    """A renewed lease lives again; a claim overtaken meanwhile comes back as lost."""
    kept = await claim(database, "escalation/0", lease_seconds=-1)
    lost = await claim(database, "escalation/1", lease_seconds=-1)
    await claim(database, "escalation/1", lease_seconds=-1)
    rows = OwnershipRows(database, "test", 60.0)
    assert await rows.renew([kept, lost]) == [lost]
    assert await rows.expired("escalation/") == ["escalation/1"]


async def test_released_claim_can_be_taken_at_once(database: Database) -> None:
    """After a release nobody waits for the lease to end."""
    owned = await claim(database)
    rows = OwnershipRows(database, "test", 60.0)
    await rows.release([owned])
    assert await rows.claim(NAME, only_if_expired=True) is not None


async def test_releasing_an_overtaken_claim_leaves_the_newer_one(database: Database) -> None:
    """Who comes late to release does not take the partition from its new owner."""
    old = await claim(database)
    await claim(database)
    rows = OwnershipRows(database, "test", 60.0)
    await rows.release([old])
    assert await rows.claim(NAME, only_if_expired=True) is None


async def test_expired_names_are_found_under_their_prefix_only(database: Database) -> None:
    """Expired means run out and under the prefix, letter by letter: ``_`` is no wildcard."""
    for name, lease in (("a_b/0", -1), ("a_b/1", 60), ("axb/0", -1)):
        await claim(database, name, lease_seconds=lease)
    assert await OwnershipRows(database, "test", 60.0).expired("a_b/") == ["a_b/0"]


async def test_lane_with_mail_is_one_with_unpublished_records(database: Database) -> None:
    """Of expired lanes, only those with pending records are taken over; a published record is no mail."""
    store, rows = Store(database), OwnershipRows(database, "test", 60.0)
    for name in ("intake/full", "intake/empty", "intake/published"):
        await claim(database, name, lease_seconds=-1)
    async with store.transaction() as unit:
        await unit.append([("intake/full", outgoing("one")), ("intake/published", outgoing("two"))])
    published = next(row.id for row in await rows_of(database, outbox) if row.lane == "intake/published")
    await OutboxRows(database).settle([Published(published, "id-1", 0, 0)], [])
    assert await rows.expired_with_mail("intake/") == ["intake/full"]


async def test_position_belongs_to_one_incarnation_of_the_topic(database: Database) -> None:
    """The stored offset answers for its topic id alone: a recreated topic is read from its start."""
    store, owned = Store(database), await claim(database)
    async with store.transaction(owned) as unit:
        await write_everything(unit, owned)
    assert await store.position("escalation", TOPIC, 0, "id-1") == 7
    assert await store.position("escalation", TOPIC, 0, "id-2") == ABSENT
    assert await store.position("escalation", TOPIC, 1, "id-1") == ABSENT


async def test_forgotten_position_is_absent(database: Database) -> None:
    """A forgotten partition is read from its start; the others keep their place."""
    store, owned = Store(database), await claim(database)
    async with store.transaction(owned) as unit:
        await unit.advance("escalation", [Position(TOPIC, 0, "id-1", 7), Position(TOPIC, 1, "id-1", 8)])
    await store.forget_position("escalation", TOPIC, 0)
    assert await store.position("escalation", TOPIC, 0, "id-1") == ABSENT
    assert await store.position("escalation", TOPIC, 1, "id-1") == 8


async def test_journal_is_numbered_without_gaps_under_concurrent_units(database: Database) -> None:
    """Twenty units at once, some of them failing: each partition's journal reads 1, 2, 3, … without a gap."""
    store = Store(database)
    claims = [await claim(database, f"escalation/{partition}") for partition in (0, 1)]

    async def unit_of(number: int) -> None:
        async with store.transaction(*claims) as unit:
            await unit.record([(claims[number % 2], an_entry(f"case-{number}", seq)) for seq in (1, 2)])
            await unit.record([(claims[(number + 1) % 2], an_entry(f"case-{number}", 3))])
            await asyncio.sleep(0)
            if number % 5 == 4:
                raise RuntimeError("this unit fails")

    outcomes = await asyncio.gather(*(unit_of(number) for number in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, RuntimeError) for outcome in outcomes) == 4
    entries = await rows_of(database, journal)
    for partition in (0, 1):
        assert sorted(row.position for row in entries if row.partition == partition) == list(range(1, 25))


async def test_due_returns_the_earliest_first_inside_the_horizon(database: Database) -> None:
    """Deadlines come earliest first, of this partition, before the given time, and no more than asked for."""
    store = Store(database)
    minutes = {"late": 30, "early": 10, "middle": 20, "at-the-edge": 40}
    async with store.transaction() as unit:
        rows = [a_case(name, 0, START + timedelta(minutes=after)) for name, after in minutes.items()]
        await unit.save([*rows, a_case("elsewhere", 1, START), a_case("no-deadline", 0, None)])
    horizon = START + timedelta(minutes=40)
    assert [case_id for _, case_id in await store.due(0, horizon, 10)] == ["early", "middle", "late"]
    assert await store.due(0, horizon, 1) == [(START + timedelta(minutes=10), "early")]


async def test_two_units_of_a_partition_run_one_after_the_other(database: Database) -> None:
    """Ten units at once that each read a number and write the next leave ten: none saw half of another."""
    store, owned = Store(database), await claim(database)

    async def count_on() -> None:
        async with store.transaction(owned) as unit:
            number = int((await unit.load(["case-1"])).get("case-1", "0"))
            await asyncio.sleep(0.001)
            await unit.save([a_case("case-1", state=str(number + 1))])

    await asyncio.gather(*(count_on() for _ in range(10)))
    assert await store.states(["case-1", "absent"]) == {"case-1": "10"}
