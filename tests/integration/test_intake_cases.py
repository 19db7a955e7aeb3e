"""Reading cases: the list, one case, its timeline."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from events import incident as facts
from events.escalation import JournalEntry
from events.ids import case_id_of_report
from services.runtime.tables import notifications
from tests.support.intake import BUREAU, HILL, LAKE, NOW, PRINCIPAL, Intake, problem


async def get(intake: Intake, path: str, **params: Any) -> Any:
    async with intake.client("watcher", BUREAU) as client:
        answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_case_not_yet_judged_is_shown_as_received(intake: Intake) -> None:
    """From the 202 on, the report can be seen with what it says."""
    filed = await intake.file(place="Kitchen", severity="II", summary="Smoke")
    seen = await get(intake, f"/v1/cases/{filed['case_id']}")

    assert seen["status"] == "received"
    assert (seen["kind"], seen["severity"], seen["place"], seen["summary"]) == ("fire", "II", "Kitchen", "Smoke")
    assert (seen["school"], seen["receipt"], seen["deadlines"]) == ("Lake School", filed["receipt"], filed["deadlines"])


async def test_received_and_judged_case_agree(intake: Intake) -> None:
    """The 202, the received case and the open case name the same deadline."""
    filed = await intake.file()
    before = await get(intake, f"/v1/cases/{filed['case_id']}")
    await intake.judge_filed()
    after = await get(intake, f"/v1/cases/{filed['case_id']}")

    assert (before["status"], after["status"]) == ("received", "open")
    assert after["deadlines"] == before["deadlines"] == filed["deadlines"]
    assert after["received_at"] == before["received_at"]


async def test_open_case_shows_levels_answers_and_breaches(intake: Intake) -> None:
    """Who was told, who answered, what was missed."""
    filed = await intake.file()
    case = await intake.judge_filed()
    late = facts.IncidentAcknowledged(case_id=case.case_id, received_at=NOW + timedelta(minutes=20), by=PRINCIPAL)
    await intake.judge(case, late)
    seen = await get(intake, f"/v1/cases/{filed['case_id']}")

    assert [breach["clock"] for breach in seen["breaches"]] == ["report_to_principal@principal"]
    assert seen["breaches"][0]["deadline"] == filed["deadlines"]["report_to_principal@principal"]
    [principal] = seen["levels"][0]["people"]
    assert (principal["name"], principal["acknowledged_at"]) == ("Pat Principal", "2026-03-02T06:20:00Z")
    assert seen["levels"][1]["level"] == "district"
    assert seen["policy"] == "school-incident@1"


async def test_list_is_newest_first_in_pages_that_do_not_shift(intake: Intake) -> None:
    """A case that arrives, or is judged, while one pages repeats and hides nothing."""
    for number in range(7):
        intake.clock.show(NOW + timedelta(minutes=number // 2))  # some at the very same moment
        await intake.file(report_id=f"r-{number}")
        if number % 3:
            await intake.judge_filed()
    seen, cursor = [], None
    for page_number in range(10):
        page = await get(intake, "/v1/cases", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [case["case_id"] for case in page["cases"]]
        intake.clock.show(NOW + timedelta(hours=1, minutes=page_number))
        await intake.file()
        await intake.judge_filed()
        cursor = page["next"]
        if cursor is None:
            break

    times = [case_id_of_report(f"r-{number}") for number in range(7)]
    assert len(seen) == 7
    assert set(seen) == set(times)
    assert seen[0] == times[6]


@pytest.mark.parametrize("judged", [False, True])
async def test_full_page_says_whether_more_follows(intake: Intake, judged: bool) -> None:
    """Two cases fill one page of two, and two pages of one, judged or not."""
    for _ in range(2):
        await intake.file()
        if judged:
            await intake.judge_filed()

    assert (await get(intake, "/v1/cases", limit=2))["next"] is None
    assert (await get(intake, "/v1/cases", limit=1))["next"] is not None


async def test_list_filters_by_status_school_and_time(intake: Intake) -> None:
    """Each filter keeps what it names."""
    first = (await intake.file())["case_id"]
    await intake.judge_filed()
    intake.clock.show(NOW + timedelta(minutes=10))
    second = (await intake.file())["case_id"]
    async with intake.client("reporter", HILL) as client:
        third = (await client.post("/v1/incidents", json={"kind": "fire"})).json()["case_id"]

    async def ids(**params: str) -> set[str]:
        return {case["case_id"] for case in (await get(intake, "/v1/cases", **params))["cases"]}

    assert await ids() == {first, second, third}
    assert await ids(status="open") == {first}
    assert await ids(status="received") == {second, third}
    assert await ids(status="closed") == set()
    assert await ids(school_id=HILL) == {third}
    assert await ids(school_id="district") == {first, second}
    assert await ids(since="2026-03-02T14:10:00+08:00") == {second, third}


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "nonsense"},
        {"cursor": "é"},
        {"limit": "0"},
        {"limit": "201"},
        {"status": "lost"},
        {"since": "2026-03-02T06:00:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"school_id": "nowhere"},
        {"school_id": "a\x00"},
    ],
)
async def test_unusable_parameter_is_named(intake: Intake, params: dict[str, str]) -> None:
    """The problem names the parameter."""
    async with intake.client("watcher", BUREAU) as client:
        answer = await client.get("/v1/cases", params=params)

    assert [error["parameter"] for error in problem(answer, 422, "invalid-request")["errors"]] == list(params)


async def test_school_outside_the_callers_units_is_like_none(intake: Intake) -> None:
    """Filtering tells nothing about other units."""
    async with intake.client("watcher", LAKE) as client:
        foreign = await client.get("/v1/cases", params={"school_id": HILL})
        absent = await client.get("/v1/cases", params={"school_id": "nowhere"})

    assert foreign.content == absent.content


async def test_timeline_tells_everything_in_order_without_contacts_or_codes(intake: Intake) -> None:
    """Entries with reasons, and what became of each message."""
    filed = await intake.file(summary="Smoke")
    case = await intake.judge_filed()
    await intake.give_code(case.case_id, PRINCIPAL, "7K0M1Q9Z")
    request = {"person_id": PRINCIPAL, "clock": "c", "step": "start", "attempt": 1, "code": "7K0M1Q9Z"}
    async with intake.database.writing() as connection:
        await connection.execute(
            notifications.insert().values(
                notification_id="n-1",
                partition=0,
                case_id=case.case_id,
                contact_id="contact-secret",
                channel="sms",
                lane="escalation",
                state="handed-over",
                tries=1,
                requested_at=NOW,
                updated_at=NOW,
                request=orjson.dumps(request).decode(),
            )
        )
    async with intake.client("watcher", BUREAU) as client:
        answer = await client.get(f"/v1/cases/{filed['case_id']}/timeline")

    seen = answer.json()
    assert [entry["seq"] for entry in seen["entries"]] == list(range(1, len(seen["entries"]) + 1))
    assert seen["entries"][0]["kind"] == "case-opened"
    assert all(entry["reason"] for entry in seen["entries"])
    assert seen["entries"][0]["cause"]["data"]["summary"] == "Smoke"
    assert [(m["name"], m["channel"], m["state"]) for m in seen["notifications"]] == [
        ("Pat Principal", "sms", "handed-over")
    ]
    for secret in ("contact-secret", "7K0M1Q9Z", "resolved"):
        assert secret not in answer.text
    assert JournalEntry.model_validate(seen["entries"][0], extra="ignore")


async def test_timeline_of_a_received_case_is_empty(intake: Intake) -> None:
    """Nothing was judged yet, and that is no error."""
    filed = await intake.file()
    seen = await get(intake, f"/v1/cases/{filed['case_id']}/timeline")

    assert (seen["entries"], seen["notifications"]) == ([], [])
