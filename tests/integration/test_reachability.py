"""People are asked whether messages reach them, by plan or by wish, and everybody sees who of theirs did not answer."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from escalation_policies.reachability_plan import ReachabilityPlan, load_plan
from events.base import Urgency
from events.codec import decode, encode
from events.incident import IncidentAcknowledged
from events.notification import NotificationRequested
from services.cli.main import app
from services.escalation.reachability import Reachability
from services.runtime.clock import wall_now
from services.runtime.consumption import Received, Record
from services.runtime.contact_flags import ContactFlag, flagging, hash_of
from services.runtime.database import Database
from services.runtime.home import home_partition
from services.runtime.live_directory import write_entries
from services.runtime.outbox_rows import OutboxRows
from services.runtime.ownership import Ownership
from services.runtime.reachability_rows import Wish, reach_of, wish
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import outbox, reachability, waiting_facts
from services.runtime.tokens import Role
from tests.support.intake import (
    BUREAU,
    COUNTY,
    DISTRICT,
    HILL,
    HILL_PRINCIPAL,
    LAKE,
    NOW,
    PRINCIPAL,
    TEACHER,
    Intake,
    StillClock,
    problem,
)
from tests.support.store_rows import CODE_KEY, claim, escalation_on, rows_of

TEN = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai on the day of the plan."""

DAY = timedelta(days=1)
EVERYBODY = 6


@dataclass
class Asking:
    """Who asks, on a database, with the claim on partition 0."""

    database: Database
    owned: Ownership | None
    plan: ReachabilityPlan = field(default_factory=load_plan)
    clock: StillClock = field(default_factory=StillClock)
    wakes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.part = Reachability(
            Settings(),
            Store(self.database),
            self.clock,
            lambda: COUNTY,
            self.plan,
            CODE_KEY,
            lambda: self.owned,
            lambda: self.wakes.append(1),
        )

    async def look(self, at: datetime) -> int:
        self.clock.show(at)
        return await self.part.look()

    async def requests(self) -> list[NotificationRequested]:
        rows = await OutboxRows(self.database).pending(["escalation/0"], 100)
        bodies = [decode(row.headers, row.value).body for row in rows]
        return [body for body in bodies if isinstance(body, NotificationRequested)]

    async def standings(self, at: datetime) -> dict[str, str]:
        return {one.person_id: one.standing for one in await reach_of(self.database, COUNTY, at)}


def on_the_bus(fact: IncidentAcknowledged) -> Received:
    """Return a fact as the escalation service reads it at its home."""
    key, event_id = fact.case_id, f"{fact.by}/{fact.received_at}"
    encoded = encode(fact, event_id=event_id, key=key, source="/tocsin/intake", time=NOW, event_type=fact.TYPE)
    record = Record("tocsin.incidents", home_partition(key), 0, key.encode(), encoded.headers, encoded.value)
    return Received(record, event_id, decode(encoded.headers, encoded.value).envelope, fact)


async def test_everybody_is_asked_once_a_round_in_the_bulk_lane_with_a_code(database: Database) -> None:
    """However often one looks, spread over the hours of the plan; again the month after."""
    asking = Asking(database, await claim(database))
    assert await asking.look(TEN - timedelta(minutes=1)) == 0
    numbers = [await asking.look(TEN + timedelta(minutes=30) * step) for step in range(13)]
    assert sum(numbers) == EVERYBODY
    assert max(numbers) < EVERYBODY
    requests = await asking.requests()
    assert {one.person_id for one in requests} == {one.person_id for one in COUNTY.people}
    assert len({one.code for one in requests}) == len({one.notification_id for one in requests}) == EVERYBODY
    assert all(one.code and one.exercise and one.lane == "bulk" for one in requests)
    async with database.reading() as connection:
        assert set((await connection.execute(select(outbox.c.urgency))).scalars()) == {Urgency.BULK}
    assert await asking.look(TEN + timedelta(days=31, hours=7)) == EVERYBODY


async def test_worker_without_the_partition_asks_nobody(database: Database) -> None:
    """One asks for all."""
    assert await Asking(database, None).look(TEN + timedelta(hours=7)) == 0


async def test_answer_is_noted_once_and_waits_for_no_case(database: Database) -> None:
    """By whichever client it came; it is no fact about a case, and a stranger's changes nothing."""
    owned = await claim(database)
    asking = Asking(database, owned)
    await asking.look(TEN + timedelta(hours=7))
    case_id = {one.person_id: one.case_id for one in await asking.requests()}[PRINCIPAL]
    at = TEN + timedelta(hours=8)
    home = await claim(database, f"escalation/{home_partition(case_id)}")
    consumer = escalation_on(database, asking.clock, {home.name: home}.get)
    asking.clock.show(at + timedelta(hours=2))
    for moment, who in ((at, PRINCIPAL), (at + timedelta(hours=1), PRINCIPAL), (at, "nobody")):
        fact = IncidentAcknowledged(case_id=case_id, received_at=moment, by=who, via="code")
        async with Store(database).transaction(home) as unit:
            applied = await consumer.apply(unit, [(home, on_the_bus(fact))])
        assert (list(applied.rejected), list(applied.forwarded)) == ([], [])
    row = next(row for row in await rows_of(database, reachability) if row.person_id == PRINCIPAL)
    assert row.reached_at == at
    assert await rows_of(database, waiting_facts) == []
    standings = await asking.standings(TEN + 2 * DAY)
    assert standings.pop(PRINCIPAL) == "reached"
    assert set(standings.values()) == {"silent"}


