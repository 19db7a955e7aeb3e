"""A case as text: what was applied, what was written, who was asked for and told what, and how it all stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from escalation_policies.case import Case, Clock, LevelState
from escalation_policies.machine import Decision
from events.escalation import JournalEntry, Told
from events.notification import NotificationRequested
from tests.support.scenario import START, Scenario

_OF_EACH_CONTACT = ("notification_id", "person_id", "contact_id", "channel")
_OF_THE_MESSAGE = ("received_at", "clock", "step", "level", "template", "deadline")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def told(scenario: Scenario) -> str:
    """Return the whole story as text."""
    known: dict[str, Any] = {}
    lines = [line for decision in scenario.decisions for line in ("", *_decision(decision, known))]
    return "\n".join([*lines[1:], "", *_standing(scenario.opened), ""])


def _decision(decision: Decision, known: dict[str, Any]) -> Iterator[str]:
    """Say what was applied and whom the directory named; then the effects in their order."""
    entries = [effect for effect in decision.effects if isinstance(effect, JournalEntry)]
    if not entries:
        yield f"* nothing: {decision.reason}"
        return
    assert decision.reason == entries[0].reason
    assert [entry for entry in entries if entry.cause or entry.resolved] in ([], entries[:1])
    yield from _cause(entries[0])
    for kind, effects in groupby(decision.effects, key=type):
        if kind is NotificationRequested:
            yield from _requests([effect for effect in effects if isinstance(effect, NotificationRequested)], known)
        else:
            for effect in effects:
                yield (
                    _entry(effect)
                    if isinstance(effect, JournalEntry)
                    else f"    {type(effect).__name__}: {_facts(dict(effect))}"
                )


def _cause(entry: JournalEntry) -> Iterator[str]:
    assert entry.cause is not None
    assert entry.cause.type.endswith(".v1")
    name = entry.cause.type.removeprefix("edu.tocsin.").removesuffix(".v1")
    yield f"* {name}: {_facts(entry.cause.data)}"
    asked = [(one.question, [*(r.person_id for r in one.recipients), *one.ids]) for one in entry.resolved]
    if asked:
        yield f"    asked: {'; '.join(f'{question} = {_plain(answer)}' for question, answer in asked)}"


def _entry(entry: JournalEntry) -> str:
    about = {
        "clock": entry.clock,
        "level": entry.level,
        "until": entry.deadline,
        "by": entry.by,
        "really": entry.fired_at,
        "told": [_told(one) for one in entry.told],
        "exercise": entry.exercise,
        "hidden from": list(entry.hidden_from),
    }
    line = f"{entry.seq:3} {moment(entry.received_at)} {entry.kind}: {entry.reason} | {_facts(about)}"
    return line.removesuffix(" | ")


def _told(one: Told) -> str:
    return f"{one.person_id}/{one.role}/{one.unit_id} {len(one.notification_ids)}"


def _requests(requests: Sequence[NotificationRequested], known: dict[str, Any]) -> Iterator[str]:
    """Say each message once with its contacts; what every message of a case carries is said when it changes."""
    # "roll_call" is of no case
    for message, found in groupby(requests, key=lambda r: r.model_dump(exclude={*_OF_EACH_CONTACT, "roll_call"})):
        rest = {name: value for name, value in message.items() if name not in _OF_THE_MESSAGE}
        changed = {name: value for name, value in rest.items() if name not in known or known[name] != value}
        known.update(rest)
        if changed:
            yield f"  > from here on {_facts(changed, empty=True)}"
        until = f" until {moment(message['deadline'])}" if message["deadline"] else ""
        what = f"{message['template']} ({message['clock']} {message['step']}{until}) for {message['level']}"
        yield f"  > {moment(message['received_at'])} {what}: {', '.join(map(_contact, found))}"


def _contact(request: NotificationRequested) -> str:
    """Name the contact by its own id where that says whose it is, and which channel; ids are promised, too."""
    plain = f"{request.person_id}:{request.channel}"
    other = "" if request.contact_id == plain else f" at {request.contact_id}"
    return f"{plain}{other} {request.notification_id.split('-')[0]}"


def _standing(case: Case) -> Iterator[str]:
    yield "= how it stands"
    plain = case.model_dump(exclude={"policy", "clocks", "levels", "petition"})
    yield f"  {_facts(plain)}"
    if case.petition is not None:
        yield f"  petition: {_facts(case.petition.model_dump())}"
    for clock in case.clocks:
        yield _clock(clock)
    for level in case.levels:
        yield from _level(level)


def _clock(clock: Clock) -> str:
    due = [f"{one.step} {moment(one.at)} to {'+'.join(one.to) or 'nobody'}" for one in clock.due]
    plain = clock.model_dump(exclude={"name", "level", "round", "due"})
    return f"  clock {clock.key}: {_facts({**plain, 'due': due})}"


def _level(level: LevelState) -> Iterator[str]:
    yield f"  level {level.level}: {_facts(level.model_dump(exclude={'level', 'seats'}))}"
    for seat in level.seats:
        yield f"    {_facts(seat.model_dump())}"


def _facts(values: Mapping[str, Any], *, empty: bool = False) -> str:
    """Name what there is; ``empty``: and what there is not."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items() if empty or _is_said(value))


def _is_said(value: Any) -> bool:
    return value is not None and value is not False and value not in ((), [], {})


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, str) and _ISO.fullmatch(value):
        return moment(datetime.fromisoformat(value).astimezone(UTC))
    if isinstance(value, Mapping):
        return f"({_facts(value)})"
    if isinstance(value, list | tuple):
        return f"[{'; '.join(_plain(item) for item in value)}]"
    return str(value)


def moment(at: datetime) -> str:
    """Say a moment as days, hours, minutes and seconds since the scenario's start."""
    assert at.tzinfo is UTC, "every time is in UTC"
    passed = at - START
    sign, passed = ("-", -passed) if passed.days < 0 else ("+", passed)
    hours, rest = divmod(passed.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{passed.days}d" if passed.days else ""
    small = f":{seconds:02}" + (f".{passed.microseconds:06}" if passed.microseconds else "") if rest % 60 else ""
    return f"{sign}{days}{hours:02}:{minutes:02}{small}"
