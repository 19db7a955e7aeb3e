"""Which messages carry a link, and how it stands in their words."""

from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from escalation_policies.loader import load_library
from events.notification import Template
from services.notifier.checking import check_templates
from services.notifier.limits import limit_of
from services.notifier.links import link_maker, may_carry
from services.notifier.rendering import render
from services.notifier.segments import sms_segments
from services.notifier.template_files import TEMPLATES
from services.runtime.settings import Settings
from tests.support.notices import requested

LINK = "https://tocsin.example.org/a/" + "Ab-_9" * 10
EVERY = tuple(product(get_args(Template), ("zh", "en")))
PUBLIC: dict[str, Any] = {"public_url": "https://tocsin.example.org/", "secret_key": "secret"}


@pytest.mark.parametrize(
    ("channel", "provider", "address", "expected"),
    [
        ("sms", "twilio", "+12025550101", True),
        ("sms", "twilio", "+8613800000001", False),
        ("sms", "twilio", "+85212345678", True),
        ("sms", "local-outbox", "+8613800000001", True),
        ("sms", "some-gateway", "+12025550101", False),
        ("email", "smtp", "head@school.example", True),
        ("webhook", "webhook", "https://duty.example", True),
        ("chat", "apprise", "duty-room", True),
        ("voice", "twilio-voice", "+12025550101", False),
    ],
)
def test_link_goes_where_it_arrives(channel: Any, provider: str, address: str, expected: bool) -> None:
    """Twilio brings no link to numbers in China; an unknown gateway is not tried with one; a call says none."""
    assert may_carry(channel, provider, address) is expected


@pytest.mark.parametrize(
    ("settings", "changes", "has_link"),
    [
        (PUBLIC, {"channel": "email"}, True),
        (PUBLIC, {"channel": "sms"}, True),
        ({**PUBLIC, "sms_links": False}, {"channel": "sms"}, False),
        ({**PUBLIC, "sms_links": False}, {"channel": "email"}, True),
        ({**PUBLIC, "public_url": None}, {"channel": "email"}, False),
        (PUBLIC, {"channel": "email", "asks_acknowledgement": False}, False),
        (PUBLIC, {"channel": "email", "code": None}, False),
    ],
)
def test_message_has_a_link_where_it_asks_something_and_the_page_can_be_reached(
    settings: dict[str, Any], changes: dict[str, Any], has_link: bool
) -> None:
    """By the settings, and by what the message asks."""
    link = link_maker(Settings(**settings))(requested(**changes), "twilio", "+12025550101")
    assert (link is not None) is has_link
    assert link is None or link.startswith("https://tocsin.example.org/a/")


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_sms_ends_with_its_link_and_loses_nothing_to_it(template: str, language: str) -> None:
    """The words are those of the SMS without a link: code, deadline and as much of the place as fits."""
    request = requested(template=template, language=language, place="楼" * 90)
    bare, linked = render(request).text, render(request, link=LINK).text
    assert linked.startswith(bare)
    assert linked.endswith(f" {LINK}")
    assert "K7Q2MX" in bare
    assert sms_segments(bare) <= limit_of(template, language).aim
    assert sms_segments(linked) <= limit_of(template, language).aim + 2


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_email_has_the_link_in_both_parts(template: str, language: str) -> None:
    """To press in one, to copy in the other; and none where there is none."""
    request = requested(template=template, language=language, channel="email")
    words = render(request, link=LINK)
    assert f"\n{LINK}\n" in words.text
    assert words.html is not None
    assert f'<a href="{LINK}"' in words.html
    bare = render(request)
    assert "/a/" not in bare.text
    assert bare.html is not None
    assert "<a " not in bare.html


def test_provider_that_fills_its_own_template_gets_the_link_as_a_parameter() -> None:
    """A gateway whose template has a place for it."""
    assert render(requested(), link=LINK).parameters["link"] == LINK
    assert "link" not in render(requested()).parameters


def test_call_never_says_a_link() -> None:
    """Nobody could write it down."""
    assert "http" not in render(requested(channel="voice"), link=LINK).text


@pytest.mark.parametrize("layout", ["email.html.j2", "email.text.j2"])
def test_sites_layout_without_the_link_is_not_sent_where_there_is_one(tmp_path: Path, layout: str) -> None:
    """Ours is, and `tocsin template check` names the fault; without a public address the site's is good."""
    own = (TEMPLATES / layout).read_text(encoding="utf-8").replace("m.link", "None") + "县教育局"
    (tmp_path / layout).write_text(own, encoding="utf-8")
    request = requested(channel="email")
    with capture_logs() as logs:
        words = render(request, tmp_path, LINK)
    assert words == render(request, link=LINK)
    assert "the link" in logs[0]["fault"]
    bare = render(request, tmp_path)
    assert "县教育局" in f"{bare.text}{bare.html}"
    _, faults = check_templates(tmp_path, load_library())
    assert any("it lacks the link (`m.link`)" in fault.message for fault in faults)
