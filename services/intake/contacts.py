"""``GET /v1/contacts/unreachable``: whose number or address must be put right, for who is responsible for them."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from events.channel import Channel
from services.intake.deps import Parts
from services.intake.security import ContactReader, within
from services.runtime.contact_flags import flags_of, still_unreachable

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


@ROUTES.get("/v1/contacts/unreachable", summary="Contacts by which nobody is reached")
async def list_unreachable(deps: Parts, caller: ContactReader) -> UnreachableContacts:
    """Return the contacts within your units that messages skip. Correct the address in the directory to end that."""
    database, directory = deps.store.database, deps.directory()
    async with database.reading() as connection:
        flags = await flags_of(connection, is_sqlite=database.is_sqlite)
    found = [one for one in still_unreachable(flags.values(), directory) if within(directory, caller, one.unit_id)]
    return UnreachableContacts(
        contacts=tuple(
            UnreachableContact(
                person_id=one.person_id,
                contact_id=one.flag.contact_id,
                unit_id=one.unit_id,
                channel=one.channel,
                flaw=one.flag.flaw,
                reason=one.flag.reason,
                since=one.flag.since,
            )
            for one in sorted(found, key=lambda one: (one.flag.since, one.flag.contact_id))
        )
    )
