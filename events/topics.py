"""The topic catalogue (DESIGN §5): names, keys, retention, and which families each carries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

PARTITIONS = 12
"""Fixed once: a case's home partition is derived from it (FAUST.md: partition counts can't change)."""

TopicName = Literal["incidents", "petitions", "zero-reports", "escalations", "notifications", "deliveries", "directory"]
DEAD_LETTER_SUFFIX = ".dead-letter"
_YEAR = timedelta(days=365)
_QUARTER = timedelta(days=90)


@dataclass(frozen=True)
class Topic:
    """One topic. ``retention`` of None means compacted: the last record of each key stays."""

    name: TopicName
    key: str
    carries: str
    retention: timedelta | None
    families: tuple[str, ...]

    @property
    def configs(self) -> dict[str, str]:
        """Return Kafka's own settings for this topic."""
        if self.retention is None:
            return {"cleanup.policy": "compact"}
        return {"cleanup.policy": "delete", "retention.ms": str(int(self.retention.total_seconds() * 1000))}


CATALOGUE: tuple[Topic, ...] = (
    Topic("incidents", "case id", "What a school and its chain say of an incident.", _QUARTER, ("incident",)),
    Topic(
        "petitions",
        "case id",
        "Petitions, and what the offices that owe an answer say.",
        3 * _YEAR,
        ("petition", "incident"),
    ),
    Topic("zero-reports", "school or bureau id", "Roll calls: every school, every day.", _YEAR, ("roll-call",)),
    Topic(
        "escalations", "case id", "The journal: every applied event, its reason and number.", _QUARTER, ("escalation",)
    ),
    Topic("notifications", "contact id", "Messages to be sent.", timedelta(days=30), ("notification",)),
    Topic("deliveries", "notification id", "What became of each message.", _QUARTER, ("delivery",)),
    Topic("directory", "unit or person id", "Units, people, contacts and rosters.", None, ("directory",)),
)

CONSUMED: tuple[TopicName, ...] = ("incidents", "petitions", "zero-reports", "notifications")
"""Topics that our services read; each has a dead-letter topic beside it."""


def dead_letter(topic: str) -> str:
    """Return the topic for records of ``topic`` that cannot be read."""
    return topic + DEAD_LETTER_SUFFIX


def dead_letter_configs() -> dict[str, str]:
    """Return the settings of a dead-letter topic: kept a year, so that nothing is lost on bad input."""
    return {"cleanup.policy": "delete", "retention.ms": str(int(_YEAR.total_seconds() * 1000))}
