"""Whoever answers the roll calls of a life, and the officers who keep them.

In time, late, twice, corrected, by who may not; through the intake, by SMS, or by another client straight onto the bus.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from events.ids import derived
from events.roll_call import ReportConfirmed
from services.intake.problems import Problem
from services.intake.roll_call import answers, keeping
from services.notifier.channels.base import Message
from tests.simulation.county import SCHOOLS, County
from tests.simulation.machine import BOOT
from tests.simulation.other_client import OtherClient, Where
from tests.simulation.roll_desk import CLERK, Handler, request_of
from tests.simulation.timetable import BUREAU, ZONE, Hours, is_anybody_asked, is_asked
from tests.simulation.workers import Surroundings, Worker

LONGEST_SECONDS = 10.0
"""Whoever would answer a message later than this does not."""
OTHER_CLIENT = "https://district-office.example"


@dataclass
class ToldOfRollCalls:
    """What the intake accepted of roll calls, by event id: when it says that it was received."""

    accepted: dict[str, datetime] = field(default_factory=dict)
    phoned: dict[str, Where] = field(default_factory=dict)
    """Where each fact is that another client wrote to the bus, by inbox key."""


class Schools:
    """Everybody who has to do with roll calls. ``talk`` lets somebody speak; ``is_over`` says that nobody begins."""

    def __init__(
        self,
        around: Surroundings,
        county: County,
        intakes: Sequence[Worker],
        rng: Random,
        talk: Callable[[Coroutine[Any, Any, None]], None],
        is_over: Callable[[], bool],
    ) -> None:
        self._around = around
        self._county = county
        self._intakes = intakes
        self._rng = rng
        self._talk = talk
        self._is_over = is_over
        self._said = 0
        self._client = OtherClient(around, OTHER_CLIENT)
        self.told = ToldOfRollCalls(phoned=self._client.wrote)

    def begin(self, seconds: float, answering: float, phones: float) -> None:
        """Let everybody think of what they will do within so many seconds of the loop."""
        rng, end = self._rng, BOOT + timedelta(seconds=seconds * self._around.machine.clock.speed)
        today = BOOT.astimezone(ZONE).date()
        for day in filter(is_anybody_asked, (today, today + timedelta(days=1))):
            for hours, opens, cut_off in self._around.timetable.windows(day):
                if opens >= end:
                    continue
                for school_id in SCHOOLS:
                    if rng.random() < answering and is_asked(school_id, day):
                        self._plan_answers(school_id, opens, cut_off, phones)
                if rng.random() < 0.3:
                    self._at(self._between(opens, cut_off), self._move(day, hours, cut_off))
                if rng.random() < 0.4:
                    self._at(self._between(opens, cut_off + hours.span * 0.3), self._excuse(day, hours))
        if rng.random() < 0.2:
            self._at(self._between(BOOT, end), self._open(end - BOOT))

    def hear(self, message: Message, by: str | None) -> None:
        """Let somebody answer a message about a roll call, in their own time."""
        school_id = self._rng.choice(SCHOOLS) if by is None else self._school_of(by)
        after = timedelta(seconds=self._rng.choice([0.2, 1, 3, LONGEST_SECONDS]) * self._rng.random())
        if self._rng.random() < 0.5:
            return
        if by is not None and self._rng.random() < 0.2 and message.lane == "bulk":
            after = timedelta()
        at = self._around.machine.clock.now() + after * self._around.machine.clock.speed
        self._at(at, self._answer(school_id, by or self._who(school_id), self._status()))

    def _plan_answers(self, school_id: str, opens: datetime, cut_off: datetime, phones: float) -> None:
        rng, speed = self._rng, self._around.machine.clock.speed
        draw = rng.random()
        if draw < 0.5:
            at = self._between(opens, cut_off)
        elif draw < 0.85:
            at = cut_off + timedelta(seconds=rng.uniform(-0.6, 0.4) * speed)
        else:
            at = self._between(cut_off, cut_off + (cut_off - opens) * 0.4)
        way = self._phone if rng.random() < phones else self._answer
        self._at(at, way(school_id, self._who(school_id), self._status()))
        if rng.random() < 0.35:
            later = at + timedelta(seconds=rng.choice([0.05, 0.5, 2]) * rng.random() * speed)
            self._at(later, self._answer(school_id, self._who(school_id), self._status()))

    def _between(self, start: datetime, end: datetime) -> datetime:
        return start + (end - start) * self._rng.random()

    def _at(self, moment: datetime, act: Coroutine[Any, Any, None]) -> None:
        """Do something at a moment of the services' time, unless the life is over by then."""
        clock = self._around.machine.clock
        after = clock.real_seconds(moment - clock.now())

        async def wait() -> None:
            try:
                await asyncio.sleep(max(0.0, min(after, LONGEST_SECONDS)))
                if after <= LONGEST_SECONDS and not self._is_over():
                    await act
            finally:
                act.close()

        self._talk(wait())

    def _status(self) -> str:
        return self._rng.choice(["zero", "zero", "zero", "with_cases"])

    def _who(self, school_id: str) -> str:
        """Return somebody of the school or above it; now and then somebody of another one, who may not answer."""
        draw = self._rng.random()
        people = sorted(
            person.person_id
            for person in self._county.people.values()
            if person.unit_id == school_id or (draw < 0.15 and person.unit_id.startswith("district"))
        )
        return self._rng.choice(people) if people and draw < 0.92 else self._rng.choice(sorted(self._county.people))

    def _school_of(self, person_id: str) -> str:
        person = self._county.people.get(person_id)
        return person.unit_id if person is not None and person.unit_id in SCHOOLS else self._rng.choice(SCHOOLS)

    async def _answer(self, school_id: str, by: str, status: str) -> None:
        key = self._key()
        body = {"school_id": school_id, "status": status, "by": by}
        said = await self._ask(lambda r, d, s: answers.answer(r, d, s, CLERK, key), body, key)
        if said is not None:
            received_at = datetime.fromisoformat(said["taken"][0]["received_at"])
            self.told.accepted[derived("zero-report", CLERK.actor, key, "0")] = received_at

    async def _move(self, day: date, hours: Hours, cut_off: datetime) -> None:
        new = cut_off + hours.span * self._rng.uniform(-0.3, 0.4)
        body = {"cut_off": new.isoformat(), "call": hours.name, "by": self._officer(), "reason": "for a reason"}
        await self._keep(lambda key: lambda r, d, s: keeping.move(day.isoformat(), r, d, s, CLERK, key), body)

    async def _excuse(self, day: date, hours: Hours) -> None:
        body: dict[str, Any] = {"school_id": self._rng.choice(SCHOOLS), "reason": "no water", "by": self._officer()}
        body["call"] = self._rng.choice([None, hours.name])
        for lifted in (False, True)[: self._rng.choice([1, 1, 2])]:
            await self._keep(
                lambda key: lambda r, d, s: keeping.excuse(day.isoformat(), r, d, s, CLERK, key),
                {**body, "lifted": lifted},
            )
            await asyncio.sleep(self._rng.uniform(0, 1))

    async def _open(self, life: timedelta) -> None:
        minutes = max(1, int(life.total_seconds() / 60 * self._rng.uniform(0.1, 0.5)))
        body = {
            "call": "extra", "minutes": min(minutes, 1440), "closes_after_minutes": max(1, min(minutes // 2, 1440)),
            "bureau_id": BUREAU, "reason": "an earthquake", "exercise": self._rng.random() < 0.4, "by": self._officer(),
        }  # fmt: skip
        await self._keep(lambda key: lambda r, d, s: keeping.open_call(r, d, s, CLERK, key), body)

    def _officer(self) -> str:
        """Return the officer on duty, whom nobody relieves."""
        return next((one for one in sorted(self._county.people) if one.startswith("duty_officer.")), "nobody")

    async def _keep(self, handler: Callable[[str], Handler], body: dict[str, Any]) -> None:
        key = self._key()
        said = await self._ask(handler(key), body, key)
        if said is not None:
            received_at = datetime.fromisoformat(said["received_at"])
            self.told.accepted[derived("roll-call-said", CLERK.actor, key)] = received_at

    def _key(self) -> str:
        self._said += 1
        return f"roll-call-{self._said}"

    async def _ask(self, handler: Handler, body: dict[str, Any], key: str) -> Any:
        """Ask until somebody answers; sometimes once more, for nothing. Return None when it was refused."""
        times = 2 if self._rng.random() < 0.1 else 1
        said = None
        while times:
            said = await request_of(self._rng.choice(self._intakes), handler, body, self._around.reports_bug)
            if said is None:
                await asyncio.sleep(self._rng.uniform(0.2, 1.0))
            else:
                times -= 1
        self._around.diary.count("roll call refused" if isinstance(said, Problem) else "roll call told", key)
        return None if isinstance(said, Problem) else said

    async def _phone(self, school_id: str, by: str, status: Any) -> None:
        """Another client writes the answer to the bus, perhaps later than it was given and to any partition."""
        around, rng = self._around, self._rng
        if not self._client.finds("zero-reports"):
            return
        late = timedelta(seconds=rng.choice([0, 0, 0.3, 2]) * around.machine.clock.speed)
        fact = ReportConfirmed(
            school_id=school_id, received_at=around.machine.clock.now() - late, status=status, by=by, via="api"
        )
        event_id = derived("answered", self._key())
        self._client.write(
            "zero-reports", fact, event_id, school_id, lambda home, number: rng.choice([home, rng.randrange(number)])
        )
