"""A day of several bureaus: the numbers of each and their sum, in the directory's order."""

from escalation_policies.roll_call.overview import BureauPart, overview_of, part_of
from events.roll_call import Counts
from tests.support.roll_calls import MONDAY, answered, live, minute, opened, sheet

CALL = opened()


def part() -> BureauPart:
    """One in time with cases of which none is filed, the others missing."""
    day, _ = live(CALL, answered(minute(-9), "with_cases"))
    return part_of(sheet(CALL, minute(30), day))


def test_part_has_the_numbers_of_its_sheet() -> None:
    """And when its cut-off is, by whose clock."""
    found = part()
    assert found.counts == Counts(
        expected=4, confirmed=1, late=0, missing=3, awaited=0, excused=0, with_cases=1, contradicted=0
    )
    assert (found.bureau_id, found.call, found.date, found.cut_off, found.timezone, found.nothing_filed) == (
        "b",
        "daily",
        MONDAY,
        CALL.cut_off,
        "Asia/Shanghai",
        1,
    )


def test_sum_leaves_out_drills_and_whoever_has_none() -> None:
    """A drill is no report; a bureau without a roll call is shown all the same."""
    drill = part().model_copy(update={"exercise": True, "bureau_id": "c"})
    none = BureauPart(bureau_id="d", bureau_name="无", date=MONDAY)
    found = overview_of([part(), drill, none, part()], minute(31))
    assert (found.counts.expected, found.counts.missing, found.counts.with_cases) == (8, 6, 2)
    assert [(one.bureau_id, one.counts is None) for one in found.bureaus] == [
        ("b", False),
        ("c", False),
        ("d", True),
        ("b", False),
    ]
    assert found.as_of == minute(31)
