"""What the office and the petitioner say of a petition (信访工作条例 2022; DOMAIN §2)."""

from datetime import timedelta

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import ClockName, StatutoryRule
from escalation_policies.machine import progress, raising
from escalation_policies.machine.answers import accept as accept_receipt
from escalation_policies.machine.answers import is_news, levels_of
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.progress import state_of
from escalation_policies.machine.rules import apply
from escalation_policies.machine.telling import Message
from events import petition as facts

_TICK = timedelta(microseconds=1)


def accept(ledger: Ledger, fact: facts.PetitionAccepted) -> None:
    """受理: the time to answer runs from here."""
    if not _may_speak(ledger, fact.by) or _is_over(ledger, "accepted_at", "declined_at"):
        return
    _set(ledger, accepted_at=ledger.at, notice=fact.notice)
    ledger.write("petition-accepted", "the petition is accepted", by=fact.by)
    _answer(ledger, "acceptance", "accepted")


def decline(ledger: Ledger, fact: facts.PetitionDeclined) -> None:
    """不予受理: the petitioner is told why, and may ask for review."""
    if not _may_speak(ledger, fact.by) or _is_over(ledger, "accepted_at", "declined_at"):
        return
    _set(ledger, declined_at=ledger.at, notice=fact.reason)
    ledger.write("petition-declined", "the petition is declined; the petitioner is told why", by=fact.by)
    _answer(ledger, "acceptance", "declined")


def object_to(ledger: Ledger, fact: facts.ObjectionRaised) -> None:
    """Hand a wrongly routed petition to the next level. The petitioner's clock goes on from its own start."""
    if not _may_speak(ledger, fact.by) or _is_over(ledger, "accepted_at", "declined_at"):
        return
    running = [c for c in ledger.case.rounds("acceptance") if c.status == "running"]
    until, chain = state_of(ledger).objection_until, ledger.case.policy.chain
    above = ledger.case.policy.index(running[0].level) + 1 if running else len(chain)
    if until is None or ledger.at > until:
        ledger.write("action-withheld", "the time to object is over: it stays with this office", by=fact.by)
        return
    if above >= len(chain):
        ledger.write("action-withheld", "nobody is above to take it: it stays with this office", by=fact.by)
        return
    ledger.write("objection-raised", fact.reason, level=running[0].level, by=fact.by)
    for clock in running:
        apply(ledger, clock, "outdone", "another office takes it over")
    message = Message("petition_alert", running[0].key, f"routed:{chain[above].level}")
    raising.raise_to(ledger, above, message, "wrongly routed: taken over", because=None)
    told = next((n for n in range(above, len(chain)) if ledger.case.level(chain[n].level) is not None), above)
    _take_over(ledger, running[0], chain[told].level)


def _take_over(ledger: Ledger, clock: Clock, level: str) -> None:
    case = ledger.case
    fresh = clockwork.start(
        case.policy,
        "acceptance",
        level,
        case.severity,
        clock.started_at,
        round_number=case.next_round("acceptance", level),
        deadline=clock.deadline,
    )
    ledger.start(fresh, "to be accepted or declined, with notice; counted from the filing")


def extend(ledger: Ledger, fact: facts.ExtensionGranted) -> None:
    """Prolong the time to answer, once, before it is over."""
    if not _may_speak(ledger, fact.by):
        return
    rule = ledger.case.policy.clocks.resolution
    clock = next((c for c in ledger.case.rounds("resolution") if c.status == "running" and c.because is None), None)
    if clock is None or rule is None or rule.extension is None or ledger.at > clock.deadline:
        ledger.write("action-withheld", "no time to answer is running that could be prolonged", by=fact.by)
        return
    if state_of(ledger).extended_at is not None:
        ledger.write("action-withheld", "prolonged before: once is all that the law allows", by=fact.by)
        return
    _set(ledger, extended_at=ledger.at, extension_reason=fact.reason)
    longer = _prolonged(ledger, clock, rule)
    ledger.put_clock(longer)
    ledger.write("extension-granted", "the time to answer is prolonged, once", clock=longer, by=fact.by)


