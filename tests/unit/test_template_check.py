"""``tocsin template check``: every fault of a site's templates, with its file and its line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from escalation_policies.loader import load_library
from services.cli.main import app
from services.notifier.checking import check_templates
from services.notifier.template_reading import KNOWN, OF_ROLL_CALL, OF_VIEW

LIBRARY = load_library()
MARK = "the watermark of a drill at its beginning (【演练】 or 演练)"
KNOWN_IN = "it is known inside a macro that takes it, such as `{% macro incident_alert(m) %}`"
WHOLE = """{% macro incident_alert(m) %}
{{- "【演练】" if m.exercise }}先打110/119/120。{{ m.kind }}：{{ m.school }}。请{{ m.deadline }}前确认，码{{ m.code }}
{%- endmacro %}
"""


def faults(folder: Path, **files: str) -> list[str]:
    """Return what is wrong with these files; ``sms_zh`` is ``sms.zh.j2``."""
    for name, text in files.items():
        (folder / f"{name.replace('__', '-').replace('_zh', '.zh').replace('_en', '.en')}.j2").write_text(
            text, encoding="utf-8"
        )
    return [str(fault) for fault in check_templates(folder, LIBRARY)[1]]


def test_built_in_templates_have_no_fault() -> None:
    """All of them, in both languages and by every channel."""
    number, found = check_templates(None, LIBRARY)
    assert number == 16
    assert found == []


def test_template_with_all_that_is_needed_has_no_fault(tmp_path: Path) -> None:
    """A site may say it in its own words."""
    assert faults(tmp_path, sms_zh=WHOLE) == []


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        ("，码{{ m.code }}", "incident_alert: it lacks the code (`m.code`)"),
        ("请{{ m.deadline }}前", "incident_alert: it lacks the deadline (`m.deadline`)"),
        (
            "【演练】",
            "incident_alert: it lacks the watermark of a drill at its beginning (【演练】 or 演练)",
        ),
        ("{{ m.school }}", "incident_alert: it lacks the school (`m.school`)"),
        ("{{ m.kind }}", "incident_alert: it lacks the kind (`m.kind`)"),
        ("先打110/119/120。", "incident_alert: it lacks the emergency numbers (110, 119, 120, where `m.call_first`)"),
    ],
)
def test_what_a_message_lacks_is_told_at_the_line_of_its_macro(tmp_path: Path, left_out: str, fault: str) -> None:
    """Once, however many kinds and grades lack it."""
    assert left_out in WHOLE
    assert faults(tmp_path, sms_zh="\n\n" + WHOLE.replace(left_out, "")) == [f"sms.zh.j2:3: {fault}"]


def test_message_that_needs_a_segment_too_many_is_told(tmp_path: Path) -> None:
    """With the names of a usual school: a long one may need another."""
    wordy = WHOLE.replace("请{{", "这是一条非常重要而且非常紧急的通知，务必马上阅读并认真处理。请{{")
    assert faults(tmp_path, sms_zh=wordy) == [
        "sms.zh.j2:1: incident_alert: 2 segments where 1 must do: shorten its words"
    ]


def test_unknown_variable_is_told_with_its_line_and_the_nearest_known(tmp_path: Path) -> None:
    """Of the message, and of nothing at all."""
    text = WHOLE.replace("{{ m.school }}", "{{ m.scool }}{{ town }}") + "\n{{ m.kind }}\n"
    assert faults(tmp_path, sms_zh=text) == [
        "sms.zh.j2:2: unknown variable `m.scool`; is it `school`?",
        "sms.zh.j2:2: unknown variable `town`",
        f"sms.zh.j2:5: unknown variable `m`; {KNOWN_IN}",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("\n{% macro incident_alert(m) %}\n{{ m.kind }\n{% endmacro %}", "sms.zh.j2:3: not a template: unexpected '}'"),
        ("{% macro incident_alert(m) %}", "sms.zh.j2:1: not a template: Unexpected end of template."),
        ('\n{% from "builtin/sms.fr.j2" import case %}', "sms.zh.j2:2: there is no file 'builtin/sms.fr.j2' to import"),
        (
            "{% macro incident_alarm(m) %}x{% endmacro %}",
            "sms.zh.j2:1: no message of this file is called `incident_alarm`; is it `incident_alert`?",
        ),
        (
            "{% macro petition_alert(m) %}x{% endmacro %}",
            "sms.zh.j2:1: no message of this file is called `petition_alert`; it belongs into the other file",
        ),
        (
            "{% macro roll_call_list(m) %}x{% endmacro %}",
            "sms.zh.j2:1: no message of this file is called `roll_call_list`; it belongs into the other file",
        ),
        (
            "{% macro incident_alert() %}x{% endmacro %}",
            "sms.zh.j2:1: write `{% macro incident_alert(m) %}`: it is given the message alone",
        ),
    ],
)
def test_template_that_cannot_be_used_is_told_where(tmp_path: Path, text: str, fault: str) -> None:
    """Syntax, imports and names."""
    found = faults(tmp_path, sms_zh=text)
    assert any(one.startswith(fault) for one in found), found


def test_error_while_it_is_filled_is_told_at_its_own_line(tmp_path: Path) -> None:
    """Not at that of the macro, nor as a traceback."""
    text = WHOLE.replace("【演练】", "").replace("先打", "\n\n{{ m.place.floor }}先打")
    assert "sms.zh.j2:4: 'str object' has no attribute 'floor'" in faults(tmp_path, sms_zh=text)


def test_file_that_no_message_uses_is_told(tmp_path: Path) -> None:
    """A misspelt name is never ignored in silence."""
    (found,) = faults(tmp_path, sms_fr="x")
    assert found.startswith("sms_fr.j2:1: no message uses a file of this name; there is sms.zh.j2")


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """With the line up to which it is."""
    (tmp_path / "sms.zh.j2").write_bytes("一行\n".encode() + b"\xff")
    assert faults(tmp_path) == ["sms.zh.j2:2: not UTF-8 text; save the file as UTF-8"]


def test_email_and_call_are_checked_part_by_part(tmp_path: Path) -> None:
    """The subject, the text and the HTML each lack something of their own; a call is one text."""
    found = faults(
        tmp_path,
        email_zh="\n{% macro subject(m) %}{{ m.kind }}，{{ m.school }}{% endmacro %}\n",
        call_en="{{ m.kind }}. {{ m.school }}. {{ m.deadline }}\n",
        **{"email.html": "<p>{{ m.place | safe }} {{ m.code }} {{ m.deadline }}</p>"},
    )
    assert f"email.zh.j2:2: incident_alert: it lacks {MARK} in the subject" in found
    assert "call.en.j2:1: incident_alert: it lacks the code (`m.code`, where it is given)" in found
    assert any(one.startswith("call.en.j2:1: petition_review: it lacks the watermark of a drill") for one in found)
    assert "email.html.j2:1: what people type becomes HTML, and may be anything: remove `safe`" in found
    assert "email.html.j2:1: petition_alert: it lacks the watermark of a drill in the HTML" in found


def test_command_prints_every_fault_and_ends_with_1(tmp_path: Path) -> None:
    """For a person, and for a pipeline."""
    (tmp_path / "sms.zh.j2").write_text(WHOLE.replace("，码{{ m.code }}", ""), encoding="utf-8")
    result = CliRunner().invoke(app, ["template", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "sms.zh.j2:1: incident_alert: it lacks the code (`m.code`)" in result.output
    assert "1 faults; a message with a fault is sent in the built-in words" in result.output


def test_command_says_that_nothing_is_wrong_or_nothing_is_there(tmp_path: Path) -> None:
    """An empty folder is no fault, but is hardly meant."""
    result = CliRunner().invoke(app, ["template", "check", str(tmp_path)])
    assert (result.exit_code, "no template (*.j2) here" in result.output) == (0, True)
    (tmp_path / "sms.zh.j2").write_text(WHOLE, encoding="utf-8")
    result = CliRunner().invoke(app, ["template", "check"], env={"TOCSIN_TEMPLATES": str(tmp_path)})
    assert (result.exit_code, "1 files, no faults" in result.output) == (0, True)


WHOLE_ROLL_CALL = """{% macro roll_call_reminder(m) %}
{{- "【演练】" if m.exercise }}{{ m.unit }}请{{ m.deadline }}前报平安，码{{ m.code }}{{ late(m) }}
{%- endmacro %}
{% macro roll_call_summary(m) %}
{{- "【演练】" if m.exercise }}{{ m.unit }}缺{{ m.counts.missing }}{{ late(m) }}
{%- endmacro %}
{% macro late(m) %}{{ "，迟" ~ m.late_minutes if m.late_minutes }}{% endmacro %}
"""

WHOLE_CALL = """{{ "演练。" if m.exercise }}{{ m.unit }}{{ m.deadline }}{{ m.code }}
{{ m.counts.missing if m.counts }}
"""


def test_words_of_roll_calls_with_all_that_is_needed_have_no_fault(tmp_path: Path) -> None:
    """By SMS, by email and by call."""
    found = faults(
        tmp_path,
        sms_roll_call_zh=WHOLE_ROLL_CALL,
        email_roll_call_zh='{% macro subject(m) %}{{ "【演练】" if m.exercise }}平安报告：{{ m.unit }}{% endmacro %}',
        call_roll_call_zh=WHOLE_CALL,
    )
    assert found == []


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        ("，码{{ m.code }}", "1: roll_call_reminder: it lacks the code (`m.code`)"),
        ("请{{ m.deadline }}前", "1: roll_call_reminder: it lacks the deadline (`m.deadline`)"),
        ('{{- "【演练】" if m.exercise }}{{ m.unit }}请', f"1: roll_call_reminder: it lacks {MARK}"),
        ("缺{{ m.counts.missing }}", "4: roll_call_summary: it lacks how many are missing (`m.counts.missing`)"),
        (
            "{{ m.counts.missing }}{{ late(m) }}",
            "4: roll_call_summary: it lacks how late it is sent (`m.late_minutes`, where it is given)",
        ),
        (
            '{{- "【演练】" if m.exercise }}{{ m.unit }}缺',
            "4: roll_call_summary: it lacks the school, district or bureau (`m.unit`)",
        ),
    ],
)
def test_what_a_message_about_a_roll_call_lacks_is_told(tmp_path: Path, left_out: str, fault: str) -> None:
    """Who, what to do, until when, how late, and the number: nothing else is asked of a site's words."""
    assert left_out in WHOLE_ROLL_CALL
    assert f"sms_roll_call.zh.j2:{fault}" in faults(tmp_path, sms_roll_call_zh=WHOLE_ROLL_CALL.replace(left_out, ""))


