"""Made-up requests for messages, to show and to check what would be sent before anybody depends on it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple, get_args

from escalation_policies.loader import PolicyLibrary
from escalation_policies.reachability import KIND as REACHABILITY
from events.channel import Channel
from events.incident import SEVERITIES
from events.notification import NotificationRequested, Template
from services.runtime.kinds import kind_name

TEMPLATES: tuple[Template, ...] = get_args(Template)
RECEIVED = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)
"""14:20 in Shanghai: a sample's deadline is on the same day, or on another one."""

SCHOOL, PLACE = "阳光县第一中心小学", "三楼化学实验室"
LATIN_SCHOOL, LATIN_PLACE = "Sunshine County First Central Primary School", "Chemistry laboratory, third floor"
DUTIES = ("acceptance", "resolution", "review")
CODE, RECEIPT = "K7Q2MX", "4821-0937-7525"
LINK = "https://tocsin.example.org/a/" + "x" * 50
"""As long as a real one."""


class Names(NamedTuple):
    """A school and a place, and in which languages the segments aimed at must do for them."""

    school: str
    place: str | None
    usual_in: tuple[str, ...]


EVERY_NAME = (
    Names(SCHOOL, PLACE, ("zh", "en")),
    Names(LATIN_SCHOOL, LATIN_PLACE, ("en",)),
    Names(SCHOOL, None, ("zh", "en")),
    Names(SCHOOL * 9, PLACE * 30, ()),
)


PLAIN = (False, False, EVERY_NAME[0])
"""Not a drill, due today, and of usual names."""


def sample(template: Template, *, another_day: bool = False, **changes: Any) -> NotificationRequested:
    """Return a request for a message about a fire, or for a petition's about fees, changed as told."""
    is_petition = template.startswith("petition_")
    fields: dict[str, Any] = {
        "case_id": "sample",
        "received_at": RECEIVED,
        "notification_id": "sample",
        "family": "petition" if is_petition else "incident",
        "receipt": RECEIPT if is_petition else None,
        "clock": "report_to_principal@principal",
        "step": "told",
        "level": "principal",
        "person_id": "sample",
        "contact_id": "sample:sms",
        "channel": "sms",
        "lane": "escalation",
        "template": template,
        "language": "zh",
        "timezone": "Asia/Shanghai",
        "kind": "petition-fees" if is_petition else "fire",
        "severity": "III",
        "school_id": "sample",
        "school_name": SCHOOL,
        "place": PLACE,
        "summary": None if is_petition else "实验中起火，无人受伤",
        "started_at": RECEIVED,
        "deadline": RECEIVED + (timedelta(days=19) if another_day else timedelta(minutes=15)),
        "code": CODE,
    }
    return NotificationRequested.model_validate({**fields, **changes})


def messages_of(kind: str, library: PolicyLibrary) -> list[Template]:
    """Return which messages reports of a kind bring.

    Raises:
        NoPolicy: naming the kinds that exist.
    """
    if kind == REACHABILITY:
        return ["reachability_test"]
    policy = library.for_kind(kind)
    is_petition, is_hazard = policy.applies_to.family == "petition", policy.outside_plan == "hazard"
    return [
        template
        for template in TEMPLATES
        if template.startswith("petition_") is is_petition
        and (is_hazard or not template.startswith("hazard_"))
        and template != "reachability_test"
    ]


class Shape(NamedTuple):
    """One way a message may come; ``usual``: the segments that are aimed at must do."""

    request: NotificationRequested
    usual: bool


def every_shape(template: Template, language: str, channel: Channel, library: PolicyLibrary) -> Iterator[Shape]:
    """Give a message of every kind; and of the longest kind, every grade or duty, drill or not, day and name."""
    is_petition = template.startswith("petition_")
    kinds = library.kinds_of("petition" if is_petition else "incident")
    longest = max(kinds, key=lambda kind: len(kind_name(kind, language)))
    marks: tuple[str, ...] = DUTIES if is_petition else SEVERITIES
    shapes = product([longest], marks, (False, True), (False, True), EVERY_NAME)
    for kind, mark, exercise, another_day, names in (*shapes, *((kind, marks[0], *PLAIN) for kind in kinds)):
        changes = {"clock": f"{mark}@school"} if is_petition else {"severity": mark}
        request = sample(
            template,
            another_day=another_day,
            language=language,
            channel=channel,
            kind=kind,
            exercise=exercise,
            school_name=names.school,
            place=names.place,
            **changes,
        )
        yield Shape(request, usual=language in names.usual_in and not (exercise and another_day))
