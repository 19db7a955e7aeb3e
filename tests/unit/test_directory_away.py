"""Time away in the directory file: whole days and hours of the unit's own clock, every mistake, and vacant posts."""

from datetime import UTC, datetime

import pytest

from services.directory.loader import load_directory
from tests.support.directory_file import NOW, SOUND, changed, errors


def with_away(*entries: str, of: str = "head", text: str = SOUND) -> str:
    """Return a file in which a person has these entries of ``away``, one on each line."""
    lines = "".join(f"      - {entry}\n" for entry in entries)
    if of == "head":
        return text.replace("    roles: principal\n", f"    roles: principal\n    away:\n{lines}")
    return text.replace(f"  - {{id: {of},", f"  - {{id: {of}, away: [{', '.join(entries)}],")


def absences(text: str, person_id: str = "head") -> list[tuple[datetime, datetime, str | None]]:
    people = {one.person_id: one for one in load_directory(text, NOW).people}
    return [(one.start, one.end, one.delegate) for one in people[person_id].absences]


def warnings(text: str) -> list[tuple[int, str, str]]:
    return [(one.line, one.path, one.message) for one in load_directory(text, NOW).warnings]


def utc(day: int, hour: int, minute: int = 0, *, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_days_are_whole_days_of_the_units_clock_the_last_included() -> None:
    """A leave from the 1st until the 8th begins at midnight of the 1st and ends with the 8th."""
    text = with_away("{from: 2026-12-01, until: 2026-12-08, delegate: deputy}")
    assert absences(text) == [(utc(30, 16, month=11), utc(8, 16), "deputy")]
    west = text.replace("Asia/Shanghai", "Asia/Urumqi")
    assert absences(west) == [(utc(30, 18, month=11), utc(8, 18), "deputy")]


def test_one_day_away_is_one_whole_day() -> None:
    """From and until may be the same day."""
    text = with_away("{from: 2026-12-01, until: 2026-12-01, delegate: deputy}")
    assert absences(text) == [(utc(30, 16, month=11), utc(1, 16), "deputy")]


def test_day_on_which_the_clocks_change_has_its_own_length() -> None:
    """In Berlin the last Sunday of March has 23 hours."""
    text = with_away("{from: 2027-03-28, until: 2027-03-28, delegate: deputy}").replace(
        "Asia/Shanghai", "Europe/Berlin"
    )
    ((start, end, _),) = absences(text)
    assert (end - start).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("start", "end", "begins", "ends"),
    [
        ("2026-12-01T12:00", "2026-12-01T18:30", utc(1, 4), utc(1, 10, 30)),
        ("2026-12-01 12:00", "2026-12-02", utc(1, 4), utc(2, 16)),
        ("2026-12-01", "2026-12-02 09:00:30", utc(30, 16, month=11), utc(2, 1).replace(second=30)),
        ("2026-12-01T12:00:00+01:00", "2026-12-01T12:00:00Z", utc(1, 11), utc(1, 12)),
    ],
)
def test_times_are_by_the_units_clock_unless_they_say_otherwise(
    start: str, end: str, begins: datetime, ends: datetime
) -> None:
    """An afternoon away is not a day away; days and times may be mixed."""
    assert absences(with_away(f"{{from: {start}, until: {end}, delegate: deputy}}")) == [(begins, ends, "deputy")]


def test_absences_are_published_in_the_order_of_time_and_may_meet() -> None:
    """Two leaves, the second written first, with another delegate from midnight on."""
    text = with_away(
        "{from: 2026-12-05, until: 2026-12-06, delegate: chief}",
        "{from: 2026-12-03, until: 2026-12-04, delegate: deputy}",
    )
    assert absences(text) == [(utc(2, 16), utc(4, 16), "deputy"), (utc(4, 16), utc(6, 16), "chief")]


