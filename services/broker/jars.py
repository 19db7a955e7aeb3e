"""Fetches the jar files of Apache Kafka once, by Maven, so that a half-done fetch is never used."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from services.broker.errors import JarFetchError
from services.broker.java import find_maven

POM = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "pom.xml"
FETCH_LIMIT_SECONDS = 900


class JarCache:
    """A folder of jar sets, one subfolder for each content of pom.xml.

    A subfolder appears by one rename when all its jars are there, so its existence means it is complete, whatever died
    while it was filled. Several data folders and several processes may share one cache.
    """

    def __init__(self, folder: Path, pom: Path = POM) -> None:
        """`folder` is made when it is first needed; `pom` names Kafka's version."""
        self._folder = folder.resolve()
        self._pom = pom

    @property
    def jars(self) -> Path:
        """The folder of the jars for the present pom.xml, whether or not they have been fetched."""
        try:
            return self._folder / hashlib.sha256(self._pom.read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise JarFetchError(
                f"The list of Kafka's jars cannot be read: {error}. Run Tocsin from its source folder, "
                "or choose another broker: `--broker external` or `--broker embedded`."
            ) from error

    def is_complete(self) -> bool:
        """Whether the jars are here already, so that neither Maven nor the network is needed."""
        return self._pom.is_file() and self.jars.is_dir()

    async def ensure(self, on_progress: Callable[[str], None]) -> Path:
        """Return the folder of the jars, fetched now if they are not here yet (about 70 MB, up to some minutes).

        Raises JarFetchError when Maven is missing or fails; calling again starts the fetch afresh.
        """
        if not self.is_complete():
            on_progress("fetching Apache Kafka's jar files with Maven (once; about 70 MB)")
            await asyncio.to_thread(self._fetch)
        return self.jars

    def _fetch(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=self._folder) as scratch:
            fetched = Path(scratch) / "jars"
            _copy_dependencies(self._pom, fetched)
            try:
                fetched.rename(self.jars)
            except OSError:
                # Another process finished the same fetch first; its set is as good as ours.
                if not self.jars.is_dir():
                    raise


def _copy_dependencies(pom: Path, target: Path) -> None:
    command = [
        str(find_maven()), "-B", "-q", "-f", str(pom), "dependency:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={target}",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FETCH_LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JarFetchError(_failure(str(error))) from error
    if done.returncode != 0 or not any(target.glob("kafka-server-*.jar")):
        shutil.rmtree(target, ignore_errors=True)
        raise JarFetchError(_failure("\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])))


def _failure(detail: str) -> str:
    return (
        f"Kafka's jar files could not be fetched by Maven:\n{detail}\n"
        "Check the network and Maven's mirror settings (~/.m2/settings.xml) and start again, "
        "or choose another broker: `--broker external` or `--broker embedded`."
    )
