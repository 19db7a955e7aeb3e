"""Finds a Java that can run Apache Kafka, and the Maven that fetches its jars."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from services.broker.choice import INSTALL_APACHE
from services.broker.errors import BrokerError

OLDEST_JAVA = 17
"""Kafka 4 brokers need Java 17 (Apache Kafka 4.0 upgrade notes, "Notable changes")."""

_VERSION = re.compile(r'version "(?P<major>\d+)(?:\.(?P<minor>\d+))?')


def find_java() -> Path:
    """Find the `java` to run Kafka with: that of JAVA_HOME when it is set, else the one on PATH.

    Raises BrokerError when there is none or it is older than Java 17; the text names the package to install.
    """
    java = _java_home() or shutil.which("java")
    if java is None:
        raise BrokerError(f"Java was not found (`java`, JAVA_HOME). {_ways_out()}")
    major = java_major_version(_version_text(java))
    if major is None or major < OLDEST_JAVA:
        seen = "of unknown version" if major is None else f"Java {major}"
        raise BrokerError(f"{java} is {seen}, and Kafka needs Java {OLDEST_JAVA} or newer. {_ways_out()}")
    return Path(java)


def find_maven() -> Path:
    """Find the `mvn` on PATH; raises BrokerError naming the package to install when there is none."""
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError(f"Maven was not found (`mvn`); it fetches Kafka's jar files once. {_ways_out()}")
    return Path(maven)


def java_major_version(text: str) -> int | None:
    """Read the major version in the output of `java -version`: 17 for "17.0.15", 8 for the old style "1.8.0_392"."""
    found = _VERSION.search(text)
    if found is None:
        return None
    major, minor = int(found["major"]), found["minor"]
    return int(minor) if major == 1 and minor is not None else major


def _java_home() -> str | None:
    home = os.environ.get("JAVA_HOME", "")
    return shutil.which(str(Path(home) / "bin" / "java")) if home else None


def _version_text(java: str) -> str:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"`{java} -version` did not run: {error}. {_ways_out()}") from error
    return done.stderr + done.stdout


def _ways_out() -> str:
    return f"Install it: {INSTALL_APACHE}; or choose another broker: `--broker external` or `--broker embedded`."
