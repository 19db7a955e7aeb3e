"""``GET /v1/cases`` and ``GET /v1/cases/{case_id}``: what the caller's units have to deal with."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.intake.acts import CaseIdInPath
from services.intake.case_rows import CaseRows, Cursor, Known
from services.intake.case_views import CaseSummary, CaseView, Status, summary_of, view_of
from services.intake.deps import Deps, Parts
from services.intake.problems import invalid
from services.intake.report import StatedTime
from services.intake.security import Reader, schools_of, within
from services.intake.visibility import is_hidden, visible_case
from services.runtime.tables import to_micros
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["cases"])
LONGEST_PAGE = 200


class CasePage(BaseModel):
    """A page of cases, newest first."""

    cases: tuple[CaseSummary, ...]
    next: str | None = Field(description="Give it as `cursor` to go on; null at the end.")


@ROUTES.get("/v1/cases", summary="List cases, newest first")
async def list_cases(
    deps: Parts,
    caller: Reader,
    status: Annotated[Status | None, Query(description="Only cases in this status.")] = None,
    school_id: Annotated[str | None, Query(description="Only this school's, or only schools within this unit.")] = None,
    since: Annotated[StatedTime | None, Query(description="Only cases received at or after this time.")] = None,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Most cases of a page.")] = 50,
) -> CasePage:
    """Return cases of the caller's units. A case that arrives while you page does not move the pages behind you."""
    after = _cursor(cursor)
    schools = _schools(deps, caller, school_id)
    rows, directory = CaseRows(deps.store.database), deps.directory()

    def visible(known: Known) -> bool:
        return not is_hidden(directory, caller, known.hidden_from)

    found: list[Known] = []
    # Received ones first: a case that is judged between the two questions is then seen twice, never missed.
    if status in {None, "received"}:
        found += await rows.received(schools, since, after, limit + 1, visible)
    if status != "received":
        found += await rows.judged(schools, status, since, after, limit + 1, visible)
    newest = {known.case_id: known for known in found}.values()
    page = sorted(newest, key=lambda known: (-to_micros(known.received_at), known.case_id))[: limit + 1]
    more = Cursor(page[limit - 1].received_at, page[limit - 1].case_id) if len(page) > limit else None
    return CasePage(
        cases=tuple(summary_of(known, directory) for known in page[:limit]), next=str(more) if more else None
    )


@ROUTES.get("/v1/cases/{case_id}", summary="One case")
async def read_case(deps: Parts, caller: Reader, case_id: CaseIdInPath) -> CaseView:
    """Return the case: running deadlines, who was told and answered at each level, and what was missed."""
    return view_of(await visible_case(deps, caller, case_id), deps.directory())


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return Cursor.read(text)
    except ValueError as error:
        raise invalid(
            [{"parameter": "cursor", "detail": f"{error}: leave it out to start at the newest case"}]
        ) from error


def _schools(deps: Deps, caller: Caller, asked: str | None) -> list[str]:
    directory = deps.directory()
    schools = schools_of(directory, caller)
    if asked is None:
        return schools
    chosen = [school for school in schools if school == asked or directory.is_within(school, asked)]
    if not chosen or not within(directory, caller, asked):
        detail = "no school or unit within your own has this id"
        raise invalid([{"parameter": "school_id", "detail": detail}])
    return chosen
