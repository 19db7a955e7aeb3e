"""The end of a case: only when everything that the policy asks for is there.

Nobody may silence a report by closing it (突发事件应对法 art 61).
"""

from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import answer_rounds, apply
from events.incident import IncidentClosed

_MUST_BE_TOLD_FIRST = {"report_to_principal", "report_upward"}
"""While one of these runs, the level above has not heard the report."""


def close(ledger: Ledger, fact: IncidentClosed) -> None:
    """End the case, or say everything that is still missing."""
    if ledger.case.petition is not None:
        reason = "not closed: a petition ends with its answer and the time for review"
        ledger.write("action-withheld", reason, by=fact.by)
        return
    if ledger.case.reopened_at is not None and ledger.at < ledger.case.reopened_at:
        ledger.write("action-withheld", "not closed: said before the case was opened again", by=fact.by)
        return
    if missing := _missing(ledger, fact):
        ledger.write("action-withheld", f"not closed: {'; '.join(missing)}", by=fact.by)
        return
    for level in dict.fromkeys(clock.level for clock in ledger.case.rounds("rectification")):
        answer_rounds(ledger, "rectification", level, ledger.at, "gone, with evidence")
    for clock in ledger.case.clocks:
        apply(ledger, clock, "closed", "the case was closed")
    ledger.change(status="closed", closed_at=ledger.at)
    ledger.write("case-completed", fact.reason or "closed", by=fact.by)


def _missing(ledger: Ledger, fact: IncidentClosed) -> list[str]:
    case, gate = ledger.case, ledger.case.policy.closing
    missing = []
    if gate.final_report and case.final_reported_at is None:
        missing.append("the final report (终报) is missing")
    if gate.evidence and not fact.evidence:
        missing.append("the evidence that the hazard is gone (回复销账) is missing")
    if unanswered := gate.unanswered(case.severity, fact.review):
        missing.append(f"the review (四不放过) lacks {', '.join(unanswered)}")
    if untold := [c.key for c in case.clocks if c.status == "running" and c.name in _MUST_BE_TOLD_FIRST]:
        missing.append(f"still due is {', '.join(sorted(untold))}")
    return missing
