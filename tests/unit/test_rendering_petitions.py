"""The words of a petition: which, where, until when and what is owed; never what is in it or who wrote it."""

from datetime import timedelta
from itertools import product
from typing import get_args

import pytest

from escalation_policies.loader import load_library
from events.notification import Template
from services.notifier.limits import limit_of
from services.notifier.rendering import Rendered, render
from services.notifier.segments import sms_segments
from services.notifier.view import CALL_FIRST
from services.runtime.kinds import kinds
from tests.support.notices import START, requested

PETITIONS = tuple(template for template in get_args(Template) if template.startswith("petition_"))
OTHERS = tuple(template for template in get_args(Template) if not template.startswith("petition_"))
EVERY = tuple(product(PETITIONS, ("zh", "en"), ("sms", "email")))
RECEIPT = "4821-0937-7525"
KINDS = ("petition", "petition-conduct", "petition-fees", "petition-safety", "petition-enrolment", "petition-on-site")
IN_DECEMBER = START.replace(month=12, day=13) + timedelta(minutes=15)


def whole(words: Rendered) -> str:
    """Return everything a reader, or their screen, may see of a message."""
    return f"{words.subject}\n{words.text}\n{words.html}"


def find(text: str, *words: str) -> list[str]:
    """Return those of ``words`` that are in ``text``."""
    return [word for word in words if word in text]


@pytest.mark.parametrize(("template", "language", "channel"), EVERY)
def test_petition_is_told_by_receipt_kind_place_deadline_and_code(template: str, language: str, channel: str) -> None:
    """What an office needs to find it and to answer in time is in every message that says to act."""
    words = render(requested(template=template, language=language, channel=channel))
    assert RECEIPT in words.text
    assert ("教育收费信访" if language == "zh" else "Petition about fees") in words.text
    assert "阳光县第一中心小学" in words.text
    assert "K7Q2MX" in words.text
    assert ("14:35" in words.text) is (template != "petition_correction" or channel == "email")
    assert channel == "sms" or RECEIPT in words.subject


@pytest.mark.parametrize(("template", "language", "channel"), EVERY)
def test_petition_never_shows_summary_or_note_whatever_the_request_carries(
    template: str, language: str, channel: str
) -> None:
    """The narrative and who petitioned stay sealed even when a request is wrong."""
    request = requested(
        template=template, language=language, channel=channel, summary="张小明举报校长", note="李家长来信"
    )
    assert find(whole(render(request)), "张小明", "举报", "李家长") == []


@pytest.mark.parametrize("template", OTHERS)
@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_petition_asked_for_by_an_incidents_template_is_sealed_and_told_as_a_petition(
    template: str, channel: str, language: str
) -> None:
    """A mistake in a request must not cost the petitioner their secret, nor the office its message."""
    request = requested(
        template=template,
        channel=channel,
        language=language,
        family="petition",
        kind="petition-fees",
        receipt=RECEIPT,
        summary="张小明举报校长",
        note="李家长来信",
    )
    words = whole(render(request))
    assert find(words, "张小明", "李家长", "119") == []
    assert RECEIPT in words


@pytest.mark.parametrize("template", PETITIONS)
def test_petitions_template_seals_a_request_that_says_it_is_an_incident(template: str) -> None:
    """Either sign of a petition is enough."""
    words = render(requested(template=template, family="incident", note="李家长来信", channel="email"))
    assert find(whole(words), "张小明", "李家长") == []


@pytest.mark.parametrize("template", get_args(Template))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_emergency_numbers_are_named_in_alerts_of_incidents_alone(template: str, language: str) -> None:
    """A petition is no emergency, and a reminder to report comes when help is there."""
    words = whole(render(requested(template=template, language=language, channel="email")))
    assert ("119" in words) is (template in CALL_FIRST)
    assert frozenset(OTHERS) > CALL_FIRST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("template", PETITIONS)
@pytest.mark.parametrize("duty", ["acceptance", "resolution", "review", "report_to_principal"])
def test_petition_of_every_kind_due_in_december_fits_its_segments_even_in_a_drill(
    kind: str, template: str, duty: str
) -> None:
    """The longest date, the longest number and the watermark together are still one Chinese segment."""
    for language in ("zh", "en"):
        request = requested(
            template=template,
            language=language,
            kind=kind,
            clock=f"{duty}@school",
            deadline=IN_DECEMBER,
            exercise=True,
            place="校门" * 30,
        )
        text = render(request).text
        assert sms_segments(text) <= limit_of(template, language).aim
        assert RECEIPT in text
        assert "K7Q2MX" in text
        assert template == "petition_correction" or ("12月13日14:35" if language == "zh" else "13 Dec 14:35") in text


@pytest.mark.parametrize(
    ("clock", "zh", "en"),
    [
        ("acceptance@school", "决定是否受理", "Accept or decline"),
        ("resolution@school#2", "答复", "Answer"),
        ("review@district", "复查", "review"),
        ("rectification@school", "办理", "Act on"),
    ],
)
def test_duty_says_what_is_owed_by_its_clock(clock: str, zh: str, en: str) -> None:
    """An office with several clocks running must see which of them this is."""
    for language, said in (("zh", zh), ("en", en)):
        for channel in ("sms", "email"):
            request = requested(template="petition_duty", clock=clock, language=language, channel=channel)
            assert said in render(request).text


def test_overlong_receipt_cannot_push_out_the_code() -> None:
    """A number that is none costs no more than a kind's name may."""
    text = render(requested(template="petition_alert", receipt="9" * 5000)).text
    assert "K7Q2MX" in text
    assert sms_segments(text) <= 2


def test_grade_of_an_incident_is_not_put_on_a_petition() -> None:
    """特别重大 would say something of it that nobody has judged."""
    for language, grade in (("zh", "特别重大"), ("en", "grade")):
        for channel in ("sms", "email"):
            request = requested(template="petition_alert", severity="I", language=language, channel=channel)
            assert grade not in whole(render(request))


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_message_of_a_drill_says_so_first_in_every_part(channel: str) -> None:
    """A rehearsed petition must not be taken for one."""
    for language, mark in (("zh", "【演练】"), ("en", "EXERCISE")):
        words = render(requested(template="petition_alert", language=language, channel=channel, exercise=True))
        assert words.text.startswith(mark)
        assert channel == "sms" or (mark in words.subject and mark in str(words.html))


def test_every_kind_of_the_library_has_a_name_in_both_languages() -> None:
    """A policy that comes with the program is spoken of in the reader's words, short enough for an SMS."""
    names = kinds()
    shipped = set(load_library().kinds)
    assert shipped - set(names) == set()
    assert all(1 <= len(names[kind]["zh"]) <= 8 and 1 <= len(names[kind]["en"]) <= 24 for kind in shipped)
