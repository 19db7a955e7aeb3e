"""A local Apache Kafka of one node (KRaft: broker and controller in one process), for one machine and for tests.

Records are acknowledged from the operating system's page cache, as Kafka does by default: they survive the death of the
broker's process, not a power cut. That is enough here: every service keeps what it publishes in its own database until
it is seen downstream, and publishes again what the broker has lost. So the flush settings are left as they are.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from services.broker.errors import BrokerError
from services.broker.jars import POM, JarCache
from services.broker.java import find_java
from services.broker.ports import HOST, NodePorts, remembered_ports
from services.broker.probe import wait_until_answers
from services.broker.process import BrokerProcess, program_environment
from services.broker.server_properties import LOG4J2_XML, ExtraListener, server_properties

START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 15.0

# Measured with 250 records/s on two cores: C1 alone needs half the CPU of the full compiler (7 s against 14 s in the
# first 15 s of its life), starts faster (1.7 s against 2.3 s) and has half the p99 from produce to consume while cold
# (36 ms against 71 ms); when warm all are at 1-1.5 ms (p50). G1 had the shorter worst case of the two collectors.
_JVM_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")

log = structlog.get_logger(__name__)


class ApacheKafka:
    """One Kafka node whose files are under `data_dir`/kafka; start, stop, kill and wipe it.

    Start it from a thread that lives as long as the node should, best the main one (see die_with_parent).
    After `kill` or a crash, `start` brings it back on the same port with its data.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        heap: str = "512m",
        libs_dir: Path | None = None,
        extra_listeners: Sequence[ExtraListener] = (),
        pom: Path = POM,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing is started yet. `port` 0 chooses a free one and remembers it; `heap` is as in java's -Xmx.

        `libs_dir` is a cache of jar files to share between data folders (default: `data_dir`/kafka/libs).
        """
        home = data_dir.resolve() / "kafka"
        if set(str(home)) & set(",:"):
            # Kafka splits log.dirs at commas, and Java its class path at colons.
            raise BrokerError(f"Kafka cannot work in {home}: a comma or colon in the path. Change TOCSIN_DATA_DIR.")
        self._data = home / "data"
        self._node = home / "node"
        self._jars = JarCache(libs_dir or home / "libs", pom)
        self._heap = heap
        self._wanted_port = port
        self._extra_listeners = list(extra_listeners)
        self._on_progress = on_progress
        self._ports: NodePorts | None = None
        self._process: BrokerProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients. Raises BrokerError before the first start, when no port has been chosen yet."""
        if self._ports is None:
            raise BrokerError("The local Kafka has no address before its first start.")
        return f"{HOST}:{self._ports.client}"

    @property
    def description(self) -> str:
        """What a person should know about this broker, in one line."""
        return f"local Apache Kafka at {self.bootstrap_servers}, data in {self._data}, log {self._node / 'broker.log'}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the process is alive (it may still be starting)."""
        return self._process is not None and self._process.exit_code is None

    async def start(self) -> None:
        """Start the node and wait until it serves clients; fetches the jars and formats the storage the first time.

        Does nothing when it runs already. Raises BrokerError, saying what to install or which log to read.
        """
        if self.is_running:
            return
        java = await asyncio.to_thread(find_java)
        jars = await self._jars.ensure(self._on_progress)
        self._node.mkdir(parents=True, exist_ok=True)
        # Chosen once for the life of this object: clients that wait for a killed node knock at the same port.
        self._ports = self._ports or remembered_ports(self._node / "ports.json", self._wanted_port)
        settings = self._write_settings(self._ports)
        command = [str(java), f"-Xmx{self._heap}", *_JVM_OPTIONS, "-cp", f"{jars}/*"]
        command += ["-Dlog4j2.configurationFile=log4j2.xml", f"-Dtocsin.log={self._node / 'broker.log'}"]
        await asyncio.to_thread(self._format_storage, command, settings)
        self._process = process = BrokerProcess([*command, "kafka.Kafka", str(settings)], self._node / "console.log")
        try:
            await wait_until_answers(
                self.bootstrap_servers, lambda: process.exit_code, START_LIMIT_SECONDS, process.last_lines
            )
        except BaseException:
            # Also when the wait is cancelled: a node nobody holds would keep the port and the storage's lock.
            await process.kill()
            raise
        log.info("broker.started", kind="apache", port=self._ports.client, pid=process.pid)

    async def stop(self, within_seconds: float = STOP_LIMIT_SECONDS) -> None:
        """Shut it down in order (SIGTERM), or by force after `within_seconds`."""
        if self._process is not None:
            await self._process.stop(within_seconds)
            log.info("broker.stopped", kind="apache", exit_code=self._process.exit_code)

    async def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self._process is not None:
            await self._process.kill()

    def wipe(self) -> None:
        """Delete all topics, records and the cluster's identity; jars, port and logs stay.

        Raises BrokerError while the node runs: stop it first.
        """
        if self.is_running:
            raise BrokerError("The local Kafka is running; stop it before its data is deleted.")
        shutil.rmtree(self._data, ignore_errors=True)
        (self._node / "cluster-id").unlink(missing_ok=True)

    def _write_settings(self, ports: NodePorts) -> Path:
        settings = self._node / "server.properties"
        settings.write_text(server_properties(self._data, ports, self._extra_listeners), encoding="ascii")
        (self._node / "log4j2.xml").write_text(LOG4J2_XML, encoding="utf-8")
        return settings

    def _format_storage(self, command: list[str], settings: Path) -> None:
        """Give empty storage its identity; storage that has one is left as it is."""
        if (self._data / "meta.properties").is_file():
            return
        done = subprocess.run(
            [*command, "kafka.tools.StorageTool", "format", "-t", self._cluster_id(), "-c", str(settings), "-g"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self._node,
            env=program_environment(),
            timeout=START_LIMIT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()
            raise BrokerError(f"Kafka could not prepare its storage in {self._data}:\n{said}")

    def _cluster_id(self) -> str:
        """Return the stored identity of the cluster; a new random one for new storage."""
        stored = self._node / "cluster-id"
        if not stored.is_file():
            # Kafka's form: 16 bytes in URL-safe base64. One that begins with "-" would be read as an option.
            stored.write_text(secrets.token_urlsafe(16).replace("-", "A"), encoding="utf-8")
        return stored.read_text(encoding="utf-8").strip()
