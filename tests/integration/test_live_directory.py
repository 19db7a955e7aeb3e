"""The directory in memory follows the store: change by change, and without holding up the event loop."""

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from events.directory import ContactAddress, PersonRecorded, UnitRecorded
from services.runtime.database import Database
from services.runtime.live_directory import VERSION, LiveDirectory, read_entries, write_entries
from services.runtime.remembered_facts import remember
from services.runtime.tables import directory_entries

SCHOOL = UnitRecorded(unit_id="school", name="Lakeside School", kind="school")
MANY = 30_000


async def test_what_changed_and_what_was_removed_is_taken_over(database: Database) -> None:
    """Each change of the store is seen at the next look; who is gone is gone, and the order is that of ids."""
    live = LiveDirectory(database)
    assert not await live.refresh()
    await _write(database, [_person("b"), _person("c")])
    assert await live.refresh()
    assert not await live.refresh()
    await _write(database, [_person("c", name="renamed"), _person("a")])
    assert await live.refresh()
    assert [(one.person_id, one.name) for one in live.snapshot().people] == [("a", "a"), ("c", "renamed")]
    assert live.snapshot().contact("b:sms") is None
    assert live.snapshot().is_school("school")


async def test_whole_directory_is_read_where_pages_end(database: Database) -> None:
    """One entry more than two pages, and a change in the last of them."""
    everybody = [_person(f"p{number:05d}") for number in range(4_000)]
    live = LiveDirectory(database)
    await _write(database, everybody)
    await live.refresh()
    assert list(live.snapshot().people) == everybody
    await _write(database, [*everybody[:-1], _person("p03999", name="renamed")])
    await live.refresh()
    assert live.snapshot().people[-1].name == "renamed"
    async with database.reading() as connection:
        assert await read_entries(connection) == ([SCHOOL], list(live.snapshot().people))


async def test_database_that_was_put_back_to_a_backup_is_read_anew(database: Database) -> None:
    """Its version is older than what this process knows: nothing of the newer one stays in force."""
    live = LiveDirectory(database)
    for people in ([_person("a")], [_person("a"), _person("b")]):
        await _write(database, people)
        await live.refresh()
    async with database.writing() as connection:
        await connection.execute(directory_entries.delete().where(directory_entries.c.version > 1))
        await remember(connection, VERSION, "1")
    assert await live.refresh()
    assert [one.person_id for one in live.snapshot().people] == ["a"]


async def test_event_loop_goes_on_while_a_large_directory_is_read(database: Database) -> None:
    """Deadlines fire meanwhile: no turn of the loop takes half as long as the reading."""
    await _write(database, [_person(f"p{number:05d}") for number in range(MANY)])
    live, loop = LiveDirectory(database), asyncio.get_running_loop()
    live.loading = _no_collector
    began = last = loop.time()
    longest = 0.0
    reading = asyncio.create_task(live.refresh())
    while not reading.done():
        await asyncio.sleep(0.001)
        now = loop.time()
        longest, last = max(longest, now - last), now
    took = loop.time() - began
    assert await reading
    assert len(live.snapshot().people) == MANY
    assert longest < took / 2, f"{longest:.3f} s of {took:.3f} s in one turn"


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep the tests' own garbage out of the measurement, as a process does with what it loaded."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _write(database: Database, people: Sequence[PersonRecorded]) -> None:
    async with database.writing() as connection:
        await write_entries(connection, [SCHOOL], people)


def _person(person_id: str, *, name: str = "") -> PersonRecorded:
    contact = ContactAddress(contact_id=f"{person_id}:sms", channel="sms", address="+12025550123")
    return PersonRecorded(
        person_id=person_id, name=name or person_id, unit_id="school", roles=("teacher",), contacts=(contact,)
    )
