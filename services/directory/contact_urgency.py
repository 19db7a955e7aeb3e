"""Contacts that are kept for something: what none of them is kept for goes to all of them, and the clerk hears so."""

from collections.abc import Iterable

from services.directory.file_format import LANES, PersonEntry


def warn_of_urgencies(people: Iterable[PersonEntry]) -> None:
    """Tell of everybody who keeps no contact for something that may be sent to them."""
    for person in people:
        kept = [LANES if contact.used_for is None else contact.used_for for contact in person.contacts]
        left_out = [lane for lane in LANES if kept and not any(lane in each for each in kept)]
        if left_out:
            person.section.warn(
                f"no contact is `for` {' or '.join(left_out)}: all of them are used, since nobody is put out of reach"
            )