@pytest.mark.parametrize(
    ("entries", "line", "path", "says"),
    [
        (["{from: 2026-12-01, until: 2026-12-08, delegate: ghost}"], 27, "[0].delegate", "no person `ghost`"),
        (["{from: 2026-12-01, until: 2026-12-08, delegate: head}"], 27, "[0].delegate", "nobody acts for themselves"),
        (["{from: 2026-12-08, until: 2026-12-01}"], 27, "[0].until", "not after `from`"),
        (["{from: 2026-12-01T09:00, until: 2026-12-01T09:00}"], 27, "[0].until", "not after `from`"),
        (["{from: 2026-12-01T09:00, until: 2026-11-30}"], 27, "[0].until", "not after `from`"),
        (["{from: 2026-12-01}"], 27, "[0].until", "is missing"),
        (["{until: 2026-12-01}"], 27, "[0].from", "is missing"),
        (["{from: 2026-13-01, until: 2026-12-08}"], 27, "[0].from", "no such day"),
        (["{from: 2026-02-29, until: 2026-12-08}"], 27, "[0].from", "no such day"),
        (["{from: 1.12., until: 2026-12-08}"], 27, "[0].from", "write a day"),
        (["{from: 2026-12-01, until: 9999-12-31}"], 27, "[0].until", "write a day"),
        (["{from: 2026-12-01T9:00, until: 2026-12-08}"], 27, "[0].from", "write a day"),
        (["{from: 2026-12-01, until: 2026-12-08, deputy: deputy}"], 27, "[0].deputy", "unknown field"),
        (
            ["{from: 2026-12-01, until: 2026-12-08}", "{from: 2026-12-08, until: 2026-12-09}"],
            28,
            "[1]",
            "overlaps people[3].away[0]",
        ),
        (
            ["{from: 2026-12-09, until: 2026-12-20}", "{from: 2026-12-01, until: 2026-12-09}"],
            27,
            "[0]",
            "overlaps people[3].away[1]",
        ),
    ],
)
def test_a_mistake_about_time_away_is_told_with_its_place_and_its_line(
    entries: list[str], line: int, path: str, says: str
) -> None:
    """One mistake, one error, on the line it stands on."""
    ((found_line, found_path, message),) = errors(with_away(*entries))
    assert (found_line, found_path) == (line, f"people[3].away{path}")
    assert says in message


def test_time_away_within_another_overlaps_it_even_when_a_third_lies_between() -> None:
    """Each is judged against the longest before it, not against its neighbour alone."""
    text = with_away(
        "{from: 2026-12-01, until: 2026-12-31}",
        "{from: 2026-12-03, until: 2026-12-03}",
        "{from: 2026-12-05, until: 2026-12-05}",
    )
    assert [(line, path) for line, path, _ in errors(text)] == [(28, "people[3].away[1]"), (29, "people[3].away[2]")]


def test_one_entry_is_written_as_a_list_too() -> None:
    """The shape is the same for one leave and for many."""
    text = changed("    roles: principal\n", "    roles: principal\n    away: {from: 2026-12-01, until: 2026-12-02}\n")
    ((line, path, message),) = errors(text)
    assert (line, path) == (26, "people[3].away")
    assert "begin each entry with" in message


def test_leave_with_a_delegate_who_is_there_gives_no_warning() -> None:
    """Somebody acts the whole time."""
    assert warnings(with_away("{from: 2026-12-01, until: 2026-12-08, delegate: deputy}")) == []


def test_sole_holder_away_without_a_delegate_is_a_warning_for_role_and_duty() -> None:
    """The chain lives with it by its stand-ins, but should not have to; the hour is that of the unit."""
    assert warnings(with_away("{from: 2026-12-05T12:00, until: 2026-12-08}")) == [
        (27, "people[3].away[0]", vacancy("principal", "2026-12-05 12:00")),
        (27, "people[3].away[0]", vacancy("on_duty:school_leader", "2026-12-07 08:00")),  # Monday, when it is theirs
    ]


def vacancy(what: str, since: str) -> str:
    return f"nobody stands in for `{what}` from {since} on; name a delegate who is there"


def test_role_that_another_holds_meanwhile_gives_no_warning_until_both_are_away() -> None:
    """Of two deputies one may go; when the other goes too, nobody is left, and the second entry says so."""
    second = "  - {id: second, name: 己, unit: school, roles: [deputy_principal], contacts: [{sms: +12025550109}]}\n"
    text = SOUND + second
    alone = with_away("{from: 2026-12-01, until: 2026-12-04}", of="second", text=text)
    assert warnings(alone) == []
    both = with_away("{from: 2026-12-03, until: 2026-12-04}", of="deputy", text=alone)
    ((_, path, message),) = warnings(both)
    assert (path, message) == ("people[4].away[0]", vacancy("deputy_principal", "2026-12-03 00:00"))


