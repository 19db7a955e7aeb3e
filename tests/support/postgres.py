"""A throwaway PostgreSQL cluster, real and durable (fsync stays on), that a test may crash and start again::

    with PostgresCluster() as postgres:
        url = postgres.create_database("tocsin")      # postgresql+psycopg://postgres@127.0.0.1:54321/tocsin
        postgres.kill()                               # as a power cut would, for the server's processes
        postgres.start()

Needs the server's programs (Debian: package `postgresql`), in /usr/lib/postgresql or on the PATH. They refuse to run as
root, so a root test run starts them as the user `postgres`, whom that package creates.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg
from psycopg import sql

from tests.support.ports import LOOPBACK, free_port

START_SECONDS = 30.0
STOP_SECONDS = 20.0
DEBIAN_ROOT = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"


class PostgresMissing(RuntimeError):
    """No PostgreSQL server programs on this machine; the text says what to install."""


def find_programs(debian_root: Path = DEBIAN_ROOT, search_path: str | None = None) -> Path:
    """Return the folder with initdb and postgres: Debian's newest, else the one on the PATH. Raises PostgresMissing."""
    installed = [folder for folder in debian_root.glob("*/bin") if (folder / "initdb").exists()]
    if installed:
        return max(installed, key=lambda folder: [int(part) for part in folder.parent.name.split(".")])
    on_path = shutil.which("initdb", path=search_path)
    if on_path is not None and (Path(on_path).resolve().parent / "postgres").exists():
        return Path(on_path).resolve().parent
    raise PostgresMissing(
        f"no PostgreSQL server found under {debian_root} or on the PATH: install the Debian package `postgresql` "
        "(its own cluster need not run), or leave out the tests marked `postgres`"
    )


def present() -> bool:
    """Return whether a cluster can be made here; tests that need one skip without."""
    with suppress(PostgresMissing):
        find_programs()
        return True
    return False


class PostgresCluster:
    """One cluster on 127.0.0.1 with its data in a temporary folder; anybody on the machine may log in as `postgres`.

    `settings` are configuration parameters such as {"max_connections": "300"}. With `keep`, a folder that other users
    of the machine may enter, the data lie there and stay, and a later cluster goes on with them.
    """

    def __init__(self, settings: dict[str, str] | None = None, keep: Path | None = None) -> None:
        self._programs = find_programs()
        self._settings = settings or {}
        self._keep = keep
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.folder = self._keep or Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            if not self._data.exists():
                self._initialise()
            self.port = free_port()
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{ACCOUNT}@{LOOPBACK}:{self.port}/{database}"

    def database(self, name: str) -> str:
        """Return the URL of a database that may be there already; create it otherwise."""
        with suppress(psycopg.errors.DuplicateDatabase):
            return self.create_database(name)
        return self.url(name)

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL. Raises psycopg.errors.DuplicateDatabase when it is there."""
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def copy_database(self, name: str, template: str) -> str:
        """Create a database that is a copy of another, to which nobody is connected, and return its URL."""
        names = sql.Identifier(name), sql.Identifier(template)
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database with all that is in it; whoever is still connected to it is thrown out."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start the server, after `kill` with the recovery that follows a crash; returns once it takes connections."""
        options = {"unix_socket_directories": str(self.folder), "fsync": "on", **self._settings}
        arguments = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-h", LOOPBACK, "-p", str(self.port), *arguments],
                stdout=log,
                stderr=log,
                **self._identity(),
            )
        self._await_ready()

    def kill(self) -> None:
        """Kill every process of the server with SIGKILL; connections break, nothing is written any more."""
        if self._process is None:
            return
        family = []
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._process.pid)
            family = [postmaster, *postmaster.children(recursive=True)]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self._process.wait(STOP_SECONDS)
        psutil.wait_procs(family, STOP_SECONDS)
        self._process = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        superuser = ["--username", ACCOUNT, "--auth", "trust"]
        kind = ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            [str(self._programs / "initdb"), "--pgdata", str(self._data), *superuser, *kind],
            capture_output=True,
            text=True,
            check=False,
            **self._identity(),
        )
        if made.returncode:
            raise RuntimeError(f"initdb could not make a cluster in {self._data}: {made.stderr.strip()}")

    def _identity(self) -> dict[str, Any]:
        """Return whose process it is to be: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {"cwd": self.folder}
        return {"cwd": self.folder, "user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid, "extra_groups": []}

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=LOOPBACK, port=self.port, user=ACCOUNT, autocommit=True, connect_timeout=5)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), self._connect():
                return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.05)
        log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"PostgreSQL did not start within {START_SECONDS} s; the end of its log:\n{log[-2000:]}")

    def _end(self) -> None:
        self.kill()
        if self._keep is None:
            shutil.rmtree(self.folder, ignore_errors=True)
