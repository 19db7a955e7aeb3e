"""The error table of Twilio: each code leads to the action the domain names, and what is unknown to a safe one."""

from datetime import timedelta

import pytest

from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater
from services.notifier.channels.twilio_sms.errors import error_of
from services.runtime.harmless import harmless
from services.runtime.twilio_codes import BY_CODE


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, 20429, TryLater),
        (500, 20500, OutcomeUnknown),
        (503, 20503, OutcomeUnknown),
        (400, 21211, Refused),
        (400, 21408, Refused),
        (400, 21610, Refused),
        (400, 21611, TryLater),
        (400, 21614, Refused),
        (400, 21635, Refused),
        (400, 30001, TryLater),
        (400, 30002, Refused),
        (400, 30003, TryLater),
        (400, 30005, Refused),
        (400, 30006, Refused),
        (400, 30007, Refused),
        (400, 30008, TryLater),
        (401, 20003, TryLater),
    ],
)
def test_code_leads_to_its_action(status: int, code: int, kind: type[ChannelError]) -> None:
    """The table is the domain's table."""
    assert type(error_of(status, code)) is kind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (502, None, OutcomeUnknown),
        (599, 99999, OutcomeUnknown),
        (400, 99999, Refused),
        (404, None, Refused),
        (408, None, OutcomeUnknown),
        (429, None, TryLater),
        (307, None, TryLater),
    ],
)
def test_unforeseen_code_gets_the_safe_default_of_its_status(
    status: int, code: int | None, kind: type[ChannelError]
) -> None:
    """What may have been processed is looked up; what was refused frees the chain for another channel."""
    assert type(error_of(status, code)) is kind


def test_retry_after_reaches_the_error() -> None:
    """The provider's own pace is kept."""
    assert error_of(429, 20429, timedelta(seconds=7)).retry_after == timedelta(seconds=7)


def test_each_reason_says_the_code_and_a_meaning() -> None:
    """Whoever reads the timeline finds the code to look up, and words."""
    for code, rule in BY_CODE.items():
        reason = error_of(400, code).reason
        assert str(code) in reason
        assert rule.meaning in reason


@pytest.mark.parametrize(
    "text",
    [
        "550 <li.ming@school.example> unknown",
        "The 'To' number +86 138-0000-0001 is not valid",
        "no route to 13800000001",
        "li@school",
    ],
)
def test_reason_never_carries_an_address_or_a_number(text: str) -> None:
    """A provider that quotes the recipient does not make us do so."""
    cleaned = harmless(text)
    assert "school" not in cleaned
    assert "0000" not in cleaned


def test_code_in_a_reason_survives_the_cleaning() -> None:
    """Codes are shorter than numbers of people."""
    assert harmless("Twilio 21610 (HTTP 400)") == "Twilio 21610 (HTTP 400)"
