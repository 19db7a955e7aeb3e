"""An intake with a clock that stands still, a small county, and a client for each role."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Table, func, select

from escalation_policies.case import Case
from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from escalation_policies.roll_call.loader import Schedules, built_in_schedules
from events.base import CaseFact
from events.codec import decode
from events.directory import ContactAddress, PersonRecorded, UnitRecorded
from events.escalation import JournalEntry
from events.incident import IncidentFiled
from events.petition import PetitionFiled
from services.intake.app import create_app
from services.intake.deps import Deps
from services.intake.seal import Seal
from services.runtime.answer_links import AnswerLinks
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.outbox_rows import OutboxRows
from services.runtime.ownership import OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import CaseRow, JournalRow, Store
from services.runtime.tables import codes, idempotency, outbox, reports
from services.runtime.tokens import Role, TokenRows

LINK_SECRET, LINK_TERM = b"the test county's secret", timedelta(hours=72)
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
LANE = "intake/test"
BUREAU, DISTRICT, OTHER_DISTRICT, LAKE, HILL = "bureau", "district", "other-district", "school-lake", "school-hill"
TOWN = "town"
PRINCIPAL, DIRECTOR, TEACHER, PETITION_OFFICER = "p-principal", "p-director", "p-teacher", "p-petitions"
HILL_PRINCIPAL, TOWN_OFFICER = "p-hill", "p-town"


def _person(person_id: str, name: str, unit_id: str, role: str) -> PersonRecorded:
    contact = ContactAddress(contact_id=f"{person_id}:email", channel="email", address=f"{person_id}@example.org")
    return PersonRecorded(person_id=person_id, name=name, unit_id=unit_id, roles=(role,), contacts=(contact,))


COUNTY_UNITS = (
    UnitRecorded(unit_id=BUREAU, name="County Bureau", kind="bureau"),
    UnitRecorded(unit_id=TOWN, name="Town", kind="township"),
    UnitRecorded(unit_id=DISTRICT, name="District", kind="district", parent=BUREAU),
    UnitRecorded(unit_id=OTHER_DISTRICT, name="Other District", kind="district", parent=BUREAU),
    UnitRecorded(unit_id=LAKE, name="Lake School", kind="school", parent=DISTRICT, township=TOWN),
    UnitRecorded(unit_id=HILL, name="Hill School", kind="school", parent=OTHER_DISTRICT, township=TOWN),
)
COUNTY = DirectorySnapshot.of(
    units=COUNTY_UNITS,
    people=(
        _person(PRINCIPAL, "Pat Principal", LAKE, "principal"),
        _person(DIRECTOR, "Dee Director", DISTRICT, "district_director"),
        _person(TEACHER, "Tay Teacher", LAKE, "teacher"),
        _person(HILL_PRINCIPAL, "Hale Principal", HILL, "principal"),
        _person(PETITION_OFFICER, "Pim Officer", BUREAU, "petition_officer"),
        _person(TOWN_OFFICER, "Tam Officer", TOWN, "township_officer"),
    ),
)


class StillClock(Clock):
    """Shows the time that the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.show(NOW)

    def show(self, moment: datetime) -> None:
        object.__setattr__(self, "shown", moment)

    def now(self) -> datetime:
        shown: datetime = self.__dict__["shown"]
        return shown


