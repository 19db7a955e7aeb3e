"""The roll calls as one unit of work has left them so far: what it judged stands before what memory knows."""

from datetime import date, datetime

from escalation_policies.roll_call.call import RollCall
from services.roll_call.docket import Docket
from services.runtime.open_calls import CallsOfDays, in_order


class CallsSoFar:
    """Memory hears of a change after its commit; what is judged in the same unit, after it, knows it at once.

    So it makes no difference whether an officer's opening and the answers after it are read together or apart.
    """

    def __init__(self, docket: Docket, known: CallsOfDays) -> None:
        self._docket = docket
        self._known = known

    async def on(self, bureau_id: str, day: date) -> list[RollCall]:
        """Return a bureau's roll calls of a day, in the order in which they open."""
        known = await self._known.on(bureau_id, day)
        changed = {
            one.call.roll_call_id: one.call
            for one in self._docket.calls.values()
            if (one.call.window.bureau_id, one.call.window.date) == (bureau_id, day)
        }
        return in_order({call.roll_call_id: call for call in known} | changed) if changed else known

    def day_of(self, bureau_id: str, moment: datetime) -> date | None:
        """Return the day it is at ``moment`` where the bureau is; None when it has no roll calls."""
        return self._known.day_of(bureau_id, moment)
