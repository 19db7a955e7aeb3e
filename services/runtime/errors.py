"""What can go wrong in the shared machinery.

TocsinError
├── SettingsError        bad settings, all of them listed; nothing has started
├── StoreError
│   ├── StoreBusy        the database stayed locked longer than the limit: retry the unit of work
│   ├── SchemaMismatch   the database is of another version: run the version that made it, or migrate
│   └── StaleEpoch       somebody else claimed what this worker thought it owned: drop it, touch nothing
├── BusError
│   ├── BusAway          no broker answers; clocks go on, the bus side retries
│   └── RecordSkipped    the bus passed over a record: restart from the stored offset
└── ClockError           the demo clock and the database disagree
"""


class TocsinError(Exception):
    """Root of the services' own errors."""


class SettingsError(TocsinError):
    """The settings cannot be used. ``faults`` has one line for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("these settings need attention:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


class StoreError(TocsinError):
    """The database could not do what was asked."""


class StoreBusy(StoreError):
    """The database was locked for longer than the limit."""


class SchemaMismatch(StoreError):
    """The database's schema is newer than this program."""


class StaleEpoch(StoreError):
    """A newer claim owns this partition; the unit of work was rolled back whole."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"no longer the owner of {', '.join(names)}: a newer claim exists")
        self.names = names


class BusError(TocsinError):
    """Kafka could not do what was asked."""


class BusAway(BusError):
    """No broker answers."""


class RecordSkipped(BusError):
    """An offset is missing between the last record handled and this one, and the broker has it."""


class ClockError(TocsinError):
    """The clock's speed and the database's past do not fit together."""
