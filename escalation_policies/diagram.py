"""The state diagram of the docs, drawn from the transition table itself: what is drawn is what runs."""

from collections.abc import Iterable

from escalation_policies.clock_rules import ClockName
from escalation_policies.machine.transitions import TABLE, Transition

STARTS: dict[ClockName, str] = {
    "report_to_principal": "the case is received",
    "report_upward": "acknowledged, or the breach of the receipt before",
    "upward_receipt": "the level is told",
    "follow_up": "the first report",
    "rectification": "a hazard is reported, or was not gone by its date",
    "acceptance": "a petition is received, or was not taken up in time",
    "resolution": "the petition is accepted, or was not answered in time",
    "review_request": "the petition is answered or declined",
    "review": "the petitioner asks for review, or it was not answered in time",
}
"""What starts each clock, in drawing order; the table says what happens from then on."""

_INTRODUCTION = """# The clocks of a case

Drawn by `tocsin policy diagram --write docs/state-diagram.md` from `escalation_policies/machine/transitions.py`; a test
fails when this page is stale.

On each arrow: the trigger, then what follows from it. `answered` is the fact that stops the clock, in time by its own
time; `answered-late` the same fact after the deadline; `outdone` means that what started the clock was withdrawn;
`voided` that a fact known late shows that it should not have run so. A trigger without an arrow changes nothing, and
the journal says why."""


def state_diagram(clock: ClockName, table: Iterable[Transition] = TABLE) -> str:
    """Return one clock as a Mermaid ``stateDiagram-v2``."""
    lines = ["stateDiagram-v2", f"    [*] --> running : {STARTS[clock]}"]
    rows = [row for row in table if row.clock == clock]
    lines += [f"    {row.before} --> {row.after} : {_label(row)}" for row in rows]
    left = {row.before for row in rows if row.after != row.before}
    ends = dict.fromkeys(row.after for row in rows if row.after not in left)
    lines += [f"    {status} --> [*]" for status in ends]
    return "\n".join(lines)


def document() -> str:
    """Return ``docs/state-diagram.md``: one diagram a clock."""
    parts = [_INTRODUCTION]
    for clock in STARTS:
        parts += [f"## `{clock}`", f"```mermaid\n{state_diagram(clock)}\n```"]
    return "\n\n".join(parts) + "\n"


def _label(row: Transition) -> str:
    follows = ", ".join(row.then).replace("_", " ")
    return f"{row.trigger} / {follows}" if follows else row.trigger
