"""The book of stories: each is a function that plays one life on a scenario of its own."""

from collections.abc import Callable

from tests.support.scenario import Scenario

Story = Callable[[], Scenario]
STORIES: dict[str, Story] = {}


def story(play: Story) -> Story:
    """Enter a story into the book; its name is the name of its text."""
    assert play.__name__ not in STORIES, f"two stories are called {play.__name__}"
    STORIES[play.__name__] = play
    return play
