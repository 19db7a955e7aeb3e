"""Messages that quiet hours hold are called back when there is no reason for them any more.

A message that asks for something is called back once that is answered, the case is closed or the petition taken back;
any message, once the case concerns whom it is for. What only informs goes out in the morning: a report, that the case
goes on, that a breach was none.
"""

from collections.abc import Collection

from escalation_policies.case import Case
from escalation_policies.held import Held
from events.notification import NotificationRequested

_OVER = {"satisfied", "cancelled"}
_TELLS = ("_report",)
"""How the templates end that bring what was reported: whoever has answered must still hear it."""


def hold(case: Case, request: NotificationRequested, ties: Collection[str]) -> Held | None:
    """Return what to remember of a request; None when nothing holds it. ``case``: as it is when the decision ends."""
    if request.not_before is None:
        return None
    clock, level = case.clock(request.clock), case.level(request.level)
    answered = level is not None and level.acknowledged_at is not None
    return Held(
        notification_id=request.notification_id,
        person_id=request.person_id,
        contact_id=request.contact_id,
        channel=request.channel,
        lane=request.lane,
        level=request.level,
        until=request.not_before,
        ties=tuple(sorted(ties)),
        asks=request.asks_acknowledgement and not answered and not request.template.endswith(_TELLS),
        clock=clock.key if clock is not None and clock.status not in _OVER else None,
    )


def why_not(case: Case, held: Held) -> str | None:
    """Return why a held message is not to be sent any more, or None: then it is."""
    if not set(held.ties).isdisjoint(case.excluded):
        return "the case has come to concern whom it was for"
    if not held.asks and held.clock is None:
        return None
    if case.petition is not None and case.petition.withdrawn_at is not None:
        return "the petition was taken back"
    if case.status == "closed":
        return "the case is closed"
    clock = case.clock(held.clock) if held.clock is not None else None
    if clock is not None and clock.status in _OVER:
        return "what it was to urge is over"
    return "it was answered" if held.asks and _is_answered(case, held) else None


def _is_answered(case: Case, held: Held) -> bool:
    """Return whether the level has given its receipt, or the person theirs."""
    level = case.level(held.level)
    if level is None:
        return False
    return level.acknowledged_at is not None or any(
        seat.acknowledged_at is not None for seat in level.seats_of(held.person_id)
    )
