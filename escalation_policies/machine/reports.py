"""What the chain reports (首报, 续报, 终报), and the other facts that change a case without answering for it."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.machine import raising
from escalation_policies.machine.answers import accept, is_news, levels_of
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import apply, carry_report
from escalation_policies.machine.telling import Message
from escalation_policies.schema import Level
from events.incident import (
    SEVERITIES,
    FinalReportFiled,
    IncidentAmended,
    IncidentClosed,
    NoteAdded,
    SeverityChanged,
    UpdateFiled,
    UpwardReportFiled,
)

_MUST_BE_TOLD_FIRST = {"report_to_principal", "report_upward"}
"""While one of these runs, the level above has not heard the report."""


def report_upward(ledger: Ledger, fact: UpwardReportFiled) -> None:
    """Take 首报. Who reports has accepted: a running receipt clock of that level is answered by it, too."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "reported by somebody who is not on this case's chain", by=fact.by)
        return
    level = levels[0]
    if is_news(ledger, level, fact.by):
        accept(ledger, level, fact.by)
    known = _reported_at(ledger, level)
    if known is None or known < ledger.at:
        ledger.change(summary=fact.summary, casualties=fact.casualties or ledger.case.casualties)
    ledger.write("reported-upward", "the upward report was filed", level=level.level, by=fact.by)
    if known is not None and known <= ledger.at:
        _repeat(ledger, level, fact)
        return
    if not _stop_report_upward(ledger, level, again=known is not None) and known is None:
        _carry_unasked(ledger, level)
    state = ledger.case.level(level.level)
    assert state is not None
    ledger.put_level(state.model_copy(update={"reported_at": ledger.at}))


def _reported_at(ledger: Ledger, level: Level) -> datetime | None:
    state = ledger.case.level(level.level)
    return state.reported_at if state else None


def _stop_report_upward(ledger: Ledger, level: Level, *, again: bool) -> bool:
    """Stop the level's ``report_upward`` clock; return whether it was there to be stopped.

    ``again``: a later report was carried before; then only one in time, which withdraws the breach, is news.
    """
    rounds = ledger.case.rounds("report_upward", level.level)
    in_time = bool(rounds) and ledger.at <= rounds[-1].deadline
    if not rounds or (again and not in_time):
        return False
    reason = "reported upward in time" if in_time else "reported upward after the deadline"
    return apply(ledger, rounds[-1], "answered" if in_time else "answered-late", reason)


def _carry_unasked(ledger: Ledger, level: Level) -> None:
    """Carry a report that no clock waits for: what a level knows must not stay with it."""
    if level == ledger.case.policy.chain[-1]:
        ledger.write("action-withheld", "nobody is above to report to", level=level.level)
    else:
        carry_report(ledger, level.level, f"report_upward@{level.level}")


def _repeat(ledger: Ledger, level: Level, fact: UpwardReportFiled) -> None:
    reason = "this level has reported before: passed on as a further report, no clock waits for it"
    ledger.write("action-withheld", reason, level=level.level, by=fact.by)
    _pass_on(ledger, f"report:{ledger.case.seq}", fact.summary, above=ledger.case.policy.index(level.level))


def update(ledger: Ledger, fact: UpdateFiled) -> None:
    """Take 续报."""
    number = ledger.case.updates + 1
    latest = max(ledger.case.last_update_at or ledger.at, ledger.at)
    ledger.change(updates=number, last_update_at=latest, casualties=fact.casualties or ledger.case.casualties)
    ledger.write("update-reported", f"update {number} was filed", by=fact.by)
    for clock in ledger.case.rounds("follow_up"):
        if clock.status in {"running", "breached"} and _waits_since(ledger, clock) < ledger.at <= clock.deadline:
            apply(ledger, clock, "answered", "an update was filed")
            break
    _pass_on(ledger, f"update:{number}", fact.summary)


