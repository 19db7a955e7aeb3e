"""Contacts that people keep for something: who is told by which, and that nobody is ever told by none."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations, product

import pytest

from escalation_policies.contact_choice import kept_for
from escalation_policies.selector import Selector
from events.directory import ContactAddress
from events.escalation import Contact, Recipient
from events.notification import Lane
from events.unreached import unreached_by
from services.directory.file_format import LANES
from services.directory.loader import load_directory
from services.runtime.directory import DirectorySnapshot
from tests.support.directory_file import NOW, changed
from tests.support.scenario import Scenario, Staff

ANY: tuple[tuple[Lane, ...] | None, ...] = (
    None,
    *(some for number in range(len(LANES) + 1) for some in combinations(LANES, number)),
)


def contacts(*kept: tuple[Lane, ...] | None) -> list[Contact]:
    """Return an SMS, an email and a call, kept for these."""
    channels = ("sms", "email", "voice")
    return [
        Contact.model_validate({"contact_id": f"p:{channel}", "channel": channel, "used_for": used_for})
        for channel, used_for in zip(channels, kept, strict=False)
    ]


def by(found: Sequence[Contact]) -> list[str]:
    """Return the channels of contacts."""
    return [one.channel for one in found]


@pytest.mark.parametrize(
    ("kept", "lane", "channels"),
    [
        ((None, None, None), "bulk", ["sms", "email", "voice"]),
        ((("escalation",), None, ("escalation",)), "bulk", ["email"]),
        ((("escalation",), None, ("escalation",)), "escalation", ["sms", "email", "voice"]),
        ((("escalation",), ("bulk",), ("escalation", "reminder")), "reminder", ["voice"]),
        ((("bulk",), ("bulk", "reminder"), ("bulk",)), "escalation", ["sms", "email", "voice"]),
        (((), (), ()), "bulk", ["sms", "email", "voice"]),
    ],
)
def test_contacts_kept_for_something_are_used_for_that(
    kept: tuple[tuple[Lane, ...] | None, ...], lane: Lane, channels: list[str]
) -> None:
    """In the order of the directory; where none is kept for it, all of them."""
    assert by(kept_for(contacts(*kept), lane)) == channels


def test_whatever_the_directory_says_nobody_is_told_by_none() -> None:
    """Every way to keep three contacts, for each urgency: some remain, in their order, and one of no rule always."""
    for kept, lane in product(product(ANY, repeat=3), LANES):
        every = contacts(*kept)
        found = kept_for(every, lane)
        assert found, (kept, lane)
        assert found == [one for one in every if one in found]
        assert {one.contact_id for one in every if one.used_for is None} <= {one.contact_id for one in found}
    assert kept_for([], "escalation") == []


class Choosy(Staff):
    """The usual staff, whose principal keeps contacts for something."""

    def __init__(self, *kept: tuple[Lane, ...] | None) -> None:
        super().__init__()
        self.kept = kept

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        return tuple(
            self._choosy(one) if one.person_id == "principal" else one
            for one in super().resolve(selector, school_id, at)
        )

    def recipient(self, person_id: str) -> Recipient | None:
        return self._choosy(
            Recipient(person_id=person_id, name=person_id, role=person_id, unit_id="self", unit_name="self")
        )

    def _choosy(self, person: Recipient) -> Recipient:
        return person.model_copy(update={"contacts": tuple(contacts(*self.kept))})


def told_by(scenario: Scenario, template: str) -> set[str]:
    """Return the channels by which the principal was asked to be told."""
    return {one.channel for one in scenario.requests if one.template == template and one.person_id == "principal"}


@pytest.mark.parametrize(
    ("kept", "alert", "reminder"),
    [
        ((None, None), {"sms", "email"}, {"sms", "email"}),
        ((None, ("bulk",)), {"sms"}, {"sms"}),
        ((("escalation",), ("reminder", "bulk")), {"sms"}, {"email"}),
        ((("bulk",), ("bulk",)), {"sms", "email"}, {"sms", "email"}),
        ((("reminder",), ("bulk",)), {"sms", "email"}, {"sms"}),
    ],
)
def test_alert_and_reminder_go_to_what_is_kept_for_them(
    kept: tuple[tuple[Lane, ...] | None, ...], alert: set[str], reminder: set[str]
) -> None:
    """Of the channels that the policy tells by; never to none of them."""
    scenario = Scenario(staff=Choosy(*kept))
    scenario.file()
    scenario.pass_minutes(6)
    assert told_by(scenario, "incident_alert") == alert
    assert told_by(scenario, "incident_reminder") == reminder


def lose(scenario: Scenario) -> list[str]:
    """Let the newest message to the principal not arrive; return the channels by which they are told instead."""
    newest = [one for one in scenario.requests if one.person_id == "principal"][-1]
    before = len(scenario.requests)
    scenario.judge(unreached_by(newest, "dead-contact", "no such number", scenario.now))
    return [one.channel for one in scenario.requests[before:] if one.person_id == "principal"]


def test_contact_kept_for_other_things_is_used_when_the_one_for_alerts_is_dead() -> None:
    """A preference ends where nobody would be told; when that way fails, too, another person is told."""
    scenario = Scenario(staff=Choosy(("escalation",), ("bulk",)))
    scenario.file()
    assert told_by(scenario, "incident_alert") == {"sms"}
    assert lose(scenario) == ["email"]
    assert scenario.hearers == {"principal"}
    assert lose(scenario) == []
    assert scenario.hearers > {"principal"}


def test_file_says_what_a_contact_is_for_and_the_directory_passes_it_on() -> None:
    """One word or a list; unset, it is for everything, as in every file before."""
    text = changed(
        "{sms: +12025550104}, {email: head@example.org}, {sms: +12025550105}",
        "{sms: +12025550104}, {email: head@example.org, for: bulk}, {voice: +12025550105, for: [reminder, escalation]}",
    )
    loaded = load_directory(text, NOW)
    assert [one.used_for for one in loaded.people[3].contacts] == [None, ("bulk",), ("reminder", "escalation")]
    assert loaded.warnings == load_directory(changed("丁", "丁"), NOW).warnings
    found = DirectorySnapshot.of(loaded.units, loaded.people).recipient("head")
    assert found is not None
    assert [one.used_for for one in found.contacts] == [None, ("bulk",), ("reminder", "escalation")]


def test_clerk_is_warned_where_no_contact_is_for_something() -> None:
    """The file loads; what it says of it would put somebody out of reach."""
    text = changed("{sms: +12025550102}", "{sms: +12025550102, for: [bulk]}")
    warnings = [(one.line, one.path, one.message) for one in load_directory(text, NOW).warnings]
    assert (
        20,
        "people[1]",
        "no contact is `for` escalation or reminder: all of them are used, since nobody is put out of reach",
    ) in warnings


def test_contact_without_a_rule_is_published_as_before() -> None:
    """A consumer of the directory sees a new field only where a clerk wrote it."""
    address = ContactAddress(contact_id="p:sms", channel="sms", address="+12025550101")
    assert "used_for" not in address.model_dump_json(exclude_none=True)
