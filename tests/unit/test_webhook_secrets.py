"""Secrets of receivers, the settings behind them, and the page that tells receivers what they get."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.notifier.addressing import compose
from services.notifier.channels.webhook.event import body_of
from services.runtime.errors import SettingsError
from services.runtime.settings import load_settings
from services.runtime.standard_webhooks import secret_for
from tests.support.notices import START, requested

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
ADDRESS = "https://alarm.example.org/tocsin"
KEY = "n" * 32


def secret(address: str, key: str | None) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["contacts", "webhook-secret", address], env={"TOCSIN_WEBHOOK_KEY": key})
    return ran.exit_code, ran.output.strip()


def test_command_shows_the_secret_of_todays_key() -> None:
    """The first of several; what the channel signs with is derived alike."""
    assert secret(ADDRESS, f"{KEY}, {'o' * 32}") == (0, secret_for(KEY, ADDRESS))


def test_command_refuses_what_no_webhook_can_be() -> None:
    """A secret for an address that is never called helps nobody."""
    code, told = secret("http://alarm.example.org", KEY)
    assert code != 0
    assert "must begin with https://" in told


def test_command_without_a_key_says_which_setting_is_missing() -> None:
    """An empty key would give a secret that anybody can derive."""
    ran = CliRunner().invoke(app, ["contacts", "webhook-secret", ADDRESS], env={"TOCSIN_WEBHOOK_KEY": None})
    assert ran.exit_code != 0
    assert isinstance(ran.exception, SettingsError)
    assert "TOCSIN_WEBHOOK_KEY" in str(ran.exception)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("webhook_key", f"{KEY},short", "TOCSIN_WEBHOOK_KEY: each key needs 32 characters"),
        ("webhook_networks", "10.0.0.0/8,10.0.0.1/8", "TOCSIN_WEBHOOK_NETWORKS: 10.0.0.1/8 has host bits set"),
        ("webhook_networks", "office", "TOCSIN_WEBHOOK_NETWORKS: 'office' does not appear to be an IPv4 or IPv6"),
    ],
)
def test_setting_that_cannot_be_used_is_named(name: str, value: str, told: str) -> None:
    """At start, not with the first alert."""
    with pytest.raises(SettingsError, match=re.escape(told)):
        load_settings(**{name: value})


def test_page_for_receivers_shows_what_they_get() -> None:
    """To the letter."""
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(example) == json.loads(body_of(compose(requested(channel="webhook"), ADDRESS, START)))
