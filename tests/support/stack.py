"""The real services as processes, with a real Kafka, a fake Twilio over HTTP and a real SMTP server around them."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.remembered_facts import open_clock
from services.runtime.tokens import ENTROPY_BYTES, Role, TokenRows
from tests.support.fake_twilio import FakeTwilio
from tests.support.ports import free_port
from tests.support.smtp_sink import SmtpSink

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0
T = TypeVar("T")


@dataclass
class Worker:
    """One service process."""

    name: str
    process: asyncio.subprocess.Process
    health: str
    log: Path

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@dataclass
class Stack:
    """Everything one test needs. ``kafka`` may be changed before a service starts (a proxy, a new port)."""

    kafka: str
    database_url: str
    folder: Path
    directory: Path
    prefix: str
    twilio: FakeTwilio
    smtp: SmtpSink
    speed: float = 1.0
    extra: dict[str, str] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = Database(self.database_url)
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    @property
    def public_url(self) -> str:
        """Return where the fake providers find the intake."""
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        """Migrate, set the clock, make tokens for the school's teacher and the bureau's officer."""
        await self.database.migrate()
        self.clock: Clock = await open_clock(self.database, self.speed)
        await self.token("teacher", "reporter", "school-1")
        await self.token("officer", "administrator", "bureau", "bureau-leader")

    async def token(self, name: str, role: Role, unit: str, person: str | None = None) -> str:
        now = self.clock.now()
        issued = await TokenRows(self.database).create(
            os.urandom(ENTROPY_BYTES),
            name=name,
            role=role,
            unit_id=unit,
            now=now,
            expires_at=now + timedelta(days=3650),
            person_id=person,
        )
        self.tokens[name] = issued.secret
        return issued.secret

    def environment(self, name: str, health: int, kafka: str | None) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
        return {
            **clean,
            "PYTHONPATH": str(ROOT),
            "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": kafka or self.kafka,
            "TOCSIN_DATABASE_URL": self.database_url,
            "TOCSIN_DATA_DIR": str(self.folder),
            "TOCSIN_DIRECTORY": str(self.directory),
            "TOCSIN_TOPIC_PREFIX": self.prefix,
            "TOCSIN_HTTP_PORT": str(self.port),
            "TOCSIN_TWILIO_ACCOUNT_SID": self.twilio.account.sid,
            "TOCSIN_TWILIO_AUTH_TOKEN": self.twilio.account.token,
            "TOCSIN_TWILIO_FROM": "+12025550100",
            "TOCSIN_TWILIO_BASE_URL": self.twilio.url,
            "TOCSIN_PUBLIC_URL": self.public_url,
            "TOCSIN_SMTP_HOST": "127.0.0.1",
            "TOCSIN_SMTP_PORT": str(self.smtp.port),
            "TOCSIN_SMTP_STARTTLS": "0",
            "TOCSIN_SECRET_KEY": "a test's key",
            "TOCSIN_WORKER_ID": name,
            "TOCSIN_SPEED": str(self.speed),
            "TOCSIN_DEMO": "1",
            "TOCSIN_LEASE_SECONDS": "3",
            "TOCSIN_SESSION_TIMEOUT_SECONDS": "6",
            **({"TOCSIN_HEALTH_PORT": str(health)} if not name.startswith("intake") else {}),
            **self.extra,
        }

    async def start(self, *names: str, kafka: str | None = None, page: str = "ready") -> None:
        """Start services; a name is a service, or ``<service>-<n>`` for one more of its kind."""
        for name in names:
            health = self.port if name.startswith("intake") else free_port()
            log = self.folder / f"{name}.log"
            with log.open("ab") as out:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "services.cli", "serve", name.split("-")[0],
                    env=self.environment(name, health, kafka), cwd=ROOT, stdout=out, stderr=out,
                )  # fmt: skip
            self.workers[name] = Worker(name, process, f"http://127.0.0.1:{health}/health/{page}", log)
        for name in names:
            await self.ready(name)

    async def start_all(self) -> None:
        await self.start("directory")
        await self.start("notifier", "escalation", "intake")

    async def ready(self, name: str) -> None:
        worker = self.workers[name]

        async def healthy() -> bool:
            assert worker.process.returncode is None, f"{name} ended:\n{worker.text()[-4000:]}"
            with suppress(httpx.HTTPError):
                return (await self.http.get(worker.health)).status_code == httpx.codes.OK
            return False

        await self.until(healthy, f"{name} is ready", START_SECONDS)

    async def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        worker = self.workers.pop(name)
        with suppress(ProcessLookupError):
            worker.process.send_signal(number)
        await asyncio.wait_for(worker.process.wait(), 20)

    async def freeze(self, name: str) -> None:
        """Stop a process in its tracks; on SQLite not while it holds the file's write lock (ADR 0006 says why)."""
        process = self.workers[name].process
        while True:
            process.send_signal(signal.SIGSTOP)
            if not self.database.is_sqlite or await asyncio.to_thread(
                _can_be_written, str(self.database.engine.url.database)
            ):
                return
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.05)

    async def stop(self, name: str) -> None:
        await self.kill(name, signal.SIGTERM)

    async def close(self) -> None:
        dead = {name: w.process.returncode for name, w in self.workers.items() if w.process.returncode is not None}
        for name in list(self.workers):
            with suppress(ProcessLookupError):
                self.workers[name].process.send_signal(signal.SIGCONT)
            await self.kill(name)
        await self.http.aclose()
        await self.database.close()
        assert not dead, f"services ended by themselves: {dead}"

    # What a client does

    async def post(self, path: str, body: dict[str, Any], token: str | None = "officer") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[token]}"} if token else {}
        return await self.http.post(path, json=body, headers=headers)

    async def get(self, path: str, token: str = "officer") -> Any:
        answer = await self.http.get(path, headers={"Authorization": f"Bearer {self.tokens[token]}"})
        answer.raise_for_status()
        return answer.json()

    async def file(self, **fields: Any) -> str:
        """File a report, which joins no other unless ``separate`` is False, and return its case id."""
        body = {"school_id": "school-1", "kind": "fire", "separate": True, **fields}
        answer = await self.post("/v1/incidents", body)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["case_id"])

    async def act(self, case_id: str, verb: str, by: str, **fields: Any) -> None:
        answer = await self.post(f"/v1/cases/{case_id}/{verb}", {"by": by, **fields})
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    async def timeline(self, case_id: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (await self.get(f"/v1/cases/{case_id}/timeline"))["entries"]
        return entries

    async def kinds(self, case_id: str) -> list[str]:
        return [entry["kind"] for entry in await self.timeline(case_id)]

    async def until(
        self, condition: Callable[[], Awaitable[T | None]], what: str, seconds: float = 20.0, step: float = 0.1
    ) -> T:
        """Wait until ``condition`` gives something true, and return it."""
        deadline = time.monotonic() + seconds
        while not (found := await condition()):
            logs = "\n".join(f"== {w.name}\n{w.text()[-1500:]}" for w in self.workers.values())
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{logs}"
            await asyncio.sleep(step)
        return found

    async def until_kind(self, case_id: str, kind: str, seconds: float = 20.0) -> None:
        async def there() -> bool:
            # A case filed by another client is unknown to the intake until it was judged.
            answer = await self.http.get(
                f"/v1/cases/{case_id}/timeline", headers={"Authorization": f"Bearer {self.tokens['officer']}"}
            )
            return answer.is_success and any(entry["kind"] == kind for entry in answer.json()["entries"])

        await self.until(there, f"{kind} in the timeline of {case_id}", seconds)


def _can_be_written(path: str) -> bool:
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def at(entry: dict[str, Any]) -> datetime:
    """Return the time an entry was judged by."""
    return datetime.fromisoformat(entry["received_at"])
