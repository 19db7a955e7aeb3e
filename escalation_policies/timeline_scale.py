"""The time axis of a timeline: minutes and months on one line, and nothing that matters on top of something else.

The axis is logarithmic, and pulled apart where moments that matter would touch. So 5 minutes and 60 days are both
readable, order is always true, and distance is not: each moment is labelled with its own time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import log1p

APART = 30.0
"""Least distance of two labelled moments, in pixels: a rotated label needs that much."""

LENGTH = 640.0
"""Length of the axis in pixels, before it is pulled apart."""


class Scale:
    """Where each moment stands, in pixels from the start of the axis."""

    def __init__(self, span: timedelta, unit: timedelta, moments: Iterable[timedelta]) -> None:
        """Lay out ``moments`` (from the start, labelled) within ``span``. Within ``unit`` the axis is almost even."""
        self._unit = unit.total_seconds()
        self._whole = log1p(span.total_seconds() / self._unit)
        self.labelled = tuple(sorted({timedelta(0), *moments}))
        self._from: list[float] = []
        self._to: list[float] = []
        for moment in self.labelled:
            wanted = self._even(moment)
            self._from.append(wanted)
            self._to.append(max(wanted, self._to[-1] + APART) if self._to else wanted)
        if self.labelled[-1] < span:
            self._from.append(LENGTH)
            self._to.append(max(LENGTH, self._to[-1] + APART))

    @property
    def length(self) -> float:
        """Return the length of the whole axis."""
        return self._to[-1]

    def at(self, moment: timedelta) -> float:
        """Return the place of any moment: between its labelled neighbours, in proportion."""
        wanted = self._even(moment)
        after = bisect_right(self._from, wanted)
        if after == 0:
            return self._to[0]
        if after == len(self._from):
            return self._to[-1]
        return _between(wanted, self._from[after - 1 : after + 1], self._to[after - 1 : after + 1])

    def _even(self, moment: timedelta) -> float:
        return LENGTH * log1p(moment.total_seconds() / self._unit) / self._whole


def _between(value: float, before: Sequence[float], after: Sequence[float]) -> float:
    share = (value - before[0]) / (before[1] - before[0])
    return after[0] + share * (after[1] - after[0])
