"""The book of lives whose histories are recorded: each is played on the real core, over a real directory."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.county import County
from tests.support.scenario import Scenario


@dataclass(frozen=True)
class Life:
    """A life of a case: how it is played now. ``version`` rises when the core, on purpose, decides it otherwise."""

    name: str
    version: int
    _play: Callable[[Scenario, County], None]

    @property
    def recorded_as(self) -> str:
        """Return the name under which its present history is on record."""
        return f"{self.name}.v{self.version}"

    def lived(self) -> Scenario:
        """Return the life, lived to its end."""
        county = County()
        scenario = Scenario()
        scenario.directory = county
        self._play(scenario, county)
        return scenario


LIVES: dict[str, Life] = {}


def life(version: int = 1) -> Callable[[Callable[[Scenario, County], None]], Life]:
    """Enter a life into the book, under the name of the function that plays it."""

    def enter(play: Callable[[Scenario, County], None]) -> Life:
        assert play.__name__ not in LIVES, f"two lives are called {play.__name__}"
        LIVES[play.__name__] = Life(play.__name__, version, play)
        return LIVES[play.__name__]

    return enter
