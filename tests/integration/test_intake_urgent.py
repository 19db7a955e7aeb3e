"""An urgent report is never refused for a detail, and no word of it is lost."""

from datetime import timedelta
from typing import Any

import pytest

from events.incident import IncidentFiled, NoteAdded
from tests.support.intake import LAKE, NOW, Intake


async def filed(intake: Intake, **body: Any) -> IncidentFiled:
    await intake.file(urgent=True, **body)
    [fact] = [fact for fact in await intake.facts() if isinstance(fact, IncidentFiled)]
    return fact


async def test_school_and_kind_are_enough(intake: Intake) -> None:
    """Two taps file an urgent report."""
    fact = await filed(intake, school_id=LAKE, kind="fire")

    assert (fact.school_id, fact.kind, fact.urgent, fact.summary) == (LAKE, "fire", True, None)


async def test_missing_kind_becomes_other(intake: Intake) -> None:
    """Nobody must choose while it burns."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"urgent": True})

    assert answer.status_code == 202
    [fact] = await intake.facts()
    assert isinstance(fact, IncidentFiled)
    assert fact.kind == "other"


async def test_unknown_kind_becomes_other_and_is_kept_in_words(intake: Intake) -> None:
    """What the reporter called it is not lost."""
    fact = await filed(intake, kind="lightning", summary="Roof hit")

    assert fact.kind == "other"
    assert fact.summary == "Roof hit\n[kind as sent: lightning]"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("occurred_at", "2026-03-02T14:00:00", "2026-03-02T14:00:00"),
        ("occurred_at", "just now", "just now"),
        ("occurred_at", (NOW + timedelta(minutes=5)).isoformat(), "2026-03-02T06:05:00+00:00"),
        ("severity", "terrible", "terrible"),
        ("casualties", {"injured": "many"}, '{"injured":"many"}'),
        ("casualties", "three children", "three children"),
        ("reporter", 7, "7"),
        ("exercise", "no idea", "no idea"),
        ("colour", "red", "red"),
    ],
)
async def test_unusable_detail_is_kept_in_the_summary(intake: Intake, name: str, value: Any, text: str) -> None:
    """A field that cannot stand where it was sent stands in the summary, word for word."""
    fact = await filed(intake, **{name: value})

    assert fact.summary == f"[{name} as sent: {text}]"
    assert getattr(fact, name, None) in {None, False}


async def test_long_place_is_cut_and_kept_whole_in_the_summary(intake: Intake) -> None:
    """A message shows its beginning, the case has all of it."""
    place = "a" * 200 + "b" * 100
    fact = await filed(intake, place=place)

    assert fact.place == "a" * 200
    assert fact.summary == f"[place as sent: {place}]"


async def test_long_summary_goes_on_in_notes(intake: Intake) -> None:
    """Ten thousand characters arrive as ten thousand characters."""
    text = "".join(chr(0x4E00 + number % 5000) for number in range(10_000))
    fact = await filed(intake, summary=text)

    rest = [note.text for note in await intake.facts() if isinstance(note, NoteAdded)]
    assert (fact.summary or "") + "".join(rest) == text
    assert len(rest) == 2


async def test_answer_says_what_was_kept_elsewhere(intake: Intake) -> None:
    """The client learns that its field was unusable."""
    answer = await intake.file(urgent=True, kind="lightning", summary="x" * 5000)

    assert answer["notices"] == [
        "kind could not be used as sent; its text is kept in the summary",
        "the summary was longer than 4000 characters; it goes on in notes of the case",
    ]


async def test_unusable_report_id_still_names_the_same_report(intake: Intake) -> None:
    """A retry of an urgent report counts once even if its id is nonsense."""
    first = await intake.file(urgent=True, report_id=12345)
    again = await intake.file(urgent=True, report_id=12345)

    assert first == again
    assert (await intake.stored())["reports"] == 1


async def test_urgent_report_sent_again_later_is_the_same(intake: Intake) -> None:
    """A time that was in the future then and is past now changes nothing: the same content was sent."""
    body = {"urgent": True, "report_id": "r-1", "occurred_at": (NOW + timedelta(minutes=5)).isoformat()}
    first = await intake.file(**body)
    intake.clock.show(NOW + timedelta(hours=1))

    assert await intake.file(**body) == first


@pytest.mark.parametrize("spelling", [True, "true", 1, "yes"])
async def test_any_spelling_of_true_is_urgent(intake: Intake, spelling: Any) -> None:
    """Urgency itself is read kindly."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"urgent": spelling, "kind": "?"})

    assert answer.status_code == 202
