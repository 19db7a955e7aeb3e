"""How hard the property tests look: the same examples each time by default; ``HYPOTHESIS_PROFILE=long`` for a night."""

import os

from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile(
    "quick", max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=_CHECKS, print_blob=True,
)  # fmt: skip
settings.register_profile(
    "long", max_examples=3000, stateful_step_count=50, deadline=None, database=None, suppress_health_check=_CHECKS
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
