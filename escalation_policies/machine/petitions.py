"""What the office and the petitioner say of a petition (信访工作条例 2022; DOMAIN §2).

Everything said is kept, and what counts of it follows from the times of the facts (``outcome``): an answer that comes
to be known before the question it answers is not lost.
"""

from collections.abc import Mapping
from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock, PetitionState, PetitionStep, Said
from escalation_policies.machine import progress, raising
from escalation_policies.machine.answers import accept as accept_receipt
from escalation_policies.machine.answers import is_news, levels_of
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.outcome import STEPS, outcome, time_of
from escalation_policies.machine.progress import state_of
from escalation_policies.machine.rules import apply
from escalation_policies.machine.settling import settle, void_after_withdrawal
from escalation_policies.machine.telling import Message
from escalation_policies.schema import Level
from events import petition as facts
from events.escalation import EntryKind

_MOST_SAID = 64
"""How much is kept of what is said: far more than a petition needs, and an end for a client that repeats itself."""

_ENTRY: Mapping[PetitionStep, tuple[EntryKind, str]] = {
    "accepted": ("petition-accepted", "the petition is accepted"),
    "declined": ("petition-declined", "the petition is declined; the petitioner is told why"),
    "extended": ("extension-granted", "the time to answer is prolonged, once"),
    "resolved": ("petition-resolved", "the petition is answered"),
    "review_asked": ("review-asked", "the petitioner asks for review"),
    "review_answered": ("review-answered", "the review is answered"),
}
_WHY_NOT: Mapping[PetitionStep, str] = {
    "accepted": "this was decided before: the petitioner has been told",
    "declined": "this was decided before: the petitioner has been told",
    "extended": "no time to answer was running that could be prolonged, or it was prolonged before: once is the law",
    "resolved": "this was decided before: the petitioner has been told",
    "review_asked": "review was asked before, there is no answer yet, or the time to ask is over",
    "review_answered": "no review was asked, or it was answered before",
}


def accept(ledger: Ledger, fact: facts.PetitionAccepted) -> None:
    """受理: the time to answer runs from here."""
    _said_by(ledger, fact.by, "accepted", fact.notice)


def decline(ledger: Ledger, fact: facts.PetitionDeclined) -> None:
    """不予受理: the petitioner is told why, and may ask for review."""
    _said_by(ledger, fact.by, "declined", fact.reason)


def extend(ledger: Ledger, fact: facts.ExtensionGranted) -> None:
    """Prolong the time to answer, once, before it is over."""
    _said_by(ledger, fact.by, "extended", fact.reason)


def resolve(ledger: Ledger, fact: facts.PetitionResolved) -> None:
    """Take the answer. Who answers has accepted."""
    _said_by(ledger, fact.by, "resolved", fact.answer)


def ask_review(ledger: Ledger, fact: facts.ReviewAsked) -> None:
    """Let the level above look again, when it is asked in time."""
    del fact
    _hear(ledger, "review_asked", None, by=None)


def answer_review(ledger: Ledger, fact: facts.ReviewAnswered) -> None:
    """Take the answer to a request for review; it ends the petition."""
    _said_by(ledger, fact.by, "review_answered", fact.answer)


def _said_by(ledger: Ledger, person_id: str, step: PetitionStep, text: str | None) -> None:
    if _speaks_for(ledger, person_id):
        _hear(ledger, step, text, by=person_id)


def _hear(ledger: Ledger, step: PetitionStep, text: str | None, *, by: str | None) -> None:
    """Keep what was said, write what follows of it by its time, and let the clocks follow."""
    before = state_of(ledger)
    said = Said(step=step, at=ledger.at, text=text)
    if (reason := _refused(before, said)) is not None:
        ledger.write("action-withheld", reason, by=by)
        return
    kept = before.model_copy(update={"said": (*before.said, said)})
    after = outcome(kept, ledger.case.policy, _promised(ledger))
    ledger.change(petition=after)
    news = [one for one in STEPS if time_of(after, one) not in {None, time_of(before, one)}]
    if not news:
        ledger.write("action-withheld", _WHY_NOT[step], by=by)
        return
    for one in news:
        kind, reason = _ENTRY[one]
        follows = "" if one == step else " by that"
        ledger.write(kind, reason + follows, by=by if one == step else None)
    settle(ledger)


