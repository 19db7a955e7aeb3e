"""Where a listener stands in the journal: one position for each partition, ``0:17,3:5`` on the wire.

Positions are gapless within a partition, so this one line says exactly what was seen, across every worker.
"""

import re
from collections.abc import Mapping

from events.topics import PARTITIONS

Positions = dict[int, int]
_FORM = re.compile(r"\d{1,3}:\d{1,18}(,\d{1,3}:\d{1,18})*", re.ASCII)
NOTHING_SEEN = "0:0"


def write_positions(positions: Mapping[int, int]) -> str:
    """Return positions as an event id."""
    seen = [f"{partition}:{position}" for partition, position in sorted(positions.items()) if position]
    return ",".join(seen) or NOTHING_SEEN


def read_positions(text: str) -> Positions:
    """Return the positions of an event id; a partition it does not name was not seen at all.

    Raises:
        ValueError: not an id of this stream.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("not an id of this stream")
    pairs = [tuple(int(number) for number in pair.split(":")) for pair in text.split(",")]
    positions = dict.fromkeys(range(PARTITIONS), 0)
    for partition, position in pairs:
        if partition not in positions:
            raise ValueError(f"the stream has partitions 0 to {PARTITIONS - 1}")
        positions[partition] = position
    return positions
