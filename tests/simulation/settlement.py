"""The settlement of a healed world: time goes on until nothing is under way any more."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from services.notifier.rules import LOOK_SECONDS
from tests.simulation.bus import PREFIX
from tests.simulation.carrier import Carrier
from tests.simulation.plan import Plan
from tests.simulation.settled import Store, settling
from tests.simulation.troubles import Troubles, confirmed
from tests.simulation.workers import Surroundings

SETTLE_SECONDS = 120.0
"""How long a healed world may take until nothing is under way, besides the turns of its messages."""
TURN_SECONDS = 3.0
"""After a long stop a recipient's reminders wait for one another: twenty a minute (``Settings``)."""
TRAFFIC_SECONDS = 4.0
CLOSE_SECONDS = 0.03
"""The timers ask again each time that a part of the way to a deadline has passed: a nearer one is gone on to."""


class Settlement:
    """Waits, for so many seconds of the loop. ``complain`` takes what never ended."""

    def __init__(
        self,
        around: Surroundings,
        plan: Plan,
        troubles: Troubles,
        carrier: Carrier,
        patience: float,
        complain: Callable[[str], None],
    ) -> None:
        self._around = around
        self._plan = plan
        self._troubles = troubles
        self._carrier = carrier
        self._patience = patience
        self._complain = complain

    async def reach(self) -> None:
        """Wait until nothing is under way, and once more for what quiet hours hold back until the morning."""
        await self._settle()
        if (seconds := Store(self._around).morning()) is not None:
            self._around.diary.write("leaps to the morning", f"{seconds:.6f}")
            self._around.machine.set_by(seconds + 1 / self._plan.speed)
            await asyncio.sleep(LOOK_SECONDS)
            await self._settle()

    async def _settle(self) -> None:
        """Wait until nothing is under way. Later records, or the reconciler's patience, bring up what was lost."""
        loop, store = self._around.loop, Store(self._around)
        await asyncio.sleep(TRAFFIC_SECONDS)
        self._around.machine.stop()
        began, most = loop.time(), 0
        while self._goes_on_to(store.next_due()) or self._left(store):
            left = self._left(store)
            self._around.diary.write("under way:", dict(left))
            most = max(most, left["messages to finish"])
            if loop.time() > began + self._patience + most * TURN_SECONDS:
                self._complain(f"never settled: {dict(left)}")
                return
            if settling(left):
                if self._plan.waits_for_silence:
                    self._around.machine.set_database_by(700 * 64)
                else:
                    self._troubles.strew([(PREFIX + n, p) for n in confirmed(self._plan) for p in range(12)])
            await asyncio.sleep(TRAFFIC_SECONDS)

    def _left(self, store: Store) -> Counter[str]:
        left = store.under_way()
        left["receipts to tell"] = self._carrier.under_way
        return +left

    def _goes_on_to(self, due: datetime | None) -> bool:
        """Go on to a deadline that is close, and return whether there was one: a stopped clock never reaches it."""
        machine = self._around.machine
        if due is None or due <= machine.clock.now():
            return False
        seconds = machine.clock.real_seconds(due - machine.clock.now())
        if seconds > CLOSE_SECONDS:
            return False
        machine.set_by(seconds + 1e-6)
        machine.stop()
        return True
