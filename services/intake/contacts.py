"""``GET /v1/contacts/…``: whose number or address must be put right, for who is responsible for them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from escalation_policies.reachability import Standing
from events.channel import Channel
from services.intake.deps import Parts
from services.intake.security import ContactReader, within
from services.runtime.contact_flags import Unreachable, flags_of, still_unreachable
from services.runtime.reachability_rows import reach_of

ROUTES = APIRouter(tags=["contacts"])


class UnreachableContact(BaseModel):
    """A contact by which nobody is reached. The address itself is in the directory, for those who keep it."""

    person_id: str
    contact_id: str
    unit_id: str
    channel: Channel
    flaw: Literal["dead", "opted-out"] = Field(
        description="`dead`: nothing arrives there. `opted-out`: its owner wants no messages, and alone can undo that."
    )
    reason: str = Field(description="What the provider said.")
    since: datetime


class UnreachableContacts(BaseModel):
    """Contacts to be put right, the oldest first."""

    contacts: tuple[UnreachableContact, ...]


class Reachable(BaseModel):
    """One person, and whether messages reach them, by their latest test."""

    person_id: str
    unit_id: str
    standing: Standing = Field(
        description="`reached`: they answered. `waiting`: they still have time to. `silent`: they have not. `no-way`: "
        "they could not be asked, as no contact of theirs works."
    )
    asked_at: datetime
    due_at: datetime
    reached_at: datetime | None = None
    dead_contacts: tuple[UnreachableContact, ...] = ()


class Reachability(BaseModel):
    """Everybody within your units who was ever asked, by unit; those who are not reached are to be put right."""

    people: tuple[Reachable, ...]


@ROUTES.get("/v1/contacts/reachability", summary="Who answers when messages are tested")
async def list_reachability(
    deps: Parts,
    caller: ContactReader,
    school: Annotated[str | None, Query(description="Only this unit, with what is below it.")] = None,
) -> Reachability:
    """Return how people within your units stand after their latest test, and which of their contacts are dead."""
    directory = deps.directory()
    found = await reach_of(deps.store.database, directory, deps.clock.now())
    return Reachability(
        people=tuple(
            Reachable(
                person_id=one.person_id,
                unit_id=one.unit_id,
                standing=one.standing,
                asked_at=one.asked_at,
                due_at=one.due_at,
                reached_at=one.reached_at,
                dead_contacts=tuple(map(_shown, one.dead)),
            )
            for one in found
            if within(directory, caller, one.unit_id) and (school is None or directory.is_within(one.unit_id, school))
        )
    )


@ROUTES.get("/v1/contacts/unreachable", summary="Contacts by which nobody is reached")
async def list_unreachable(deps: Parts, caller: ContactReader) -> UnreachableContacts:
    """Return the contacts within your units that messages skip. Correct the address in the directory to end that."""
    database, directory = deps.store.database, deps.directory()
    async with database.reading() as connection:
        flags = await flags_of(connection, is_sqlite=database.is_sqlite)
    found = [one for one in still_unreachable(flags.values(), directory) if within(directory, caller, one.unit_id)]
    return UnreachableContacts(
        contacts=tuple(_shown(one) for one in sorted(found, key=lambda one: (one.flag.since, one.flag.contact_id)))
    )


def _shown(one: Unreachable) -> UnreachableContact:
    return UnreachableContact(
        person_id=one.person_id,
        contact_id=one.flag.contact_id,
        unit_id=one.unit_id,
        channel=one.channel,
        flaw=one.flag.flaw,
        reason=one.flag.reason,
        since=one.flag.since,
    )
