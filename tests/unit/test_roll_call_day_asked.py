"""Which day an answer is for when it names none: today, or the night that has not ended."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation_policies.roll_call.bureaus import open_by_schedule
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.window import local_day, windows_on
from services.runtime.open_calls import day_asked
from tests.support.roll_calls import schedule

HERE = ZoneInfo("Asia/Shanghai")
CALLS = '- {call: daily, opens: "14:00", cut_off: "16:00"}'


class Days:
    """The roll calls of one schedule's days, with nothing stored yet."""

    def __init__(self, plan: Schedule) -> None:
        self._plan = plan

    async def on(self, bureau_id: str, day: date) -> list[RollCall]:
        windows = windows_on(self._plan, bureau_id, HERE.key, day)
        decided = [open_by_schedule(self._plan, window, "b", window.opens_at).state for window in windows]
        return [call for call in decided if call is not None]

    def day_of(self, bureau_id: str, moment: datetime) -> date | None:
        return local_day(self._plan, HERE.key, moment) if bureau_id == "b" else None


@pytest.mark.parametrize(
    ("calls", "moment", "day"),
    [
        (CALLS, "03 00:00", 3),  # the daily one has closed at midnight
        (CALLS, "03 09:00", 3),
        (CALLS, "02 23:59", 2),
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "02 23:00", 2),
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "03 01:00", 2),
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "03 06:00", 2),
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "03 13:59", 2),  # late for the night, until it closes
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "03 14:00", 3),
        ('- {call: night, opens: "22:00", cut_off: "06:00"}', "03 22:00", 3),
        # late for the night, and a roll call of today has opened: it is today's
        (
            '- {call: night, opens: "22:00", cut_off: "06:00"}\n  - {call: a, opens: "07:00", cut_off: "08:00"}',
            "03 07:00",
            3,
        ),
        (
            '- {call: night, opens: "22:00", cut_off: "06:00"}\n  - {call: a, opens: "07:00", cut_off: "08:00"}',
            "03 06:59",
            2,
        ),
    ],
)
async def test_day_that_is_asked(calls: str, moment: str, day: int) -> None:
    """In the first week of March, by the clock of the bureau."""
    at = datetime.fromisoformat(f"2026-03-{moment}").replace(tzinfo=HERE)
    plan = schedule(**{CALLS: calls})
    assert await day_asked(Days(plan), "b", at) == date(2026, 3, day)


async def test_night_that_goes_on_goes_before_a_drill_that_is_over() -> None:
    """A drill at one in the morning is today's; whoever answers at three means the night's roll call."""
    plan = schedule(**{CALLS: '- {call: night, opens: "22:00", cut_off: "06:00"}'})
    drill = schedule(**{CALLS: '- {call: drill, opens: "01:00", cut_off: "01:45"}'})

    class WithDrill(Days):
        async def on(self, bureau_id: str, day: date) -> list[RollCall]:
            drilled = await Days(drill).on(bureau_id, day) if day == date(2026, 3, 3) else []
            return [*drilled, *await super().on(bureau_id, day)]

    def at(hour: int) -> datetime:
        return datetime(2026, 3, 3, hour, 10, tzinfo=HERE)

    assert [await day_asked(WithDrill(plan), "b", at(hour)) for hour in (1, 3)] == [date(2026, 3, 3), date(2026, 3, 2)]


async def test_who_has_no_roll_calls_has_no_day() -> None:
    """A bureau without a schedule."""
    assert await day_asked(Days(schedule()), "other", datetime(2026, 3, 3, tzinfo=HERE)) is None
