"""Names made shorter: whoever knows the school still knows it."""

import pytest

from services.notifier.rendering import render
from services.notifier.segments import sms_segments
from services.notifier.shortening import cut_at_the_end, cut_in_the_middle, without_broad_districts
from tests.support.notices import requested


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("阳光县第一中心小学", ["阳光县第一中心小学"]),
        ("江苏省第一中学", ["江苏省第一中学"]),
        ("江苏省南京市第一中学", ["江苏省南京市第一中学", "…南京市第一中学"]),
        (
            "江苏省南京市鼓楼区第一中心小学",
            ["江苏省南京市鼓楼区第一中心小学", "…南京市鼓楼区第一中心小学", "…鼓楼区第一中心小学"],
        ),
        (
            "内蒙古自治区呼伦贝尔市鄂伦春自治旗大杨树镇中心校",
            [
                "内蒙古自治区呼伦贝尔市鄂伦春自治旗大杨树镇中心校",
                "…呼伦贝尔市鄂伦春自治旗大杨树镇中心校",
                "…鄂伦春自治旗大杨树镇中心校",
            ],
        ),
        ("城市花园小学", ["城市花园小学"]),
        ("Sunshine County First School", ["Sunshine County First School"]),
    ],
)
def test_broad_district_is_left_out_only_while_a_narrower_one_remains(name: str, forms: list[str]) -> None:
    """Without any district, every county has a 第一中心小学."""
    assert list(without_broad_districts(name, "zh")) == forms


@pytest.mark.parametrize(
    ("text", "length", "language", "cut"),
    [
        ("阳光县第一中心小学", 9, "zh", "阳光县第一中心小学"),
        ("阳光县第一中心小学东校区", 9, "zh", "阳光县第…学东校区"),
        ("Sunshine County First Central Primary School", 30, "en", "Sunshine...Primary School"),
        ("Sunshine", 6, "en", "S...ne"),
        ("Sunshine", 4, "en", "Suns"),
        ("楼", 1, "zh", "楼"),
        ("楼顶平台", 1, "zh", "楼"),
    ],
)
def test_name_keeps_its_beginning_and_its_end(text: str, length: int, language: str, cut: str) -> None:
    """Never longer than asked for, and through no word where there are words."""
    assert cut_in_the_middle(text, length, language) == cut
    assert len(cut) <= length


def test_label_keeps_its_beginning() -> None:
    """And says that there is more, where there is room to say it."""
    assert cut_at_the_end("snake-bite in the garden", 13, "en") == "snake-bite..."
    assert cut_at_the_end("蛇", 1, "zh") == "蛇"
    assert cut_at_the_end("蛇咬伤事件", 1, "zh") == "蛇"
    assert cut_at_the_end("蛇咬伤事件", 3, "zh") == "蛇咬…"


@pytest.mark.parametrize("length", range(1, 130))
def test_cut_is_never_longer_than_asked_for(length: int) -> None:
    """At any length, with words or without."""
    for text in ("校" * 200, "a school with words " * 10, "x" * 200):
        for language in ("zh", "en"):
            assert 1 <= len(cut_in_the_middle(text, length, language)) <= length
            assert 1 <= len(cut_at_the_end(text, length, language)) <= length


def test_province_gives_way_before_the_place_does() -> None:
    """Whoever is told knows the province; the room they may not."""
    text = render(
        requested(school_name="江苏省南京市鼓楼区第一中心小学", place="三号楼二层生物实验室", exercise=True)
    ).text
    assert "：…南京市鼓楼区第一中心小学，三号楼二层生物实验室。" in text
    assert sms_segments(text) == 1


def test_endless_school_kind_and_receipt_together_leave_code_and_deadline_whole() -> None:
    """Everything that can be too long is, at once, in every language: still no segment above the most."""
    for language, template, most in (
        ("zh", "petition_alert", 2),
        ("en", "petition_alert", 3),
        ("en", "incident_alert", 3),
    ):
        endless = requested(
            template=template,
            language=language,
            school_name="极" * 5000,
            kind="事" * 200,
            receipt="9" * 5000,
            place="远" * 5000,
            exercise=True,
        )
        text = render(endless).text
        assert "K7Q2MX" in text
        assert "14:35" in text
        assert sms_segments(text) <= most
        assert "极极极极极" in text
