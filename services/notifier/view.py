"""What the words of a message are made of: a request in the recipient's language and local time.

What a petition tells, and what is told of a child that may have been harmed, is not in it, so that no template can show
it, whatever a request carries (DOMAIN §2).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from events.notification import NotificationRequested
from services.runtime.kinds import is_sealed, kind_name
from services.runtime.local_time import shown, zone_of
from services.runtime.spoken.words import petitions_name

CALL_FIRST = frozenset({"incident_alert", "incident_reminder", "incident_unreached"})
"""Messages that begin with the emergency numbers: those that may come before help does."""


@dataclass(frozen=True, slots=True)
class View:
    """What templates may use."""

    template: str
    language: str
    is_petition: bool
    is_graded: bool
    """Whether the severity is told: of incidents alone."""

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
    link: str | None
    """Where it can be answered: the notifier ends an SMS with it, an email's layout has to show it."""

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
            "link": self.link,
        }
        return {name: value for name, value in found.items() if value}


def view_of(request: NotificationRequested, link: str | None = None) -> View:
    """Return what the words of a request are made of; ``link`` is where it can be answered."""
    zone = zone_of(request.timezone)
    is_petition = request.family == "petition" or request.template.startswith("petition_")
    # A petition is told in a petition's words, even where a request names an incident's: their names end alike.
    template = petitions_name(request.template) if is_petition else request.template
    sealed = is_petition or is_sealed(request.kind)
    return View(
        template=template,
        language=request.language,
        is_petition=is_petition,
        is_graded=not is_petition and template != "reachability_test",
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
        deadline=shown(request.deadline, request.started_at, zone, request.language) if request.deadline else None,
        asks=request.asks_acknowledgement,
        code=request.code,
        link=link,
        case_id=request.case_id,
    )


def _line(text: str | None) -> str | None:
    """Return the text on one line: a line break could fake another message, or another header."""
    return " ".join(text.split()) if text else None
