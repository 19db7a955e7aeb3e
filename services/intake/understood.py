"""What an answer was understood as, in one sentence of its giver's language: the same by SMS, on a page, by any client.

A sentence says no more of a case than the message that it answers: kind and school, never what is in a petition.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from escalation_policies.question import Question, question_of
from services.intake.answering import Holder
from services.intake.deps import Deps
from services.runtime.kinds import kind_name
from services.runtime.local_time import shown, zone_of

Outcome = Literal["accepted", "accepted-too", "declined", "answered", "called-off", "closed"]
"""``accepted-too``: somebody had accepted before. ``answered``: somebody has, and nothing was said here."""

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "accepted": {
            "zh": "{drill}已确认由您负责：{case}。请尽快向上级报告。",
            "en": "{drill}Acknowledged, you have taken responsibility: {case}. Report upward as soon as you can.",
        },
        "accepted_petition": {
            "zh": "{drill}已确认由您负责：{case}。请在期限内办理。",
            "en": "{drill}Acknowledged, you have taken responsibility: {case}. Act on it within its time.",
        },
        "accepted-too": {
            "zh": "{drill}已记录您的确认：{case}。此前{who}已于{at}确认负责。",
            "en": "{drill}Your acceptance is noted: {case}. {who} had accepted it before, at {at}.",
        },
        "declined": {
            "zh": "{drill}已记录您无法处理：{case}。正在通知替补人员。",
            "en": "{drill}Noted that you cannot take it: {case}. The stand-in is being told now.",
        },
        "answered": {
            "zh": "{drill}{who}已于{at}确认负责：{case}。您无需再答复。",
            "en": "{drill}{who} accepted it at {at}: {case}. No answer of yours is needed.",
        },
        "called-off": {
            "zh": "{drill}这次通知已撤回：{case}。您无需答复。",
            "en": "{drill}This message was called off: {case}. No answer of yours is needed.",
        },
        "closed": {
            "zh": "{drill}此事已于{at}结案：{case}。您无需再答复。",
            "en": "{drill}This case was closed at {at}: {case}. No answer of yours is needed.",
        },
    }
)
REPORTED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zero": {
            "zh": "已为{school}报“零”。如有事件，请改报“有事”并另行报告事件。",
            "en": "Zero is reported for {school}. If something happened, correct it, and report that besides.",
        },
        "with_cases": {
            "zh": "已为{school}报“有事”。请另行报告每一起事件。",
            "en": "Cases are noted for {school}. Report each of them besides.",
        },
    }
)
"""What an answer to a roll call comes to; whether it was in time is on the sheet."""

TESTED: Mapping[str, str] = MappingProxyType(
    {
        "zh": "【演练】已收到，消息能送达您。本次为测试，没有发生任何事件。谢谢。",
        "en": "EXERCISE. Received: messages reach you. This was a test, nothing has happened. Thank you.",
    }
)
"""Whatever is answered to a test of the contact: nobody takes anything up."""

DRILL: Mapping[str, str] = MappingProxyType({"zh": "【演练】", "en": "EXERCISE. "})
SOMEBODY: Mapping[str, str] = MappingProxyType({"zh": "其他人员", "en": "Somebody else"})
"""Who answered, where the directory does not know them any more."""

LABEL_LIMIT = 20
"""Characters of a school's name, and of a person's."""

_COMMA: Mapping[str, str] = MappingProxyType({"zh": "，", "en": ", "})
_LIST: Mapping[str, str] = MappingProxyType({"zh": "、", "en": ", "})


def standing_of(holder: Holder, *, level: str | None = None, clock: str | None = None) -> Question:
    """Return how the question to a holder stands. A case that nobody has judged here waits for everybody's answer."""
    if holder.case is None:
        return Question(standing="waits")
    return question_of(holder.case, holder.person_id, level=level, clock=clock)


def outcome_of(question: Question, *, declines: bool) -> Outcome:
    """Return what an answer comes to, by how the question stood before it."""
    if question.standing == "closed":
        return "closed"
    if declines:
        return "declined"
    return "accepted-too" if question.standing == "answered" else "accepted"


def sentence(deps: Deps, outcome: Outcome, language: str, holder: Holder, question: Question) -> str:
    """Return what was understood about one case. ``question`` is how it stood before the answer."""
    if holder.is_test:
        return TESTED[language]
    if holder.roll_call_school is not None:
        return reported(deps, holder, language, declines=outcome == "declined")
    is_petition = outcome == "accepted" and holder.family == "petition"
    return WORDS["accepted_petition" if is_petition else outcome][language].format(
        drill=drill_of(language, holder),
        case=label(deps, language, holder),
        who=who(deps, language, question),
        at=moment(deps, language, holder, question.at),
    )


def reported(deps: Deps, holder: Holder, language: str, *, declines: bool) -> str:
    """Return what was understood as a school's answer to its roll call."""
    school = deps.directory().school(holder.school_id or "")
    named = school.name[:LABEL_LIMIT] if school is not None else str(holder.school_id)
    return REPORTED["with_cases" if declines else "zero"][language].format(school=named)


def understood(deps: Deps, holder: Holder, *, declines: bool = False) -> str:
    """Return what an answer comes to, wherever its giver was told, in their own language."""
    person = deps.directory().person(holder.person_id)
    question = standing_of(holder)
    language = person.language if person is not None else "zh"
    return sentence(deps, outcome_of(question, declines=declines), language, holder, question)


def drill_of(language: str, holder: Holder) -> str:
    """Return the watermark of a drill, and nothing for what is real."""
    return DRILL[language] if holder.case is not None and holder.case.exercise else ""


def label(deps: Deps, language: str, holder: Holder) -> str:
    """Return a case in few words: its kind and its school."""
    school = deps.directory().school(holder.school_id) if holder.school_id else None
    parts = [kind_name(holder.kind, language)] if holder.kind else [holder.code]
    return _COMMA[language].join([*parts, *([school.name[:LABEL_LIMIT]] if school else [])])


def who(deps: Deps, language: str, question: Question) -> str:
    """Return the names of who answered in somebody's place."""
    people = [deps.directory().person(person_id) for person_id in question.by]
    return _LIST[language].join(one.name[:LABEL_LIMIT] for one in people if one is not None) or SOMEBODY[language]


def moment(deps: Deps, language: str, holder: Holder, at: datetime | None) -> str:
    """Return a time by the holder's own clock, with the day when it is not today's."""
    found = deps.directory().recipient(holder.person_id)
    zone = zone_of(found.timezone if found is not None else "")
    return "" if at is None else shown(at, deps.clock.now(), zone, language)
