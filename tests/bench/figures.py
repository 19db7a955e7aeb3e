"""Figures of a measurement, and how they are printed: milliseconds with p50, p99 and max, beside the floor."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """A sorted sample, in seconds."""

    name: str
    sample: tuple[float, ...]

    @classmethod
    def of(cls, name: str, sample: Sequence[float]) -> "Figures":
        return cls(name, tuple(sorted(sample)))

    def quantile(self, share: float) -> float:
        """Return the value below which ``share`` of the sample lies (nearest rank)."""
        return self.sample[min(len(self.sample) - 1, int(len(self.sample) * share))]

    def line(self, floor: "Figures | None" = None) -> str:
        """Return one line of the table; with ``floor``, the ratio of the p99s ends it."""
        p50, p99, top = (self.quantile(share) * 1000 for share in (0.5, 0.99, 1.0))
        text = f"{self.name:<58} n={len(self.sample):<6} p50 {p50:8.1f} ms  p99 {p99:8.1f} ms  max {top:8.1f} ms"
        if floor is not None:
            text += f"  p99 = {self.quantile(0.99) / floor.quantile(0.99):.1f} × floor"
        return text
