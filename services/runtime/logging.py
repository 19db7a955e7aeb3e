"""Logging: structlog, one canonical line an event, and a processor that keeps numbers and addresses out."""

import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

CHATTY = ("aiokafka", "faust", "mode")
INDISCREET = ("apprise", "urllib3", "requests_oauthlib")
"""Libraries that log addresses with keys in them; what they do is told by whoever calls them."""

SPARING_SECONDS = 10.0
_PHONE = re.compile(r"\+\d[\d\s-]{6,}\d")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


def redact(text: str) -> str:
    """Mask phone numbers (all but the last two digits) and the local part of email addresses."""
    text = _PHONE.sub(lambda found: "+…" + found.group()[-2:], text)
    return _EMAIL.sub(lambda found: "…@" + found.group().split("@", 1)[1], text)


def _redact_fields(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    del logger, name
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


class Sparing(logging.Filter):
    """Lets a library say the same thing once in ten seconds: a client without its broker repeats itself by the ms."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass our own lines, and each line of a library that was not passed lately."""
        if isinstance(record.msg, dict) or not record.name.startswith(CHATTY):
            return True
        now, key = self._monotonic(), (record.name, str(record.msg))
        if now - self._said.get(key, -SPARING_SECONDS) < SPARING_SECONDS:
            return False
        self._said[key] = now
        return True


NOISY = (
    "aiokafka", "faust", "mode", "alembic", "httpx", "twilio", "mail.log", "uvicorn", "uvicorn.error", "asyncio"
)  # fmt: skip
"""Loggers of libraries that say too much, some of it personal (`mail.log` of aiosmtpd: who writes to whom)."""


def configure_logging(service: str, log_format: Literal["console", "json"] = "console", level: str = "info") -> None:
    """Send every log line, our own and the libraries', through one redacting chain to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=32)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Sparing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact_fields, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in INDISCREET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
