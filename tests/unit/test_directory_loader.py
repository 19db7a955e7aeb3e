"""The directory file: what it becomes, and every mistake told at once with its place and its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest

from services.directory.loader import DirectoryErrors, load_directory

WEEKLY = "units[3].rosters[0].weekly"
SHIFTS = "units[3].rosters[0].shifts"
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # a Tuesday, noon in Shanghai

SOUND = """\
units:
  - {id: bureau, name: 示例局, kind: bureau, timezone: Asia/Shanghai}
  - {id: district, name: 片区, kind: district, parent: bureau}
  - {id: town, name: 镇, kind: township, parent: bureau}
  - id: school
    name: 学校
    kind: school
    parent: district
    township: town
    rosters:
      - role: school_leader
        weekly:
          - {days: [mon-fri], from: 08:00, until: 08:00, person: head}
          - {days: [sat, sun], from: 08:00, until: 08:00, person: deputy}
        shifts:
          - {start: 2026-11-25T08:00:00+08:00, end: 2026-11-25T12:00:00+08:00, person: deputy}
          - {start: 2026-11-26T08:00:00+08:00, end: 2026-11-26T12:00:00+08:00, person: deputy}
people:
  - {id: chief, name: 甲, unit: bureau, roles: [bureau_leader, duty_officer], contacts: [{sms: +12025550101}]}
  - {id: director, name: 乙, unit: district, roles: [district_director], contacts: [{sms: +12025550102}]}
  - {id: officer, name: 丙, unit: town, roles: [township_officer], contacts: [{sms: "+1 (202) 555-0103"}]}
  - id: head
    name: 丁
    unit: school
    roles: principal
    contacts: [{sms: +12025550104}, {email: head@example.org}, {sms: +12025550105}]
  - {id: deputy, name: Eve, unit: school, roles: [deputy_principal], language: en, contacts: [{email: eve@example.org}]}
"""


def errors(text: str | Path) -> list[tuple[int, str, str]]:
    """Return line, path and message of everything the loader refuses the file for."""
    with pytest.raises(DirectoryErrors) as refusal:
        load_directory(text, NOW)
    return [(one.line, one.path, one.message) for one in refusal.value.errors]


def changed(old: str, new: str) -> str:
    """Return the sound file with one piece replaced, which must be there exactly once."""
    assert SOUND.count(old) == 1
    return SOUND.replace(old, new)


def shifts(text: str, now: datetime = NOW, days: int = 2) -> list[tuple[datetime, datetime, str]]:
    """Return the shifts of the school's roster in UTC."""
    school = next(unit for unit in load_directory(text, now, days).units if unit.unit_id == "school")
    return [(one.start, one.end, one.person_id) for one in school.rosters[0].shifts]


def berlin(*entries: str) -> str:
    """Return the sound file with this weekly pattern and no dated shifts, in a zone that changes its clocks."""
    begin, end = SOUND.index("          - {days: [mon-fri]"), SOUND.index("people:")
    pattern = "".join(f"          - {entry}\n" for entry in entries)
    return (SOUND[:begin] + pattern + SOUND[end:]).replace("Asia/Shanghai", "Europe/Berlin")


def test_a_sound_file_becomes_units_and_people_in_its_order() -> None:
    """What the clerk wrote is what is published; a unit without a time zone has that of the unit above it."""
    loaded = load_directory(SOUND.replace("Asia/Shanghai", "Asia/Urumqi"), NOW)
    assert [unit.unit_id for unit in loaded.units] == ["bureau", "district", "town", "school"]
    assert [person.person_id for person in loaded.people] == ["chief", "director", "officer", "head", "deputy"]
    assert loaded.warnings == ()
    school, eve = loaded.units[3], loaded.people[4]
    assert (school.parent, school.township, school.timezone) == ("district", "town", "Asia/Urumqi")
    assert (eve.language, eve.roles, loaded.people[3].roles) == ("en", ("deputy_principal",), ("principal",))