def _waits_since(ledger: Ledger, clock: Clock) -> datetime:
    """Return after which moment an update answers ``clock``: where the silence before it ended, even if seen late.

    The update that started a clock does not answer it, so a copy of it that comes again does nothing.
    """
    cause = ledger.case.clock(clock.because) if clock.because else None
    return min(clock.started_at, cause.deadline) if cause else clock.started_at


def final(ledger: Ledger, fact: FinalReportFiled) -> None:
    """Take 终报: no update is due after it, and none was since it."""
    known = ledger.case.final_reported_at
    ledger.change(final_reported_at=min(known or ledger.at, ledger.at))
    ledger.write("final-reported", "the final report was filed", by=fact.by)
    for key in [clock.key for clock in ledger.case.rounds("follow_up")]:
        clock = ledger.case.clock(key)
        if clock is not None and ledger.at <= clock.deadline:
            apply(ledger, clock, "answered", "the final report was filed")
    _pass_on(ledger, f"final:{ledger.case.seq}", fact.summary)


def _pass_on(ledger: Ledger, step: str, summary: str, *, above: int = 0) -> None:
    message = Message("incident_update", "report", step, note=summary, asks_acknowledgement=False)
    for index in range(above + 1, len(ledger.case.policy.chain)):
        if ledger.case.level(ledger.case.policy.chain[index].level) is not None:
            raising.inform(ledger, index, message, f"{step} passed on")


def amend(ledger: Ledger, fact: IncidentAmended) -> None:
    """Add missing details that followed."""
    given = {
        name: value
        for name in ("place", "summary", "occurred_at", "casualties")
        if (value := getattr(fact, name)) is not None
    }
    ledger.change(**given)
    ledger.write("fact-noted", f"details added: {', '.join(given) or 'none'}", by=fact.by)


def note(ledger: Ledger, fact: NoteAdded) -> None:
    """Keep a remark."""
    ledger.write("fact-noted", "a note was added", by=fact.by)


def change_severity(ledger: Ledger, fact: SeverityChanged) -> None:
    """Re-compute running deadlines from their anchors on a raise; a fall never lengthens a running clock."""
    old = ledger.case.severity
    if ledger.at < ledger.case.severity_at or fact.severity == old:
        reason = "graded so already" if fact.severity == old else f"a later grading stands: {old}"
        ledger.write("action-withheld", reason, by=fact.by)
        return
    ledger.change(severity=fact.severity, severity_at=ledger.at)
    ledger.write(
        "severity-changed", f"from {old} to {fact.severity}" + (f": {fact.reason}" if fact.reason else ""), by=fact.by
    )
    if SEVERITIES.index(fact.severity) >= SEVERITIES.index(old):
        return
    for clock in ledger.case.clocks:
        if clock.status == "running":
            faster = clockwork.hasten(clock, ledger.case.policy, fact.severity, ledger.at, ledger.now)
            if faster != clock:
                ledger.put_clock(faster)
                ledger.write("clock-changed", f"severity {fact.severity}: the deadline is nearer", clock=faster)


def close(ledger: Ledger, fact: IncidentClosed) -> None:
    """End the case, when the final report is filed and no level above still has to hear of it for the first time.

    Nobody may silence a report by closing it (突发事件应对法 art 61).
    """
    untold = [c.key for c in ledger.case.clocks if c.status == "running" and c.name in _MUST_BE_TOLD_FIRST]
    if ledger.case.final_reported_at is None:
        ledger.write("action-withheld", "not closed: the final report (终报) is missing", by=fact.by)
        return
    if untold:
        ledger.write("action-withheld", f"not closed: still due is {', '.join(sorted(untold))}", by=fact.by)
        return
    for clock in ledger.case.clocks:
        apply(ledger, clock, "closed", "the case was closed")
    ledger.change(status="closed", closed_at=ledger.at)
    ledger.write("case-completed", fact.reason or "closed", by=fact.by)
