"""A site's own templates go before ours, and never cost anybody a message."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.intake.twilio.call_script import again, opening
from services.notifier.addressing import compose
from services.notifier.rendering import prepare, render
from services.runtime.errors import SettingsError
from services.runtime.settings import load_settings
from tests.support.notices import START, requested

OURS = render(requested()).text
OWN = (
    "{% macro incident_alert(m) %}{{ '【演练】' if m.exercise }}先拨110/119/120！{{ m.kind }}，{{ m.school }}，"
    "{{ m.deadline }}前回{{ m.code }}{% endmacro %}"
)


def written(folder: Path, **files: str) -> Path:
    """Write templates into a folder: ``sms_zh`` is ``sms.zh.j2``."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.j2").write_text(text, encoding="utf-8")
    return folder


def test_sites_words_go_before_ours_where_it_has_them(tmp_path: Path) -> None:
    """A file need not have every message, nor a folder every file."""
    site = written(tmp_path, sms_zh=OWN)
    assert render(requested(), site).text == "先拨110/119/120！火灾，阳光县第一中心小学，14:35前回K7Q2MX"
    for template in ("incident_reminder", "petition_alert"):
        assert render(requested(template=template), site) == render(requested(template=template))
    assert render(requested(language="en"), site) == render(requested(language="en"))
    assert render(requested(channel="email"), site) == render(requested(channel="email"))


def test_sites_words_are_what_is_sent(tmp_path: Path) -> None:
    """By whoever hands messages over: the folder of the settings gets there."""
    message = compose(requested(), "+8613800000001", START, templates=written(tmp_path, sms_zh=OWN))
    assert message.text.startswith("先拨110/119/120！")


def test_email_takes_a_sites_subject_and_leaves_the_rest(tmp_path: Path) -> None:
    """Words are looked up one by one; a layout is a file of its own."""
    site = written(
        tmp_path,
        email_zh="{% macro subject(m) %}{{ '【演练】' if m.exercise }}急：{{ m.kind }}，{{ m.school }}{% endmacro %}",
    )
    words, ours = render(requested(channel="email"), site), render(requested(channel="email"))
    assert words.subject == "急：火灾，阳光县第一中心小学"
    assert words.text == ours.text
    assert "<title>急：火灾，阳光县第一中心小学</title>" in str(words.html)
    written(
        tmp_path,
        email_html="<b>{{ words.subject(m) }} {{ m.place }} {{ m.code }} {{ m.deadline }}</b>",
    )
    assert "<b>" not in str(ours.html)


def test_site_sees_no_more_of_a_petition_than_we_show(tmp_path: Path) -> None:
    """A template cannot tell what is not given to it."""
    telling = OWN.replace("incident_alert", "petition_alert").replace(
        "{{ m.deadline }}", "{{ m.receipt }}{{ m.summary }}{{ m.note }}{{ m.deadline }}"
    )
    site = tmp_path
    (site / "sms_petition.zh.j2").write_text(telling, encoding="utf-8")
    text = render(requested(template="petition_alert", summary="张小明", note="王芳"), site).text
    assert "先拨110/119/120！教育收费信访" in text
    assert "张小明" not in text
    assert "王芳" not in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{% macro incident_alert(m) %}{{ m.kind }", "TemplateSyntaxError"),
        ("{% macro incident_alert(m) %}{{ m.nothing }}{% endmacro %}", "UndefinedError"),
        ("{% macro incident_alert(m) %}{{ 1 // 0 }}{% endmacro %}", "ZeroDivisionError"),
        ("{{ nothing.at_all }}", "UndefinedError"),
        (OWN.replace("{{ m.code }}", "确认"), "it lacks the code"),
        (OWN.replace("{{ m.deadline }}", "马上"), "it lacks the deadline"),
        (OWN.replace("119", "911"), "it lacks the emergency numbers"),
    ],
)
def test_words_that_break_or_lack_the_code_are_not_sent_and_the_log_says_why_once(
    tmp_path: Path, text: str, fault: str
) -> None:
    """The message goes out in our words: a template may cost nobody an alert."""
    site = written(tmp_path, sms_zh=text)
    with capture_logs() as logged:
        prepare(site)
        assert [render(requested(), site).text for _ in range(3)] == [OURS] * 3
    (refused,) = [line for line in logged if line["event"] == "template.refused"]
    assert fault in refused["fault"]
    assert refused["file"] == "sms.zh.j2"
    assert "K7Q2MX" not in str(logged)


def test_email_that_lacks_the_deadline_is_sent_in_our_words(tmp_path: Path) -> None:
    """In whichever of its parts."""
    site = written(tmp_path, email_text="{{ words.subject(m) }}")
    with capture_logs() as logged:
        assert render(requested(channel="email"), site) == render(requested(channel="email"))
    assert "the code (`m.code`) in the text" in logged[0]["fault"]
    assert "K7Q2MX" not in str(logged)


def test_call_is_made_in_a_sites_words_unless_they_lack_something(tmp_path: Path) -> None:
    """In the call itself, after a key that means nothing, and in the local outbox."""
    said = "{{ '演练。' if m.exercise }}紧急，{{ m.kind }}，{{ m.school }}，{{ m.deadline }}。{{ m.code or '' }}"
    site = written(tmp_path, call_zh=said)
    request = requested(channel="voice")
    assert render(request, site).text == "紧急，火灾，阳光县第一中心小学，14点35分。K 7 Q 2 M X"
    assert opening(request, "https://t.example/call", site).count("紧急，火灾，阳光县第一中心小学，14点35分。") == 2
    assert "紧急，火灾" in again(request, "https://t.example/call", site)


@pytest.mark.parametrize("text", ["{{ m.kind }", "{{ m.kind }}", "{{ m.nothing }}"])
def test_call_is_made_in_our_words_where_a_sites_would_not_do(tmp_path: Path, text: str) -> None:
    """Whoever is called must hear which school it is."""
    site, request = written(tmp_path, call_zh=text), requested(channel="voice")
    with capture_logs() as logged:
        assert render(request, site) == render(request)
    assert logged[0]["event"] == "template.refused"


def test_folder_that_is_not_there_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    """Not a silent return to the built-in words."""
    with pytest.raises(SettingsError, match="TOCSIN_TEMPLATES"):
        load_settings(templates=tmp_path / "nowhere")
