"""The words of every message: complete, in local time, in few segments, and safe to read on a locked screen."""

from datetime import timedelta
from itertools import product
from typing import get_args

import pytest

from events.notification import Template
from services.notifier.limits import limit_of
from services.notifier.rendering import render
from services.notifier.segments import sms_segments
from services.notifier.view import CALL_FIRST
from tests.support.fake_twilio.segments import segment_count
from tests.support.notices import START, requested

TEMPLATES = get_args(Template)
LANGUAGES = ("zh", "en")
EVERY = tuple(product(TEMPLATES, LANGUAGES))
INCIDENTS = tuple(product([name for name in TEMPLATES if not name.startswith("petition_")], LANGUAGES))
ASKS_FOR_TIME = tuple(template for template in TEMPLATES if not template.endswith("_correction"))
LONG = "教学楼东侧三层走廊尽头靠近操场一侧的化学实验准备室以及相邻的仪器室和储藏间"


@pytest.mark.parametrize(("template", "language"), tuple(product(ASKS_FOR_TIME, LANGUAGES)))
def test_sms_and_email_show_the_deadline_in_the_recipients_local_time(template: str, language: str) -> None:
    """14:35 in Shanghai is 12:05 in Kolkata; the reader sees their own."""
    for timezone, shown in (("Asia/Shanghai", "14:35"), ("Asia/Kolkata", "12:05")):
        for channel in ("sms", "email"):
            words = render(requested(template=template, language=language, timezone=timezone, channel=channel))
            assert shown in words.text


@pytest.mark.parametrize(("language", "shown"), [("zh", "3月3日14:35"), ("en", "3 Mar 14:35")])
def test_deadline_on_another_day_names_the_day(language: str, shown: str) -> None:
    """A bare 14:35 would be taken for today's."""
    words = render(requested(language=language, deadline=START + timedelta(days=1, minutes=15)))
    assert shown in words.text


def test_unknown_time_zone_does_not_stop_the_alert() -> None:
    """A directory with a misspelt zone still alerts, in China's one time."""
    assert "14:35" in render(requested(timezone="Asia/Shangai")).text
    assert "14:35" in render(requested(timezone="../etc")).text


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_overlong_place_gives_way_and_code_and_deadline_do_not(template: str, language: str) -> None:
    """What is optional shrinks first; the code is whole at whatever length."""
    for length in range(0, 200, 7):
        request = requested(
            template=template, language=language, place="楼" * length or None, note="记" * length or None
        )
        text = render(request).text
        assert sms_segments(text) <= limit_of(template, language).aim
        assert "K7Q2MX" in text
        if template in ASKS_FOR_TIME:
            assert "14:35" in text


def test_place_that_fits_in_part_is_shown_in_part() -> None:
    """Its beginning and its end, the building and the room, are better than nothing, and say that there is more."""
    text = render(requested(place=LONG, template="incident_update")).text
    assert f"，{LONG[:10]}" in text
    assert f"{LONG[-10:]}。" in text
    assert "…" in text
    assert sms_segments(text) == 1


def test_overlong_school_name_cannot_push_out_the_code() -> None:
    """A name of a thousand characters neither costs twenty segments nor the code."""
    text = render(requested(school_name="校" * 1000)).text
    assert "确认码K7Q2MX" in text
    assert sms_segments(text) <= 2


@pytest.mark.parametrize(("template", "language"), INCIDENTS)
def test_summary_is_in_the_email_and_never_in_the_sms(template: str, language: str) -> None:
    """The summary may name a child, and an SMS lies open on a screen; the same goes for a report's note."""
    request = requested(template=template, language=language)
    assert "张小明" not in render(request).text
    assert "张小明" in render(requested(template=template, language=language, channel="email")).text
    assert "张小明" not in render(requested(template=template, language=language, note="张小明")).text


@pytest.mark.parametrize(("template", "language"), EVERY)
@pytest.mark.parametrize("exercise", [False, True])
def test_email_has_subject_text_and_html_with_the_same_facts(template: str, language: str, exercise: bool) -> None:
    """Whichever part a reader shows, it has the code, the place and the watermark."""
    words = render(requested(template=template, language=language, channel="email", exercise=exercise))
    assert words.html is not None
    for part in (words.text, words.html):
        assert "K7Q2MX" in part
        assert "三楼化学实验室" in part
        assert ("【演练】" in part or "EXERCISE" in part) is exercise
        assert ("119" in part) is (template in CALL_FIRST)
    assert words.subject.startswith(("【演练】", "[EXERCISE]")) is exercise
    assert "阳光县第一中心小学" in words.subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_emergency_numbers_stand_before_everything_else_of_a_real_alert(language: str) -> None:
    """ "Call first" comes first."""
    words = render(requested(language=language, channel="email"))
    assert "110" in words.text.splitlines()[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_escapes_what_people_typed(language: str) -> None:
    """A summary is shown, never run, even where words of a text template carry it."""
    hostile = "<script>alert(1)</script>"
    words = render(
        requested(language=language, channel="email", summary=hostile, school_name=hostile, kind=hostile, code=hostile)
    )
    assert words.html is not None
    assert "<script>" not in words.html
    assert "&lt;script&gt;" in words.html
    assert hostile in words.text


def test_line_breaks_in_names_are_flattened() -> None:
    """A place with a line break can fake neither a second message nor a header."""
    assert "\n" not in render(requested(place="a\nBcc: x", school_name="b\r\nc")).text
    assert "\n" not in render(requested(channel="email", school_name="b\r\nc")).subject


def test_unknown_kind_is_shown_as_it_is() -> None:
    """A county's own kind needs no release of ours."""
    assert "snake-bite" in render(requested(kind="snake-bite")).text


@pytest.mark.parametrize(("template", "language"), EVERY)
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_message_without_any_optional_field_reads_whole(template: str, language: str, channel: str) -> None:
    """No place, summary, note, deadline or code: no hole, no "None" in the text."""
    bare = {"place": None, "summary": None, "note": None, "deadline": None, "code": None}
    text = render(requested(template=template, language=language, channel=channel, **bare)).text
    assert "None" not in text
    assert "，。" not in text
    assert " ." not in text


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("🔥" * 35, 1),
        ("🔥" * 36, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
    ],
)
def test_segments_are_counted_as_the_standard_says(text: str, segments: int) -> None:
    """160/153 for GSM, 70/67 for UCS-2; escapes and surrogates count two and are not torn."""
    assert sms_segments(text) == segments


def test_segment_counter_agrees_with_the_fake_provider_on_our_texts() -> None:
    """Two counters written apart agree on every template."""
    for template, language in EVERY:
        text = render(requested(template=template, language=language)).text
        assert sms_segments(text) == segment_count(text)
