"""A replay asks the journal instead of the directory: it knows what was answered then, and nothing else."""

from escalation_policies.machine.ledger import RecordedDirectory
from escalation_policies.selector import SchoolName
from tests.support.scenario import START, shipped

JOURNAL = RecordedDirectory((), SchoolName(unit_id="school-1", name="Lakeside School"))
PRINCIPAL = shipped().for_kind("fire").chain[0].tell[0]


def test_what_was_never_asked_has_no_answer() -> None:
    """A post, a person, who goes with whom: nobody, rather than somebody who is there today."""
    assert JOURNAL.resolve(PRINCIPAL, "school-1", START) == ()
    assert JOURNAL.recipient("principal") is None
    assert JOURNAL.concerned(("principal",), ()) == ()


def test_it_knows_the_school_of_its_case_alone() -> None:
    """Another school is another case's."""
    school = JOURNAL.school("school-1")
    assert school is not None
    assert school.name == "Lakeside School"
    assert JOURNAL.school("school-2") is None
