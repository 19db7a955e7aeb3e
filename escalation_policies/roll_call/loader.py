"""Reads schedule files and says everything that is wrong with them at once, each fault with its path and line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from escalation_policies.errors import Fault, PolicyFaults
from escalation_policies.placed_yaml import (
    Finding,
    Steps,
    calendar_named,
    document_of,
    faults_of,
    line_of,
    path_of,
    placed,
    plain,
    read_folder,
)
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.scrutiny import scrutinise

SCHEDULES = Path(__file__).parent / "schedules"
_WHOLE = "a schedule is a mapping with id, version, title, calls and chase"


Scrutiny = Callable[[Schedule], Iterable[Finding]]
"""A further question to each schedule that reads well; its findings get their file and line like all others."""


class Schedules:
    """The schedules in force, by bureau."""

    def __init__(self, schedules: Iterable[Schedule]) -> None:
        self.schedules = tuple(schedules)
        self._by_bureau = {bureau: one for one in self.schedules for bureau in one.bureaus}
        self._default = next((one for one in self.schedules if not one.bureaus), None)

    def of(self, bureau_id: str) -> Schedule | None:
        """Return the schedule of a bureau, or None when it has no roll calls."""
        return self._by_bureau.get(bureau_id, self._default)


@dataclass(frozen=True)
class _ScheduleFile:
    """A schedule with the file it came from, for faults between files."""

    file: str
    document: CommentedMap
    schedule: Schedule


def load_schedules(folder: Path = SCHEDULES, also: Scrutiny = lambda _: ()) -> Schedules:
    """Load every ``*.yaml`` and ``*.yml`` of ``folder``. ``also`` is asked of each schedule without faults.

    Raises:
        PolicyFaults: with every fault of every file; nothing is loaded then.
    """
    read, faults = read_folder(folder, _read, "schedule")
    faults += _collisions(read)
    for item in read:
        faults += placed(item.file, item.document, also(item.schedule))
    if faults:
        raise PolicyFaults(faults)
    return Schedules(item.schedule for item in read)


@cache
def built_in_schedules() -> Schedules:
    """Return the schedules that come with Tocsin, read once."""
    return load_schedules()


def parse_schedule(text: str, file: str = "schedule") -> Schedule:
    """Read one schedule from YAML.

    Raises:
        PolicyFaults: every fault with its path and line.
    """
    return _read(text, file).schedule


def _read(text: str, file: str) -> _ScheduleFile:
    document = document_of(text, file, _WHOLE)
    values = plain(document)
    for steps, rule in _rules(values):
        if isinstance(rule.get("calendar"), str):
            rule["calendar"] = calendar_named(file, document, rule["calendar"], [*steps, "calendar"])
    try:
        schedule = Schedule.model_validate(values)
    except ValidationError as error:
        faults = faults_of(file, document, error)
        raise PolicyFaults(sorted(faults, key=lambda fault: fault.line)) from error
    if found := placed(file, document, scrutinise(schedule)):
        raise PolicyFaults(sorted(found, key=lambda fault: fault.line))
    return _ScheduleFile(file, document, schedule)


def _rules(values: dict[str, Any]) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Yield every part that may name a calendar, with its place."""
    yield [], values
    schools = values.get("schools")
    if isinstance(schools, tuple):
        for number, rule in enumerate(schools):
            if isinstance(rule, dict):
                yield ["schools", number], rule


def _collisions(read: Iterable[_ScheduleFile]) -> list[Fault]:
    """Return a fault for each id and each bureau that more than one schedule claims."""
    owners: dict[str, str] = {}
    faults = []
    for item in read:
        for claim, steps in _claims(item.schedule).items():
            if claim in owners:
                message = f"{claim} already belongs to {owners[claim]}"
                faults.append(Fault(item.file, line_of(item.document, steps), path_of(steps), message))
            owners.setdefault(claim, item.file)
    return faults


def _claims(schedule: Schedule) -> Mapping[str, Steps]:
    named: dict[str, Steps] = {f"bureau {one!r}": ["bureaus", number] for number, one in enumerate(schedule.bureaus)}
    return {f"id {schedule.id!r}": ["id"], **(named or {"every bureau that is not named": ["bureaus"]})}
