"""What the lives are held to when nothing reaches somebody: others are told, unless a colleague is asked already."""

from typing import Any

import pytest

from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import unreached
from escalation_policies.schema import Policy
from events.directory import ContactAddress, PersonRecorded
from events.unreached import unreached_by
from tests.simulation.truth import Broken
from tests.simulation.way_promises import others_are_told
from tests.support.scenario import Scenario, Staff, shipped

SEATED = {"role:principal@self": ("principal",), "role:bureau_leader@ancestor:bureau": ("bureau",)}
"""The posts that are held: nobody stands in for anybody."""


def _principal_is_lost(*others: str) -> Scenario:
    """Return a fire of whose principal every contact failed, and that ``others`` at the school were told of, too."""
    policy = shipped().for_kind("fire")
    chain = [{**level.model_dump(mode="json"), "stand_in": []} for level in policy.chain]
    changed = Policy.model_validate({**policy.model_dump(mode="json"), "chain": chain})
    story = Scenario(PolicyLibrary([changed]), Staff(SEATED | {"role:principal@self": ("principal", *others)}))
    story.staff.others.add("principal")
    story.file()
    for request in [one for one in story.requests if one.person_id == "principal"]:
        story.judge(unreached_by(request, "failed", "the provider refused", story.now))
    return story


def _hold(story: Scenario) -> None:
    contacts = tuple(
        ContactAddress(contact_id=f"principal:{channel}", channel=channel, address=channel)
        for channel in ("sms", "email")
    )
    person = PersonRecorded(person_id="principal", name="principal", unit_id="self", roles=(), contacts=contacts)
    others_are_told(story.entries, {"principal": person})


def test_next_level_is_told_where_nobody_is_left() -> None:
    _hold(_principal_is_lost())


def test_colleague_who_was_asked_is_enough() -> None:
    """The machine says so, and the clock goes on for the colleague's answer."""
    story = _principal_is_lost("second")
    assert "no stand-in is left to tell; others here may answer" in story.reasons("action-withheld")
    _hold(story)


def _nobody(*_args: Any, **_more: Any) -> None:
    """Stand for a hand-over that tells nobody."""


def test_silence_where_nobody_is_left_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that tells nobody in their place breaks the promise."""
    monkeypatch.setattr(unreached, "hand_over", _nobody)
    with pytest.raises(Broken, match="nothing reaches principal"):
        _hold(_principal_is_lost())
