"""What each trigger does to each clock, as a table. The machine does nothing to a clock that is not written here.

Triggers: ``answered`` — the fact that stops the clock, in time (``at`` ≤ deadline, by the fact's own time);
``answered-late`` — the same fact after the deadline; ``deadline`` — the stored deadline passed; ``outdone`` — what
started the clock was withdrawn, and a breach of it with that; ``voided`` — a fact that came to be known late shows
that the clock should not have run, or longer; ``closed`` — the case was closed.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from escalation_policies.case import ClockStatus
from escalation_policies.clock_rules import ClockName

Trigger = Literal["answered", "answered-late", "deadline", "outdone", "voided", "closed"]
Consequence = Literal[
    "withdraw_breach",
    "start_report_upward",
    "tell_next_level",
    "report_to_levels_above",
    "send_what_is_known",
    "start_follow_up",
    "continue_follow_up",
    "tell_who_waits",
    "tell_of_overdue",
    "chase_again",
    "continue_petition",
    "complete_petition",
]


@dataclass(frozen=True)
class Transition:
    """One row: a clock in status ``before`` meets ``trigger``, becomes ``after``, and ``then`` follows in order."""

    clock: ClockName
    before: ClockStatus
    trigger: Trigger
    after: ClockStatus
    then: tuple[Consequence, ...] = ()


_OWED_TO_THE_PETITIONER: tuple[ClockName, ...] = ("acceptance", "resolution", "review")

TABLE: tuple[Transition, ...] = (
    # report_to_principal: the case is received → the principal or a stand-in acknowledges
    Transition("report_to_principal", "running", "answered", "satisfied", ("start_report_upward",)),
    Transition("report_to_principal", "running", "deadline", "breached", ("start_report_upward", "tell_next_level")),
    Transition("report_to_principal", "breached", "answered", "satisfied", ("withdraw_breach", "start_report_upward")),
    Transition("report_to_principal", "breached", "answered-late", "breached"),
    # report_upward: acknowledgement, or the breach above → the upward report (首报) is filed
    Transition("report_upward", "running", "answered", "satisfied", ("report_to_levels_above", "start_follow_up")),
    Transition("report_upward", "running", "deadline", "breached", ("send_what_is_known", "start_follow_up")),
    Transition(
        "report_upward",
        "breached",
        "answered",
        "satisfied",
        ("withdraw_breach", "report_to_levels_above", "start_follow_up"),
    ),
    Transition("report_upward", "breached", "answered-late", "breached", ("report_to_levels_above", "start_follow_up")),
    # upward_receipt: a level is told → that level acknowledges
    Transition("upward_receipt", "running", "answered", "satisfied", ("start_report_upward",)),
    Transition("upward_receipt", "running", "deadline", "breached", ("tell_next_level",)),
    Transition("upward_receipt", "breached", "answered", "satisfied", ("withdraw_breach", "start_report_upward")),
    Transition("upward_receipt", "breached", "answered-late", "breached", ("start_report_upward",)),
    # follow_up: the first report → 续报 / 终报
    Transition("follow_up", "running", "answered", "satisfied", ("continue_follow_up",)),
    Transition("follow_up", "running", "deadline", "breached", ("tell_who_waits", "continue_follow_up")),
    Transition("follow_up", "breached", "answered", "satisfied", ("withdraw_breach", "continue_follow_up")),
    Transition("follow_up", "breached", "answered-late", "breached"),
    # rectification: a hazard is reported → closed with evidence
    Transition("rectification", "running", "answered", "satisfied"),
    Transition("rectification", "running", "deadline", "breached", ("tell_of_overdue", "chase_again")),
    Transition("rectification", "breached", "answered", "satisfied", ("withdraw_breach",)),
    Transition("rectification", "breached", "answered-late", "breached"),
    # acceptance: a petition is received → accepted or declined, with notice
    # resolution: it is accepted → it is answered
    *(
        row
        for clock in _OWED_TO_THE_PETITIONER[:2]
        for row in (
            Transition(clock, "running", "answered", "satisfied", ("continue_petition",)),
            Transition(clock, "running", "deadline", "breached", ("tell_of_overdue", "chase_again")),
            Transition(clock, "breached", "answered", "satisfied", ("withdraw_breach", "continue_petition")),
            Transition(clock, "breached", "answered-late", "breached", ("continue_petition",)),
        )
    ),
    # review_request: it is answered or declined → the petitioner asks for review, or does not
    Transition("review_request", "running", "answered", "satisfied", ("continue_petition",)),
    Transition("review_request", "running", "deadline", "satisfied", ("complete_petition",)),
    # review: it is asked → it is answered
    Transition("review", "running", "answered", "satisfied", ("complete_petition",)),
    Transition("review", "running", "deadline", "breached", ("tell_of_overdue", "chase_again")),
    Transition("review", "breached", "answered", "satisfied", ("withdraw_breach", "complete_petition")),
    Transition("review", "breached", "answered-late", "breached", ("complete_petition",)),
    # every clock
    *(
        Transition(clock, "running", trigger, "cancelled")
        for clock in get_args(ClockName)
        for trigger in ("outdone", "voided", "closed")
    ),
    *(
        Transition(clock, "breached", "voided", "cancelled", ("withdraw_breach",))
        for clock in get_args(ClockName)
        if clock != "review_request"
    ),
    *(
        Transition(clock, "breached", "outdone", "cancelled")
        for clock in ("report_upward", "upward_receipt", "follow_up", "rectification", *_OWED_TO_THE_PETITIONER)
    ),
)

_ROWS = {(row.clock, row.before, row.trigger): row for row in TABLE}


def find(clock: ClockName, before: ClockStatus, trigger: Trigger) -> Transition | None:
    """Return the row for a trigger, or None: then nothing happens, and the caller says why in the journal."""
    return _ROWS.get((clock, before, trigger))