@dataclass
class Intake:
    """The app with everything around it that a test looks at."""

    app: FastAPI
    database: Database
    deps: Deps
    clock: StillClock
    wakes: list[int]
    real_seconds: list[float]
    _tokens: dict[tuple[Role, str, str | None], str] = field(default_factory=dict)
    _entropy: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def token(self, role: Role = "reporter", unit_id: str = LAKE, person_id: str | None = None) -> str:
        key = (role, unit_id, person_id)
        if key not in self._tokens:
            issued = await self.deps.tokens.create(
                next(self._entropy).to_bytes(32, "big"),
                name=f"{role}-{person_id}",
                role=role,
                unit_id=unit_id,
                person_id=person_id,
                now=NOW,
                expires_at=NOW + timedelta(days=1),
            )
            self._tokens[key] = issued.secret
        return self._tokens[key]

    async def headers(
        self, role: Role = "reporter", unit_id: str = LAKE, person_id: str | None = None
    ) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token(role, unit_id, person_id)}"}

    @asynccontextmanager
    async def client(
        self, role: Role = "reporter", unit_id: str = LAKE, person_id: str | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        headers = await self.headers(role, unit_id, person_id)
        async with self.anonymous(headers=headers) as client:
            yield client

    def anonymous(self, address: str = "192.0.2.1", headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers)

    async def file(self, **body: Any) -> dict[str, Any]:
        """File a report that joins no other, unless ``separate`` says so."""
        async with self.client() as client:
            answer = await client.post("/v1/incidents", json={"kind": "fire", "separate": True, **body})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def petition(self, **body: Any) -> dict[str, Any]:
        async with self.anonymous() as client:
            answer = await client.post("/v1/petitions", json={"school_id": LAKE, **body})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def open_petition(self, **body: Any) -> tuple[dict[str, Any], Case]:
        """File a petition and judge it."""
        filed = await self.petition(**body)
        return filed, await self.judge_filed()

    async def rows(self, table: Table) -> list[Any]:
        """Return every row of a table."""
        async with self.database.reading() as connection:
            return list((await connection.execute(select(table))).all())

    async def stored(self) -> dict[str, int]:
        """Return how many rows each table has that the intake writes."""
        async with self.database.reading() as connection:
            return {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (reports, outbox, idempotency)
            }

    async def facts(self) -> list[CaseFact]:
        """Return the facts waiting for Kafka, in order."""
        rows = await OutboxRows(self.database).pending([LANE], 1000)
        bodies = [decode(row.headers, row.value).body for row in rows]
        return [body for body in bodies if isinstance(body, CaseFact)]

    async def judge(self, case: Case | None, fact: CaseFact, partition: int = 0) -> Case:
        """Do what the engine does with a fact: the case, its journal and its codes."""
        decisions = judge(case, fact, self.deps.directory(), self.deps.policies, fact.received_at)
        state = decisions[-1].state
        assert state is not None
        entries = [effect for one in decisions for effect in one.effects if isinstance(effect, JournalEntry)]
        await self.keep(state, entries, partition)
        return state

    async def keep(self, case: Case, entries: list[JournalEntry], partition: int) -> None:
        owned = await OwnershipRows(self.database, "test", 60).claim(f"escalation/{partition}")
        assert owned is not None
        async with self.deps.store.transaction(owned) as unit:
            await unit.save([case_row(case, partition)])
            rows = [
                JournalRow(e.case_id, e.seq, e.kind, e.school_id, e.received_at, e.model_dump_json(exclude_none=True))
                for e in entries
            ]
            await unit.record([(owned, row) for row in rows])

    async def judge_filed(self, partition: int = 0) -> Case:
        """Judge the newest report."""
        filed = [fact for fact in await self.facts() if isinstance(fact, IncidentFiled | PetitionFiled)][-1]
        return await self.judge(None, filed, partition)

    async def give_code(self, case_id: str, person_id: str, code: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(codes.insert().values(code=code, case_id=case_id, person_id=person_id))


def case_row(case: Case, partition: int) -> CaseRow:
    return CaseRow(
        case_id=case.case_id,
        partition=partition,
        family=case.family,
        kind=case.kind,
        severity=case.severity,
        school_id=case.school_id,
        status=case.status,
        exercise=case.exercise,
        received_at=case.received_at,
        updated_at=case.updated_at,
        seq=case.seq,
        next_due_at=case.next_due_at,
        state=case.model_dump_json(),
    )


def make_intake(
    database: Database, directory: DirectorySnapshot = COUNTY, schedules: Schedules | None = None, **settings: Any
) -> Intake:
    clock, wakes, seconds, numbers = StillClock(), [0], [0.0], itertools.count(1)

    def wake() -> None:
        wakes[0] += 1

    deps = Deps(
        settings=Settings(**settings),
        clock=clock,
        store=Store(database),
        tokens=TokenRows(database, lambda: seconds[0]),
        directory=lambda: directory,
        policies=load_library(),
        seal=Seal([b"0123456789abcdef0123456789abcdef"]),
        links=AnswerLinks(LINK_SECRET, LINK_TERM),
        wake=wake,
        new_id=lambda: f"id-{next(numbers)}",
        lane=LANE,
        monotonic=lambda: seconds[0],
        schedules=schedules or built_in_schedules(),
    )
    return Intake(create_app(deps), database, deps, clock, wakes, seconds)


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """Assert that the answer is this problem, whole and without internals, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:tocsin:problem:{name}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"].endswith((".", ")"))
    assert "Traceback" not in answer.text
    return body