def test_message_about_a_roll_call_has_variables_of_its_own(tmp_path: Path) -> None:
    """Not those of a case; an email and a call are checked part by part."""
    found = faults(
        tmp_path,
        sms_roll_call_zh=WHOLE_ROLL_CALL.replace("m.unit", "m.school"),
        email_roll_call_en="{% macro subject(m) %}{{ m.title }}{% endmacro %}",
        call_roll_call_en="{{ m.unit }}{{ m.deadline }}{{ m.names }}",
        call_roll_call_zh="{{ m.unit }}{{ m.code }}",
        **{"email.html": "<p>{{ (m.unit | default('')) | safe }}{{ m.code }}{{ m.deadline }}{{ m.link }}EXERCISE</p>"},
    )
    assert any(one.startswith("sms_roll_call.zh.j2:2: unknown variable `m.school`; there is asks,") for one in found)
    lacking = (
        "email_roll_call.en.j2:1: roll_call_list: it lacks the school, district or bureau (`m.unit`) in the subject"
    )
    assert lacking in found
    assert any(one.startswith("call_roll_call.en.j2:1: unknown variable `m.names`; ") for one in found)
    lacks = [one for one in found if one.startswith("call_roll_call.zh.j2:1: roll_call_")]
    assert any("roll_call_reminder: it lacks the deadline (`m.deadline`)" in one for one in lacks)
    assert any("roll_call_summary: it lacks how many are missing (`m.counts.missing`)" in one for one in lacks)
    assert "email.html.j2:1: what people type becomes HTML, and may be anything: remove `safe`" in found


def test_page_about_templates_names_every_variable_and_every_file() -> None:
    """Whoever writes a template finds all there is."""
    page = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    told = (OF_VIEW | OF_ROLL_CALL) - {"facts", "parameters"}
    assert [name for name in sorted(told) if f"`m.{name}`" not in page] == []
    assert [name for name in KNOWN if f"`{name}`" not in page] == []
