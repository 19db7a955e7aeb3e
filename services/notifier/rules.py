"""What the settings say of sending: patience, pace and retries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.notifier.answers import GUARD_SECONDS
from services.notifier.backoff import Backoff
from services.notifier.routes import Routes
from services.runtime.settings import Settings

LOOK_SECONDS = 30.0
"""How often a held message looks at the clock: over a night of waiting it may be set, or the machine sleep."""

STALE_SECONDS = 5.0
"""A reminder that waited longer for its turn is looked at again before it goes: the clock may have been answered."""


@dataclass(frozen=True, slots=True)
class SendingRules:
    """All times are real seconds, whatever the demo clock's speed. ``timeout_seconds`` is the channels' own."""

    timeout_seconds: float
    handover_patience_seconds: float = 15.0
    breaker_failures: int = 5
    breaker_open_seconds: float = 15.0
    provider_rates: Mapping[str, float] = field(default_factory=dict)
    """Messages a second by provider; one that is not named has no limit."""

    routes: Routes = field(default_factory=Routes)
    bulk_per_second: float | None = None
    recipient_per_minute: float = 20.0
    templates: Path | None = None
    """A site's own message templates."""

    backoff: Backoff = field(default_factory=Backoff)
    look_seconds: float = LOOK_SECONDS
    stale_seconds: float = STALE_SECONDS
    stopping_seconds: float | None = None
    """How long messages under way may take to finish when the process ends; None: as long as a call may last."""

    @classmethod
    def of(cls, settings: Settings) -> "SendingRules":
        """Return the rules of the settings."""
        return cls(
            timeout_seconds=settings.provider_timeout_seconds,
            handover_patience_seconds=settings.handover_patience_seconds,
            breaker_failures=settings.breaker_failures,
            breaker_open_seconds=settings.breaker_open_seconds,
            provider_rates=settings.rates,
            routes=Routes.of(settings.sms_routes),
            bulk_per_second=settings.bulk_messages_per_second,
            recipient_per_minute=settings.recipient_messages_per_minute,
            templates=settings.templates,
        )

    @property
    def patience_at_the_end(self) -> float:
        """Return how long the end of the process waits for messages under way."""
        return self.timeout_seconds + GUARD_SECONDS if self.stopping_seconds is None else self.stopping_seconds
