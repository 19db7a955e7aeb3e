"""An intake that Twilio talks to: a principal with a telephone, what is on its way to them, and Twilio's requests."""

from dataclasses import dataclass
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import Table, select

from events.base import Body
from events.codec import decode
from events.delivery import DeliveryRecorded
from events.directory import ContactAddress, PersonRecorded
from events.notification import NotificationRequested
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.outbox_rows import OutboxRows
from services.runtime.tables import notifications
from services.runtime.twilio_paths import SMS, status_path, voice_path
from tests.support.arrivals import stamp
from tests.support.fake_twilio.api import Account
from tests.support.fake_twilio.calls import Call
from tests.support.fake_twilio.messages import Message
from tests.support.fake_twilio.webhooks import Webhooks
from tests.support.intake import COUNTY_UNITS, DIRECTOR, DISTRICT, LAKE, LANE, NOW, PRINCIPAL, Intake, make_intake
from tests.support.notices import requested

PUBLIC_URL = "https://tocsin.example.org"
PHONE, DIRECTOR_PHONE, STRANGER = "+12025550101", "+12025550105", "+12025550999"
SENDER = "+12025550100"
SID, CALL_SID = "SM" + "1" * 32, "CA" + "1" * 32
NOTICE = "notice-1"


def _person(person_id: str, unit_id: str, role: str, number: str, language: Any) -> PersonRecorded:
    contacts = tuple(
        ContactAddress(contact_id=f"{person_id}:{channel}", channel=channel, address=number)
        for channel in ("sms", "voice")
    )
    return PersonRecorded(
        person_id=person_id, name=person_id, unit_id=unit_id, roles=(role,), contacts=contacts, language=language
    )


def directory(
    *, number: str = PHONE, language: str = "zh", others: tuple[PersonRecorded, ...] = ()
) -> DirectorySnapshot:
    """Return a county whose principal and director have a telephone each."""
    people = (
        _person(PRINCIPAL, LAKE, "principal", number, language),
        _person(DIRECTOR, DISTRICT, "district_director", DIRECTOR_PHONE, "en"),
        *others,
    )
    return DirectorySnapshot.of(COUNTY_UNITS, people)


@dataclass
class Line:
    """The intake at one end, Twilio at the other."""

    intake: Intake
    twilio: Webhooks

    async def request(self, state: str = "handed-over", **changes: Any) -> NotificationRequested:
        """Store a notification to the principal as the notifier keeps it; some ``changes`` are of the row."""
        of_the_row = ("provider", "provider_id", "tries")
        row: dict[str, Any] = {name: changes.pop(name) for name in of_the_row if name in changes}
        is_call = changes.get("channel") == "voice"
        fields: dict[str, Any] = {
            "notification_id": NOTICE,
            "person_id": PRINCIPAL,
            "contact_id": f"{PRINCIPAL}:{'voice' if is_call else 'sms'}",
            "received_at": NOW,
            "school_id": LAKE,
        }
        request = requested(**{**fields, **changes})
        values: dict[str, Any] = {
            "notification_id": request.notification_id,
            "partition": 0,
            "case_id": request.case_id,
            "contact_id": request.contact_id,
            "channel": request.channel,
            "lane": request.lane,
            "state": state,
            "tries": 1,
            "next_try_at": NOW if state in {"attempted", "outcome-unknown"} else None,
            "provider": "twilio-voice" if is_call else "twilio",
            "provider_id": CALL_SID if is_call else SID,
            "requested_at": NOW,
            "updated_at": NOW,
            "request": request.model_dump_json(exclude_none=True),
        }
        async with self.intake.database.writing() as connection:
            await connection.execute(notifications.insert().values(**(values | row)))
        return request

    def message(self, notification_id: str = NOTICE, *, sid: str = SID, to: str = PHONE) -> Message:
        """Return the message as Twilio has it."""
        return Message(
            sid=sid,
            account_sid=self.twilio.account.sid,
            to=to,
            sender=SENDER,
            body="",
            messaging_service_sid=None,
            status_callback=PUBLIC_URL + status_path(notification_id),
            arrived=stamp(),
            answered=201,
        )

    def call(self, notification_id: str = NOTICE, *, sid: str = CALL_SID, to: str = PHONE) -> Call:
        """Return the call as Twilio has it."""
        webhook = PUBLIC_URL + voice_path(notification_id)
        return Call(
            sid=sid,
            account_sid=self.twilio.account.sid,
            to=to,
            sender=SENDER,
            url=webhook,
            twiml=None,
            status_callback=webhook,
            timeout=30,
            machine_detection="Enable",
            arrived=stamp(),
            answered=201,
        )

    async def reply(self, body: str, sender: str = PHONE, **more: Any) -> str:
        """Send an SMS to the intake; return the text that comes back, empty for none."""
        script = await self.twilio.reply(PUBLIC_URL + SMS, sender, body, **more)
        assert len(script.messages) <= 1
        return "".join(script.messages)

    async def row(self, notification_id: str = NOTICE) -> Any:
        return next(row for row in await self.intake.rows(notifications) if row.notification_id == notification_id)

    async def outgoing(self) -> list[tuple[str, Body]]:
        """Return (topic, body) of everything that waits for Kafka but reports."""
        rows = await OutboxRows(self.intake.database).pending([LANE], 1000)
        return [(row.topic, decode(row.headers, row.value).body) for row in rows]

    async def deliveries(self) -> list[tuple[str, int]]:
        return [
            (body.state, body.try_number) for _, body in await self.outgoing() if isinstance(body, DeliveryRecorded)
        ]

    async def count(self, table: Table) -> int:
        async with self.intake.database.reading() as connection:
            return len((await connection.execute(select(table))).all())


def make_line(database: Database, county: DirectorySnapshot | None = None, **settings: Any) -> Line:
    account = Account()
    configured = {
        "twilio_account_sid": account.sid,
        "twilio_auth_token": account.token,
        "twilio_from": SENDER,
        "public_url": PUBLIC_URL,
        **settings,
    }
    intake = make_intake(database, county or directory(), **configured)
    return Line(intake, Webhooks(account, intake.anonymous))


def counted(kind: str, outcome: str) -> float:
    """Return how often Twilio told something of this kind with this outcome, in this process."""
    return REGISTRY.get_sample_value("tocsin_twilio_callbacks_total", {"kind": kind, "outcome": outcome}) or 0.0
