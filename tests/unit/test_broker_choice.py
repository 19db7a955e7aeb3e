"""Which broker is chosen, and what a person is told when none can work."""

import pytest

from services.broker.choice import BrokerKind, choose
from services.broker.errors import BrokerError
from services.broker.java import java_major_version


def test_auto_takes_the_configured_servers_even_when_java_is_here() -> None:
    """An address somebody configured wins over everything this machine could run."""
    choice = choose("auto", "kafka.example:9092", java_ok=True, maven_ok=True, embedded_ok=True)
    assert choice.kind == "external"
    assert "kafka.example:9092" in choice.reason


def test_auto_takes_apache_when_no_servers_are_set() -> None:
    """A real Kafka is preferred to the embedded broker."""
    assert choose("auto", None, java_ok=True, maven_ok=True, embedded_ok=True).kind == "apache"


@pytest.mark.parametrize(("java_ok", "maven_ok", "missing"), [(False, True, "Java"), (True, False, "Maven")])
def test_auto_takes_embedded_and_says_why_when_apache_cannot_run(java_ok: bool, maven_ok: bool, missing: str) -> None:
    """Without Java or without Maven the embedded broker is used, and the reason names what was missing."""
    choice = choose("auto", None, java_ok=java_ok, maven_ok=maven_ok, embedded_ok=True)
    assert choice.kind == "embedded"
    assert missing in choice.reason


def test_auto_treats_a_blank_address_as_not_set() -> None:
    """An empty environment variable is not an address."""
    assert choose("auto", "  ", java_ok=True, maven_ok=True, embedded_ok=False).kind == "apache"


def test_auto_lists_all_that_was_looked_for_when_nothing_is_here() -> None:
    """The error names the three places, and what to install or set for each."""
    with pytest.raises(BrokerError) as caught:
        choose("auto", None, java_ok=False, maven_ok=False, embedded_ok=False)
    for word in ("TOCSIN_KAFKA_BOOTSTRAP_SERVERS", "default-jre-headless", "maven", "tocsin[embedded]", "Java 17"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "help_text"),
    [
        ("external", "TOCSIN_KAFKA_BOOTSTRAP_SERVERS"),
        ("apache", "apt install default-jre-headless maven"),
        ("embedded", "pip install 'tocsin[embedded]'"),
    ],
)
def test_a_broker_asked_for_by_name_is_an_error_when_it_cannot_work(kind: BrokerKind, help_text: str) -> None:
    """A named broker is never silently replaced by another."""
    with pytest.raises(BrokerError, match="was asked for") as caught:
        choose(kind, None, java_ok=False, maven_ok=False, embedded_ok=False)
    assert help_text in str(caught.value)


def test_apache_asked_for_by_name_says_that_configured_servers_are_not_used() -> None:
    """Choosing a local broker against the configuration is allowed, and said."""
    choice = choose("apache", "kafka.example:9092", java_ok=True, maven_ok=True, embedded_ok=False)
    assert choice.kind == "apache"
    assert "kafka.example:9092 is not used" in choice.reason


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_392"', 8),
        ('Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version "21.0.2"', 21),
        ("command not understood", None),
    ],
)
def test_java_major_version_reads_new_and_old_numbering(text: str, major: int | None) -> None:
    """Both ways in which Java has numbered itself are understood; anything else is unknown, not an exception."""
    assert java_major_version(text) == major
