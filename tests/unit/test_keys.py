"""The keys of sealed records: long enough, kept once, each use its own."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.intake.seal import Seal, Sealed, hash_secret, is_secret
from services.runtime.errors import SettingsError
from services.runtime.secret_key import SEAL_FILE_NAME, seal_keys
from services.runtime.settings import Settings, load_settings

ONE, TWO = "one key of thirty-two characters", "two keys of thirty-two character"


def test_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """A second start finds the first one's key."""
    settings = Settings(data_dir=tmp_path)
    assert seal_keys(settings) == seal_keys(settings)
    assert stat.S_IMODE((tmp_path / SEAL_FILE_NAME).stat().st_mode) == 0o600


def test_first_of_several_keys_seals_and_each_opens(tmp_path: Path) -> None:
    """That is how a key is changed."""
    settings = Settings(data_dir=tmp_path, seal_key=SecretStr(f"{ONE}, {TWO}"))
    assert seal_keys(settings) == [ONE.encode(), TWO.encode()]


@pytest.mark.parametrize("text", ["short", f"{ONE},short", f"{ONE},"])
def test_short_key_is_refused_by_name(text: str) -> None:
    """An empty one after a comma, too; the key itself is not shown."""
    with pytest.raises(SettingsError, match="TOCSIN_SEAL_KEY") as refused:
        load_settings(seal_key=text)
    assert ONE not in str(refused.value)


def test_seal_key_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a secret should be."""
    (tmp_path / "key").write_text(ONE + "\n")
    monkeypatch.setenv("TOCSIN_SEAL_KEY_FILE", str(tmp_path / "key"))
    assert seal_keys(load_settings(data_dir=tmp_path)) == [ONE.encode()]


def test_secrets_of_cases_and_keys_differ() -> None:
    """Neither another case nor another key leads to a secret."""
    seals = [Seal([key.encode()]) for key in (ONE, TWO)]
    secrets = {seal.secret(case_id) for seal in seals for case_id in ("case-1", "case-2")}
    assert len(secrets) == 4


@pytest.mark.parametrize("wrong", ["", " ", "-", "x" * 65, "0" * 28])
def test_nothing_empty_or_overlong_is_a_secret(wrong: str) -> None:
    """What reads as no code at all matches no stored hash."""
    assert not is_secret(wrong, hash_secret(Seal([ONE.encode()]).secret("case-1")))


def test_repr_of_a_seal_shows_no_key() -> None:
    """A traceback with locals must not either."""
    assert ONE not in repr(vars(Seal([ONE.encode()])))


def test_sealed_record_hides_its_text() -> None:
    """Two seals of one text differ, and neither shows it."""
    seal = Seal([ONE.encode()])
    sealed = Sealed(case_id="case-1", summary="words", contact=None)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert seal.close(sealed, at) != seal.close(sealed, at)
    assert b"words" not in seal.close(sealed, at)
    assert seal.open("case-1", seal.close(sealed, at)) == sealed
