"""Log lines: readable, whole, and without anybody's number or address."""

import logging

import pytest
import structlog

from services.runtime.logging import Sparing, configure_logging, redact


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_librarys_arguments_are_rendered_and_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs with %-arguments is written whole, with numbers and addresses masked."""
    configure_logging("test", "json")
    logging.getLogger("some.library").warning("sent to %s for %s", "+12025550123", "somebody@example.org")

    line = capsys.readouterr().err
    assert "sent to +…23 for …@example.org" in line


def test_our_own_fields_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """A field that carries an address by mistake does not reach the log."""
    configure_logging("test", "json")
    structlog.get_logger("ours").warning("message.refused", reason="no mailbox somebody@example.org, +1 202 555 0123")

    line = capsys.readouterr().err
    assert "somebody" not in line
    assert "555" not in line


def test_redaction_leaves_other_text_alone() -> None:
    """Case ids, times and counts stay readable."""
    text = "case 6672628b-6f7f-50d4 at 2026-11-24T12:19:03Z, 3 of 10"
    assert redact(text) == text


def test_a_chatty_library_says_the_same_thing_once_in_ten_seconds() -> None:
    """A client whose broker is away does not bury the lines that matter; other lines and other libraries pass."""
    now = [100.0]
    sparing = Sparing(lambda: now[0])

    def passes(name: str, text: object, *args: object) -> bool:
        return sparing.filter(logging.LogRecord(name, logging.ERROR, "", 0, text, args, None))

    assert passes("aiokafka.client", "no node %s", 1)
    assert not passes("aiokafka.client", "no node %s", 2)
    assert passes("aiokafka.client", "another thing")
    assert passes("sqlalchemy", "no node %s", 1)
    assert passes("sqlalchemy", "no node %s", 1)
    assert passes("aiokafka.client", {"event": "ours"})
    now[0] += 10
    assert passes("aiokafka.client", "no node %s", 3)
