"""The words of a roll call: which one, who, what to do, until when; the numbers of the sheet, and names as they fit."""

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from events.notification import NotificationRequested, RollCallTemplate
from events.roll_call import Counts, RollCallWords
from services.notifier.limits import limit_of
from services.notifier.rendering import render
from services.notifier.segments import sms_segments
from services.runtime.spoken.words import speech
from tests.support.notices import START, requested
from tests.support.roll_calls import MONDAY

COUNTS = Counts(expected=165, confirmed=158, late=2, missing=3, awaited=0, excused=1, with_cases=4, contradicted=5)
NAMES = ("湖滨小学", "阳光中学", "Hill School")
TEMPLATES = get_args(RollCallTemplate)
OF_A_SCHOOL = ("roll_call_reminder", "roll_call_missing", "roll_call_contradicted")
EVERY = tuple(product(TEMPLATES, ("zh", "en")))


def message(template: str, words: dict[str, Any] | None = None, **changes: Any) -> NotificationRequested:
    told = {"date": MONDAY, "call": "daily", "title": "每日零报告", "counts": COUNTS, "missing": NAMES}
    asks = template in OF_A_SCHOOL
    fields: dict[str, Any] = {
        "family": "roll-call",
        "template": template,
        "roll_call": RollCallWords.model_validate({**told, **(words or {})}),
        "kind": "zero-report",
        "severity": "IV",
        "asks_acknowledgement": asks,
        "code": "K7Q2MX" if asks else None,
    }
    return requested(**{**fields, **changes})


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_sms_says_which_roll_call_and_whom_it_is_about_within_its_segments(template: str, language: str) -> None:
    """In a drill, too; no grade, no emergency numbers, no summary."""
    for exercise in (False, True):
        text = render(message(template, language=language, exercise=exercise)).text
        assert sms_segments(text) <= limit_of("roll_call_list", language).aim
        assert "每日零报告" in text
        assert ("3月2日" if language == "zh" else "2 Mar") in text
        assert "阳光县第一中心小学" in text
        assert ("K7Q2MX" in text) is (template in OF_A_SCHOOL)
        assert text.startswith("【演练】" if language == "zh" else "EXERCISE") is exercise
        for foreign in ("一般", "grade", "119", "张小明", "None", "\n"):
            assert foreign not in text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", ["roll_call_reminder", "roll_call_missing"])
def test_school_is_told_the_cut_off_in_its_own_time(template: str, language: str) -> None:
    """14:35 in Shanghai is 12:05 in Kolkata."""
    for timezone, shown in (("Asia/Shanghai", "14:35"), ("Asia/Kolkata", "12:05")):
        for channel in ("sms", "email"):
            assert shown in render(message(template, language=language, timezone=timezone, channel=channel)).text


