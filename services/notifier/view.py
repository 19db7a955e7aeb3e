"""What the words of a message are made of: a request in the recipient's language and local time.

What a petition tells, and what is told of a child that may have been harmed, is not in it, so that no template can show
it, whatever a request carries (DOMAIN §2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from events.notification import NotificationRequested
from services.runtime.kinds import is_sealed, kind_name

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Messages that begin with the emergency numbers: those that may come before help does."""

_FALLBACK_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class View:
    """What templates may use."""

    template: str
    language: str
    is_petition: bool
    sealed: bool
    """Whether what was told stays out of the message: it is read after signing in."""

    exercise: bool
    call_first: bool
    severity: str
    kind: str
    receipt: str | None
    duty: str
    """Name of the clock the message serves: what is owed."""

    school: str
    place: str | None
    summary: str | None
    note: str | None
    started: str
    deadline: str | None
    asks: bool
    code: str | None
    case_id: str

    def facts(self, severity: str) -> list[tuple[str, str]]:
        """Return the facts an email lists, as (label, value) in reading order; what is not known is left out."""
        facts = [
            ("kind", self.kind),
            ("receipt", self.receipt),
            ("severity", severity),
            ("school", self.school),
            ("place", self.place),
            ("started", self.started),
            ("summary", self.summary),
            ("note", self.note),
            ("deadline", self.deadline),
            ("code", self.code),
            ("case", self.case_id),
        ]
        return [(label, value) for label, value in facts if value]

    def parameters(self) -> Mapping[str, str]:
        """Return what a provider's own template may be filled with; nothing that a child could be known by."""
        found = {
            "school": self.school,
            "kind": self.kind,
            "severity": self.severity,
            "place": self.place,
            "started": self.started,
            "deadline": self.deadline,
            "code": self.code,
            "receipt": self.receipt,
        }
        return {name: value for name, value in found.items() if value}


def view_of(request: NotificationRequested) -> View:
    """Return what the words of a request are made of."""
    zone = _zone(request.timezone)
    is_petition = request.family == "petition" or request.template.startswith("petition_")
    # A petition is told in a petition's words, even where a request names an incident's: their names end alike.
    template = f"petition_{request.template.partition('_')[2]}" if is_petition else request.template
    sealed = is_petition or is_sealed(request.kind)
    return View(
        template=template,
        language=request.language,
        is_petition=is_petition,
        sealed=sealed,
        exercise=request.exercise,
        call_first=template in CALL_FIRST,
        severity=request.severity,
        kind=_line(kind_name(request.kind, request.language)) or request.kind,
        receipt=_line(request.receipt),
        duty=request.clock.partition("@")[0],
        school=_line(request.school_name) or request.school_id,
        place=_line(request.place),
        summary=None if sealed else request.summary,
        note=None if sealed else _line(request.note),
        started=f"{request.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
        deadline=_moment(request.deadline, request.started_at, zone, request.language),
        asks=request.asks_acknowledgement,
        code=request.code,
        case_id=request.case_id,
    )


def _moment(moment: datetime | None, started_at: datetime, zone: ZoneInfo, language: str) -> str | None:
    """Return a deadline as the recipient's wall clock shows it, with the day when it is not the day of the report."""
    if moment is None:
        return None
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == started_at.astimezone(zone).date():
        return clock
    day = f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {local:%b} "
    return day + clock


def _line(text: str | None) -> str | None:
    """Return the text on one line: a line break could fake another message, or another header."""
    return " ".join(text.split()) if text else None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    """Return the time zone; an unknown one must not stop an alert, and the whole of China keeps one time."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found is a KeyError, a path or nonsense one of the others
        return ZoneInfo(_FALLBACK_ZONE)
