"""What can be wrong with a policy.

PolicyError
├── PolicyFaults     a file that cannot be used: every fault, each with its path and line
├── NoPolicy         no policy of the library applies to a kind
└── Undecidable      an event that no case can be made of; it goes to the dead-letter topic
"""

from dataclasses import dataclass


class PolicyError(ValueError):
    """Root of the policies' errors."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a policy file. ``line`` counts from 1; ``path`` is like ``chain[1].tell[0].role``."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f" {self.path}:" if self.path else ""
        return f"{self.file}:{self.line}:{where} {self.message}"


class PolicyFaults(PolicyError):
    """The files have faults; none of them is used until all are mended."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("these policies need attention:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


class NoPolicy(PolicyError):
    """No policy applies to this kind of incident."""


class Undecidable(PolicyError):
    """No decision can be taken about this event, now or later."""
