"""Nobody is forgotten because an email "was sent": what came back is on record, its case heard, and others are told."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from events.delivery import RECEIPTS
from events.directory import PersonRecorded
from events.escalation import JournalEntry
from events.notification import NotificationRequested
from services.runtime.database import Database
from services.runtime.tables import contact_flags, journal, notifications
from tests.simulation.post import Post
from tests.simulation.truth import Broken
from tests.simulation.way_promises import others_are_told

OF_A_BOUNCE = "mail server "
"""How the reason of a flag begins that a bounce gave."""


async def check_post(database: Database, post: Post, people: Mapping[str, PersonRecorded] | None) -> None:
    """Check what became of the emails that came back. ``people``: the directory of a life in which it did not change.

    Raises:
        Broken: saying which promise, and where.
    """
    async with database.reading() as connection:
        found = await connection.execute(select(notifications).where(notifications.c.channel == "email"))
        rows = {row.notification_id: row for row in found}
        flags = (await connection.execute(select(contact_flags))).all()
        entries = await connection.execute(select(journal.c.entry).order_by(journal.c.case_id, journal.c.seq))
        history = [JournalEntry.model_validate_json(row.entry) for row in entries]
    if post.believed:
        raise Broken(f"promise 6: a forged return address was believed: {post.believed[0]}")
    if post.refused:
        raise Broken(f"promise 5: a true bounce was refused: {post.refused[0]}")
    _what_was_told_is_on_record(rows, post)
    _nothing_else_is(rows, post)
    if people is not None:
        _flags_are_true(flags, rows, post, people)
        for case_id in dict.fromkeys(entry.case_id for entry in history):
            others_are_told([entry for entry in history if entry.case_id == case_id], people)


def _what_was_told_is_on_record(rows: Mapping[str, Any], post: Post) -> None:
    """Check that each tale has brought its email at least as far as it says."""
    for tale in post.tales:
        row, rank = rows[tale.notification_id], RECEIPTS[tale.sort.state] if tale.sort.state else 0
        if tale.is_taken and RECEIPTS.get(row.state, 0) < rank:
            raise Broken(f"promise 5: {tale.notification_id} was {tale.sort.state}, and counts as {row.state}")


def _nothing_else_is(rows: Mapping[str, Any], post: Post) -> None:
    """Check that nobody but a server of this very email has told how far it came."""
    told = {(tale.notification_id, tale.sort.state) for tale in post.tales}
    for row in rows.values():
        if RECEIPTS.get(row.state, 0) > RECEIPTS["handed-over"] and (row.notification_id, row.state) not in told:
            raise Broken(f"promise 6: {row.notification_id} is {row.state}, and no server told so")


def _flags_are_true(
    flags: Sequence[Any], rows: Mapping[str, Any], post: Post, people: Mapping[str, PersonRecorded]
) -> None:
    """Check that a mailbox counts as dead if a bounce said so of it, and no other does."""
    addresses = {c.contact_id: c.address.lower() for person in people.values() for c in person.contacts}
    told_of = {tale.notification_id for tale in post.tales}
    requests = {one: NotificationRequested.model_validate_json(rows[one].request) for one in told_of}
    flagged = {flag.contact_id: flag.reason for flag in flags if flag.flaw == "dead"}
    said: dict[str, list[bool]] = {}
    taken = set()
    for tale in (one for one in post.tales if one.sort.state == "undelivered"):
        contact_id = requests[tale.notification_id].contact_id
        says_so = tale.sort.is_dead and tale.mailbox.lower() == addresses[contact_id]
        said.setdefault(tale.notification_id, []).append(says_so)
        taken |= {tale.notification_id} if tale.is_taken else set()
    perhaps = {requests[one].contact_id for one, each in said.items() if any(each)}
    surely = {
        requests[one].contact_id for one, each in said.items()
        if all(each) and one in taken and rows[one].state == "undelivered"
    }  # fmt: skip
    if wrong := [one for one, why in flagged.items() if why.startswith(OF_A_BOUNCE) and one not in perhaps]:
        raise Broken(f"promise 5: {wrong[0]} is flagged as dead, and no server said so of its mailbox")
    if alive := sorted(surely - flagged.keys()):
        raise Broken(f"promise 5: the mailbox of {alive[0]} is dead, and it is not flagged")
