"""The local outbox, and which channel the settings choose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.notifier.channels.choice import build_channels
from services.notifier.channels.outbox.channel import OutboxChannel
from services.runtime.clock import wall_now
from services.runtime.settings import Settings
from tests.support.notices import message

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample" / "sms-gateway.yaml"


@pytest.fixture
def outbox(tmp_path: Path) -> Callable[[], OutboxChannel]:
    return lambda: OutboxChannel("sms", tmp_path / "deep" / "outbox.jsonl")


async def test_outbox_keeps_a_line_that_only_its_owner_reads(
    outbox: Callable[[], OutboxChannel], tmp_path: Path
) -> None:
    """Addresses and texts are for the person at this machine."""
    channel = outbox()
    handed = await channel.send(message())
    await channel.close()
    file = tmp_path / "deep" / "outbox.jsonl"
    assert "K7Q2MX" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert handed.provider_id == "notice-1"


async def test_outbox_finds_what_a_process_before_it_kept(outbox: Callable[[], OutboxChannel], tmp_path: Path) -> None:
    """A crash between line and record makes no second line; a line cut short is no message."""
    before = outbox()
    await before.send(message())
    await before.close()
    with (tmp_path / "deep" / "outbox.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"notification_id": "notice-2", "te')
    after = outbox()
    assert await after.find(message(), wall_now()) is not None
    assert await after.find(message(notification_id="notice-2"), wall_now()) is None


async def test_settings_choose_the_providers(tmp_path: Path) -> None:
    """Without settings everything stays here; with them it goes out."""
    local = build_channels(Settings(data_dir=tmp_path))
    assert {channel.provider for each in local.values() for channel in each} == {"local-outbox"}
    configured = build_channels(
        Settings(
            data_dir=tmp_path,
            twilio_account_sid="AC1",
            twilio_auth_token="t",
            twilio_from="+15005550006",
            smtp_host="mail.example",
            webhook_key="k" * 32,
            sms_gateway=SAMPLE,
            sms_gateway_access_key="AK",
            sms_gateway_secret="s",
        )
    )
    assert [channel.provider for each in configured.values() for channel in each] == [
        "twilio",
        "sms-gateway",
        "smtp",
        "twilio-voice",
        "webhook",
        "local-outbox",
    ]
    for channel in (channel for each in configured.values() for channel in each):
        await channel.close()
