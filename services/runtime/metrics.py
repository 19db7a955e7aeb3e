"""Metrics in OpenMetrics names. Labels are bounded enums: never a person, a number or a case."""

from prometheus_client import Counter, Gauge, Histogram

RECORDS_PUBLISHED = Counter("tocsin_records_published", "Outbox records acknowledged by the broker.")
RECORDS_HANDLED = Counter("tocsin_records_handled", "Records handled, by outcome.", ["outcome"])
RECORDS_REQUEUED = Counter("tocsin_records_requeued", "Records published again because the bus lost them.")
DEADLINE_LATENESS = Histogram(
    "tocsin_deadline_lateness_seconds",
    "Real seconds between a stored deadline and its firing.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60),
)
PARTITIONS_OWNED = Gauge("tocsin_partitions_owned", "Partitions whose clocks this worker fires.")

for _outcome in ("applied", "duplicate", "dead-letter", "old-offset"):
    RECORDS_HANDLED.labels(outcome=_outcome)
