"""Ten thousand people with a number each, and the requests for messages to them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from events.codec import Encoded, encode
from events.directory import ContactAddress, PersonRecorded
from events.ids import derived
from events.notification import Lane, NotificationRequested
from services.directory.loader import load_directory
from services.runtime.clock import wall_now
from services.runtime.database import Database
from services.runtime.live_directory import write_entries

DIRECTORY = Path(__file__).parents[2] / "support" / "directory.yaml"
COUNT = 10_000


async def settle_people(database: Database) -> None:
    """Write the directory of the tests into the store, and ten thousand people beside it."""
    known = load_directory(DIRECTORY, wall_now().astimezone(UTC))
    async with database.writing() as connection:
        await write_entries(connection, known.units, [*known.people, *(_person(number) for number in range(COUNT))])


def _person(number: int) -> PersonRecorded:
    address = ContactAddress(contact_id=f"p{number}:sms", channel="sms", address=f"+86138{number:08d}")
    return PersonRecorded(person_id=f"p{number}", name=f"Person {number}", unit_id="school-1", contacts=(address,))


def request_for(number: int, run: str, lane: Lane) -> Encoded:
    """Return the record of a request for one person; ``run`` tells the messages of one measurement from others."""
    now = wall_now()
    person = f"p{number % COUNT}"
    body = NotificationRequested(
        case_id=f"bench-{run}",
        received_at=now,
        notification_id=derived("bench", run, str(number)),
        clock="report_to_principal@principal",
        step="told",
        level="principal",
        person_id=person,
        contact_id=f"{person}:sms",
        channel="sms",
        lane=lane,
        template="incident_alert",
        language="zh",
        timezone="Asia/Shanghai",
        kind="fire",
        severity="III",
        school_id="school-1",
        school_name="阳光县第一中心小学",
        place=f"M{run}-{number}N",
        started_at=now,
        deadline=_soon(now),
        code="K7Q2MX",
    )
    return encode(
        body, event_id=body.notification_id, key=body.contact_id, source="/tocsin/bench", time=now, event_type=body.TYPE
    )


def _soon(now: datetime) -> datetime:
    return now + timedelta(minutes=15)
