"""``tocsin template preview``: each message as it would be sent, and what an SMS of it costs."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.notifier.segments import count


def preview(*arguments: str) -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(app, ["template", "preview", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refusal(*arguments: str) -> str:
    """Return why the command refuses."""
    result = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["template", "preview", *arguments])
    assert result.exit_code == 2
    return result.output


def test_preview_shows_a_message_by_every_channel_in_both_languages() -> None:
    """As it would be sent, a drill's mark first, and the code in each."""
    shown = preview("fire", "--message", "incident_alert", "--severity", "I", "--exercise")
    for heading in ("zh  sms", "zh  email", "zh  voice", "en  sms", "en  email", "en  voice"):
        assert f"── incident_alert  {heading}" in shown
    assert "【演练】险情先拨110/119/120。特别重大火灾：" in shown
    assert "UCS-2: 64 of 70 characters, 1 segment; UCS-2 because of 【演练】" in shown
    assert "[EXERCISE] Incident: Fire (grade I)" in shown
    assert "演练。这是演练。" in shown
    assert shown.count("K7Q2MX") >= 6


def test_preview_counts_septets_where_every_character_is_of_gsm() -> None:
    """An English school's SMS costs less, and says so."""
    shown = preview(
        "fire", "--message", "incident_report", "--language", "en", "--channel", "sms",
        "--school", "Lake School", "--place", "Gate [2]",
    )  # fmt: skip
    assert "FIRST REPORT. Fire, grade IV: Lake School, Gate [2]. Acknowledge by 14:35. Code K7Q2MX" in shown
    assert "GSM-7: 88 of 160 septets, 1 segment; count two: [ ]" in shown


def test_preview_shows_how_a_long_school_is_shortened() -> None:
    """What gives way is seen before anybody gets it."""
    long = "江苏省南京市鼓楼区第一中心小学滨江校区"
    shown = preview(
        "--message", "incident_alert", "--language", "zh", "--channel", "sms", "--exercise", "--school", long
    )
    assert "：…南京市鼓楼区第一中心小学滨江校区，三楼化学实验室。" in shown
    assert "1 segment;" in shown


def test_preview_of_a_kind_shows_the_messages_that_it_brings() -> None:
    """A petition's, a hazard's, an incident's: each its own."""
    petition = preview("petition-fees", "--channel", "sms", "--language", "zh", "--another-day")
    assert "petition_review" in petition
    assert "incident_" not in petition
    assert "12月13日14:20" in petition
    assert "hazard_overdue" in preview("hazard", "--channel", "sms", "--language", "zh")
    fire = preview("fire", "--channel", "sms", "--language", "zh")
    assert "hazard_overdue" not in fire
    assert "reachability_test" not in fire
    test = preview("reachability", "--channel", "sms", "--language", "zh")
    assert "【演练】联络测试：阳光县第一中心小学。请14:35前确认收到，确认码K7Q2MX" in test


def test_preview_shows_what_a_roll_call_says() -> None:
    """To the school, to the district and to the bureau; a drill, and sent late."""
    shown = preview("zero-report", "--channel", "sms", "--language", "zh", "--exercise", "--late")
    assert "【演练】每日零报告11月24日：阳光县第一中心小学尚未报送，请16:00前报送，码K7Q2MX（迟发47分钟）" in shown
    assert "应报165，按时127，迟报5，缺报29" in shown
    assert "incident_" not in shown
    email = preview("zero-report", "--channel", "email", "--language", "zh", "--message", "roll_call_list")
    assert "缺报学校: 湖滨小学、阳光中学" in email
    assert "应报165校，缺报29校" in preview("zero-report", "--channel", "voice", "--language", "zh")


def test_preview_shows_the_link_and_what_it_costs() -> None:
    """Only when asked: whoever pays by segments decides with it (TOCSIN_SMS_LINKS)."""
    arguments = ("fire", "--message", "incident_alert", "--channel", "sms", "--language", "zh")
    assert "/a/" not in preview(*arguments)
    linked = preview(*arguments, "--link")
    assert "，或点开 https://tocsin.example.org/a/" in linked
    assert "3 segments" in linked


def test_preview_shows_a_sites_own_words(tmp_path: Path) -> None:
    """And ours, where the site has none."""
    (tmp_path / "sms.zh.j2").write_text(
        '{% from "builtin/sms.zh.j2" import case, acknowledge %}'
        '{% macro incident_report(m) %}{{ case(m, "县首报：") }}{{ acknowledge(m) }}{% endmacro %}',
        encoding="utf-8",
    )
    shown = preview("--channel", "sms", "--language", "zh", "--templates", str(tmp_path))
    assert "县首报：一般火灾" in shown
    assert "迟报：一般火灾" in shown


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["zero-report", "--message", "incident_alert"],
            "zero-report brings no message 'incident_alert'; it brings roll",
        ),
        (["snake"], "no policy for kind 'snake'; known kinds: building"),
        (["fire", "--message", "petition_alert"], "fire brings no message 'petition_alert'; it brings incident_alert"),
        (["--language", "fr"], "--language 'fr': there is zh, en"),
        (["--severity", "V"], "--severity 'V': write one of I, II, III, IV"),
        (["--templates", "nowhere"], "nowhere"),
    ],
)
def test_preview_says_what_there_is_instead(arguments: list[str], reason: str) -> None:
    """Whoever mistypes learns what can be typed."""
    assert reason in refusal(*arguments)


def test_count_names_each_costly_character_once() -> None:
    """In the order in which they come; a surrogate pair counts two in UCS-2."""
    found = count("a中b中{文🔥🔥")
    assert (found.encoding, found.units, found.room, found.segments) == ("UCS-2", 10, 70, 1)
    assert (found.forcing, found.double) == (("中", "文", "🔥"), ("🔥",))
    found = count("€" * 81)
    assert (found.encoding, found.units, found.room, found.segments) == ("GSM-7", 162, 306, 2)
    assert (found.forcing, found.double) == ((), ("€",))