async def test_dead_contact_is_not_asked_and_its_owner_is_on_the_list(database: Database) -> None:
    """They need another address, not another message."""
    flag = ContactFlag(f"{PRINCIPAL}:email", hash_of(f"{PRINCIPAL}@example.org"), "dead", "SMTP 550 5.1.1", NOW)
    async with database.writing() as connection:
        statement, rows = flagging([flag], is_sqlite=database.is_sqlite)
        await connection.execute(statement, [dict(row) for row in rows])
    asking = Asking(database, await claim(database))
    assert await asking.look(TEN + timedelta(hours=7)) == EVERYBODY
    assert PRINCIPAL not in {one.person_id for one in await asking.requests()}
    assert (await asking.standings(TEN + DAY))[PRINCIPAL] == "no-way"


async def test_wish_asks_whom_it_names_now_and_at_night_in_the_morning(database: Database) -> None:
    """Once; it is forgotten after its term, and gives way to no plan."""
    asking = Asking(database, await claim(database))
    night = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    await wish(database, Wish("tonight", DISTRICT, night))
    assert await asking.look(night) == 3
    assert await asking.look(night) == 0
    requests = await asking.requests()
    assert {one.school_id for one in requests} == {DISTRICT, LAKE}
    assert {one.not_before for one in requests} == {datetime(2026, 3, 2, 23, 0, tzinfo=UTC)}
    await wish(database, Wish("earlier", None, night - 2 * DAY))
    assert await asking.look(night) == 0


async def test_code_of_a_test_is_answered_as_a_test(intake: Intake) -> None:
    """Nobody is told that they have taken responsibility for something that has not happened."""
    asking = Asking(intake.database, await claim(intake.database))
    await asking.look(TEN + timedelta(hours=7))
    (request,) = [one for one in await asking.requests() if one.person_id == TEACHER]
    async with intake.anonymous() as client:
        answer = await client.post("/v1/acknowledge", json={"code": request.code})
    assert answer.status_code == 202
    assert "消息能送达您" in answer.json()["message"]
    assert "负责" not in answer.json()["message"]
    (fact,) = [fact for fact in await intake.facts() if isinstance(fact, IncidentAcknowledged)]
    assert (fact.case_id, fact.by) == (request.case_id, TEACHER)


@pytest.mark.parametrize(
    ("role", "unit", "school", "seen"),
    [
        ("officer", BUREAU, None, {PRINCIPAL, TEACHER, HILL_PRINCIPAL}),
        ("officer", BUREAU, HILL, {HILL_PRINCIPAL}),
        ("officer", DISTRICT, None, {PRINCIPAL, TEACHER}),
        ("principal", LAKE, None, {PRINCIPAL, TEACHER}),
        ("principal", LAKE, HILL, set()),
    ],
)
async def test_each_sees_how_their_own_people_stand(
    intake: Intake, role: Role, unit: str, school: str | None, seen: set[str]
) -> None:
    """Within their units, and of those the school they ask for; never an address."""
    asking = Asking(intake.database, await claim(intake.database))
    await asking.look(TEN + timedelta(hours=7))
    async with intake.client(role, unit, None) as client:
        answer = await client.get("/v1/contacts/reachability", params={"school": school} if school else {})
    shown = {one["person_id"]: one for one in answer.json()["people"] if one["unit_id"] in {LAKE, HILL}}
    assert shown.keys() == seen
    assert all((one["standing"], one["dead_contacts"]) == ("waiting", []) for one in shown.values())
    assert "@" not in answer.text


async def test_who_only_files_sees_nobody(intake: Intake) -> None:
    """Who can be reached is not everybody's business."""
    async with intake.client("reporter", BUREAU, None) as client:
        problem(await client.get("/v1/contacts/reachability"), 403, "not-allowed")


async def test_drill_is_ordered_and_its_silent_are_listed_on_the_command_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the wish to the list, by the same database; who was reached is listed when asked for."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", database.url)
    monkeypatch.setenv("COLUMNS", "200")

    async def command(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        return result.exit_code, result.output

    async with database.writing() as connection:
        await write_entries(connection, COUNTY.units, COUNTY.people)
    assert "nobody was asked yet" in (await command("contacts", "reachability"))[1]
    assert (await command("drill", "reachability", "--unit", "nowhere"))[0] == 2
    assert "3 people are asked" in (await command("drill", "reachability", "--unit", DISTRICT))[1]
    asking = Asking(database, await claim(database), load_plan().model_copy(update={"months": ()}))
    assert await asking.look(wall_now()) == 3
    async with database.writing() as connection:
        await connection.execute(
            reachability.update().where(reachability.c.person_id == TEACHER).values(reached_at=wall_now())
        )
    _, listed = await command("contacts", "reachability", "--school", LAKE)
    assert PRINCIPAL in listed
    assert TEACHER not in listed
    assert "1 reached, 1 waiting, 0 silent, 0 no-way" in listed
    assert TEACHER in (await command("contacts", "reachability", "--all"))[1]
    assert (await command("contacts", "reachability", "--school", "nowhere"))[0] == 2
