"""Whom a notification reaches when the directory has changed, or is a moment behind."""

from typing import Any

import pytest

from services.runtime.database import Database
from tests.support.notices import ScriptedChannel, contact, requested
from tests.support.notifier_worker import row_of, states_of, working


async def test_contact_the_directory_does_not_know_is_asked_for_again_and_then_failed(database: Database) -> None:
    """A record a moment late is waited for; one that never comes blocks nothing."""
    asked: list[str] = []

    def late(contact_id: str) -> Any:
        asked.append(contact_id)
        return contact(contact_id) if contact_id == "person-1:sms" and asked.count(contact_id) > 1 else None

    channel = ScriptedChannel()
    async with working(database, channel, lookup=late) as worker:
        await worker.receive(requested(), requested(notification_id="notice-2", contact_id="nobody"))
        await worker.idle()
    assert channel.sent == ["notice-1"]
    failed = await row_of(database, "notice-2")
    assert (failed.state, failed.tries) == ("failed-permanent", 0)
    assert "directory does not know" in failed.reason
    assert await states_of(database, "notice-2") == [("failed-permanent", 1)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"contact_id": "person-1:email"}, "no longer for sms"), ({"person_id": "person-2"}, "another person")],
)
async def test_contact_that_is_no_longer_what_was_meant_gets_nothing(
    database: Database, changes: dict[str, str], reason: str
) -> None:
    """A number that is now somebody else's must not hear of the case."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(**changes))
        await worker.idle()
    row = await row_of(database)
    assert row.state == "failed-permanent"
    assert reason in row.reason
    assert channel.sent == []