def _prolonged(ledger: Ledger, clock: Clock, rule: StatutoryRule) -> Clock:
    case = ledger.case
    assert rule.extension is not None
    deadline = case.policy.calendar.end(rule.extension, clock.deadline - _TICK)
    longer = clockwork.start(
        case.policy,
        "resolution",
        clock.level,
        case.severity,
        clock.started_at,
        round_number=clock.round,
        deadline=deadline,
    )
    return longer.model_copy(update={"due": tuple(due for due in longer.due if due.at > ledger.now)})


def resolve(ledger: Ledger, fact: facts.PetitionResolved) -> None:
    """Take the answer. Who answers has accepted."""
    if not _may_speak(ledger, fact.by) or _is_over(ledger, "resolved_at", "declined_at"):
        return
    if state_of(ledger).accepted_at is None:
        _set(ledger, accepted_at=ledger.at)
        ledger.write("petition-accepted", "answered without having been accepted: accepted with it", by=fact.by)
        _answer(ledger, "acceptance", "answered")
    _set(ledger, resolved_at=ledger.at, answer=fact.answer)
    ledger.write("petition-resolved", "the petition is answered", by=fact.by)
    _answer(ledger, "resolution", "answered")


def ask_review(ledger: Ledger, fact: facts.ReviewAsked) -> None:
    """Let the level above look again, when it is asked in time."""
    del fact
    if state_of(ledger).review_asked_at is not None:
        ledger.write("action-withheld", "review was asked before")
        return
    clock = next((c for c in ledger.case.rounds("review_request") if c.status != "cancelled"), None)
    if clock is None or ledger.at > clock.deadline:
        reason = "there is no answer yet to review" if clock is None else "the time to ask for review is over"
        ledger.write("action-withheld", reason)
        return
    _set(ledger, review_asked_at=ledger.at)
    ledger.write("review-asked", "the petitioner asks for review")
    _answer(ledger, "review_request", "review was asked")


def answer_review(ledger: Ledger, fact: facts.ReviewAnswered) -> None:
    """Take the answer to a request for review; it ends the petition."""
    if not _may_speak(ledger, fact.by) or _is_over(ledger, "review_answered_at"):
        return
    if state_of(ledger).review_asked_at is None:
        ledger.write("action-withheld", "no review was asked", by=fact.by)
        return
    _set(ledger, review_answered_at=ledger.at, review_answer=fact.answer)
    ledger.write("review-answered", "the review is answered", by=fact.by)
    _answer(ledger, "review", "the review was answered")


def withdraw(ledger: Ledger, fact: facts.PetitionWithdrawn) -> None:
    """Let the petitioner take it back: everybody who was told hears so, and every clock stops."""
    del fact
    _set(ledger, withdrawn_at=ledger.at)
    ledger.write("withdrawn", "the petitioner takes the petition back")
    message = Message("petition_update", "petition", "withdrawn", asks_acknowledgement=False)
    for index, level in enumerate(ledger.case.policy.chain):
        if ledger.case.level(level.level) is not None:
            raising.inform(ledger, index, message, "told that the petition was taken back")
    progress.end(ledger, "taken back by the petitioner")


def _may_speak(ledger: Ledger, person_id: str) -> bool:
    """Return whether a person is on the case's chain; whoever speaks for a level has accepted there, too."""
    levels = levels_of(ledger, person_id)
    if not levels:
        ledger.write("action-withheld", "said by somebody who is not on this case's chain", by=person_id)
        return False
    if is_news(ledger, levels[0], person_id):
        accept_receipt(ledger, levels[0], person_id)
    return True


def _is_over(ledger: Ledger, *steps: str) -> bool:
    """Say so when one of these steps was taken already; the first fact counts."""
    if all(getattr(state_of(ledger), step) is None for step in steps):
        return False
    ledger.write("action-withheld", "this was decided before: the petitioner has been told")
    return True


def _answer(ledger: Ledger, name: ClockName, reason: str) -> None:
    """Stop every round of a clock by the time of the fact, the first one first."""
    for key in [clock.key for clock in ledger.case.rounds(name)]:
        clock = ledger.case.clock(key)
        if clock is not None:
            in_time = ledger.at <= clock.deadline
            late = "" if in_time else ", after the deadline"
            apply(ledger, clock, "answered" if in_time else "answered-late", reason + late)


def _set(ledger: Ledger, **fields: object) -> None:
    ledger.change(petition=state_of(ledger).model_copy(update=fields))
