"""Where a case or a school lives: the partition that Kafka's own partitioner gives its id.

Other clients partition otherwise (librdkafka: CRC32), so a fact may arrive elsewhere; it is sent on to its home, where
the state and the clocks are.
"""

from functools import lru_cache

from aiokafka.partitioner import murmur2

from events.topics import PARTITIONS

_POSITIVE = 0x7FFFFFFF


@lru_cache(maxsize=1_000_000)
def home_partition(key: str) -> int:
    """Return the partition that a key belongs to (org.apache.kafka…toPositive): a case's id, a school's, a bureau's."""
    return int((murmur2(key.encode()) & _POSITIVE) % PARTITIONS)
