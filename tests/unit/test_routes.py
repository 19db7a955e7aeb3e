"""Which provider is asked first for an address."""

from dataclasses import dataclass

import pytest

from services.notifier.routes import Routes
from services.runtime.errors import SettingsError
from services.runtime.settings import load_settings


@dataclass(frozen=True)
class Provider:
    name: str


EACH = [Provider("twilio"), Provider("sms-gateway"), Provider("third")]


def order(rule: str, address: str | None) -> list[str]:
    return [one.name for one in Routes.of(rule).order(address, EACH)]


@pytest.mark.parametrize(
    ("rule", "address", "first"),
    [
        ("+86=sms-gateway", "+8613800000001", "sms-gateway"),
        ("+86=sms-gateway", "+12025550101", "twilio"),
        ("+86=sms-gateway", None, "twilio"),
        ("", "+8613800000001", "twilio"),
        ("+86=third,+86138=sms-gateway", "+8613800000001", "sms-gateway"),
        ("+=third,+86=sms-gateway", "+12025550101", "third"),
        ("+86=not-set-up", "+8613800000001", "twilio"),
    ],
)
def test_provider_of_the_longest_fitting_beginning_goes_first_and_the_others_stand_in(
    rule: str, address: str | None, first: str
) -> None:
    """Nobody is left out: an alert that the first does not take goes to the next."""
    found = order(rule, address)
    assert found[0] == first
    assert sorted(found) == ["sms-gateway", "third", "twilio"]


def test_rule_that_says_nothing_is_refused_at_start() -> None:
    """A misspelt one would send everything the other way."""
    with pytest.raises(SettingsError, match="TOCSIN_SMS_ROUTES"):
        load_settings(sms_routes="86:sms-gateway")
