"""A case's text: what was written is read again, and the policy inside is read once for all cases that share it."""

from datetime import timedelta

from escalation_policies.case import Case
from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from events.incident import IncidentFiled
from services.escalation.case_text import CaseText
from tests.support.intake import COUNTY, LAKE, NOW

POLICIES = load_library()


def opened(case_id: str, kind: str = "fire") -> Case:
    """Return a case as the machine opens it."""
    filed = IncidentFiled(
        case_id=case_id,
        report_id=case_id,
        school_id=LAKE,
        kind=kind,
        severity="IV",
        summary='"policy":{',
        received_at=NOW,
    )
    case = judge(None, filed, COUNTY, POLICIES, NOW)[-1].state
    assert case is not None
    return case


def test_a_case_is_read_as_it_was_written() -> None:
    """Both ways of reading give the case back, also when a summary looks like a policy."""
    case = opened("case-1")
    text = CaseText().write(case)
    assert CaseText().read(text) == case
    assert Case.model_validate_json(text) == case


def test_a_text_that_pydantic_wrote_is_read_too() -> None:
    """Cases stored before, with their policy in the middle, are read the same."""
    case = opened("case-1")
    assert CaseText().read(case.model_dump_json()) == case


def test_cases_under_one_policy_share_it() -> None:
    """The policy of the second case is not read again."""
    texts = CaseText()
    one, two = (texts.read(texts.write(opened(case_id))) for case_id in ("case-1", "case-2"))
    assert one.policy is two.policy
    assert one.case_id != two.case_id


def test_cases_under_other_policies_keep_their_own() -> None:
    """A case frozen under an older version of a policy keeps that version."""
    texts = CaseText()
    now = opened("case-1")
    older = now.policy.model_copy(update={"version": now.policy.version + 1})
    before = now.model_copy(update={"policy": older, "updated_at": NOW + timedelta(seconds=1)})
    assert texts.read(texts.write(now)) == now
    assert texts.read(texts.write(before)) == before
    assert texts.read(texts.write(opened("case-3", "suspected-abuse"))).policy.id != now.policy.id
