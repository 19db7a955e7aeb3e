"""Which schools each partition chases: worked out from the directory once, and kept until it changes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.roster import School, asked_schools
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition

KEPT = 16_384
"""Roll calls whose schools are kept: those of a nation's day."""


class Rolls:
    """The schools of each roll call, all of them and by partition, in the order of their ids."""

    def __init__(self, directory: Callable[[], DirectorySnapshot]) -> None:
        self._directory = directory
        self._of: DirectorySnapshot | None = None
        self._asked: OrderedDict[str, tuple[Sequence[School], Mapping[int, Sequence[School]]]] = OrderedDict()

    def asked(self, call: RollCall) -> Sequence[School]:
        """Return the schools that a roll call asks, in directory order."""
        return self._found(call)[0]

    def in_partition(self, call: RollCall, partition: int) -> Sequence[School]:
        """Return those whose home a partition is, in the order of their ids."""
        return self._found(call)[1].get(partition, ())

    def _found(self, call: RollCall) -> tuple[Sequence[School], Mapping[int, Sequence[School]]]:
        directory = self._directory()
        if directory is not self._of:
            self._of = directory
            self._asked.clear()
        found = self._asked.get(call.roll_call_id)
        if found is None:
            asked = asked_schools(call.schedule, directory, call.window.bureau_id, call.window.date)
            by_partition: dict[int, list[School]] = {}
            for school in sorted(asked, key=lambda school: school.unit_id):
                by_partition.setdefault(home_partition(school.unit_id), []).append(school)
            found = self._asked[call.roll_call_id] = (asked, by_partition)
            if len(self._asked) > KEPT:
                self._asked.popitem(last=False)
        return found
