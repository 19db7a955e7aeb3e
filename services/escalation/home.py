"""Where a case lives: the partition that Kafka's own partitioner gives its id.

Other clients partition otherwise (librdkafka: CRC32), so a fact may arrive elsewhere; it is sent on to its case's home,
where the state and the clocks are.
"""

from aiokafka.partitioner import murmur2

from events.topics import PARTITIONS

_POSITIVE = 0x7FFFFFFF


def home_partition(case_id: str) -> int:
    """Return the partition of ``tocsin.incidents`` that ``case_id`` belongs to (org.apache.kafka…toPositive)."""
    return int((murmur2(case_id.encode()) & _POSITIVE) % PARTITIONS)