def test_delegate_who_goes_away_in_the_middle_leaves_the_post_vacant_from_then_on() -> None:
    """The warning names the moment, and stands with whoever is represented."""
    text = with_away("{from: 2026-12-01, until: 2026-12-08, delegate: officer}")
    text = with_away("{from: 2026-12-04, until: 2026-12-05}", of="officer", text=text)
    assert [(path, message) for _, path, message in warnings(text)] == [
        ("people[2].away[0]", vacancy("township_officer", "2026-12-04 00:00")),
        ("people[3].away[0]", vacancy("principal", "2026-12-04 00:00")),
        ("people[3].away[0]", vacancy("on_duty:school_leader", "2026-12-04 00:00")),
    ]


def test_whole_chain_of_delegates_is_followed_for_the_moment_when_nobody_is_left() -> None:
    """Three hand on to one another; the last one's own leave ends it for all."""
    text = with_away("{from: 2026-12-05, until: 2026-12-20, delegate: officer}")
    text = with_away("{from: 2026-12-05, until: 2026-12-20, delegate: director}", of="officer", text=text)
    text = with_away("{from: 2026-12-19T09:00, until: 2026-12-19}", of="director", text=text)
    assert ("people[3].away[0]", vacancy("principal", "2026-12-19 09:00")) in [
        (path, message) for _, path, message in warnings(text)
    ]


def test_each_of_two_leaves_names_the_duty_that_is_missed_in_it() -> None:
    """The first Monday of each; not the other's."""
    first, second = warnings(
        with_away("{from: 2026-12-06, until: 2026-12-08}", "{from: 2026-12-13, until: 2026-12-15}")
    )[1::2]
    assert (first[:2], second[:2]) == ((27, "people[3].away[0]"), (28, "people[3].away[1]"))
    assert first[2] == vacancy("on_duty:school_leader", "2026-12-07 08:00")
    assert second[2] == vacancy("on_duty:school_leader", "2026-12-14 08:00")


def test_leave_outside_ones_turns_misses_no_duty_even_when_a_later_one_does() -> None:
    """A weekend off is not answerable for the Monday of another leave."""
    text = with_away("{from: 2026-12-05T12:00, until: 2026-12-06}", "{from: 2026-12-14, until: 2026-12-14}")
    assert [message for _, path, message in warnings(text) if path == "people[3].away[0]"] == [
        vacancy("principal", "2026-12-05 12:00")
    ]


def test_two_who_act_for_one_another_at_the_same_time_are_nobody() -> None:
    """A circle of delegates is a gap, and is told before it is needed."""
    text = with_away("{from: 2026-12-01, until: 2026-12-04, delegate: officer}")
    text = with_away("{from: 2026-12-04, until: 2026-12-06, delegate: head}", of="officer", text=text)
    assert {message for _, _, message in warnings(text)} >= {
        vacancy("principal", "2026-12-04 00:00"),
        vacancy("township_officer", "2026-12-04 00:00"),
    }


def test_shift_swapped_for_the_time_away_is_nobodys_gap() -> None:
    """Who gave their turn to somebody else is not missed."""
    text = with_away("{from: 2026-11-25T09:00, until: 2026-11-25T11:00}")
    assert [message for _, _, message in warnings(text)] == [vacancy("principal", "2026-11-25 09:00")]


def test_duty_kept_by_two_at_once_is_kept_while_one_is_away() -> None:
    """A second roster of the same duty has somebody else on it."""
    second = (
        "      - {role: school_leader, weekly: [{days: mon-sun, from: 08:00, until: 08:00, person: deputy}]}\npeople:\n"
    )
    text = with_away("{from: 2026-12-07, until: 2026-12-08}", text=changed("people:\n", second))
    assert [message for _, _, message in warnings(text)] == [vacancy("principal", "2026-12-07 00:00")]


def test_time_away_that_is_over_gives_no_warning_and_one_under_way_counts_from_now() -> None:
    """Last year's leave is no news; a vacancy is told from when something can still be done."""
    assert warnings(with_away("{from: 2026-11-01, until: 2026-11-23}")) == []
    assert warnings(with_away("{from: 2026-11-01, until: 2026-11-24}"))[0][2] == vacancy(
        "principal", "2026-11-24 12:00"
    )


def test_person_without_role_or_duty_may_go_without_a_word() -> None:
    """Nobody is called by a post that is none."""
    clerk = "  - {id: clerk, name: 庚, unit: school, contacts: [{sms: +12025550109}]}\n"
    assert warnings(with_away("{from: 2026-12-01, until: 2026-12-04}", of="clerk", text=SOUND + clerk)) == []
