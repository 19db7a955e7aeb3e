"""The directory file: what it becomes, and the gaps it may have."""

from pathlib import Path

import phonenumbers

from services.directory.loader import load_directory
from tests.support.directory_file import NOW, SOUND, changed, errors


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
