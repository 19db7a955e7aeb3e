"""Which message broker to use: one pure function, so the order of preference can be read and tested in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.broker.errors import BrokerError

BrokerKind = Literal["auto", "external", "apache", "embedded"]
ChosenKind = Literal["external", "apache", "embedded"]

INSTALL_APACHE = "`apt install default-jre-headless maven` (Java 17 or newer, and Maven to fetch Kafka's jars once)"
INSTALL_EMBEDDED = "`pip install 'tocsin[embedded]'` (a small Kafka-compatible broker, for trying Tocsin out)"
USE_EXTERNAL = "set TOCSIN_KAFKA_BOOTSTRAP_SERVERS=host:port (`--broker external`)"


@dataclass(frozen=True)
class BrokerChoice:
    """The broker to use, and the reason in words for the person who started Tocsin."""

    kind: ChosenKind
    reason: str


def choose(
    kind: BrokerKind,
    bootstrap_servers: str | None,
    java_ok: bool,
    maven_ok: bool,
    embedded_ok: bool,
) -> BrokerChoice:
    """Choose the broker: the one asked for, or with `auto` the first that can work here.

    The order of `auto` is: an address that was configured, a local Apache Kafka, the embedded broker.
    `maven_ok` is also true when the jars have already been fetched, since Maven is then not needed.

    Raises BrokerError naming what is missing and how to install it, when the broker asked for cannot work here.
    """
    servers = (bootstrap_servers or "").strip()
    if kind == "external":
        return _external(servers)
    if kind == "apache":
        return _apache(servers, java_ok, maven_ok)
    if kind == "embedded":
        return _embedded(embedded_ok)
    return _first_that_applies(servers, java_ok, maven_ok, embedded_ok)


def _external(servers: str) -> BrokerChoice:
    if not servers:
        raise BrokerError(f"--broker external was asked for, but no address is configured: {USE_EXTERNAL}.")
    return BrokerChoice("external", f"using the Kafka at {servers}, as TOCSIN_KAFKA_BOOTSTRAP_SERVERS says")


def _apache(servers: str, java_ok: bool, maven_ok: bool) -> BrokerChoice:
    missing = _missing_for_apache(java_ok, maven_ok)
    if missing:
        raise BrokerError(
            f"--broker apache was asked for, but {' and '.join(missing)} not found. Install them: {INSTALL_APACHE}; "
            "or use `--broker external` or `--broker embedded`."
        )
    ignored = f" (TOCSIN_KAFKA_BOOTSTRAP_SERVERS={servers} is not used)" if servers else ""
    return BrokerChoice("apache", f"using a local single-node Apache Kafka, as --broker apache says{ignored}")


def _embedded(embedded_ok: bool) -> BrokerChoice:
    if not embedded_ok:
        raise BrokerError(
            f"--broker embedded was asked for, but the package noida-db is not installed. Install it: "
            f"{INSTALL_EMBEDDED}; or use `--broker external` or `--broker apache`."
        )
    return BrokerChoice("embedded", "using the embedded broker, as --broker embedded says; it is for trying out only")


def _first_that_applies(servers: str, java_ok: bool, maven_ok: bool, embedded_ok: bool) -> BrokerChoice:
    if servers:
        return _external(servers)
    missing = _missing_for_apache(java_ok, maven_ok)
    if not missing:
        return BrokerChoice(
            "apache",
            "using a local single-node Apache Kafka: TOCSIN_KAFKA_BOOTSTRAP_SERVERS is not set and Java is here",
        )
    if embedded_ok:
        return BrokerChoice(
            "embedded",
            f"using the embedded broker, for trying out only: TOCSIN_KAFKA_BOOTSTRAP_SERVERS is not set and "
            f"{' and '.join(missing)} not found (for a real Kafka: {INSTALL_APACHE})",
        )
    raise BrokerError(
        "Tocsin needs a message broker and found none. Looked for:\n"
        "  1. TOCSIN_KAFKA_BOOTSTRAP_SERVERS: not set\n"
        f"  2. a local Apache Kafka: {' and '.join(missing)} not found\n"
        "  3. the embedded broker: the package noida-db is not installed\n"
        "Do one of these:\n"
        f"  - {INSTALL_APACHE}\n"
        f"  - {INSTALL_EMBEDDED}\n"
        f"  - {USE_EXTERNAL}"
    )


def _missing_for_apache(java_ok: bool, maven_ok: bool) -> list[str]:
    missing = [] if java_ok else ["Java 17 or newer (`java`)"]
    return missing if maven_ok else [*missing, "Maven (`mvn`)"]
