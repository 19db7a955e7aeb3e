"""Ways to break the product on purpose: what a simulation does not find here, it cannot see.

A part is broken at its statements, as they go to the database, or in its code.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.escalation.timers import Timers
from services.intake import receipts
from services.intake.twilio import sms
from services.notifier import commits, ledger
from services.notifier.job import Job
from services.notifier.ledger import Ledger
from services.notifier.rows import Step
from services.runtime.store import UnitOfWork
from services.runtime.tables import consumed, notifications
from tests.simulation.memory import Sabotage

LONG_ENOUGH_SECONDS = 0.2
"""How long a broken part leaves open what should be one moment: a death falls into it within a few seeds."""


def loses_one_in(every: int, beginning: str) -> Sabotage:
    """Lose one in so many of the statements that begin like this."""
    writes = count(1)

    def lose(statement: str) -> str | None:
        lost = statement.startswith(beginning) and next(writes) % every == 0
        return None if lost else statement

    return lose


def says_instead(changes: Mapping[str, str]) -> Sabotage:
    """Say other words in the place of some."""

    def change(statement: str) -> str:
        for said, instead in changes.items():
            statement = statement.replace(said, instead)
        return statement

    return change


def forgets_the_inbox() -> Sabotage:
    """Never remember an event as handled."""
    return loses_one_in(1, "INSERT INTO inbox")


def loses_deadlines() -> Sabotage:
    """Find no deadline when a partition is loaded: only those put since are known to whoever claimed it."""
    wanted = "WHERE cases.partition = ? AND cases.next_due_at < ?"
    return says_instead({wanted: f"{wanted} AND 1 = 0"})


def stores_no_deadlines() -> Sabotage:
    """Store a case's first deadline, and none that comes after it: the next process finds nothing to wait for."""
    return says_instead({"next_due_at = excluded.next_due_at": "next_due_at = NULL"})


def claims_without_fence() -> Sabotage:
    """Leave the epoch as it is when a partition is claimed: whoever had it before goes on writing."""
    return says_instead({"epoch = (ownership.epoch + ?)": "epoch = (ownership.epoch + 0 * ?)"})


def passes_over_rows() -> Sabotage:
    """Never see every seventh row of the outbox that waits for the relay."""
    return says_instead({"outbox.pending = 1": "outbox.pending = 1 AND outbox.id % 7 > 0"})


def trusts_the_bus() -> Sabotage:
    """Delete a row once the broker has it, instead of keeping it until its consumer has it."""

    def forget(statement: str) -> str:
        if statement.startswith("UPDATE outbox SET") and "published_at" in statement:
            return f"DELETE FROM outbox WHERE outbox.id = ?{statement.count('?')}"
        return statement

    return forget


def sleeps_over_lost_rows() -> Sabotage:
    """Let the reconciler see nothing that is not confirmed."""
    return says_instead({"outbox.pending = 0": "outbox.pending = 2"})


def advances_before_it_commits(patch: pytest.MonkeyPatch) -> None:
    """Commit the offset first, and what follows from the records after it."""
    whole = UnitOfWork.flush

    async def flush(self: UnitOfWork, connection: AsyncConnection, positions: dict[str, int]) -> None:
        offsets = [write for write in self._writes if getattr(write[0], "table", None) is consumed]
        for statement, parameters in offsets:
            await connection.execute(statement, [dict(row) for row in parameters])
        if offsets:
            await connection.execute(text("COMMIT"))
            await asyncio.sleep(LONG_ENOUGH_SECONDS)
            await connection.execute(text("BEGIN IMMEDIATE"))
        await whole(self, connection, positions)

    patch.setattr(UnitOfWork, "flush", flush)


def forgets_new_deadlines(patch: pytest.MonkeyPatch) -> None:
    """Do not watch every second deadline that was just committed."""
    whole, deadlines = Timers.put, count(1)

    def put(self: Timers, name: str, due: datetime | None, case_id: str) -> None:
        if next(deadlines) % 2:
            whole(self, name, due, case_id)

    patch.setattr(Timers, "put", put)


def sends_without_intent(patch: pytest.MonkeyPatch) -> None:
    """Send a message without writing first that it will be sent."""
    whole = Ledger.write

    async def write(self: Ledger, job: Job, state: Any, provider: str, **others: Any) -> None:
        if state == "attempted":
            job.tries += 1
            return
        await asyncio.sleep(LONG_ENOUGH_SECONDS)
        await whole(self, job, state, provider, **others)

    patch.setattr(Ledger, "write", write)


def takes_silence_for_success(patch: pytest.MonkeyPatch) -> None:
    """Count a message as handed over when nobody knows what became of it."""
    whole = Ledger.write

    async def write(self: Ledger, job: Job, state: Any, provider: str, **others: Any) -> None:
        if state == "outcome-unknown":
            job.is_cleared, state, others = True, "handed-over", {}
        await whole(self, job, state, provider, **others)

    patch.setattr(Ledger, "write", write)


def hears_of_losses_alone(patch: pytest.MonkeyPatch) -> None:
    """Store that a message was lost on its way, and do not let its case know."""

    async def tell(*_: object) -> None:
        """Tell nobody."""

    patch.setattr(receipts, "_tell", tell)


def fails_in_silence(patch: pytest.MonkeyPatch) -> None:
    """Give a message up, and do not let its case know."""
    patch.setattr(ledger, "CAUSES", {})


def is_late_in_silence(patch: pytest.MonkeyPatch) -> None:
    """Note that a message is late, and do not let its case know."""

    def tell_late(self: Ledger, job: Job, seconds: float) -> None:
        self._commits.begin(commits.Change(job.owned, None, [], late=job.id))

    patch.setattr(Ledger, "tell_late", tell_late)


def writes_over_receipts(patch: pytest.MonkeyPatch) -> None:
    """Write what the notifier did, whatever the provider has told since."""

    async def write_steps(unit: UnitOfWork, steps: Sequence[Step]) -> None:
        for step in steps:
            values = {
                name: getattr(step, name) for name in ("state", "tries", "next_try_at", "provider", "provider_id")
            }
            changed = update(notifications).where(notifications.c.notification_id == step.notification_id)
            await unit.write(changed.values(reason=step.reason, updated_at=step.at, **values))

    patch.setattr(commits, "write_steps", write_steps)


def thanks_for_answers(patch: pytest.MonkeyPatch) -> None:
    """Say to whoever answers by SMS that it was understood, and store nothing."""

    async def accept(*_: object) -> str:
        return ""

    patch.setattr(sms, "accept", accept)
