"""What the chain reports (首报, 续报, 终报), details that follow, and notes."""

from collections.abc import Sequence
from datetime import datetime

from escalation_policies.machine import raising
from escalation_policies.machine.answers import accept, is_news, levels_of
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import answer, answer_folded, apply, carry_report
from escalation_policies.machine.telling import Message
from escalation_policies.schema import Level, ReportField
from events.base import CaseFact
from events.incident import (
    FinalReportFiled,
    IncidentAmended,
    NoteAdded,
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
    if is_news(ledger, level, fact.by):
        accept(ledger, level, fact.by)
    known = _reported_at(ledger, level)
    if known is None or known < ledger.at:
        ledger.change(summary=fact.summary, casualties=fact.casualties or ledger.case.casualties)
    ledger.write("reported-upward", "the upward report was filed", level=level.level, by=fact.by)
    ask_for_gaps(ledger, fact, ledger.case.policy.contents.first)
    if known is not None and known <= ledger.at:
        _repeat(ledger, level, fact)
        return
    if not _stop_report_upward(ledger, level, again=known is not None) and known is None:
        _carry_unasked(ledger, level)
    state = ledger.case.level(level.level)
    assert state is not None
    ledger.put_level(state.model_copy(update={"reported_at": ledger.at}))


def gaps(ledger: Ledger, fact: CaseFact, wanted: Sequence[ReportField]) -> list[ReportField]:
    """Return what a report must contain and does not; casualties that were told before need no repeating."""
    known = {"casualties"} if ledger.case.casualties is not None else set()
    return [name for name in wanted if name not in known and not getattr(fact, name, None)]


def ask_for_gaps(ledger: Ledger, fact: UpwardReportFiled | UpdateFiled, wanted: Sequence[ReportField]) -> None:
    """Let a report with gaps count, and say what the next one must bring."""
    if missing := gaps(ledger, fact, wanted):
        ledger.write("fact-noted", f"still missing, to follow: {', '.join(missing)}", by=fact.by)


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
    return answer(ledger, rounds[-1], ledger.at, "reported upward in time")


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
    ask_for_gaps(ledger, fact, ledger.case.policy.contents.update)
    _answer_follow_up(ledger)
    _pass_on(ledger, f"update:{number}", fact.summary)


def _answer_follow_up(ledger: Ledger) -> None:
    """Let an update answer the round that waited for it.

    The update that started a clock does not answer it, so a copy of it that comes again does nothing.
    """
    reason = "an update was filed"
    for folded in ledger.case.folded:
        silence = folded.silence if folded.name == "follow_up" else None
        if silence is not None and silence.began < ledger.at <= silence.until:
            answer_folded(ledger, folded.name, folded.level, ledger.at, "answered", reason)
            return
    for clock in ledger.case.rounds("follow_up"):
        waits = clock.status in {"running", "breached"} and ledger.case.waits_since(clock) < ledger.at
        if waits and ledger.at <= clock.deadline:
            apply(ledger, clock, "answered", reason)
            return


def final(ledger: Ledger, fact: FinalReportFiled) -> None:
    """Take 终报: no update is due after it, and none was since it. With gaps it does not count as one."""
    if missing := gaps(ledger, fact, ledger.case.policy.contents.final):
        ledger.write("action-withheld", f"not a final report yet: it lacks {', '.join(missing)}", by=fact.by)
        return
    case = ledger.case
    outdated = case.reopened_at is not None and ledger.at < case.reopened_at
    if not outdated:
        ledger.change(final_reported_at=min(case.final_reported_at or ledger.at, ledger.at))
    then = "; the case was opened again since, and needs another" if outdated else ""
    ledger.write("final-reported", f"the final report was filed{then}", by=fact.by)
    _end_follow_up(ledger, outdated=outdated)
    _pass_on(ledger, f"final:{ledger.case.seq}", fact.summary)


def _end_follow_up(ledger: Ledger, *, outdated: bool) -> None:
    """Let the final report answer every round that it was in time for, but none of after a reopening it precedes."""
    reason, until = "the final report was filed", ledger.case.reopened_at if outdated else None
    for folded in ledger.case.folded:
        silence = folded.silence if folded.name == "follow_up" else None
        if silence is not None and (until is None or silence.began < until):
            answer_folded(ledger, folded.name, folded.level, ledger.at, "answered", reason)
    for key in [clock.key for clock in ledger.case.rounds("follow_up")]:
        clock = ledger.case.clock(key)
        if clock is not None and (until is None or clock.started_at < until) and ledger.at <= clock.deadline:
            apply(ledger, clock, "answered", reason)


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
