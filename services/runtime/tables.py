"""The tables: what the memory of Tocsin looks like, the same on SQLite and PostgreSQL.

Times are whole microseconds since 1970 UTC (exact, sortable, alike on both). JSON is text: it is read whole by
whoever loads it, never searched inside.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(value: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (value - EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, stored as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn a time into its number."""
        del dialect
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Turn the number back into a time."""
        del dialect
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = MetaData()
_ID = BigInteger().with_variant(Integer, "sqlite")

ownership = Table(
    "ownership",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False, doc="the database's own clock, in microseconds"),
    Column("position", BigInteger, nullable=False, default=0, doc="number of the partition's last journal entry"),
)

consumed = Table(
    "consumed",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("topic_id", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("handled_at", UtcTime, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("family", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("school_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("next_due_at", UtcTime, nullable=True),
    Column("state", Text, nullable=False),
    Index("ix_cases_due", "partition", "next_due_at"),
    Index("ix_cases_school", "school_id", "received_at"),
    Index("ix_cases_received", "received_at", "case_id"),
)

journal = Table(
    "journal",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("position", BigInteger, nullable=False, doc="gapless within the partition: the live stream's cursor"),
    Column("kind", Text, nullable=False),
    Column("school_id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("entry", Text, nullable=False),
    Index("ix_journal_position", "partition", "position", unique=True),
)

waiting_facts = Table(
    "waiting_facts",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_waiting_case", "case_id"),
    comment="facts that came before the report of their case; judged right after it",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("lane", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column(
        "urgency",
        Integer,
        nullable=False,
        server_default="0",
        doc="events.base.Urgency: the lowest goes out first, and within one the oldest",
    ),
    Column("tries", Integer, nullable=False, default=0),
    Column("published_at", BigInteger, nullable=True, doc="the database's own clock, in microseconds"),
    Column("topic_id", Text, nullable=True),
    Column("partition", Integer, nullable=True),
    Column("offset", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
Index(
    "ix_outbox_pending",
    outbox.c.lane,
    outbox.c.urgency,
    outbox.c.id,
    sqlite_where=text("pending = 1"),
    postgresql_where=text("pending"),
)
Index(
    "ix_outbox_published",
    outbox.c.topic,
    outbox.c.topic_id,
    outbox.c.partition,
    outbox.c.offset,
    sqlite_where=text("pending = 0"),
    postgresql_where=text("NOT pending"),
)
Index(
    "ix_outbox_overtaken",
    outbox.c.key,
    sqlite_where=text("pending = 1 AND urgency = 1"),
    postgresql_where=text("pending AND urgency = 1"),
)
Index(
    "ix_outbox_unconfirmed",
    outbox.c.lane,
    outbox.c.published_at,
    sqlite_where=text("pending = 0"),
    postgresql_where=text("NOT pending"),
)

reports = Table(
    "reports",
    metadata,
    Column("report_id", Text, primary_key=True),
    Column("content_hash", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("school_id", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("response", Text, nullable=False),
    Column(
        "hidden_from",
        Text,
        nullable=False,
        server_default="[]",
        doc="persons and units that the report concerns and who goes with them: until the case is judged, and says so",
    ),
    Index("ix_reports_case", "case_id"),
)

joined_reports = Table(
    "joined_reports",
    metadata,
    Column("report_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False, doc="the case that it joined"),
    Column("joined_at", UtcTime, nullable=False),
    Column("report", Text, nullable=False, doc="the report, whole: separated again, it opens a case of its own"),
    Index("ix_joined_reports_case", "case_id"),
)

open_events = Table(
    "open_events",
    metadata,
    Column("school_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("exercise", Boolean, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    comment="the newest case of a school and kind that further reports may join; its key lets only one of two open",
)

petitions = Table(
    "petitions",
    metadata,
    Column("report_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("receipt", Text, nullable=False, doc="no key: two cases may share a number, and the secret decides"),
    Column("secret_hash", Text, nullable=False),
    Column("content_mac", Text, nullable=False, doc="keyed: a plain hash of few words and a number could be guessed"),
    Column("school_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("response", Text, nullable=False, doc="without the secret"),
    Index("ix_petitions_case", "case_id", unique=True),
    Index("ix_petitions_receipt", "receipt"),
    comment="petitions as their holders know them; apart from reports, so that no list of reports can show one",
)

sealed_identities = Table(
    "sealed_identities",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    comment="who petitioned, and what they told: encrypted, each reading audited, never searched",
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Index("ix_audit_case", "case_id"),
    sqlite_autoincrement=True,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("content_hash", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Index("ix_codes_holder", "case_id", "person_id", unique=True),
    Index("ix_codes_person", "person_id"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", Text, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False, doc="pending, attempted, or a delivery state"),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcTime, nullable=True),
    Column("provider", Text, nullable=True),
    Column("provider_id", Text, nullable=True),
    Column("reason", Text, nullable=True),
    Column("requested_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("request", Text, nullable=False),
    Column(
        "is_late", Boolean, nullable=False, server_default=false(), doc="somebody was told that no provider has it yet"
    ),
    Index("ix_notifications_case", "case_id"),
    Index("ix_notifications_due", "partition", "next_try_at"),
    Index("ix_notifications_provider", "provider_id"),
)

contact_flags = Table(
    "contact_flags",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("address_hash", Text, nullable=False, doc="a corrected address is another contact: the flag ends with it"),
    Column("flaw", Text, nullable=False, doc="dead, or opted-out"),
    Column("reason", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    comment="what a provider said of a contact for good; skipped with that reason until its address is changed",
)

reachability = Table(
    "reachability",
    metadata,
    Column("round_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("unit_id", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("contacts", Integer, nullable=False, doc="how many of their contacts were asked"),
    Column("reached_at", UtcTime, nullable=True),
    Index("ix_reachability_person", "person_id", "asked_at"),
    comment="who was asked whether messages reach them, and who answered",
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("person_id", Text, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
)

directory_entries = Table(
    "directory_entries",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
)

remembered = Table(
    "remembered",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="single facts about this database: the demo clock's origin, the directory's version, a cursor",
)

roll_calls = Table(
    "roll_calls",
    metadata,
    Column("roll_call_id", Text, primary_key=True),
    Column("partition", Integer, nullable=False, doc="home of the bureau's id"),
    Column("bureau_id", Text, nullable=False),
    Column("date", Text, nullable=False, doc="ISO 8601, in the bureau's time zone"),
    Column("call", Text, nullable=False),
    Column("opens_at", UtcTime, nullable=False),
    Column("cut_off", UtcTime, nullable=False),
    Column("closes_at", UtcTime, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("changes", Integer, nullable=False, doc="counts up each time: who keeps it in memory sees that it changed"),
    Column("schedule", Text, nullable=False, doc="the frozen schedule: alike in thousands of roll calls, read once"),
    Column("state", Text, nullable=False, doc="without the schedule"),
    Index("ix_roll_calls_bureau", "bureau_id", "date"),
)
Index(
    "ix_roll_calls_open",
    roll_calls.c.roll_call_id,
    roll_calls.c.changes,
    sqlite_where=text("is_open = 1"),
    postgresql_where=text("is_open"),
)

roll_call_parts = Table(
    "roll_call_parts",
    metadata,
    Column("roll_call_id", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("taken", Text, nullable=False, doc="steps about schools that were taken for the schools of this partition"),
    Column("after", Text, nullable=True, doc="the last school that the step under way was taken for"),
    comment="how far each partition's owner has come in chasing its own schools",
)

school_days = Table(
    "school_days",
    metadata,
    Column("roll_call_id", Text, primary_key=True),
    Column("school_id", Text, primary_key=True),
    Column("partition", Integer, nullable=False, doc="home of the school's id"),
    Column("date", Text, nullable=False),
    Column("first_at", UtcTime, nullable=True, doc="when its first answer that counts was received"),
    Column("answer", Text, nullable=True),
    Column("contradicted", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Index("ix_school_days_school", "school_id", "date"),
    comment="one school in one roll call; one that has said nothing, and that nobody was told of, has no row",
)
