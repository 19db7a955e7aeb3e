"""Messages leave with the link that their provider brings to their number."""

import pytest

from services.notifier.channels.base import Handed, Message
from services.notifier.links import link_maker
from services.runtime.database import Database
from services.runtime.settings import Settings
from tests.support.notices import PHONE, ScriptedChannel, requested
from tests.support.notifier_worker import working

URL = "https://tocsin.example.org"


@pytest.mark.parametrize(("provider", "has_link"), [("local-outbox", True), ("twilio", False)])
async def test_message_is_written_for_the_provider_that_takes_it(
    database: Database, provider: str, has_link: bool
) -> None:
    """A number in China: none by Twilio."""
    assert PHONE.startswith("+86")
    sent: list[str] = []

    async def look(message: Message) -> Handed:
        sent.append(message.text)
        return Handed("SM1")

    link = link_maker(Settings(public_url=URL, secret_key="secret"))
    async with working(database, ScriptedChannel(script=[look], provider=provider), link=link) as worker:
        await worker.receive(requested())
        await worker.idle()
    [text] = sent
    assert (f"{URL}/a/" in text) is has_link
