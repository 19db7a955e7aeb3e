"""What ``tocsin up --sample`` leaves for other terminals."""

import subprocess
from pathlib import Path

import pytest

from services.cli.sample_tokens import FILE_NAME, sample_tokens
from services.cli.watch_command import lost_line
from services.runtime.database import Database
from services.runtime.remembered_facts import open_clock
from services.runtime.settings import Settings


async def _made(folder: Path, port: int) -> dict[str, str]:
    database = Database(f"sqlite+aiosqlite:///{folder / 'tocsin.db'}")
    await database.migrate()
    clock = await open_clock(database, 1.0)
    settings = Settings(http_port=port, data_dir=folder)
    try:
        return dict(await sample_tokens(database, clock, folder, settings.intake_url))
    finally:
        await database.close()


def _in_a_shell(folder: Path, variable: str) -> str:
    line = f'. {folder / FILE_NAME}; sh -c "printf %s \\${variable}"'
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout


async def test_another_terminal_finds_the_intake_and_a_token_whatever_the_port(tmp_path: Path) -> None:
    """Reading the file exports the intake's address and the officer's token to commands."""
    tokens = await _made(tmp_path, 18080)
    assert _in_a_shell(tmp_path, "TOCSIN_URL") == "http://127.0.0.1:18080"
    assert _in_a_shell(tmp_path, "TOCSIN_TOKEN") == tokens["OFFICER"]


async def test_second_start_keeps_the_tokens_and_names_the_new_port(tmp_path: Path) -> None:
    """Tokens of an open terminal go on working; only the address is written anew."""
    first = await _made(tmp_path, 18080)
    assert await _made(tmp_path, 18081) == first
    assert _in_a_shell(tmp_path, "TOCSIN_URL") == "http://127.0.0.1:18081"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("10.1.2.3", "http://10.1.2.3:8080")],
)
def test_intake_that_listens_anywhere_is_called_on_this_machine(host: str, url: str) -> None:
    """``0.0.0.0`` is where to listen, no address to call."""
    assert Settings(http_host=host).intake_url == url


def test_watching_an_intake_that_is_not_there_says_which_and_what_to_do() -> None:
    """A wrong port must be seen, not guessed."""
    line = lost_line("http://127.0.0.1:18080", ConnectionError("refused"))
    assert "http://127.0.0.1:18080" in line
    assert "TOCSIN_URL" in line
