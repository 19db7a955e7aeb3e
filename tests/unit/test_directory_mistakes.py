"""Every mistake of a directory file, told at once with its place and its line."""

import pytest

from services.directory.loader import DirectoryErrors, load_directory
from tests.support.directory_file import NOW, SHIFTS, WEEKLY, changed, errors


@pytest.mark.parametrize(
    ("line", "old", "new", "path", "says"),
    [
        (
            6,
            "name: 学校",
            "nmae: 学校\n    name: 学校",
            "units[3].nmae",
            "unknown field; known here: groups, id, kind, name",
        ),
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
        (20, "{sms: +12025550102}", "{voice: 12025550102}", "people[1].contacts[0].voice", "not a telephone number"),
        (20, "{sms: +12025550102}", "{voice: +12025550102, sms: +12025550102}", "people[1].contacts[0]", "one address"),
        (20, "{sms: +12025550102}", "+12025550102", "people[1].contacts[0]", "expected fields here"),
        (20, "+12025550102}", "+12025550102, for: []}", "people[1].contacts[0].for", "is for nothing"),
        (20, "+12025550102}", "+12025550102, for: }", "people[1].contacts[0].for", "is for nothing"),
        (20, "+12025550102}", "+12025550102, for: night}", "people[1].contacts[0].for", "escalation, reminder, bulk"),
        (20, "+12025550102}", "+12025550102, for: [bulk, x]}", "people[1].contacts[0].for[1]", "expected one of"),
        (20, "{sms: +12025550102}", "{webhook: example.org}", "people[1].contacts[0].webhook", "write it like https:"),
        (
            20,
            "{sms: +12025550102}",
            "{webhook: 'http://a.example.org/'}",
            "people[1].contacts[0].webhook",
            "must begin with https:",
        ),
        (20, "{sms: +12025550102}", "{chat: 'json://a/b'}", "people[1].contacts[0].chat", "the letters a-z"),
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
        (
            17,
            "start: 2026-11-26T08:00:00+08:00",
            "start: 0001-01-01T00:00:00+08:00",
            SHIFTS + "[1].start",
            "with its offset",
        ),
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
