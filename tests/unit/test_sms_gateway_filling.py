"""Which template says a message, and what it is filled with."""

from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from events.notification import Template
from services.notifier.addressing import compose
from services.notifier.channels.base import Message, Refused
from services.notifier.channels.sms_gateway.filling import Filled, fill
from services.runtime.errors import SettingsError
from services.runtime.settings import Settings, load_settings
from services.runtime.sms_gateway.codes import common_codes, shown
from services.runtime.sms_gateway.gateway_file import Gateway, load_gateway
from tests.support.notices import PHONE, START, requested

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample" / "sms-gateway.yaml"
WHOLE = ["kind", "school", "deadline", "code"]


def gateway(*templates: dict[str, Any], **changes: Any) -> Gateway:
    fields = {"send_url": "https://sms.example.org/", "sign_name": "局", "templates": templates, **changes}
    return Gateway.model_validate(fields)


def alert(**changes: Any) -> Message:
    return compose(requested(**changes), PHONE, START)


def filled(of: Gateway, **changes: Any) -> Filled:
    return fill(of, alert(**changes))


def test_first_template_that_says_the_message_is_taken() -> None:
    """By message and language, in the order of the file."""
    found = gateway(
        {"id": "reminder", "for": ["incident_reminder"], "parameters": WHOLE},
        {"id": "english", "language": "en", "parameters": WHOLE},
        {"id": "chinese", "parameters": WHOLE},
        {"id": "later", "parameters": WHOLE},
    )
    assert filled(found).template_id == "chinese"
    assert filled(found, language="en").template_id == "english"
    assert filled(found, template="incident_reminder").template_id == "reminder"


def test_template_with_a_parameter_that_the_message_lacks_is_passed_over() -> None:
    """A hole in a text is no text: the shorter one says it."""
    found = gateway({"id": "place", "parameters": [*WHOLE, "place"]}, {"id": "no place", "parameters": WHOLE})
    assert filled(found).template_id == "place"
    assert filled(found, place=None).template_id == "no place"


@pytest.mark.parametrize("missing", ["code", "deadline"])
def test_message_that_asks_for_an_answer_goes_into_no_template_without(missing: str) -> None:
    """Whoever reads it must know how to answer, and until when."""
    found = gateway({"id": "short", "parameters": [name for name in WHOLE if name != missing]})
    with pytest.raises(Refused, match="no template"):
        filled(found)
    assert filled(found, asks_acknowledgement=False).template_id == "short"


@pytest.mark.parametrize("exercise", [True, False])
def test_drill_is_never_said_by_a_template_that_does_not_say_so_nor_the_other_way_round(exercise: bool) -> None:
    """A drill in the words of an emergency is one; an emergency in the words of a drill is not heard."""
    found = gateway({"id": "other", "exercise": not exercise, "parameters": WHOLE})
    with pytest.raises(Refused, match="no template"):
        filled(found, exercise=exercise)


@pytest.mark.parametrize(("name", "value"), [("code", "K7Q2MX" * 9), ("receipt", "4821-0937-7525" * 4)])
def test_what_matters_is_never_cut(name: str, value: str) -> None:
    """Half a code is none: the message goes another way."""
    found = gateway({"id": "all", "parameters": [*WHOLE, "receipt"]}, parameter_limit=20)
    with pytest.raises(Refused, match="must not be cut"):
        filled(found, template="petition_alert", **{name: value})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_may_be_cut_is_cut_to_the_limit_on_one_line(language: str) -> None:
    """To the character, mark included."""
    found = gateway({"id": "all", "language": language, "parameters": [*WHOLE, "place"]}, parameter_limit=20)
    values = filled(found, language=language, place="three\nwords here " * 9).parameters
    assert isinstance(values, list)
    assert values[4].startswith("three words")
    assert values[4].endswith("…" if language == "zh" else "...")
    assert len(values[4]) <= 20


@pytest.mark.parametrize(("template", "exercise"), tuple(product(get_args(Template), [True, False])))
def test_sample_file_never_gives_a_narrative_away(template: str, exercise: bool) -> None:
    """Each of its templates is filled by what an SMS may show; what it has none for goes another way."""
    message = alert(template=template, exercise=exercise, summary="学生张小明手部烧伤", note="李家长来信")
    try:
        found = fill(load_gateway(SAMPLE), message)
    except Refused:
        assert not exercise
        return
    assert "张小明" not in str(found.parameters)
    assert "李家长" not in str(found.parameters)


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("13800000001", "+8613800000001"),
        ("+8613800000001", "+8613800000001"),
        ("008613800000001", "+8613800000001"),
        ("86013800000", "+8686013800000"),
    ],
)
def test_number_of_a_receipt_is_the_directorys(number: str, address: str) -> None:
    """However the gateway writes it; a number that begins like the country's code keeps its digits."""
    assert load_gateway(SAMPLE).international(number) == address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "is not YAML"),
        ("templates: []", "send_url: Field required"),
        ("send_url: sms.example.org", "send_url: String should match pattern"),
        (SAMPLE.read_text(encoding="utf-8").replace("code: code}", "code: kode}", 1), "templates.0.parameters"),
        (SAMPLE.read_text(encoding="utf-8").replace("action: refuse", "action: deny"), "codes.1009.action"),
        (SAMPLE.read_text(encoding="utf-8") + "timeout: 3\n", "timeout: Extra inputs"),
    ],
)
def test_file_that_cannot_be_used_is_told_at_start(tmp_path: Path, text: str, told: str) -> None:
    """With the setting that names it, and the place in it."""
    file = tmp_path / "gateway.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(sms_gateway=file, sms_gateway_access_key="AK", sms_gateway_secret="s")
    assert "TOCSIN_SMS_GATEWAY" in str(refused.value)
    assert told in str(refused.value)


def test_gateway_without_its_keys_is_told_at_start() -> None:
    """Half a gateway would fail with the first alert."""
    with pytest.raises(SettingsError, match="needs all of TOCSIN_SMS_GATEWAY, _ACCESS_KEY and _SECRET"):
        load_settings(sms_gateway=SAMPLE)


def test_missing_file_is_told_at_start(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(SettingsError, match=r"cannot read .*nowhere\.yaml"):
        load_settings(sms_gateway=tmp_path / "nowhere.yaml", sms_gateway_access_key="AK", sms_gateway_secret="s")


def test_sample_file_is_taken_by_the_settings() -> None:
    """What is shown can be used."""
    settings = Settings(sms_gateway=SAMPLE, sms_gateway_access_key="AK", sms_gateway_secret="s")
    assert settings.gateway is not None
    assert settings.gateway.codes["1009"].flaw == "opted-out"
    assert settings.gateway.codes["OK"].action == "taken"


@pytest.mark.parametrize("code", ["13800000001", "no such number", "a" * 50, "x@y"])
def test_code_that_may_be_a_number_or_a_text_is_not_shown(code: str) -> None:
    """A reason is read by people who need not know the number."""
    assert code not in shown(common_codes(), code)
