"""From what was sent to the facts of a new case. Pure: no clock, no store.

"Never reject an urgent report for a missing detail" (DOMAIN §7): for ``urgent: true``, a field that cannot be used is
taken out and its text is kept in the summary, word for word; an unknown kind becomes ``other``. A summary that grows
beyond its 4,000 characters goes on in notes of the same case. Everything else is strict, so that clients get mended.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from escalation_policies.loader import PolicyLibrary
from escalation_policies.schema import Policy
from events.ids import derived
from events.incident import IncidentFiled, NoteAdded
from services.intake.body import JsonObject
from services.intake.problems import fault, invalid
from services.intake.report import IncidentReport, Rules
from services.runtime.directory import DirectorySnapshot

FALLBACK_KIND = "other"
PLACE_LIMIT = 200
SUMMARY_LIMIT = 4000
"""The limits of `events.incident.ShortText` and `LongText`."""

UNSALVAGEABLE = frozenset({"school_id", "concerns"})
"""Without the right school, or whom it concerns, the wrong people would be called: only the caller can mend this."""

_BOOL = TypeAdapter(bool)


@dataclass(frozen=True, slots=True)
class Reading:
    """A report that can be filed. ``rest`` is text beyond the summary; ``moved`` names fields kept in the summary."""

    report: IncidentReport
    summary: str | None
    rest: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()


def read_report(
    sent: JsonObject, now: datetime, policies: PolicyLibrary, directory: DirectorySnapshot, actor: str
) -> Reading:
    """Return what was sent as a report.

    Raises:
        Problem: 422 with every fault; for an urgent report only when the school, or whom it concerns, cannot be known.
    """
    kinds = policies.kinds_of("incident")
    hazards = [kind for kind in kinds if is_hazard(policies.for_kind(kind))]
    rules = Rules(now, kinds, hazards, directory)
    try:
        report = IncidentReport.model_validate(sent, context=rules)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        if not is_urgent(sent) or not _can_be_salvaged(faults, kinds):
            raise invalid([fault(item) for item in faults]) from error
        return _salvage(sent, sorted({str(item["loc"][0]) for item in faults}), rules, actor)
    return Reading(report, report.summary)


def is_urgent(sent: JsonObject) -> bool:
    """Return whether the client says that it is urgent, in any spelling of true."""
    try:
        return _BOOL.validate_python(sent.get("urgent", False))
    except ValidationError:
        return False


def filed(reading: Reading, *, case_id: str, report_id: str, school_id: str, received_at: datetime) -> IncidentFiled:
    """Return the fact that opens the case."""
    report = reading.report
    return IncidentFiled(
        case_id=case_id,
        received_at=received_at,
        report_id=report_id,
        school_id=school_id,
        kind=report.kind,
        severity=report.severity,
        urgent=report.urgent,
        place=report.place,
        summary=reading.summary,
        occurred_at=report.occurred_at,
        submitted_at=report.submitted_at,
        casualties=report.casualties,
        reporter=report.reporter,
        exercise=report.exercise,
        concerns=report.concerns,
        owner=report.owner,
        due_at=report.due_at,
    )


def notes(reading: Reading, *, case_id: str, by: str, received_at: datetime) -> Iterator[NoteAdded]:
    """Yield the text that did not fit into the summary, in order."""
    for text in reading.rest:
        yield NoteAdded(case_id=case_id, received_at=received_at, by=by, text=text)


def is_hazard(policy: Policy) -> bool:
    """Return whether what a policy is for has an owner and a due date."""
    return policy.clocks.rectification is not None


def _can_be_salvaged(faults: Sequence[Any], kinds: Collection[str]) -> bool:
    fields = {item["loc"][0] for item in faults if item["loc"]}
    if "kind" in fields and FALLBACK_KIND not in kinds:
        return False
    return not fields & UNSALVAGEABLE


def _salvage(sent: JsonObject, unusable: list[str], rules: Rules, actor: str) -> Reading:
    kept = {name: value for name, value in sent.items() if name not in unusable}
    stated = sent.get("summary")
    if isinstance(sent.get("place"), str) and "place" in unusable:
        kept["place"] = sent["place"][:PLACE_LIMIT]
    if "kind" in unusable:
        kept["kind"] = FALLBACK_KIND
    if "report_id" in unusable and sent.get("report_id") is not None:
        # The same unusable id must go on naming the same report when the client sends it again.
        kept["report_id"] = derived("unusable-report-id", actor, _as_text(sent["report_id"]))
    kept.pop("summary", None)
    report = IncidentReport.model_validate(kept, context=rules)
    moved = [name for name in unusable if name in sent and not (name == "summary" and isinstance(stated, str))]
    lines = [stated] if isinstance(stated, str) and stated else []
    lines += [f"[{name} as sent: {_as_text(sent[name])}]" for name in moved]
    chunks = _chunks("\n".join(lines))
    return Reading(report, chunks[0] if chunks else None, tuple(chunks[1:]), tuple(moved))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _chunks(text: str) -> list[str]:
    return [text[start : start + SUMMARY_LIMIT] for start in range(0, len(text), SUMMARY_LIMIT)]
