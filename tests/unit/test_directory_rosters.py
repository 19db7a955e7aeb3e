"""The rosters of the directory file, written out as shifts by the clock on the wall."""

from datetime import UTC, datetime, timedelta

import pytest

from services.directory.loader import load_directory
from tests.support.directory_file import NOW, SOUND, changed


def shifts(text: str, now: datetime = NOW, days: int = 2) -> list[tuple[datetime, datetime, str]]:
    """Return the shifts of the school's roster in UTC."""
    school = next(unit for unit in load_directory(text, now, days).units if unit.unit_id == "school")
    return [(one.start, one.end, one.person_id) for one in school.rosters[0].shifts]


def berlin(*entries: str) -> str:
    """Return the sound file with this weekly pattern and no dated shifts, in a zone that changes its clocks."""
    begin, end = SOUND.index("          - {days: [mon-fri]"), SOUND.index("people:")
    pattern = "".join(f"          - {entry}\n" for entry in entries)
    return (SOUND[:begin] + pattern + SOUND[end:]).replace("Asia/Shanghai", "Europe/Berlin")


def test_the_pattern_is_written_out_from_last_night_to_the_horizon_and_dated_shifts_go_before_it() -> None:
    """The night shift under way is kept; a swap cuts the pattern on both sides and nobody is on duty twice."""
    midnight = datetime(2026, 11, 24, tzinfo=UTC)  # 08:00 in Shanghai

    def at(hours: int) -> datetime:
        return midnight + timedelta(hours=hours)

    assert shifts(SOUND) == [
        (at(-24), at(0), "head"),
        (at(0), at(24), "head"),
        (at(24), at(28), "deputy"),
        (at(28), at(48), "head"),
        (at(48), at(52), "deputy"),
        (at(52), at(72), "head"),
    ]


def test_a_swap_in_the_middle_of_a_shift_leaves_both_its_ends() -> None:
    """The pattern's keeper has the duty before and after the swap."""
    text = changed("{start: 2026-11-25T08:00:00+08:00", "{start: 2026-11-25T10:00:00+08:00")
    start = datetime(2026, 11, 25, tzinfo=UTC)
    assert [
        (begin - start, end - start, who)
        for begin, end, who in shifts(text)
        if start <= begin < start + timedelta(days=1)
    ] == [
        (timedelta(hours=0), timedelta(hours=2), "head"),
        (timedelta(hours=2), timedelta(hours=4), "deputy"),
        (timedelta(hours=4), timedelta(hours=24), "head"),
    ]


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-07", 24)],
    ids=["spring", "autumn", "summer"],
)
def test_a_shift_begins_by_the_clock_on_the_wall_on_the_day_the_clocks_change(sunday: str, hours: int) -> None:
    """08:00 is 08:00 before and after the change, so the shift across it has 23 or 25 hours."""
    text = berlin("{days: [mon-sun], from: 08:00, until: 08:00, person: head}")
    noon = datetime.fromisoformat(f"{sunday}T12:00:00+00:00")
    (begin, end, _), *following = shifts(text, noon)
    assert end - begin == timedelta(hours=hours)
    assert [end for _, end, _ in [(begin, end, ""), *following[:-1]]] == [begin for begin, _, _ in following]


def test_shifts_that_meet_in_an_hour_the_clocks_skip_still_meet() -> None:
    """02:30 does not exist on that night; the duty has neither a gap nor two keepers."""
    text = berlin(
        "{days: [sun], from: 00:00, until: 02:30, person: head}",
        "{days: [sun], from: 02:30, until: 03:15, person: deputy}",
        "{days: [sun], from: 03:15, until: 00:00, person: head}",
    )
    found = shifts(text, datetime(2026, 3, 28, 12, tzinfo=UTC), 1)
    assert [(begin.isoformat()[5:16], end.isoformat()[5:16]) for begin, end, _ in found] == [
        ("03-28T23:00", "03-29T01:15"),
        ("03-29T01:15", "03-29T22:00"),
    ]


def test_shifts_that_fall_together_when_the_clocks_skip_an_hour_have_one_keeper() -> None:
    """02:00 and 03:00 are one moment on that night; the duty is still one person's."""
    text = berlin(
        "{days: [sun], from: 02:00, until: 02:30, person: head}",
        "{days: [sun], from: 03:00, until: 03:30, person: deputy}",
    )
    assert len(shifts(text, datetime(2026, 3, 28, 12, tzinfo=UTC), 1)) == 1


def test_one_duty_may_be_kept_by_two_at_once_in_two_rosters() -> None:
    """The rule asks for two or more teachers on duty."""
    second = (
        "      - {role: school_leader, weekly: [{days: mon-sun, from: 08:00, until: 08:00, person: deputy}]}\npeople:\n"
    )
    school = load_directory(changed("people:\n", second), NOW).units[3]
    assert [roster.role for roster in school.rosters] == ["school_leader", "school_leader"]


def test_a_roster_may_be_dated_shifts_alone() -> None:
    """A roster of a holiday has no pattern to go before."""
    weekly = SOUND[SOUND.index("        weekly:") : SOUND.index("        shifts:")]
    assert [who for _, _, who in shifts(changed(weekly, ""))] == ["deputy", "deputy"]
