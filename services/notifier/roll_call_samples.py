"""Made-up requests for messages about roll calls, to show and to check what would be sent."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any, get_args

from escalation_policies.roll_call.messages import KIND
from events.channel import Channel
from events.notification import NotificationRequested, RollCallTemplate
from events.roll_call import Counts, RollCallWords
from services.notifier.samples import CODE, LATIN_SCHOOL, RECEIVED, SCHOOL, Shape, sample

ROLL_CALLS: tuple[RollCallTemplate, ...] = get_args(RollCallTemplate)
ASKING = frozenset({"roll_call_reminder", "roll_call_missing", "roll_call_contradicted"})
"""Messages to a school, with the code that answers."""

COUNTS = Counts(expected=165, confirmed=127, late=5, missing=29, awaited=0, excused=4, with_cases=7, contradicted=6)
MISSING, CONTRADICTED = ("湖滨小学", "阳光中学", LATIN_SCHOOL), ("山前小学",)
LATE = 47
"""Minutes: no number of the day is in it, nor in the hour."""


def sample_roll_call(template: RollCallTemplate, *, late: bool = False, **changes: Any) -> NotificationRequested:
    """Return a request for a message about a school's or a bureau's roll call, changed as told."""
    asks, counted = template in ASKING, template in {"roll_call_list", "roll_call_summary"}
    words = RollCallWords(
        date=RECEIVED.date(),
        call="daily",
        title="每日零报告",
        counts=COUNTS if counted else None,
        missing=MISSING if counted else (),
        contradicted=CONTRADICTED if counted or template == "roll_call_flagged" else (),
        late_minutes=LATE if late else None,
    )
    fields: dict[str, Any] = {
        "family": "roll-call",
        "receipt": None,
        "clock": "roll_call@school",
        "level": "school" if asks else "district" if template == "roll_call_list" else "bureau",
        "lane": "bulk",
        "template": template,
        "kind": KIND,
        "severity": "IV",
        "place": None,
        "summary": None,
        "deadline": RECEIVED + timedelta(minutes=100),
        "asks_acknowledgement": asks,
        "code": CODE if asks else None,
        "roll_call": words,
    }
    return NotificationRequested.model_validate({**sample("incident_alert").model_dump(), **fields, **changes})


def every_roll_call(template: RollCallTemplate, language: str, channel: Channel) -> Iterator[Shape]:
    """Give a message in time and late, in a drill or not, of a school with a usual name and with an endless one."""
    names = ((SCHOOL, True), (LATIN_SCHOOL, language == "en"), (SCHOOL * 9, False))
    for late, exercise, (name, usual) in product((False, True), (False, True), names):
        changes = {"language": language, "channel": channel, "exercise": exercise, "school_name": name}
        yield Shape(sample_roll_call(template, late=late, **changes), usual and not (late and exercise))
