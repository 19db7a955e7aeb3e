"""Variants of the library's policy: other chains and receipts than the county's, to see that nothing hangs on those."""

from datetime import timedelta
from typing import Any, Literal

from escalation_policies.loader import PolicyLibrary
from escalation_policies.schema import Policy
from tests.support.scenario import shipped


def county() -> Policy:
    """Return the library's policy for a fire."""
    return shipped().for_kind("fire")


def library(policy: Policy) -> PolicyLibrary:
    """Return a library of one policy."""
    return PolicyLibrary([policy])


def with_receipt(policy: Policy, level: str, receipt: Literal["any", "all"]) -> Policy:
    """Return ``policy`` with another rule for the receipt of one level."""
    return _with_level(policy, level, receipt=receipt)


def with_rounds(policy: Policy, rounds: int) -> Policy:
    """Return ``policy`` with fewer rounds at the top."""
    top = policy.at_top.model_copy(update={"rounds": rounds, "repeat_every": timedelta(minutes=15)})
    return policy.model_copy(update={"at_top": top})


def with_both_in_the_district(policy: Policy, receipt: Literal["any", "all"]) -> Policy:
    """Return ``policy`` where the district means two people, the director and the township officer."""
    township = policy.chain[2].tell[0]
    return _with_level(policy, "district", tell=(*policy.chain[1].tell, township), receipt=receipt)


def with_voice(policy: Policy) -> Policy:
    """Return ``policy`` with a call to fall back on at every level."""
    chain = tuple(item.model_copy(update={"fallback_channels": ("voice",)}) for item in policy.chain)
    return policy.model_copy(update={"chain": chain})


def _with_level(policy: Policy, level: str, **changes: Any) -> Policy:
    chain = tuple(item.model_copy(update=changes) if item.level == level else item for item in policy.chain)
    return policy.model_copy(update={"chain": chain})
