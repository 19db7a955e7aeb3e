"""Whether the checks notice what a test broke on purpose: lives are led until one is found fault with for it."""

import re
from collections.abc import Iterable, Sequence

import pytest

IMPATIENCE_SECONDS = 12.0
"""A broken world never settles: enough of the loop's time to see that it does not."""


def must_notice(what: str, runs: Iterable[Sequence[str]]) -> None:
    """Look until a run says what is broken; another promise that broke before it in that run is no answer."""
    others: list[str] = []
    for faults in runs:
        if re.search(what, "\n".join(faults)):
            return
        others += faults
    pytest.fail(f"nobody noticed; what was said instead: {others[:10]}")
