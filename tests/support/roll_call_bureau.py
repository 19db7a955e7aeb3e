"""A bureau with both its hands: an intake and the roll-call service on one database, at one moment."""

from typing import Any

from escalation_policies.roll_call.loader import Schedules
from events.codec import decode
from events.roll_call import RollCallFact
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.outbox_rows import OutboxRows
from tests.support.intake import LANE, Intake, make_intake
from tests.support.roll_call_desk import Desk
from tests.support.roll_calls import BUREAU, DIRECTOR, DIRECTORY, OFFICER, minute, schedule


class Bureau:
    """An intake and the roll-call service on one database, at one moment."""

    def __init__(
        self, database: Database, directory: DirectorySnapshot = DIRECTORY, schedules: Schedules | None = None
    ) -> None:
        schedules = schedules or Schedules([schedule()])
        self.intake: Intake = make_intake(database, directory, schedules)
        self.desk = Desk(database, directory, schedules)
        self._carried: set[str] = set()

    async def at(self, minutes: float) -> None:
        """Let time pass for both."""
        await self.carry()
        await self.desk.until(minute(minutes))
        self.intake.clock.show(minute(minutes))
        self.intake.real_seconds[0] += 2

    async def facts(self) -> list[RollCallFact]:
        """Return what the intake has put on its way."""
        rows = await OutboxRows(self.intake.database).pending([LANE], 2_000)
        bodies = [decode(row.headers, row.value).body for row in rows]
        return [body for body in bodies if isinstance(body, RollCallFact)]

    async def carry(self) -> None:
        """Let the service hear what the intake has taken."""
        for fact in await self.facts():
            if (name := fact.model_dump_json()) not in self._carried:
                self._carried.add(name)
                await self.desk.say(fact)
        self.intake.real_seconds[0] += 2

    def principal(self, number: int = 1) -> Any:
        return self.intake.client("principal", f"s-{number}", f"p-s-{number}")

    def clerk(self) -> Any:
        return self.intake.client("officer", "d1", DIRECTOR)

    def officer(self) -> Any:
        return self.intake.client("officer", BUREAU, OFFICER)
