"""Every story there is, and where their texts lie."""

from pathlib import Path

from tests.stories import (
    about_people,
    answered_in_time,
    endings,
    grades,
    hazards,
    known_too_late,
    long_silences,
    nights,
    nobody_there,
    petitions,
    petitions_out_of_order,
    silence,
    ways,
)
from tests.stories.book import STORIES

__all__ = ["STORIES", "TOLD"]

TOLD = Path(__file__).parent / "told"
_CHAPTERS = (
    about_people,
    answered_in_time,
    endings,
    grades,
    hazards,
    known_too_late,
    long_silences,
    nights,
    nobody_there,
    petitions,
    petitions_out_of_order,
    silence,
    ways,
)
