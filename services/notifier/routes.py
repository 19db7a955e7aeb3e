"""Which provider of a channel is asked first for an address: a rule as data, by how the address begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Named(Protocol):
    """A provider."""

    @property
    def name(self) -> str:
        """Return its name, as delivery records show it."""
        ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Routes:
    """Providers by the beginning of the addresses that they are asked first for. The longest that fits decides."""

    first: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Routes":
        """Read the setting: ``+86=sms-gateway,+1=twilio``."""
        pairs = (part.partition("=") for part in text.split(",") if part)
        return cls({prefix: provider for prefix, _, provider in pairs})

    def order(self, address: str | None, each: Sequence[T]) -> Sequence[T]:
        """Return the providers in the order in which they are asked for an address; None is one that nobody knows.

        None is left out: whoever is not named stands in when the first does not take a message.
        """
        fitting = [prefix for prefix in self.first if address is not None and address.startswith(prefix)]
        if not fitting:
            return each
        name = self.first[max(fitting, key=len)]
        return sorted(each, key=lambda one: one.name != name)
