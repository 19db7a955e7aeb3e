"""The file of chats: every mistake is told by a target's name, and no address is repeated."""

from pathlib import Path

import pytest

from services.notifier.channels.choice import build_channels
from services.runtime.chat_targets import NEVER, read_targets
from services.runtime.errors import SettingsError
from services.runtime.settings import Settings

SCHEMES = ("wecombot", "feishu", "syslog")
SECRET = "k3ysecret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chats.yaml"


def test_targets_are_read_by_name(file: Path) -> None:
    """One line each."""
    file.write_text(f"crisis-team: wecombot://{SECRET}\nduty: feishu://{SECRET}\n", encoding="utf-8")
    assert dict(read_targets(file, SCHEMES)) == {
        "crisis-team": f"wecombot://{SECRET}",
        "duty": f"feishu://{SECRET}",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write one line for each chat"),
        (f"- wecombot://{SECRET}", "write one line for each chat"),
        (f"team: [wecombot://{SECRET}", "is not YAML, line "),
        (f"team: {SECRET}", "team: not an address of apprise"),
        ("team: 12", "team: not an address of apprise"),
        (f"team: WECOMBOT://{SECRET}", "team: not an address of apprise"),
        (f"team: dingtalk://{SECRET}", "team: dingtalk:// is not among TOCSIN_CHAT_SCHEMES"),
        (f"team: file://{SECRET}", "team: file:// is not among TOCSIN_CHAT_SCHEMES"),
        (f"team: syslog://{SECRET}", "team: syslog:// ends on this machine"),
        (f"a b: wecombot://{SECRET}", "a name must have"),
        (f"a: dingtalk://{SECRET}\nb: slack://{SECRET}", "; b: slack://"),
    ],
)
def test_mistake_is_told_and_no_address_repeated(file: Path, text: str, told: str) -> None:
    """The message may end in a log."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r".+") as refused:
        read_targets(file, SCHEMES)
    assert told in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_file_that_is_not_there_is_told_when_the_notifier_starts(tmp_path: Path) -> None:
    """And only there: no other service may read it."""
    settings = Settings(data_dir=tmp_path, chat_targets=tmp_path / "nowhere.yaml")
    with pytest.raises(SettingsError, match=r"TOCSIN_CHAT_TARGETS: cannot read .*nowhere\.yaml"):
        build_channels(settings)


def test_settings_with_chats_choose_apprise(tmp_path: Path, file: Path) -> None:
    """Instead of the local outbox."""
    file.write_text(f"team: wecombot://{SECRET}\n", encoding="utf-8")
    [chat] = build_channels(Settings(data_dir=tmp_path, chat_targets=file))["chat"]
    assert chat.provider == "apprise"


def test_no_kind_that_is_allowed_unasked_ends_on_this_machine() -> None:
    """Nobody would hear."""
    assert NEVER.isdisjoint(Settings().chat_schemes.split(","))
