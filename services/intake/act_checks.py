"""What is said at once about an act that would come to nothing, so that its sender can mend it.

The machine has the last word: it judges by the time of the fact, and writes down what it withholds.
"""

from typing import Any

from sqlalchemy import select

from events.incident import IncidentFiled
from services.intake.act_bodies import ActBody, Closing, Reassignment, Separation
from services.intake.case_rows import Known
from services.intake.deps import Deps
from services.intake.problems import Problem, invalid
from services.intake.verbs import Act
from services.intake.visibility import may_hear
from services.runtime.tables import joined_reports
from services.runtime.tokens import Caller


def check_family(act: Act, known: Known) -> None:
    """Refuse a verb that this family of case does not know.

    Raises:
        Problem: 409, saying how such a case goes on.
    """
    if act.only is None or act.only == known.family:
        return
    if act.only == "petition":
        detail = "This case is an incident; only a petition is accepted, answered or reviewed. Nothing was stored."
    else:
        detail = (
            "This case is a petition: it ends with its answer and the time for review, and only the petitioner takes "
            "it back. Nothing was stored."
        )
    raise Problem("other-family", detail)


def who_acts(deps: Deps, caller: Caller, stated: str | None, known: Known) -> str:
    """Return the person who acts.

    Raises:
        Problem: 403, no person or somebody else's; 422, a person who cannot act on this case.
    """
    if stated is not None and stated != caller.person_id:
        if caller.role != "administrator":
            detail = "Only an administrator may act for somebody else. Leave `by` out to act as the token's person."
            raise Problem("not-allowed", detail)
        _check_person(deps, known, stated, "/by")
        return stated
    if caller.person_id is None:
        detail = "This token belongs to no person, and an act needs one. Ask your administrator for a personal token"
        detail += ", or name the person in `by`." if caller.role == "administrator" else "."
        raise Problem("person-required", detail)
    return caller.person_id


async def told_by(deps: Deps, known: Known, body: ActBody) -> dict[str, Any]:
    """Return what a body tells, as fields of its fact.

    Raises:
        Problem: the act would come to nothing, and why.
    """
    told: dict[str, Any] = {name: value for name, value in body if name != "by"}
    match body:
        case Closing():
            _check_closing(known, body)
        case Reassignment():
            _check_person(deps, known, body.to, "/to")
        case Separation():
            del told["report_id"]
            told["report"] = await _joined(deps, known, body.report_id)
    return told


def _check_person(deps: Deps, known: Known, person_id: str, pointer: str) -> None:
    directory = deps.directory()
    if directory.person(person_id) is None:
        raise invalid([{"pointer": pointer, "detail": "nobody in the directory has this id"}])
    if not may_hear(directory, person_id, known.hidden_from):
        raise invalid([{"pointer": pointer, "detail": "the case concerns them: they may not hear of it"}])


def _check_closing(known: Known, body: Closing) -> None:
    case = known.case
    if case is None or (case.policy.closing.final_report and case.final_reported_at is None):
        detail = (
            "File the final report first (POST …/final-report): nobody may silence a report. If it was filed just now, "
            "try again in a moment. Nothing was stored."
        )
        raise Problem("final-report-missing", detail)
    gate = case.policy.closing
    missing = [
        {"pointer": f"/review/{answer}", "detail": "a case of this grade closes only with this answer"}
        for answer in gate.unanswered(case.severity, body.review)
    ]
    if gate.evidence and not body.evidence:
        missing.insert(0, {"pointer": "/evidence", "detail": "say what shows that it is gone"})
    if missing:
        raise invalid(missing, "Add what `errors` names, then close again: nobody may silence a report.")


async def _joined(deps: Deps, known: Known, report_id: str) -> IncidentFiled:
    statement = select(joined_reports.c.report).where(
        joined_reports.c.report_id == report_id, joined_reports.c.case_id == known.case_id
    )
    async with deps.store.database.reading() as connection:
        report = (await connection.execute(statement)).scalar_one_or_none()
    if report is None:
        raise invalid([{"pointer": "/report_id", "detail": "no report of this id joined this case"}])
    return IncidentFiled.model_validate_json(report)
