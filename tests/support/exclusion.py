"""Who may not hear of a petition, worked out a second time and in another way than the directory does."""

from collections.abc import Sequence

from tests.support.county import County


class Excluded:
    """The persons and units that a case concerns; it only grows."""

    def __init__(self, concerns: Sequence[str]) -> None:
        self.concerns = frozenset(concerns)
        self.ids = set(concerns)

    def look(self, county: County, heads: Sequence[str]) -> None:
        """Add who acts for a person concerned, or for who does, and the office that they head."""
        acting = {person: post.delegate for person, post in county.posts.items() if post.away and post.delegate}
        for person in self.concerns & county.posts.keys():
            post, one = county.posts[person], acting.get(person)
            self.ids |= {post.unit} if set(heads) & set(post.roles) else set()
            for _ in county.posts:  # no chain is longer than there are people
                self.ids |= {one} if one is not None else set()
                one = acting.get(one or "")

    def ties(self, county: County, person: str) -> bool:
        """Return whether a person is concerned, or belongs to an office that is."""
        return person in self.ids or county.posts[person].unit in self.ids
