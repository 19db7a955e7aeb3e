"""The state machine of a case.

Theory of operation
-------------------
``judge`` is the door. It is given the case as stored, one event and the directory as it is now, and returns decisions;
each decision is a new state, the effects that follow, and a reason. Nothing here reads a clock, draws a number or
waits for anybody.

1. *Deadlines first.* An event of 14:16 is judged after every stored deadline before 14:16, in their order, so a worker
   that slept catches up to the same history it would have written awake.
2. *Times of facts decide.* A clock that was stopped in time is satisfied, even when the fact is carried after the
   breach was recorded: the breach is withdrawn and everybody told of it is told again.
3. *One table.* ``transitions.TABLE`` says what each trigger does to each clock and what follows; ``rules`` holds the
   consequences it names. The diagram in the docs is drawn from that table.
4. *Everything is written down.* Every applied event makes at least one journal entry with a reason, a no-op too; from
   those alone ``replay`` takes the same decisions again, and asks nobody.
"""

from escalation_policies.machine.judge import Decision, decide, judge
from escalation_policies.machine.replaying import replay

__all__ = ["Decision", "decide", "judge", "replay"]