def test_a_contact_is_named_by_person_channel_and_place_and_kept_in_e164() -> None:
    """Contact ids are keys on the bus: they come out the same every time and hold no address."""
    people = load_directory(SOUND, NOW).people
    assert [(one.contact_id, one.channel, one.address) for one in people[3].contacts] == [
        ("head:sms", "sms", "+12025550104"),
        ("head:email", "email", "head@example.org"),
        ("head:sms:2", "sms", "+12025550105"),
    ]
    assert people[2].contacts[0].address == "+12025550103"


def test_a_number_of_a_range_kept_for_fiction_is_accepted() -> None:
    """A number is judged by its length: 01632 960 is given to nobody (Ofcom, numbers for drama), and yet welcome."""
    number = "+441632960001"
    assert not phonenumbers.is_valid_number(phonenumbers.parse(number))
    assert load_directory(changed("+12025550101", number), NOW).people[0].contacts[0].address == number


def test_values_are_read_as_they_look() -> None:
    """YAML would make a number of 001; a clerk does not. A field with nothing after it was left out."""
    text = changed("{id: chief, name: 甲", "{id: 001, name: no").replace("kind: bureau,", "kind: bureau, parent: ,")
    loaded = load_directory(text, NOW)
    assert loaded.units[0].parent is None
    assert (loaded.people[0].person_id, loaded.people[0].name) == ("001", "no")


def test_a_file_is_read_from_disk_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    """Some editors on Windows put one; nobody sees it."""
    (tmp_path / "directory.yaml").write_bytes(b"\xef\xbb\xbf" + SOUND.encode())
    assert load_directory(tmp_path / "directory.yaml", NOW) == load_directory(SOUND, NOW)


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    """A missing file and one in another encoding each say what to do."""
    (tmp_path / "old.yaml").write_bytes("units:\n  - {id: 教育局}".encode("gb18030"))
    assert errors(tmp_path / "old.yaml") == [(2, "", "not UTF-8 text; save the file as UTF-8")]
    assert "No such file" in errors(tmp_path / "gone.yaml")[0][2]


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


