"""A message that does not arrive is sent another way; a person whom nothing reaches is replaced by another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from escalation_policies.loader import PolicyLibrary
from escalation_policies.schema import Policy
from escalation_policies.selector import Selector
from events.escalation import Contact, Recipient
from events.incident import IncidentAcknowledged, UpdateFiled
from events.notification import Lane, NotificationRequested
from events.unreached import Cause, unreached_by
from tests.support.scenario import Scenario, Staff, shipped

WAYS = ("sms", "email", "voice", "chat")


@dataclass
class Reachable(Staff):
    """Everybody has a contact on each channel but those ``without``, and is found by id."""

    without: tuple[str, ...] = ()
    kept: Mapping[str, tuple[Lane, ...]] = field(default_factory=dict)
    """What contacts are kept for, by channel."""

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        return tuple(self._everywhere(one) for one in super().resolve(selector, school_id, at))

    def recipient(self, person_id: str) -> Recipient | None:
        unit = "self" if person_id in {"principal", "deputy"} else "elsewhere"
        found = Recipient(person_id=person_id, name=person_id, role=person_id, unit_id=unit, unit_name=unit)
        return self._everywhere(found)

    def _everywhere(self, person: Recipient) -> Recipient:
        ways = [way for way in WAYS if way not in self.without]
        contacts = tuple(
            Contact(contact_id=f"{person.person_id}:{way}", channel=way, used_for=self.kept.get(way)) for way in ways
        )
        return person.model_copy(update={"contacts": contacts})


def scenario(**kept: tuple[Lane, ...]) -> Scenario:
    """Return a fire just filed, under the shipped policy with voice, then chat, to fall back on.

    ``kept``: what contacts are kept for.
    """
    policy = shipped().for_kind("fire")
    chain = [{**level.model_dump(mode="json"), "fallback_channels": ["voice", "chat"]} for level in policy.chain]
    changed = Policy.model_validate({**policy.model_dump(mode="json"), "chain": chain})
    story = Scenario(PolicyLibrary([changed]), Reachable(kept=kept))
    story.file()
    return story


def fail(story: Scenario, request: NotificationRequested, cause: Cause = "failed") -> list[NotificationRequested]:
    """Say that a message did not arrive; return what is requested because of it."""
    before = len(story.requests)
    story.judge(unreached_by(request, cause, "the provider refused", story.now))
    return story.requests[before:]


def lose_principal(story: Scenario) -> None:
    """Let every way to the principal fail."""
    failed = [by(story.requests, "sms"), by(story.requests, "email")]
    for request in failed:
        failed += [one for one in fail(story, request) if one.person_id == "principal"]


def by(requests: list[NotificationRequested], channel: str) -> NotificationRequested:
    return next(one for one in requests if one.channel == channel)


def test_alert_that_cannot_be_sent_goes_out_by_the_next_channel_with_the_same_words() -> None:
    """SMS fails: the principal is called, for the same clock and step, until the same deadline."""
    story = scenario()
    sms = by(story.requests, "sms")
    [call] = fail(story, sms)
    assert (call.channel, call.person_id) == ("voice", sms.person_id)
    assert (call.clock, call.step, call.template, call.deadline) == (sms.clock, sms.step, sms.template, sms.deadline)
    assert "sms could not be sent: the provider refused; the next way is tried: voice" in story.reasons(
        "contact-unreached"
    )


def test_person_with_no_contact_on_the_first_channels_is_told_by_the_next() -> None:
    """A principal with a telephone alone is called; nobody is told in their place."""
    story = Scenario(scenario().policies, Reachable(without=("sms", "email")))
    story.file()
    assert [(one.person_id, one.channel) for one in story.requests] == [("principal", "voice")]


def test_each_failed_contact_brings_in_one_further_channel_in_the_policys_order() -> None:
    """SMS, then email fail: first the call, then the chat; never one of them twice."""
    story = scenario()
    sms, email = by(story.requests, "sms"), by(story.requests, "email")
    assert [one.channel for one in fail(story, sms) + fail(story, email)] == ["voice", "chat"]


def test_message_that_is_late_and_then_fails_is_replaced_once() -> None:
    """The call goes out when the SMS is late; its final failure later brings in nothing more."""
    story = scenario()
    sms = by(story.requests, "sms")
    assert [one.channel for one in fail(story, sms, "late")] == ["voice"]
    assert fail(story, sms, "failed") == []


def test_person_whom_nothing_reaches_is_replaced_by_the_stand_in_at_once() -> None:
    """Every contact of the principal failed: the stand-in hears, before the reminder would tell them."""
    story = scenario()
    lose_principal(story)
    assert {one.person_id for one in story.requests} == {"principal", "duty-leader", "deputy"}
    assert story.reasons("handed-over") == ["the stand-in is told"]


def test_level_of_which_nobody_can_be_reached_is_passed_before_its_deadline() -> None:
    """Stand-ins that cannot be reached either: the district is told at once, without waiting for the breach."""
    story = scenario()
    done: set[str] = set()
    while waiting := [one for one in story.requests if one.level == "principal" and one.notification_id not in done]:
        done.add(waiting[0].notification_id)
        assert len(done) < 100, "one way after another, without an end"
        fail(story, waiting[0])
    assert "everybody at principal could not be reached" in story.reasons("step-taken")
    assert not story.reasons("breach-recorded")


def test_late_message_alone_replaces_nobody() -> None:
    """While a provider is only slow, no other person is told by it."""
    story = scenario()
    waiting = [by(story.requests, "sms"), by(story.requests, "email")]
    for request in waiting:
        waiting += fail(story, request, "late")
    assert {one.person_id for one in story.requests} == {"principal"}
    assert story.reasons("handed-over") == []


def test_failure_that_comes_after_the_answer_calls_nobody() -> None:
    """The principal accepted, by whatever way they heard: a late failure is noted, and that is all."""
    story = scenario()
    sms = by(story.requests, "sms")
    story.say(IncidentAcknowledged, "principal")
    assert fail(story, sms) == []


def test_person_whom_the_case_concerns_meanwhile_is_not_tried_again() -> None:
    """Conflict of interest goes before reaching anybody (DOMAIN §2)."""
    story = scenario()
    sms = by(story.requests, "sms")
    story.case = story.opened.model_copy(update={"excluded": ("principal",)})
    assert fail(story, sms) == []


def test_unreached_person_who_answers_after_all_is_heard() -> None:
    """They got there by themselves: their acknowledgement counts like any other."""
    story = scenario()
    lose_principal(story)
    story.say(IncidentAcknowledged, "principal")
    clock = story.opened.clock("report_to_principal@principal")
    assert clock is not None
    assert clock.status == "satisfied"


def test_stand_in_who_accepted_before_answers_for_whom_nothing_reaches() -> None:
    """Government and bureau must both answer: the duty officer has, and the township cannot be reached. No breach."""
    story = scenario()
    story.report_upward("principal")
    story.report_upward("director")
    story.pass_minutes(5)
    story.acknowledge("duty-officer")
    assert story.status("upward_receipt@government_and_bureau") == "running"
    done: set[str] = set()
    mine = [one for one in story.requests if one.person_id == "township"]
    while waiting := [one for one in mine if one.notification_id not in done]:
        done.add(waiting[0].notification_id)
        mine += fail(story, waiting[0])
    assert story.status("upward_receipt@government_and_bureau") == "satisfied"
    story.pass_minutes(30)
    assert story.kinds("breach-recorded") == []


def test_reminder_is_tried_by_what_is_kept_for_alerts_before_anybody_is_called() -> None:
    """What a person keeps for other things was left out of the reminder, and is used when the reminder's own fails."""
    story = scenario(sms=("escalation",), email=("reminder",))
    story.pass_minutes(5)
    mine = [one for one in story.requests if one.person_id == "principal"]
    assert [(one.channel, one.lane) for one in mine] == [("sms", "escalation"), ("email", "reminder")]
    assert [(one.channel, one.lane) for one in fail(story, mine[-1])] == [("sms", "reminder")]


def test_reminder_that_fails_goes_out_another_way_as_a_reminder() -> None:
    """It is no more urgent for having failed: it keeps its lane, and its deadline."""
    story = scenario()
    story.pass_minutes(5)
    reminder = next(one for one in story.requests if one.lane == "reminder")
    [call] = fail(story, reminder)
    assert (call.channel, call.lane, call.deadline) == ("voice", "reminder", reminder.deadline)


def test_news_that_reaches_nobody_hands_nothing_over() -> None:
    """The alert to the director is still with them; that an update did not get there asks nobody for an answer."""
    story = scenario()
    story.report_upward("principal")
    before = len(story.requests)
    story.say(UpdateFiled, "principal", summary="all out")
    news = [one for one in story.requests[before:] if one.person_id == "director"]
    assert not any(one.asks_acknowledgement for one in news)
    for one in news:
        news += fail(story, one)
    assert any("nothing reaches them" in reason for reason in story.reasons("contact-unreached"))
    assert story.reasons("handed-over") == []
