"""What the chain reports (首报, 续报, 终报), and the other facts that change a case without answering for it."""

from escalation_policies import clockwork
from escalation_policies.machine import raising
from escalation_policies.machine.answers import accept, levels_of, open_receipt
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import apply
from escalation_policies.machine.telling import Message
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


def report_upward(ledger: Ledger, fact: UpwardReportFiled) -> None:
    """Take 首报. Who reports has accepted: a running receipt clock of that level is answered by it, too."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "reported by somebody who is not on this case's chain", by=fact.by)
        return
    level = levels[0]
    changed = {"summary": fact.summary, "casualties": fact.casualties or ledger.case.casualties}
    if open_receipt(ledger.case, level) is not None:
        accept(ledger, level, fact.by)
    state = ledger.case.level(level.level)
    assert state is not None
    again = state.reported_at is not None
    ledger.put_level(state.model_copy(update={"reported_at": state.reported_at or ledger.at}))
    ledger.change(**changed)
    ledger.write("reported-upward", "the upward report was filed", level=level.level, by=fact.by)
    clock = ledger.case.clock(f"report_upward@{level.level}")
    if clock is None or again:
        ledger.write("action-withheld", "no upward report was due from this level now", level=level.level, by=fact.by)
        return
    in_time = ledger.at <= clock.deadline
    reason = "reported upward in time" if in_time else "reported upward after the deadline"
    apply(ledger, clock, "answered" if in_time else "answered-late", reason)


def update(ledger: Ledger, fact: UpdateFiled) -> None:
    """Take 续报."""
    number = ledger.case.updates + 1
    ledger.change(updates=number, casualties=fact.casualties or ledger.case.casualties)
    ledger.write("update-reported", f"update {number} was filed", by=fact.by)
    _answer_follow_up(ledger)
    _pass_on(ledger, f"update:{number}", fact.summary)


def final(ledger: Ledger, fact: FinalReportFiled) -> None:
    """Take 终报."""
    ledger.change(final_reported_at=ledger.at)
    ledger.write("final-reported", "the final report was filed", by=fact.by)
    _answer_follow_up(ledger)
    _pass_on(ledger, "final", fact.summary)


def _answer_follow_up(ledger: Ledger) -> None:
    for clock in sorted((c for c in ledger.case.clocks if c.name == "follow_up"), key=lambda c: c.round):
        if clock.status == "running" or (clock.status == "breached" and ledger.at <= clock.deadline):
            in_time = ledger.at <= clock.deadline
            apply(ledger, clock, "answered" if in_time else "answered-late", "an update or the final report was filed")
            return


def _pass_on(ledger: Ledger, step: str, summary: str) -> None:
    message = Message("incident_update", "report", step, note=summary, asks_acknowledgement=False)
    for index in range(1, len(ledger.case.policy.chain)):
        if ledger.case.level(ledger.case.policy.chain[index].level) is not None:
            raising.inform(ledger, index, message, f"{step} passed on", None)


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
    ledger.change(severity=fact.severity)
    ledger.write(
        "severity-changed", f"from {old} to {fact.severity}" + (f": {fact.reason}" if fact.reason else ""), by=fact.by
    )
    if SEVERITIES.index(fact.severity) >= SEVERITIES.index(old):
        return
    for clock in ledger.case.clocks:
        if clock.status == "running" and clock.round == 0:
            faster = clockwork.hasten(clock, ledger.case.policy, fact.severity, ledger.at)
            if faster != clock:
                ledger.put_clock(faster)
                ledger.write("clock-changed", f"severity {fact.severity}: the deadline is nearer", clock=faster)


def close(ledger: Ledger, fact: IncidentClosed) -> None:
    """End the case. It needs the final report: nobody may silence a report by closing it (突发事件应对法 art 61)."""
    if ledger.case.final_reported_at is None:
        ledger.write("action-withheld", "not closed: the final report (终报) is missing", by=fact.by)
        return
    for clock in ledger.case.clocks:
        apply(ledger, clock, "closed", "the case was closed")
    ledger.change(status="closed")
    ledger.write("case-completed", fact.reason or "closed", by=fact.by)