def test_summary_says_the_numbers_of_the_sheet() -> None:
    """In words that a duty officer reads at a glance."""
    assert render(message("roll_call_summary")).text == (
        "每日零报告3月2日：阳光县第一中心小学应报165，按时158，迟报2，缺报3，免报1，有事4，不符5"
    )
    assert render(message("roll_call_summary", language="en")).text == (
        "每日零报告, 2 Mar: 阳光县第一中心小学, of 165: 158 in time, 2 late, 3 missing, 1 excused, 4 with cases, "
        "5 contradicted"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_list_names_schools_in_the_sms_as_they_fit_and_all_of_them_in_the_email(language: str) -> None:
    """The number is always whole."""
    many = {"missing": tuple(f"第{number}小学" for number in range(80))}
    short = render(message("roll_call_list", language=language)).text
    assert "湖滨小学" in short
    long = render(message("roll_call_list", many, language=language)).text
    assert "第0小学" in long
    assert long.endswith("…" if language == "zh" else "...")
    assert sms_segments(long) <= limit_of("roll_call_list", language).aim
    words = render(message("roll_call_list", many, language=language, channel="email"))
    for part in (words.text, words.html or ""):
        assert "第79小学" in part


@pytest.mark.parametrize("language", ["zh", "en"])
def test_message_that_is_late_says_how_late(language: str) -> None:
    """The service was away: the reader knows that it is not news."""
    late = {"late_minutes": 42}
    for template in ("roll_call_reminder", "roll_call_missing", "roll_call_list", "roll_call_summary"):
        assert "42" in render(message(template, late, language=language)).text
        assert "42 min" in render(message(template, late, language=language, channel="email")).text
    assert "42" not in render(message("roll_call_missing", language=language)).text


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_email_has_subject_text_and_html_with_the_same_facts(template: str, language: str) -> None:
    """Numbers, names, code; the watermark of a drill on top."""
    words = render(
        message(template, {"contradicted": ("疑校",), "more": 7}, language=language, channel="email", exercise=True)
    )
    assert words.subject.startswith("【演练】" if language == "zh" else "[EXERCISE]")
    assert "阳光县第一中心小学" in words.subject
    for part in (words.text, words.html or ""):
        for fact in ("165", "158", "Hill School", "疑校", "7"):
            assert fact in part
        assert ("K7Q2MX" in part) is (template in OF_A_SCHOOL)
        assert "演练" in part or "EXERCISE" in part
        assert "None" not in part


def test_markup_in_a_name_is_text() -> None:
    """A school called <b> breaks no page."""
    words = render(message("roll_call_list", {"missing": ("<b>x</b>",)}, channel="email"))
    assert "&lt;b&gt;" in (words.html or "")


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_call_says_numbers_and_no_list(template: str, language: str) -> None:
    """Nobody keeps eighty names in mind; a key answers, so no code is said."""
    said = speech(message(template, language=language, channel="voice"))
    assert "阳光县第一中心小学" in said
    assert "Hill" not in said
    assert "K 7" not in said
    assert said.endswith(("。", "."))
    assert "None" not in said
    assert ("K 7" in render(message(template, language=language, channel="voice")).text) is (template in OF_A_SCHOOL)
    assert speech(message(template, language=language, exercise=True)).startswith(
        "演练。" if language == "zh" else "Exercise."
    )


def test_reminder_by_call_says_until_when() -> None:
    """As it is said aloud."""
    said = speech(message("roll_call_reminder", deadline=START + timedelta(minutes=15)))
    assert "14点35分前" in said


def test_parameters_of_a_provider_have_the_numbers() -> None:
    """For gateways with templates of their own."""
    found = render(message("roll_call_summary")).parameters
    assert (found["missing"], found["expected"], found["title"], found["date"]) == ("3", "165", "每日零报告", "3月2日")


OWN = {
    "sms_roll_call.zh.j2": '{% from "builtin/sms_roll_call.zh.j2" import head, code, late %}'
    "{% macro roll_call_missing(m) %}{{ head(m) }}逾期未报平安！{{ code(m) }}{{ late(m) }}{% endmacro %}",
    "email_roll_call.zh.j2": '{% macro subject(m) %}{{ "【演练】" if m.exercise }}平安报告：{{ m.unit }}{% endmacro %}',
    "call_roll_call.zh.j2": "{{ m.unit }}请马上报平安。{{ m.code }}",
}


def test_site_says_it_in_its_own_words(tmp_path: Path) -> None:
    """By every channel; what it has no words for is said in ours."""
    for name, text in OWN.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    said = {
        channel: render(message("roll_call_missing", channel=channel), tmp_path)
        for channel in ("sms", "email", "voice")
    }
    assert said["sms"].text == "每日零报告3月2日：阳光县第一中心小学逾期未报平安！，码K7Q2MX"
    assert said["email"].subject == "平安报告：阳光县第一中心小学"
    assert "贵校在截止时未报送" in said["email"].text
    assert said["voice"].text == "阳光县第一中心小学请马上报平安。K 7 Q 2 M X"
    assert render(message("roll_call_reminder"), tmp_path) == render(message("roll_call_reminder"))


@pytest.mark.parametrize("channel", ["sms", "email", "voice"])
def test_words_that_lack_something_are_not_sent(channel: str, tmp_path: Path) -> None:
    """Ours are, whatever the channel: no school goes without its code because of a template."""
    for name in OWN:
        lacking = "{% macro roll_call_missing(m) %}未报{% endmacro %}{% macro subject(m) %}未报{% endmacro %}"
        (tmp_path / name).write_text(lacking, encoding="utf-8")
    asked = message("roll_call_missing", channel=channel)
    assert render(asked, tmp_path) == render(asked)


@pytest.mark.parametrize("changes", [{"roll_call": None}, {"family": "incident"}])
def test_message_of_a_roll_call_without_its_words_is_none(changes: dict[str, Any]) -> None:
    """Neither alone would be understood."""
    with pytest.raises(ValidationError, match="give both or neither"):
        message("roll_call_missing", **changes)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_link_stands_in_email_and_at_the_end_of_the_sms(language: str) -> None:
    """One tap answers: nothing follows it, for telephones take what does for a part of it."""
    link = "https://tocsin.example.org/a/x"
    late = {"late_minutes": 42}
    assert render(message("roll_call_missing", late, language=language), link=link).text.endswith(link)
    words = render(message("roll_call_missing", language=language, channel="email"), link=link)
    for part in (words.text, words.html or ""):
        assert link in part
