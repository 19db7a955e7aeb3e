"""The link of a message: it names one message until a time, and whoever changes a sign of it holds nothing."""

import string
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.answer_links import LONGEST_TERM, AnswerLink, AnswerLinks
from services.runtime.signed_ids import key_for, packed, unpacked
from tests.support.notices import START, requested

UUID_ID = "0b7c6d0e-5a0e-5c3b-9d0f-7c6a3f1b2e54"
TERM = timedelta(hours=72)
LINKS = AnswerLinks(b"secret", TERM)
URL_SAFE = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize("name", [UUID_ID, "notice-1", "通知-1", "x" * 200, UUID_ID.upper(), "x" * 17])
def test_link_names_its_message_and_its_end(name: str) -> None:
    """Ids that are derived, and those that another client made."""
    token = LINKS.token_for(requested(notification_id=name))
    assert LINKS.read(token) == AnswerLink(name, START + TERM)
    assert set(token) <= set(URL_SAFE)


def test_link_of_a_derived_id_is_short() -> None:
    """In an SMS each character costs."""
    assert len(LINKS.token_for(requested(notification_id=UUID_ID))) == 50


def test_link_is_the_same_for_each_try() -> None:
    """A message of unknown outcome is looked up by its whole text."""
    request = requested(notification_id=UUID_ID)
    assert LINKS.token_for(request) == AnswerLinks(b"secret", TERM).token_for(request)


@pytest.mark.parametrize("position", range(50))
def test_link_with_any_sign_changed_is_none(position: int) -> None:
    """Each sign, by each other sign: the spare bits of the last one, too."""
    token = LINKS.token_for(requested(notification_id=UUID_ID))
    for other in set(URL_SAFE) - {token[position]}:
        assert LINKS.read(token[:position] + other + token[position + 1 :]) is None


@settings(deadline=None)
@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_nonsense_is_no_link_and_breaks_nothing(token: str) -> None:
    """Whatever is typed after the address."""
    assert LINKS.read(token) is None


@pytest.mark.parametrize("make", ["{0:.49}", "{0}A", "{0}=", "{0}==", " {0}", "{0}。", "A{0}"])
def test_link_that_a_mail_program_cut_or_lengthened_is_none(make: str) -> None:
    """Nothing is read into what is left."""
    assert LINKS.read(make.format(LINKS.token_for(requested(notification_id=UUID_ID)))) is None


def test_link_of_another_installation_or_purpose_is_none() -> None:
    """Two counties, two secrets; and no address for bounces makes a link."""
    assert AnswerLinks(b"other", TERM).read(LINKS.token_for(requested(notification_id=UUID_ID))) is None
    assert key_for(b"secret", "answer-link") != key_for(b"secret", "bounce-address")


@pytest.mark.parametrize(
    ("changes", "lasts"),
    [
        ({}, TERM),
        ({"deadline": None}, TERM),
        ({"deadline": START + timedelta(days=10)}, timedelta(days=10)),
        ({"deadline": START + timedelta(days=60)}, LONGEST_TERM),
        ({"not_before": START + timedelta(hours=9)}, TERM + timedelta(hours=9)),
    ],
)
def test_link_lasts_its_term_or_until_the_deadline_and_never_for_ever(
    changes: dict[str, object], lasts: timedelta
) -> None:
    """Counted from when the message goes out: quiet hours take nothing of it."""
    found = LINKS.read(LINKS.token_for(requested(notification_id=UUID_ID, **changes)))
    assert found is not None
    assert found.until == START + lasts


def test_nothing_of_the_case_or_the_person_is_in_a_link() -> None:
    """It stands in histories and logs of others."""
    one = requested(notification_id=UUID_ID)
    other = requested(notification_id=UUID_ID, person_id="p-2", case_id="c-2", contact_id="x", code="AAAAAA", place="?")
    assert LINKS.token_for(one) == LINKS.token_for(other)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_no_id_are_none(content: bytes) -> None:
    """And those that are one come back as they were."""
    found = unpacked(content)
    assert found is None or packed(found) == content