def _refused(state: PetitionState, said: Said) -> str | None:
    """Return why something is not even kept: it is known, or the petitioner relies on what they were told since."""
    if said in state.said:
        return "said before"
    if len(state.said) >= _MOST_SAID:
        return f"more than {_MOST_SAID} things were said of this petition: no more is taken"
    if said.step == "declined" and state.accepted_at is not None:
        return _WHY_NOT["declined"]
    if said.step in {"accepted", "resolved"} and state.declined_at is not None and state.review_asked_at is not None:
        return "review of the refusal was asked: it is for the level above to answer"
    return None


def _promised(ledger: Ledger) -> datetime | None:
    """Return until when the petitioner was told that review may be asked for."""
    live = [clock.deadline for clock in ledger.case.rounds("review_request") if clock.status != "cancelled"]
    return max(live, default=None)


def object_to(ledger: Ledger, fact: facts.ObjectionRaised) -> None:
    """Hand a wrongly routed petition to the next level. The petitioner's clock goes on from its own start."""
    level = _speaks_for(ledger, fact.by)
    if level is None:
        return
    running = [c for c in ledger.case.rounds("acceptance") if c.status == "running"]
    above = ledger.case.policy.index(level.level) + 1
    if (reason := _no_objection(ledger, level, running)) is not None:
        ledger.write("action-withheld", reason, level=level.level, by=fact.by)
        return
    ledger.write("objection-raised", fact.reason, level=level.level, by=fact.by)
    for clock in running:
        apply(ledger, clock, "outdone", "another office takes it over")
    message = Message("petition_alert", running[0].key, f"routed:{level.level}")
    told = raising.raise_to(ledger, above, message, "wrongly routed: taken over", because=None)
    _take_over(ledger, running[0], ledger.case.policy.chain[told].level)


def _no_objection(ledger: Ledger, level: Level, running: list[Clock]) -> str | None:
    """Return why an office cannot hand it on, or None."""
    until = state_of(ledger).objection_until
    if all(clock.level != level.level for clock in running):
        return "it does not lie with this office, or was decided before"
    if until is None or ledger.at > until:
        return "the time to object is over: it stays with this office"
    if level == ledger.case.policy.chain[-1]:
        return "nobody is above to take it: it stays with this office"
    return None


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
        because=clock.because,
    )
    due = tuple(item for item in fresh.due if item in clock.due)
    ledger.start(fresh.model_copy(update={"due": due}), "to be accepted or declined, counted from the filing")


def withdraw(ledger: Ledger, fact: facts.PetitionWithdrawn) -> None:
    """Let the petitioner take it back: everybody who was told hears so, and every clock stops at that moment."""
    del fact
    known = state_of(ledger).withdrawn_at
    if known is not None and known <= ledger.at:
        ledger.write("action-withheld", "taken back before")
        return
    ledger.change(petition=state_of(ledger).model_copy(update={"withdrawn_at": ledger.at}))
    ledger.write("withdrawn", "the petitioner takes the petition back")
    if known is None:
        message = Message("petition_update", "petition", "withdrawn", asks_acknowledgement=False)
        for index, level in enumerate(ledger.case.policy.chain):
            if ledger.case.level(level.level) is not None:
                raising.inform(ledger, index, message, "told that the petition was taken back")
    progress.end(ledger, "taken back by the petitioner")
    void_after_withdrawal(ledger)


def _speaks_for(ledger: Ledger, person_id: str) -> Level | None:
    """Return the level a person speaks for, if they are on the case's chain; who speaks for it has accepted there."""
    levels = levels_of(ledger, person_id)
    if not levels:
        ledger.write("action-withheld", "said by somebody who is not on this case's chain", by=person_id)
        return None
    if is_news(ledger, levels[0], person_id):
        accept_receipt(ledger, levels[0], person_id)
    return levels[0]