@pytest.mark.parametrize(
    ("line", "old", "new", "path", "says"),
    [
        (6, "name: 学校", "nmae: 学校\n    name: 学校", "units[3].nmae", "unknown field; known here: id, kind, name"),
        (5, "    name: 学校\n", "", "units[3].name", "is missing"),
        (7, "    name: 学校\n", "    name: 学校\n    name: 小学\n", "units[3].name", "given twice"),
        (6, "name: 学校", f"name: {'长' * 121}", "units[3].name", "1-120 characters"),
        (7, "    kind: school", "    kind: college", "units[3].kind", "one of bureau, township, district, school"),
        (19, "id: chief,", "id: 甲,", "people[0].id", "letters"),
        (8, "    parent: district", "    parent: nowhere", "units[3].parent", "no unit `nowhere`"),
        (5, "    parent: district\n", "", "units[3].parent", "a school stands under a district or bureau"),
        (
            8,
            "    parent: district\n",
            "    parent: town\n",
            "units[3].parent",
            "`town` is a township; the parent of a school",
        ),
        (
            3,
            "kind: district, parent: bureau",
            "kind: district, parent: town",
            "units[1].parent",
            "`town` is a township",
        ),
        (9, "    township: town", "    township: nowhere", "units[3].township", "no unit `nowhere`"),
        (
            9,
            "    township: town",
            "    township: district",
            "units[3].township",
            "`district` is a district; the township",
        ),
        (
            4,
            "kind: township,",
            "kind: township, township: town,",
            "units[2].township",
            "only a school lies in a township",
        ),
        (2, "timezone: Asia/Shanghai", "timezone: Asia/Peking", "units[0].timezone", "unknown time zone"),
        (2, "timezone: Asia/Shanghai", "timezone: ../x", "units[0].timezone", "unknown time zone"),
        (2, "timezone: Asia/Shanghai", "parent: bureau", "units[0].parent", "in a circle: bureau -> bureau"),
        (21, "id: officer,", "id: school,", "people[2].id", "already the id of units[3]"),
        (21, "unit: town,", "unit: nowhere,", "people[2].unit", "no unit `nowhere`"),
        (27, "language: en", "language: fr", "people[4].language", "expected one of zh, en"),
        (21, "roles: [township_officer]", "roles: [township_officer, 镇]", "people[2].roles[1]", "letters"),
        (21, "roles: [township_officer]", "roles: {township_officer: 1}", "people[2].roles", "single value"),
        (20, "[{sms: +12025550102}]", "[]", "people[1].contacts", "at least one way"),
        (20, ", contacts: [{sms: +12025550102}]", "", "people[1].contacts", "at least one way"),
        (20, "{sms: +12025550102}", "{sms: +1202555010}", "people[1].contacts[0].sms", "not a telephone number"),
        (20, "{sms: +12025550102}", "{sms: 13800000000}", "people[1].contacts[0].sms", "with + and the country's code"),
        (20, "{sms: +12025550102}", "{sms: +1202555FOOD}", "people[1].contacts[0].sms", "not a telephone number"),
        (
            27,
            "{email: eve@example.org}",
            "{email: eve@example}",
            "people[4].contacts[0].email",
            "not an e-mail address",
        ),
        (27, "{email: eve@example.org}", "{email: e..ve@example.org}", "people[4].contacts[0].email", "not an e-mail"),
        (
            20,
            "{sms: +12025550102}",
            "{sms: +12025550102, email: a@example.org}",
            "people[1].contacts[0]",
            "give one address",
        ),
        (20, "{sms: +12025550102}", "+12025550102", "people[1].contacts[0]", "expected fields here"),
        (14, "days: [sat, sun]", "days: [sat, sunday]", WEEKLY + "[1].days[1]", "expected a day"),
        (14, "days: [sat, sun], ", "", WEEKLY + "[1].days", "name at least one day"),
        (13, "days: [mon-fri], from: 08:00", "days: [mon-fri], from: 8", WEEKLY + "[0].from", "hours and minutes"),
        (14, "days: [mon-fri]", "days: [mon-sat]", WEEKLY + "[1]", "overlaps units[3].rosters[0].weekly[0]"),
        (
            13,
            "days: [sat, sun], from: 08:00, until: 08:00",
            "days: [sun], from: 20:00, until: 08:01",
            WEEKLY + "[0]",
            "overlaps",
        ),
        (13, "until: 08:00, person: head", "until: 08:00, person: nobody", WEEKLY + "[0].person", "no person `nobody`"),
        (
            17,
            "start: 2026-11-26T08:00:00+08:00",
            "start: 2026-11-25T11:00:00+08:00",
            SHIFTS + "[1]",
            "overlaps units[3]",
        ),
        (
            17,
            "start: 2026-11-26T08:00:00+08:00",
            "start: 2026-11-26T12:00:00+08:00",
            SHIFTS + "[1].end",
            "not after `start`",
        ),
        (17, "start: 2026-11-26T08:00:00+08:00", "start: 2026-11-26T08:00:00", SHIFTS + "[1].start", "with its offset"),
        (
            17,
            "11-26T12:00:00+08:00, person: deputy",
            "11-26T12:00:00+08:00, person: x",
            SHIFTS + "[1].person",
            "no person `x`",
        ),
        (5, "    roles: principal\n", "", "units[3]", "school without a `principal`"),
        (3, "roles: [district_director]", "roles: []", "units[1]", "district without a `district_director`"),
        (2, "[bureau_leader, duty_officer]", "[bureau_leader]", "units[0]", "bureau without a `duty_officer`"),
        (18, "people:\n", "persons: []\npeople:\n", "persons", "unknown field; known here: people, units"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_line(line: int, old: str, new: str, path: str, says: str) -> None:
    """One mistake in a sound file gives one error, on its line, and the message says what to do."""
    ((found_line, found_path, message),) = errors(changed(old, new))
    assert (found_line, found_path) == (line, path)
    assert says in message


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (2, "units: [1, 2\nb: c", "not YAML"),
        (3, "units:\n  - id: a\n\t- b", "not YAML"),
        (2, "units:\n- \x07", "not YAML"),
        (1, "", "expected `units:` and `people:`"),
        (1, "- a\n- b", "expected `units:` and `people:`"),
        (1, "units: school\npeople: []", "expected a list"),
        (1, "units: []\npeople: []", "is missing: list the bureau"),
        (1, "units: [{id: a, name: A, kind: bureau}]", "is missing: list who"),
    ],
)
def test_a_file_that_is_no_directory_is_refused_with_the_line(line: int, text: str, says: str) -> None:
    """A slip of the keyboard is told like any other mistake."""
    found_line, _, message = errors(text)[0]
    assert (found_line, says in message) == (line, True), message


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_its_lines() -> None:
    """Mistakes of form never hide those of sense, not even in the same entry; the text names line, place and cure."""
    text = (
        changed("    kind: school", "    knid: school")
        .replace("    parent: district", "    parent: nowhere")
        .replace("from: 08:00, until: 08:00, person: deputy", "from: 25:00, until: 08:00, person: ghost")
        .replace("+12025550102", "12025550102")
        .replace("unit: town,", "unit: twon,")
        .replace("id: deputy,", "id: head,")
    )
    assert [(line, path) for line, path, _ in errors(text)] == [
        (5, "units[3].kind"),
        (7, "units[3].knid"),
        (8, "units[3].parent"),
        (14, "units[3].rosters[0].weekly[1].from"),
        (14, "units[3].rosters[0].weekly[1].person"),
        (16, "units[3].rosters[0].shifts[0].person"),
        (17, "units[3].rosters[0].shifts[1].person"),
        (20, "people[1].contacts[0].sms"),
        (21, "people[2].unit"),
        (27, "people[4].id"),
    ]
    with pytest.raises(DirectoryErrors, match=r"line 8: units\[3\]\.parent: there is no unit `nowhere` in this file"):
        load_directory(text, NOW)


def test_a_circle_of_units_is_told_once_with_the_way_round() -> None:
    """Whoever reads it sees which links to look at."""
    ring = "  - {id: a, name: A, kind: bureau, parent: b}\n  - {id: b, name: B, kind: bureau, parent: a}\npeople:\n"
    officers = [
        f"  - {{id: of-{at}, name: 戊, unit: {at}, roles: [duty_officer], contacts: [{{sms: +12025550109}}]}}\n"
        for at in "ab"
    ]
    text = changed("people:\n", ring + "".join(officers))
    assert errors(text) == [(18, "units[4].parent", "goes round in a circle: a -> b -> a")]


def test_a_refused_address_is_not_repeated() -> None:
    """Errors may end in a log, where no number or address may stand."""
    text = changed("+12025550102", "+1202555").replace("eve@example.org", "eve@example")
    told = str([message for _, _, message in errors(text)])
    assert "1202555" not in told
    assert "eve" not in told


def test_a_gap_the_chain_can_live_with_is_a_warning() -> None:
    """A school without a stand-in, a silent township and a leaderless bureau load, and are told."""
    text = (
        changed("roles: [deputy_principal]", "roles: []")
        .replace("role: school_leader", "role: gate")
        .replace("[township_officer]", "[]")
        .replace("[bureau_leader, duty_officer]", "[duty_officer]")
    )
    assert [(one.line, one.path, one.message.partition(":")[0]) for one in load_directory(text, NOW).warnings] == [
        (2, "units[0]", "bureau without a `bureau_leader`"),
        (4, "units[2]", "township without a `township_officer`"),
        (5, "units[3]", "school without a `deputy_principal`"),
    ]


def test_a_duty_roster_stands_in_for_a_role() -> None:
    """Somebody is there when the roster is kept, whoever holds the title."""
    turn = "{days: mon-sun, from: 08:00, until: 08:00, person: chief}"
    roster = f"{{id: bureau, rosters: [{{role: duty_officer, weekly: [{turn}]}}],"
    text = changed("[bureau_leader, duty_officer]", "[bureau_leader]").replace("{id: bureau,", roster)
    assert load_directory(text.replace("roles: [deputy_principal]", "roles: []"), NOW).warnings == ()
