"""The live stream: every entry of the caller's units once, in order, across disconnections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from events.incident import NoteAdded
from services.intake.app import open_rooms
from services.intake.journal_tail import QUEUE, Entry, JournalTail
from services.intake.stream import _written
from tests.support.intake import BUREAU, HILL, LAKE, NOW, PRINCIPAL, Intake, problem
from tests.support.ports import LOOPBACK, free_port

PATIENCE_SECONDS = 10.0


@dataclass
class Served:
    """The intake on a real socket, and a way to listen."""

    intake: Intake
    url: str

    @asynccontextmanager
    async def listen(self, unit: str = BUREAU, last: str | None = None, **params: str) -> AsyncIterator["Listening"]:
        headers = await self.intake.headers("watcher", unit)
        if last is not None:
            headers["Last-Event-ID"] = last
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_SECONDS) as client,
            client.stream("GET", "/v1/stream", headers=headers, params=params) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            listening = Listening(answer.aiter_lines())
            await listening.block()  # the opening: from here on nothing is missed
            yield listening


class Listening:
    """Reads blocks of a stream; ``id`` is what a browser would send as Last-Event-ID."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.id = ""

    async def block(self) -> dict[str, str]:
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self._lines:
                if not line:
                    self.id = found.get("id", self.id)
                    return found
                name, _, value = line.partition(": ")
                found[name or "comment"] = value
        raise EOFError

    async def drain(self) -> None:
        while True:
            await self.block()

    async def entry(self) -> dict[str, Any]:
        while True:
            block = await self.block()
            if "data" in block:
                entry: dict[str, Any] = orjson.loads(block["data"])
                assert block["event"] == entry["kind"]
                return entry


