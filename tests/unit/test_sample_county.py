"""The sample county: the same from the same seed, whole, and unable to reach anybody real."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from escalation_policies.selector import Ancestor, Selector
from services.directory.loader import LoadedDirectory, load_directory
from services.directory.sample import sample_county
from services.runtime.directory import DirectorySnapshot

SEED = 20260901
NOW = datetime(2026, 9, 1, 4, 30, tzinfo=UTC)
KEPT_FILE = Path(__file__).parents[2] / "deploy" / "sample" / "county.yaml"


@pytest.fixture(scope="module")
def county() -> LoadedDirectory:
    return load_directory(sample_county(SEED), NOW)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """A demonstration can be repeated exactly."""
    assert sample_county(SEED) == sample_county(SEED)
    people, others = (sample_county(seed).partition("people:")[2] for seed in (SEED, SEED + 1))
    assert people != others  # and not the header alone, which names the seed


def test_the_kept_file_is_what_the_generator_makes() -> None:
    """deploy/sample/county.yaml was made, not edited, and says by which command."""
    kept = KEPT_FILE.read_text(encoding="utf-8")
    assert kept == sample_county(SEED)
    assert f"`tocsin directory sample --seed {SEED}`" in kept.splitlines()[0]


def test_another_size_is_named_in_the_header() -> None:
    """The command in the header makes this very file, whatever was asked for."""
    assert "--seed 3 --schools 20 --townships 2`" in sample_county(3, schools=20, townships=2)


def test_the_county_loads_without_errors_or_warnings_at_its_usual_size(county: LoadedDirectory) -> None:
    """165 schools in 8 districts, each with its principal and two stand-ins; a bureau with three duty officers."""
    kinds = [unit.kind for unit in county.units]
    assert {kind: kinds.count(kind) for kind in kinds} == {"bureau": 1, "district": 8, "township": 16, "school": 165}
    roles = [role for person in county.people for role in person.roles]
    assert {role: roles.count(role) for role in roles} == {
        "bureau_leader": 1,
        "duty_officer": 3,
        "district_director": 8,
        "district_deputy": 8,
        "township_officer": 16,
        "principal": 165,
        "deputy_principal": 330,
        **dict.fromkeys(("health_officer", "protection_officer", "exam_officer", "petition_officer"), 1),
    }
    assert county.warnings == ()
    assert len({unit.name for unit in county.units}) == len(county.units)
    assert 2 <= sum(person.language == "en" for person in county.people) <= 10


def test_every_number_and_address_is_kept_for_fiction_and_given_once(county: LoadedDirectory) -> None:
    """A message sent to any of them by mistake reaches nobody."""
    sms = [one.address for person in county.people for one in person.contacts if one.channel == "sms"]
    email = [one.address for person in county.people for one in person.contacts if one.channel == "email"]
    assert all(re.fullmatch(r"\+1[2-9]\d\d55501\d\d", number) for number in sms)
    assert all(address.endswith("@example.org") for address in email)
    assert len(set(sms)) == len(set(email)) == len(county.people)


def test_the_whole_chain_of_every_school_names_somebody_at_any_hour(county: LoadedDirectory) -> None:
    """No step of the policy finds an empty chair, on any day of the rosters' horizon."""
    snapshot = DirectorySnapshot.of(county.units, county.people)
    chain = [
        Selector(role="principal"),
        Selector(role="deputy_principal"),
        Selector(on_duty="school_leader"),
        Selector(role="district_director", at="parent"),
        Selector(role="township_officer", at="township"),
        Selector(role="bureau_leader", at=Ancestor(ancestor="bureau")),
        Selector(on_duty="duty_officer", at=Ancestor(ancestor="bureau")),
    ]
    schools = snapshot.schools_under("bureau")
    silent = [
        (school.unit_id, selector.question, day)
        for school in schools
        for selector in chain
        for day in range(28)
        if not snapshot.resolve(selector, school.unit_id, NOW + timedelta(days=day, hours=day))
    ]
    assert len(schools) == 165
    assert silent == []


def test_the_largest_county_still_loads() -> None:
    """Every name is given once and the numbers suffice, at the largest size for which they do."""
    loaded = load_directory(sample_county(1, schools=168, townships=2), NOW, horizon_days=1)
    assert len({unit.name for unit in loaded.units}) == len(loaded.units)


@pytest.mark.parametrize(
    ("schools", "districts", "townships", "says"),
    [
        (0, 8, 16, "choose"),
        (165, 0, 16, "choose"),
        (165, 8, 17, "choose"),
        (169, 8, 2, "choose"),
        (1340, 8, 16, "numbers kept for fiction"),
    ],
)
def test_a_size_beyond_the_names_or_numbers_is_refused(schools: int, districts: int, townships: int, says: str) -> None:
    """Rather than repeat a number or invent a real one, the generator says what it can do."""
    with pytest.raises(ValueError, match=says):
        sample_county(1, schools, districts, townships)
