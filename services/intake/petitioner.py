"""``GET /v1/cases/{case_id}/petitioner``: the sealed record, for one stated purpose; each reading is in the audit.

There is one way in: by the case. Nothing finds a case by who petitioned, and nothing counts what a person petitions
(DOMAIN §2): a change that would add that is out of scope.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import insert, select

from services.intake.acts import CaseIdInPath
from services.intake.deps import Deps, Parts
from services.intake.problems import LOG, Problem, invalid
from services.intake.seal import SealBroken, Sealed
from services.intake.security import Unsealer
from services.intake.visibility import visible_case
from services.runtime.tables import audit, sealed_identities
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["petitions"])
UNSEALED = "petition.unsealed"


class Petitioner(BaseModel):
    """What was sealed when the petition was filed."""

    case_id: str
    summary: str | None = Field(description="What the petitioner told, in their words.")
    contact: str | None = Field(description="How to answer them.")


@ROUTES.get("/v1/cases/{case_id}/petitioner", summary="Read what is sealed of a petition")
async def read_petitioner(
    deps: Parts,
    caller: Unsealer,
    case_id: CaseIdInPath,
    purpose: Annotated[
        str, Query(min_length=3, max_length=500, description="Why you need to read it. Kept, with your name.")
    ],
) -> Petitioner:
    """Return what the petitioner told and how to answer them. The reading is stored before it is answered."""
    known = await visible_case(deps, caller, case_id)
    if caller.person_id is None:
        detail = "Only a person may read this. Ask your administrator for a personal token."
        raise Problem("person-required", detail)
    if not purpose.strip() or not purpose.isprintable():
        raise invalid([{"parameter": "purpose", "detail": "say in words why you need to read it"}])
    token = await _sealed(deps, known.case_id)
    await _audit(deps, caller, caller.person_id, known.case_id, purpose)
    found = _open(deps, known.case_id, token)
    return Petitioner(case_id=found.case_id, summary=found.summary, contact=found.contact)


async def _sealed(deps: Deps, case_id: str) -> bytes:
    statement = select(sealed_identities.c.sealed).where(sealed_identities.c.case_id == case_id)
    async with deps.store.database.reading() as connection:
        token: bytes | None = (await connection.execute(statement)).scalar_one_or_none()
    if token is None:
        raise Problem("nothing-sealed", "Whoever filed it told nothing that had to be sealed.")
    return token


async def _audit(deps: Deps, caller: Caller, person_id: str, case_id: str, purpose: str) -> None:
    entry = {
        "at": deps.clock.now(),
        "actor": caller.actor,
        "person_id": person_id,
        "action": UNSEALED,
        "case_id": case_id,
        "purpose": purpose,
    }
    async with deps.store.transaction() as unit:
        await unit.write(insert(audit), [entry])


def _open(deps: Deps, case_id: str, token: bytes) -> Sealed:
    try:
        return deps.seal.open(case_id, token)
    except SealBroken as error:
        LOG.exception("seal.broken", error=type(error).__name__)
        detail = "Tell your administrator: the key it was sealed with is missing from TOCSIN_SEAL_KEY."
        raise Problem("seal-broken", detail) from error
