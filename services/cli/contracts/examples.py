"""One example of each event type, and the record that carries it."""

from collections.abc import Mapping

from events.base import Body
from events.codec import Encoded, encode
from events.delivery import DeliveryRecorded, DeliveryState, delivery_type
from events.directory import ContactAddress, EntryRemoved, PersonRecorded, Roster, Shift, UnitRecorded
from events.escalation import journal_type
from events.ids import derived
from events.notification import NotificationCancelled, NotificationRequested
from services.cli.contracts.example_facts import (
    CASE_ID,
    CLOCK,
    CONTACT,
    FACTS,
    LEVEL,
    NOTIFICATION,
    PRINCIPAL,
    RECEIVED,
    SCHOOL,
    SCHOOL_NAME,
    STEP,
    minute,
)
from services.cli.contracts.example_journal import JOURNAL
from services.cli.contracts.example_petition import PETITION
from services.cli.contracts.example_roll_call import BY_ROLL_CALL, ROLL_CALL

REQUEST = NotificationRequested(
    case_id=CASE_ID,
    received_at=minute(1),
    notification_id=NOTIFICATION,
    clock=CLOCK,
    step=STEP,
    level=LEVEL,
    person_id=PRINCIPAL,
    contact_id=CONTACT,
    channel="sms",
    lane="escalation",
    template="incident_alert",
    language="zh",
    timezone="Asia/Shanghai",
    kind="fire",
    severity="III",
    school_id=SCHOOL,
    school_name=SCHOOL_NAME,
    place="Laboratory, west wing",
    started_at=minute(1),
    deadline=minute(15),
    code="7K3Q9D",
)

DIRECTORY: tuple[Body, ...] = (
    UnitRecorded(
        unit_id=SCHOOL,
        name=SCHOOL_NAME,
        kind="school",
        parent="district-east",
        township="town-lake",
        rosters=(
            Roster(role="school_leader", shifts=(Shift(start=RECEIVED, end=minute(1440), person_id="p-deputy"),)),
        ),
    ),
    PersonRecorded(
        person_id=PRINCIPAL,
        name="Pat Principal",
        unit_id=SCHOOL,
        roles=("principal",),
        contacts=(ContactAddress(contact_id=CONTACT, channel="sms", address="+15005550010"),),
    ),
    EntryRemoved(entry_id="p-retired"),
)


CANCELLED = NotificationCancelled(
    case_id=CASE_ID,
    received_at=minute(1),
    notification_id=NOTIFICATION,
    person_id=PRINCIPAL,
    contact_id=CONTACT,
    channel="sms",
    lane="escalation",
    reason="its level has answered",
)


def _delivery(
    state: DeliveryState, reason: str | None = None, provider_id: str | None = None, provider: str = "twilio"
) -> DeliveryRecorded:
    return DeliveryRecorded(
        notification_id=NOTIFICATION,
        case_id=CASE_ID,
        contact_id=CONTACT,
        channel="sms",
        state=state,
        try_number=1,
        provider=provider,
        provider_id=provider_id,
        reason=reason,
        at=minute(1),
    )


DELIVERIES: tuple[DeliveryRecorded, ...] = (
    _delivery("attempted"),
    _delivery("handed-over", provider_id="SM00000000000000000000000000000001"),
    _delivery("failed-temporary", "HTTP 429: too many requests"),
    _delivery("failed-permanent", "21610: the recipient opted out"),
    _delivery("outcome-unknown", "no answer within 10 s"),
    _delivery("delayed", "mail server 4.4.1: connection timed out", provider="smtp").model_copy(
        update={"channel": "email", "contact_id": f"{PRINCIPAL}:email"}
    ),
    _delivery("sent", provider_id="SM00000000000000000000000000000001"),
    _delivery("delivered", provider_id="SM00000000000000000000000000000001"),
    _delivery("undelivered", "30003: handset unreachable", "SM00000000000000000000000000000001"),
    _delivery("opted-out", "21610: the recipient opted out"),
    _delivery("skipped", "the contact opted out"),
    _delivery("cancelled", "its level has answered", provider="none"),
)

EXAMPLES: Mapping[str, Body] = {
    **{fact.TYPE: fact for fact in (*FACTS, *PETITION)},
    **{journal_type(entry.kind): entry for entry in JOURNAL},
    **{delivery_type(delivery.state): delivery for delivery in DELIVERIES},
    **{body.TYPE: body for body in (REQUEST, CANCELLED, *DIRECTORY, *ROLL_CALL)},
}
"""By event type. A registered type without one is a KeyError when the contracts are written: add it here."""

_SOURCES = {
    "incident": "/tocsin/intake",
    "petition": "/tocsin/intake",
    "roll-call": "/tocsin/intake",
    "escalation": "/tocsin/escalation",
    "notification": "/tocsin/escalation",
    "delivery": "/tocsin/notifier",
    "directory": "/tocsin/directory",
}
_KEYS = {
    "incident": "case_id",
    "petition": "case_id",
    "roll-call": "unit_id",
    "escalation": "case_id",
    "notification": "contact_id",
    "delivery": "notification_id",
}
_DIRECTORY_KEYS: Mapping[type[Body], str] = {
    UnitRecorded: "unit_id",
    PersonRecorded: "person_id",
    EntryRemoved: "entry_id",
}


def example_record(event_type: str) -> Encoded:
    """Return the example of a type as a record."""
    body = EXAMPLES[event_type]
    family = event_type.split(".")[2]
    return encode(
        body,
        event_id=derived("example", event_type),
        key=getattr(body, _KEYS.get(family) or _DIRECTORY_KEYS[type(body)]),
        source="/tocsin/roll_call" if isinstance(body, BY_ROLL_CALL) else _SOURCES[family],
        time=getattr(body, "received_at", minute(1)),
        event_type=event_type,
    )
