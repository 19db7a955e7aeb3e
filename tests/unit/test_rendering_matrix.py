"""Every message × language × severity × drill or not × kind, by SMS and email: whole, short, and no word too much.

Each test goes through thousands of cells and names every one that is wrong.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple, get_args

from events.notification import NotificationRequested, RollCallTemplate, Template
from services.notifier.limits import limit_of, limits
from services.notifier.rendering import render
from services.notifier.segments import sms_segments
from services.runtime.kinds import kinds
from tests.support.notices import START, requested

TEMPLATES = get_args(Template)
LANGUAGES = ("zh", "en")
SEVERITIES = {
    "zh": {"I": "特别重大", "II": "重大", "III": "较大", "IV": "一般"},
    "en": {s: s for s in ("I", "II", "III", "IV")},
}
MARK = {"zh": "【演练】", "en": "EXERCISE. "}
FIRST = {"zh": "险情先拨110/119/120。", "en": "Danger? Call 110/119/120 first. "}
URGENT = {"incident_alert", "incident_reminder", "incident_unreached"}
WITHOUT_DEADLINE = {"incident_correction", "petition_correction"}
TODAY, ANOTHER_DAY = START + timedelta(minutes=15), START.replace(month=12, day=13) + timedelta(minutes=15)
SHOWN = {
    ("zh", TODAY): "14:35",
    ("en", TODAY): "14:35",
    ("zh", ANOTHER_DAY): "12月13日14:35",
    ("en", ANOTHER_DAY): "13 Dec 14:35",
}
SCHOOL = "阳光县第一中心小学"
LONG_SCHOOL = "内蒙古自治区呼伦贝尔市鄂伦春自治旗大杨树镇中心小学附属寄宿制民族幼儿园（东校区）"
LONG_PLACE = "教学楼东侧三层走廊尽头靠近操场一侧的化学实验准备室以及相邻的仪器室和储藏间" * 3
SECRETS = {"summary": "张小明手部烧伤", "note": "家长王芳来信"}


class Cell(NamedTuple):
    """One message: its coordinates, and the request that asks for it."""

    template: str
    language: str
    severity: str
    exercise: bool
    kind: str
    deadline_shown: str
    request: NotificationRequested


def cells(
    school: str, place: str, channel: str = "sms", deadlines: Iterable[datetime] = (TODAY, ANOTHER_DAY)
) -> Iterator[Cell]:
    """Give every message about a place of a school."""
    for template, (kind, names) in product(TEMPLATES, kinds().items()):
        if kind.startswith("petition") is not template.startswith("petition_"):
            continue
        for language, severity, exercise, deadline in product(LANGUAGES, SEVERITIES["en"], (False, True), deadlines):
            request = requested(
                template=template,
                language=language,
                severity=severity,
                exercise=exercise,
                kind=kind,
                deadline=deadline,
                school_name=school,
                place=place,
                channel=channel,
                **SECRETS,
            )
            shown = "" if template in WITHOUT_DEADLINE else SHOWN[language, deadline]
            yield Cell(template, language, severity, exercise, names[language], shown, request)


def faults(cell: Cell, text: str) -> Iterator[str]:
    """Say everything that an SMS lacks or has too much of."""
    language, is_petition = cell.language, cell.template.startswith("petition_")
    for what in ("K7Q2MX", cell.kind, cell.deadline_shown, "4821-0937-7525" if is_petition else ""):
        if what not in text:
            yield f"no {what}"
    begins = (MARK[language] if cell.exercise else "") + (FIRST[language] if cell.template in URGENT else "")
    rest = text.removeprefix(begins)
    if not text.startswith(begins) or MARK[language] in rest or FIRST[language] in rest:
        yield f"does not begin with {begins!r}, once"
    grade = SEVERITIES[language][cell.severity]
    graded = f"{grade}{cell.kind}" if language == "zh" else f"{cell.kind}, grade {grade}:"
    is_graded = not is_petition and cell.template != "reachability_test"
    if (graded in text) is not is_graded or (is_petition and ("grade" in text or "重大" in text)):
        yield "the grade of a petition" if is_petition else f"no grade {grade}"
    if any(secret in text for secret in ("张小明", "王芳", "None", "\n")):
        yield "what must not be told"


def told(cell: Cell, text: str, wrong: list[str]) -> list[str]:
    """Return one line for each fault of a cell."""
    at = "/".join((cell.template, cell.language, cell.severity, cell.kind, "drill" if cell.exercise else "real"))
    return [f"{at}: {fault}: {text}" for fault in wrong]


def test_sms_of_a_usual_school_is_whole_and_stays_within_the_segments_aimed_at() -> None:
    """Kind, grade, school, deadline and code in one Chinese segment, a drill's of another day included."""
    wrong: list[str] = []
    for cell in cells(SCHOOL, "三楼化学实验室"):
        text = render(cell.request).text
        found = list(faults(cell, text))
        limit = limit_of(cell.template, cell.language)
        # English with a Chinese name in it, both mark and date: the only ones that may need what is left above the aim
        is_longest = cell.language == "en" and cell.exercise and " Dec " in cell.deadline_shown
        if sms_segments(text) > (limit.most if is_longest else limit.aim):
            found.append(f"{sms_segments(text)} segments")
        if SCHOOL not in text:
            found.append("no school")
        wrong += told(cell, text, found)
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(wrong[:20])


def test_sms_with_endless_names_loses_neither_code_nor_deadline_and_never_exceeds_its_most() -> None:
    """What makes the school this school, and the place this place, is still there: both of their ends."""
    wrong: list[str] = []
    for cell in cells(LONG_SCHOOL, LONG_PLACE, deadlines=[ANOTHER_DAY]):
        text = render(cell.request).text
        found = list(faults(cell, text))
        if sms_segments(text) > limit_of(cell.template, cell.language).most:
            found.append(f"{sms_segments(text)} segments")
        if "鄂伦春自治旗大杨树镇中心小学附属寄宿制民族幼儿园（东校区）" not in text:
            found.append("no school that one would know")
        wrong += told(cell, text, found)
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(wrong[:20])


def test_email_of_every_kind_is_whole_and_tells_of_no_child_that_may_have_been_harmed() -> None:
    """Subject, text and HTML; the story is in an incident's alone, and not in that of suspected abuse."""
    wrong: list[str] = []
    for cell in cells(SCHOOL, "三楼化学实验室", channel="email", deadlines=[ANOTHER_DAY]):
        words = render(cell.request)
        is_sealed = cell.template.startswith("petition_") or cell.request.kind == "suspected-abuse"
        found = [what for what in (cell.kind, SCHOOL) if what not in words.subject]
        for part in (words.text, str(words.html)):
            found += [f"no {what}" for what in ("K7Q2MX", cell.deadline_shown, "三楼化学实验室") if what not in part]
            found += ["no emergency numbers"] * (("119" in part) is not (cell.template in URGENT))
            found += ["the story"] * (("张小明" in part) is is_sealed or ("王芳" in part) is is_sealed)
            found += ["no watermark"] * (("演练" in part or "EXERCISE" in part) is not cell.exercise)
        wrong += told(cell, words.text, found)
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(wrong[:20])


def test_every_message_has_its_limits_and_no_limit_is_without_a_message() -> None:
    """A new message cannot be forgotten in the table, nor an old one stay in it; no aim is beyond the most."""
    assert set(limits()) == {*TEMPLATES, *get_args(RollCallTemplate)}
    for each in limits().values():
        assert set(each) == set(LANGUAGES)
        assert all(1 <= limit.aim <= limit.most for limit in each.values())
