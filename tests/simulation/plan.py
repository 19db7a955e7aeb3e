"""What the seed decides before a run: how many of everything, and which troubles it will see."""

from dataclasses import dataclass
from random import Random

SPEEDS = (30.0, 60.0, 120.0, 360.0, 1200.0, 3600.0)


@dataclass(frozen=True)
class Plan:
    """One run. Rates are events a second of the machine's time; 0 leaves a trouble out, so that others show alone."""

    speed: float
    """How much faster than the machine's time the services' own goes."""
    seconds: float
    reports: int
    escalations: int
    notifiers: int
    intakes: int
    crashes: float
    freezes: float
    stops: float
    outages: float
    wipes: float
    cuts: float
    losses: float
    doubles: float
    swaps: float
    garbage: float
    clock_jumps: float
    directory_changes: float
    policy_changes: float
    client_trouble: float
    slow_records: float
    provider_badness: float
    phones: float
    """The share of what people say that another client writes straight to the bus."""
    waits_for_silence: bool
    """At the end the reconciler waits out its silence, instead of seeing later records pass the lost ones."""
    horizon: float
    """How many seconds of the machine's time ahead the timers hold deadlines in memory: half of it is their refill."""
    last_jump_hours: float
    """How far the services' time leaps at the end, as after a long stop."""
    has_spare: bool
    """There is a second provider of SMS, which tells nothing of what it took."""
    losses_on_the_way: float
    """How likely a message or call is lost that its provider took."""
    receipts: float
    """How likely a provider tells each thing it could tell of a message."""
    replies: float
    """The share of SMS that are answered by SMS."""
    roll_callers: int
    """How many roll-call services there are; 0: the county knows no roll calls."""
    answers: float
    """How likely a school answers a roll call of its own accord."""
    bounces: float
    """How likely an email comes back."""
    scans: float
    """How likely a scanner opens the link of an email."""
    presses: float
    """The share of emails with a link that are answered by it."""
    link_hours: float
    """How long a link may be used."""


def draw_plan(rng: Random, later: Random, mail: Random) -> Plan:
    """Return the plan of a seed. Each trouble but death is absent from about half of the runs.

    ``later`` and ``mail``: dice for what came into the world later. A life without any of it is what it was before.
    """

    def rate(most: float, dice: Random = rng) -> float:
        return dice.uniform(0, most) if dice.random() < 0.5 else 0.0

    return Plan(
        speed=rng.choice(SPEEDS),
        seconds=rng.uniform(4, 10),
        reports=rng.randint(1, 4),
        escalations=rng.choice([1, 2, 2]),
        notifiers=rng.choice([1, 1, 2]),
        intakes=rng.choice([1, 1, 2]),
        crashes=rng.uniform(0.2, 2) if rng.random() < 0.8 else 0.0,
        freezes=rate(0.15),
        stops=rate(0.15),
        outages=rate(0.25),
        wipes=rate(0.15),
        cuts=rate(0.4),
        losses=rate(0.6),
        doubles=rate(2.0),
        swaps=rate(1.0),
        garbage=rate(0.5),
        clock_jumps=rate(0.4),
        directory_changes=rate(0.8),
        policy_changes=rate(0.15),
        client_trouble=rate(0.5),
        slow_records=rate(0.3),
        provider_badness=rate(0.6),
        phones=rng.choice([0.0, 0.1, 0.4]),
        waits_for_silence=rng.random() < 0.15,
        horizon=rng.choice([5, 20, 120]),
        last_jump_hours=rng.choice([0, 0, 1, 24, 24 * 20]),
        has_spare=rng.random() < 0.4,
        losses_on_the_way=rate(0.5),
        receipts=rng.choice([0.0, 0.7, 1.0]),
        replies=rate(0.6),
        roll_callers=later.choice([0, 0, 1, 2]),
        answers=later.choice([0.2, 0.7, 0.9]),
        bounces=rate(0.6, mail),
        scans=mail.choice([0.0, 0.0, 0.5, 1.0]),
        presses=mail.choice([0.0, 0.0, 0.5, 1.0]),
        link_hours=mail.choice([1, 1, 4, 72]),
    )
