"""Every event type we speak, and how an older one becomes the present one.

A shipped version never changes: a change of shape is a new version, an upcaster here, and a recorded example in
``tests/contract/recorded``.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from events.base import Body, CaseFact
from events.delivery import DeliveryRecorded, DeliveryState, delivery_type
from events.directory import EntryRemoved, PersonRecorded, UnitRecorded
from events.errors import UnknownType
from events.escalation import EntryKind, JournalEntry, journal_type
from events.incident import INCIDENT_FACTS
from events.notification import NotificationCancelled, NotificationRequested
from events.petition import PETITION_FACTS
from events.roll_call import ROLL_CALL_FACTS
from events.unreached import ContactUnreached

Data = dict[str, Any]
Upcaster = Callable[[Data], tuple[str, Data]]
"""Takes the data of an old type, returns the next newer type and its data."""

CASE_FACTS: tuple[type[CaseFact], ...] = (*INCIDENT_FACTS, *PETITION_FACTS, ContactUnreached)

MODELS: Mapping[str, type[Body]] = {
    **{model.TYPE: model for model in CASE_FACTS},
    **{model.TYPE: model for model in ROLL_CALL_FACTS},
    **{journal_type(kind): JournalEntry for kind in get_args(EntryKind)},
    **{delivery_type(state): DeliveryRecorded for state in get_args(DeliveryState)},
    **{model.TYPE: model for model in (NotificationRequested, NotificationCancelled)},
    **{model.TYPE: model for model in (UnitRecorded, PersonRecorded, EntryRemoved)},
}

UPCASTERS: Mapping[str, Upcaster] = {}
"""From an old ``ce_type`` to the step that lifts it. Empty: every family is at its first version."""


def resolve(event_type: str, data: Data, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> tuple[str, type[Body], Data]:
    """Return the present type, its model and the data lifted to it.

    Raises:
        UnknownType: neither a present type nor one that upcasters reach.
    """
    seen: set[str] = set()
    while event_type in upcasters and event_type not in seen:
        seen.add(event_type)
        event_type, data = upcasters[event_type](data)
    model = MODELS.get(event_type)
    if model is None:
        raise UnknownType(f"unknown event type {event_type!r}: is the producer newer than this program?")
    return event_type, model, data
