"""A notifier's sender as a process of its own, to be killed: it takes over ``notifier/0`` and ends when all is sent.

`python -m tests.support.lone_notifier <database url> <twilio url> <account sid> <auth token>`; its people are
`person-<number>`, each with a number of their own.
"""

import asyncio
import sys
from random import Random

from events.directory import ContactAddress, PersonRecorded
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.notifier.consumer import NotifierConsumer
from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.ownership import OwnershipRows
from services.runtime.store import Store

NAME = "notifier/0"


def number_of(person_id: str) -> str:
    """Return a person's telephone number."""
    return f"+86138{int(person_id.removeprefix('person-')):08d}"


def lookup(contact_id: str) -> tuple[PersonRecorded, ContactAddress]:
    """Find `person-<number>:sms`."""
    person_id = contact_id.partition(":")[0]
    address = ContactAddress(contact_id=contact_id, channel="sms", address=number_of(person_id))
    return PersonRecorded(person_id=person_id, name="Somebody", unit_id="school-1", contacts=(address,)), address


async def run(url: str, twilio: str, sid: str, token: str) -> None:
    """Send everything that waits."""
    database, clock = Database(url, survives_power_cut=False), Clock()
    store, channel = Store(database), TwilioSms(sid, token, "+12025550100", TwilioTransport(twilio, 5.0))
    owned = await OwnershipRows(database, "lone", 5.0).claim(NAME)
    assert owned is not None
    sender = Sender(
        store, clock, {"sms": [channel]}, lookup, topic=lambda name: f"tocsin.{name}",
        rules=SendingRules(timeout_seconds=5.0), rng=Random(7),
    )  # fmt: skip
    async with sender:
        await NotifierConsumer(store, clock, sender, deliveries_topic="tocsin.deliveries").claimed(owned)
        while sender.unfinished:  # noqa: ASYNC110 - the sender tells nobody when it is idle
            await asyncio.sleep(0.02)
    await database.close()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:5]))
