"""What can go wrong with an event.

EventError
├── UnreadableRecord    bytes or fields that are no event of ours: to the dead-letter topic, with this text
└── UnknownType         a well-formed CloudEvent of a type that this version does not know
"""

from typing import Self

from pydantic import ValidationError


class EventError(ValueError):
    """Root of the language's errors."""


class UnreadableRecord(EventError):
    """The record cannot be read. The message says what is wrong, field by field; it never quotes values."""

    @classmethod
    def of(cls, what: str, error: ValidationError) -> Self:
        """Build one from pydantic's findings, naming each field and fault but no value (it may be personal)."""
        faults = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        )
        return cls(f"{what}: {faults}")


class UnknownType(EventError):
    """No model is registered for this CloudEvents type."""
