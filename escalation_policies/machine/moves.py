"""People and reports move: a case is handed to a named person, taken back, opened again, joined and parted."""

from escalation_policies import clockwork
from escalation_policies.case import Case
from escalation_policies.machine import raising
from escalation_policies.machine.answers import levels_of, open_receipt
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.severity import raise_severity
from escalation_policies.machine.telling import Message, put_in_charge, reachable, seat, send
from escalation_policies.schema import Level
from events.incident import IncidentReassigned, IncidentReopened, IncidentWithdrawn, ReportJoined, ReportSeparated

_TOLD_AT_COUNTS = {1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000}
"""At how many further reports the chain hears of them: a storm of reports must not become a storm of messages."""


def reassign(ledger: Ledger, fact: IncidentReassigned) -> None:
    """Hand the case to a named person of the same level. Who has it keeps it until they accept."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "reassigned by somebody who is not on this case's chain", by=fact.by)
        return
    level = levels[0]
    state = ledger.case.level(level.level)
    assert state is not None
    if state.seats_of(fact.to):
        ledger.write("action-withheld", "they were told already, and can accept", level=level.level, by=fact.by)
        return
    named = put_in_charge(ledger, level, fact.to)
    if not reachable(level, named):
        why = "the directory has no way to reach them" if named else "nobody of that id may hear of this case"
        ledger.write("action-withheld", f"not reassigned: {why}", level=level.level, by=fact.by)
        return
    clock = open_receipt(ledger.case, level)
    key = clock.key if clock else f"reassigned@{level.level}"
    message = Message(
        "incident_handed_to", key, f"reassigned:{ledger.case.seq}", deadline=clock.deadline if clock else None
    )
    told = send(ledger, level, named, message)
    seat(ledger, state, named, ledger.at)
    ledger.write("reassigned", fact.reason or "handed to a named person", level=level.level, by=fact.by, told=told)


def withdraw(ledger: Ledger, fact: IncidentWithdrawn) -> None:
    """Tell everybody who was told. No clock stops: nobody can silence a report, not even its own (art 61)."""
    ledger.write("withdrawn", fact.reason or "the reporter takes the report back", by=fact.by)
    message = Message(
        "incident_update", "report", f"withdrawn:{ledger.case.seq}", note=fact.reason, asks_acknowledgement=False
    )
    _tell_all(ledger, message, "told that the report was taken back")


def reopen(ledger: Ledger, fact: IncidentReopened) -> None:
    """Let a closed case go on: its follow-up runs again, and it needs a final report anew."""
    case = ledger.case
    if case.status == "open":
        ledger.write("action-withheld", "the case is open", by=fact.by)
        return
    if case.closed_at is not None and ledger.at < case.closed_at:
        ledger.write("action-withheld", "said before the case was closed: it was open then", by=fact.by)
        return
    ledger.change(status="open", closed_at=None, reopened_at=ledger.at, final_reported_at=None)
    ledger.write("reopened", fact.reason, by=fact.by)
    for name in ("follow_up", "rectification"):
        rounds, rule = case.rounds(name), case.policy.clocks.rule(name)
        if rule is None:
            continue
        level = rounds[-1].level if rounds else case.policy.chain[0].level
        anchor = raising.anchor_of_telling(ledger)
        fresh = clockwork.start(case.policy, name, level, case.severity, anchor, round_number=case.next_round(name))
        ledger.start(fresh, "the case goes on")
    _ask_again(ledger, case)
    message = Message(
        "incident_update", "report", f"reopened:{ledger.case.seq}", note=fact.reason, asks_acknowledgement=False
    )
    _tell_all(ledger, message, "told that the case goes on")


def _ask_again(ledger: Ledger, closed: Case) -> None:
    """Ask the levels again that were told and had not answered when the case was closed."""
    for index, level in enumerate(closed.policy.chain):
        rounds = closed.rounds("upward_receipt", level.level)
        state = closed.level(level.level)
        if rounds and state is not None and state.acknowledged_at is None and rounds[-1].ended_at == closed.closed_at:
            step = f"asked-again:{ledger.case.seq}"
            raising.raise_to(ledger, index, Message("incident_alert", "report", step), "the case goes on", because=None)


def join(ledger: Ledger, fact: ReportJoined) -> None:
    """Count a further report of the same event; a worse grade raises the case's. A closed case takes none."""
    if ledger.case.status == "closed" or ledger.case.petition is not None:
        what = "the case is closed" if ledger.case.petition is None else "nothing is joined to a petition"
        ledger.write("action-withheld", f"{what}: the report opens one of its own")
        ledger.publish(fact.report)
        return
    if fact.report.report_id in {*ledger.case.separated, ledger.case.report_id}:
        ledger.write("action-withheld", "this report opened a case of its own")
        return
    ledger.concern(fact.report.concerns)
    count = ledger.case.joined + 1
    ledger.change(joined=count)
    ledger.write("report-joined", f"further report {count} of the same event", by=fact.report.reporter)
    policy = ledger.case.policy
    graded = policy.severity_of(fact.report.severity, urgent=fact.report.urgent)
    raised = raise_severity(ledger, graded, "a further report is graded worse")
    if raised or count in _TOLD_AT_COUNTS:
        message = Message(
            "incident_update",
            "report",
            f"joined:{ledger.case.seq}",
            note=fact.report.summary,
            asks_acknowledgement=False,
        )
        _tell_all(ledger, message, f"told of further report {count}")


def separate(ledger: Ledger, fact: ReportSeparated) -> None:
    """Let a joined report open a case of its own, counted from its own receipt."""
    if fact.report.report_id in {*ledger.case.separated, ledger.case.report_id} or ledger.case.joined == 0:
        ledger.write("action-withheld", "no such report is joined to this case", by=fact.by)
        return
    separated = (*ledger.case.separated, fact.report.report_id)
    ledger.change(joined=ledger.case.joined - 1, separated=separated)
    ledger.write("report-separated", fact.reason or "of another event: it opens a case of its own", by=fact.by)
    ledger.publish(fact.report)


def _tell_all(ledger: Ledger, message: Message, reason: str) -> None:
    for index, level in enumerate(ledger.case.policy.chain):
        if _was_told(ledger, level):
            raising.inform(ledger, index, message, reason)


def _was_told(ledger: Ledger, level: Level) -> bool:
    state = ledger.case.level(level.level)
    return state is not None and bool(state.seats)