@pytest.fixture
async def served(intake: Intake) -> AsyncIterator[Served]:
    """The intake behind uvicorn, with quick heartbeats."""
    tail = JournalTail(intake.database, poll_seconds=0.02, heartbeat_seconds=0.2)
    intake.app.state.rooms = open_rooms(intake.deps, tail)
    port = free_port()
    config = uvicorn.Config(intake.app, host=LOOPBACK, port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield Served(intake, f"http://{LOOPBACK}:{port}")
    tail.close()
    server.should_exit = True
    await running


async def happen(intake: Intake, count: int, school: str = LAKE, partition: int = 0) -> list[tuple[str, int]]:
    """Open a case and add notes to it; return (case, seq) of every entry."""
    async with intake.client("reporter", school) as client:
        await client.post("/v1/incidents", json={"kind": "fire", "separate": True})
    case = await intake.judge_filed(partition)
    for number in range(count):
        note = NoteAdded(case_id=case.case_id, received_at=NOW + timedelta(seconds=number), by=PRINCIPAL, text="x")
        case = await intake.judge(case, note, partition)
    return [(case.case_id, seq) for seq in range(1, case.seq + 1)]


async def take(listening: Listening, count: int) -> list[tuple[str, int]]:
    return [(entry["case_id"], entry["seq"]) for entry in [await listening.entry() for _ in range(count)]]


async def test_entries_arrive_as_they_are_written(served: Served) -> None:
    """A listener sees what happens from now on, in order."""
    await happen(served.intake, 2)
    async with served.listen() as listening:
        written = await happen(served.intake, 3)
        assert await take(listening, len(written)) == written


async def test_entry_tells_names_and_reasons_but_no_contacts(served: Served) -> None:
    """The stream is for readers."""
    async with served.listen() as listening:
        await happen(served.intake, 0)
        entry = await listening.entry()

    assert (entry["kind"], entry["school_id"]) == ("case-opened", LAKE)
    assert entry["reason"]
    assert "resolved" not in entry


async def test_stream_resumes_behind_the_last_event(served: Served) -> None:
    """Nothing is lost and nothing comes twice, over several partitions and while nobody listened."""
    before = await happen(served.intake, 2, partition=3)
    async with served.listen(since="beginning") as listening:
        seen = await take(listening, len(before) - 1)
        last = listening.id
    after = await happen(served.intake, 2, partition=3) + await happen(served.intake, 2, partition=1)
    async with served.listen(last=last) as listening:
        seen += await take(listening, 1 + len(after))
        live = await happen(served.intake, 1, partition=7)
        seen += await take(listening, len(live))

    assert sorted(seen) == sorted(before + after + live)
    assert [entry for entry in seen if entry[0] == before[0][0]] == before


async def test_listener_that_saw_nothing_still_knows_where_it_was(served: Served) -> None:
    """The opening carries a cursor, so a connection cut at once loses nothing."""
    await happen(served.intake, 1)
    async with served.listen() as listening:
        last = listening.id
    written = await happen(served.intake, 1)
    async with served.listen(last=last) as listening:
        assert await take(listening, len(written)) == written


async def test_long_absence_is_caught_up_page_by_page(served: Served) -> None:
    """More than a page waits, and all of it comes before what is new."""
    old = await happen(served.intake, 250)
    async with served.listen(since="beginning") as listening:
        new = await happen(served.intake, 1)
        assert await take(listening, len(old) + len(new)) == old + new


async def test_other_units_entries_are_left_out_and_passed_over(served: Served) -> None:
    """A school hears of its own cases only; heartbeats move its cursor past the others."""
    async with served.listen(LAKE) as listening:
        await happen(served.intake, 3, HILL, partition=5)
        own = await happen(served.intake, 0, LAKE, partition=2)
        assert await take(listening, len(own)) == own
        while "5:" not in listening.id:
            await listening.block()


async def test_quiet_stream_beats(served: Served) -> None:
    """A comment shows that the line is alive."""
    async with served.listen() as listening:
        assert (await listening.block())["comment"] == "heartbeat"


async def test_stream_ends_when_its_token_does(served: Served) -> None:
    """A revoked token stops listening with the next heartbeat."""
    async with served.listen() as listening:
        await served.intake.deps.tokens.revoke("watcher-None", BUREAU, NOW)
        with pytest.raises(EOFError):
            await listening.drain()


async def test_stream_ends_when_the_server_stops(served: Served) -> None:
    """Nobody keeps a stopping server waiting."""
    async with served.listen() as listening:
        served.intake.app.state.rooms.tail.close()
        with pytest.raises(EOFError):
            await listening.drain()


async def test_reader_rests_when_nobody_listens(served: Served) -> None:
    """The last listener to leave stops the polling; the next one starts it."""
    tail = served.intake.app.state.rooms.tail
    for _ in range(2):
        async with served.listen() as listening:
            written = await happen(served.intake, 0)
            await take(listening, len(written))
            reader = tail._task
            assert not reader.done()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not reader.cancelled():  # noqa: ASYNC110 - what is awaited is that nothing runs
                await asyncio.sleep(0.01)


async def test_slow_listener_is_let_go_and_others_go_on(served: Served) -> None:
    """The shared reader never waits for one client."""
    tail = JournalTail(served.intake.database)
    slow, _ = await tail.join()
    quick, _ = await tail.join()
    for position in range(1, QUEUE + 2):
        tail._publish(Entry(0, position, LAKE, "fact-noted", "{}"))
        assert (await quick.queue.get()) is not None

    assert slow.queue.qsize() == 1
    assert slow.queue.get_nowait() is None
    tail._publish(Entry(0, QUEUE + 2, LAKE, "fact-noted", "{}"))
    assert slow.queue.empty()
    assert quick.queue.qsize() == 1
    tail.close()


async def test_entry_met_twice_is_sent_once(intake: Intake) -> None:
    """Catching up may read what the shared reader is handing over too."""
    caller = await intake.deps.tokens.find(await intake.token("watcher", BUREAU), NOW)
    entry = Entry(0, 1, LAKE, "fact-noted", "{}")
    seen = {0: 0}

    assert _written(intake.deps, caller, seen, [entry]) == b"id: 0:1\nevent: fact-noted\ndata: {}\n\n"
    assert _written(intake.deps, caller, seen, [entry]) == b""


async def test_cursor_ahead_of_a_new_database_starts_over(served: Served) -> None:
    """After the journal was made anew, an old cursor hides nothing."""
    written = await happen(served.intake, 1)
    async with served.listen(last="0:999999") as listening:
        assert await take(listening, len(written)) == written


@pytest.mark.parametrize("last", ["x", "0", "12:1", "0:1,", "-1:3", "0:99999999999999999999"])
async def test_unusable_cursor_is_named(intake: Intake, last: str) -> None:
    """An id of another stream is refused, not guessed at."""
    async with intake.client("watcher", BUREAU) as client:
        answer = await client.get("/v1/stream", headers={"Last-Event-ID": last})

    assert problem(answer, 422, "invalid-request")["errors"][0]["parameter"] == "Last-Event-ID"
