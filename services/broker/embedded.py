"""A small Kafka-compatible broker in one binary (package noida-db, extra `embedded`), to try Tocsin out without Java.

What was found with noida-db 0.2.3 and aiokafka 0.14, and what it means:

- Topics, idempotent producing, headers, consumer groups with static members, commits, configurations: they work; from
  produce to consume 0.7 ms (p50), 1.4 ms (p99).
- Records live in memory and are written to one file a moment later, also when it is stopped by SIGTERM. A kill -9 or a
  power cut loses what was acknowledged last: about 0.25 s of records under steady load, and all of them when the broker
  lived for less than a second. Services publish again what downstream has not seen, so no case is lost.
- Retention and compaction are accepted but not carried out: the data grow, in memory, until it is wiped.
- A question about a topic that does not exist creates it (with one partition): topics must be created before any client
  of them starts, and a misspelt name is not an error.
- One process, one node, loopback only, no TLS, no users: never for production.
- The binary may print a warning about the glibc version on older systems (seen on Debian 12); it works all the same.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import structlog

from services.broker.choice import INSTALL_EMBEDDED
from services.broker.errors import BrokerError
from services.broker.ports import HOST, remembered_ports
from services.broker.probe import wait_until_answers
from services.broker.process import BrokerProcess

START_LIMIT_SECONDS = 20.0
STOP_LIMIT_SECONDS = 10.0

log = structlog.get_logger(__name__)


def find_embedded() -> Path:
    """Find the binary inside the installed package; raises BrokerError naming the extra when it is not installed."""
    # Looked up, not imported: the package is only the wrapping of the binary.
    found = importlib.util.find_spec("noida_db")
    for folder in (found.submodule_search_locations or []) if found else []:
        binary = shutil.which("noida-db", path=folder)
        if binary is not None:
            return Path(binary)
    raise BrokerError(
        f"The embedded broker (package noida-db) is not installed. Install it: {INSTALL_EMBEDDED}; "
        "or choose another broker: `--broker external` or `--broker apache`."
    )


class EmbeddedBroker:
    """The embedded broker, with only its Kafka door open; its files are under `data_dir`/embedded."""

    def __init__(self, data_dir: Path, *, port: int = 0) -> None:
        """Nothing is started yet. `port` 0 chooses a free one and remembers it."""
        self._home = data_dir.resolve() / "embedded"
        self._data = self._home / "data"
        self._wanted_port = port
        self._port = 0
        self._process: BrokerProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients. Raises BrokerError before the first start, when no port has been chosen yet."""
        if not self._port:
            raise BrokerError("The embedded broker has no address before its first start.")
        return f"{HOST}:{self._port}"

    @property
    def description(self) -> str:
        """What a person should know about this broker, in one line."""
        return (
            f"embedded broker at {self.bootstrap_servers}, data in {self._data} "
            "(for trying out: may lose its last second on a power cut)"
        )

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the process is alive (it may still be starting)."""
        return self._process is not None and self._process.exit_code is None

    async def start(self) -> None:
        """Start it and wait until it serves clients. Does nothing when it runs; raises BrokerError when it cannot."""
        if self.is_running:
            return
        binary = find_embedded()
        self._data.mkdir(parents=True, exist_ok=True)
        self._port = self._port or remembered_ports(self._home / "ports.json", self._wanted_port).client
        options = ["--data-dir", str(self._data), "--host", HOST, "--only", "kafka", "--kafka-port", str(self._port)]
        self._process = process = BrokerProcess([str(binary), "start", *options], self._home / "console.log")
        try:
            await wait_until_answers(
                self.bootstrap_servers, lambda: process.exit_code, START_LIMIT_SECONDS, process.last_lines
            )
        except BaseException:
            # Also when the wait is cancelled: a broker nobody holds would keep the port.
            await process.kill()
            raise
        log.info("broker.started", kind="embedded", port=self._port, pid=process.pid)

    async def stop(self, within_seconds: float = STOP_LIMIT_SECONDS) -> None:
        """Save the data and end (SIGTERM), or by force after `within_seconds`."""
        if self._process is not None:
            await self._process.stop(within_seconds)
            log.info("broker.stopped", kind="embedded", exit_code=self._process.exit_code)

    async def kill(self) -> None:
        """End it at once (SIGKILL); the last acknowledged records may be lost."""
        if self._process is not None:
            await self._process.kill()

    def wipe(self) -> None:
        """Delete all topics and records. Raises BrokerError while it runs: stop it first."""
        if self.is_running:
            raise BrokerError("The embedded broker is running; stop it before its data is deleted.")
        shutil.rmtree(self._data, ignore_errors=True)
