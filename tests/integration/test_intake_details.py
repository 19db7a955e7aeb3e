"""What a report may say besides: whom it concerns, a hazard's owner and due date; and its kind is an incident's."""

from datetime import timedelta
from typing import Any

import pytest

from events.incident import IncidentFiled
from tests.support.intake import NOW, PRINCIPAL, TEACHER, Intake, problem


async def filed(intake: Intake) -> IncidentFiled:
    [fact] = [fact for fact in await intake.facts() if isinstance(fact, IncidentFiled)]
    return fact


async def test_hazard_carries_owner_and_due_date_and_its_clock_ends_there(intake: Intake) -> None:
    """The 202 promises the date that the report names (整改期限)."""
    answer = await intake.file(kind="hazard", owner=TEACHER, due_at="2026-03-09T08:00:00+08:00")
    fact = await filed(intake)
    case = await intake.judge_filed()

    assert (fact.owner, fact.due_at) == (TEACHER, NOW + timedelta(days=6, hours=18))
    assert answer["deadlines"]["rectification@principal"] == "2026-03-09T00:00:00Z"
    assert case.deadlines()["rectification@principal"] == fact.due_at


async def test_report_carries_whom_it_concerns(intake: Intake) -> None:
    """As the machine needs it."""
    await intake.file(concerns=[TEACHER, "district"])

    assert (await filed(intake)).concerns == (TEACHER, "district")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"kind": "fire", "due_at": "2026-03-09T08:00:00+08:00"}, "/due_at"),
        ({"kind": "fire", "owner": TEACHER}, "/owner"),
        ({"kind": "hazard", "due_at": "2026-03-02T06:00:00Z"}, "/due_at"),
        ({"kind": "hazard", "due_at": "2026-03-09T08:00:00"}, "/due_at"),
        ({"kind": "hazard", "owner": "p-nobody"}, "/owner"),
        ({"kind": "fire", "concerns": [TEACHER, "p-nobody"]}, "/concerns"),
        ({"kind": "fire", "concerns": "p-teacher"}, "/concerns"),
        ({"kind": "petition"}, "/kind"),
        ({"kind": "petition-on-site"}, "/kind"),
    ],
)
async def test_unusable_detail_is_named_and_not_stored(intake: Intake, changed: dict[str, Any], pointer: str) -> None:
    """A petition is no incident, a fire has no due date, and a mistyped id would let the very person hear."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json=changed)

    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"] == pointer
    assert (await intake.stored())["reports"] == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "hazard", "due_at": "yesterday"},
        {"kind": "hazard", "owner": "p-nobody"},
        {"kind": "fire", "due_at": "2026-03-09T08:00:00+08:00"},
        {"kind": "petition", "due_at": "2026-03-09T08:00:00+08:00", "owner": PRINCIPAL},
    ],
)
async def test_urgent_report_keeps_an_unusable_detail_in_its_summary(intake: Intake, changed: dict[str, Any]) -> None:
    """Nobody is turned away for it."""
    answer = await intake.file(urgent=True, **changed)
    fact = await filed(intake)

    assert (fact.owner, fact.due_at) == (None, None)
    assert fact.summary is not None
    for name in changed.keys() - {"kind"}:
        assert f"[{name} as sent: " in fact.summary
    assert len(answer["notices"]) >= 1


async def test_urgent_report_with_an_unknown_id_is_taken_and_told(intake: Intake) -> None:
    """It is kept, in case the directory learns of it, and the sender hears that nobody is left out for it."""
    answer = await intake.file(urgent=True, concerns=[TEACHER, "p-nobody"])

    assert (await filed(intake)).concerns == (TEACHER, "p-nobody")
    assert "number 2 of `concerns`" in answer["notices"][0]


async def test_urgent_report_whose_concerns_cannot_be_read_must_be_mended(intake: Intake) -> None:
    """Like a wrong school: the wrong people would be called."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"kind": "fire", "urgent": True, "concerns": [7]})

    assert problem(answer, 422, "invalid-request")["errors"][0]["pointer"].startswith("/concerns")
