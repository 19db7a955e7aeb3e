"""What can be wrong with a policy's chain: a climb in a circle, a fallback that is none, a selector of nobody."""

from collections.abc import Iterator, Sequence

from escalation_policies.placed_yaml import Finding, Steps
from escalation_policies.schema import Policy
from escalation_policies.selector import Selector


def scrutinise_chain(policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with who is told, level by level, and with the fallbacks."""
    yield from _named_twice(policy)
    yield from _circles(policy)
    yield from _fallbacks(policy)
    yield from _kept_from_the_school(policy)


def selectors_of(policy: Policy) -> Iterator[tuple[Steps, Selector]]:
    """Yield every selector of a policy with its place in the document."""
    for number, level in enumerate(policy.chain):
        for part, selectors in (("tell", level.tell), ("stand_in", level.stand_in)):
            for place, selector in enumerate(selectors):
                yield ["chain", number, part, place], selector
    for part, selectors in (("at_top", policy.at_top.fallback), ("conflict", policy.conflict.fallback)):
        for place, selector in enumerate(selectors):
            yield [part, "fallback", place], selector


def _named_twice(policy: Policy) -> Iterator[Finding]:
    for number, level in enumerate(policy.chain):
        questions = _questions(level.tell)
        for place, question in enumerate(questions):
            if question in questions[:place]:
                yield ["chain", number, "tell", place], f"{question} is named twice at {level.level}"


def _circles(policy: Policy) -> Iterator[Finding]:
    """Find levels that only repeat those below: who did not answer would be told again."""
    below: set[str] = set()
    for number, level in enumerate(policy.chain):
        questions = _questions(level.tell)
        if below.issuperset(questions):
            yield ["chain", number, "tell"], f"{level.level} tells nobody new: who did not answer is told again"
        below.update(questions)


def _fallbacks(policy: Policy) -> Iterator[Finding]:
    """Find fallbacks that only repeat the top, which is silent, or concerned, when they are needed."""
    top = policy.chain[-1]
    for part, selectors in (("at_top", policy.at_top.fallback), ("conflict", policy.conflict.fallback)):
        if selectors and set(_questions(top.tell)).issuperset(_questions(selectors)):
            yield [part, "fallback"], f"only repeats {top.level}, the top of the chain: name somebody else"


def _kept_from_the_school(policy: Policy) -> Iterator[Finding]:
    """Find selectors that name the school where nobody of it may hear."""
    if policy.conflict.without_school:
        for where, selector in selectors_of(policy):
            if selector.at == "self":
                yield where, f"{selector.question} never hears: `conflict.without_school` leaves nobody of the school"


def _questions(selectors: Sequence[Selector]) -> list[str]:
    return [selector.question for selector in selectors]
