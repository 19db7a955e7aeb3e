"""The address to which an email returns: signed, for one notification, and none that a stranger could make up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels.smtp_email.dsn import of_the_mail, of_the_recipient, xtext
from services.runtime.bounce_addresses import LONGEST_LOCAL_PART, BounceAddresses
from services.runtime.errors import SettingsError
from services.runtime.settings import load_settings

UUID_ID = "0b7c6d0e-5a0e-5c3b-9d0f-7c6a3f1b2e54"
ADDRESSES = BounceAddresses(b"secret", "Bounces.Example.org")
SIGNS = "abcdefghijklmnopqrstuvwxyz234567"


@pytest.mark.parametrize("name", [UUID_ID, "notice-1", "通知-1"])
def test_address_names_its_notification(name: str) -> None:
    """As it was given, in other case as some servers write it, and in its brackets."""
    address = ADDRESSES.address_for(name)
    assert address is not None
    assert len(address.partition("@")[0]) <= LONGEST_LOCAL_PART
    assert address.endswith("@bounces.example.org")
    for written in (address, address.upper(), f"<{address}>"):
        assert ADDRESSES.read(written) == name


def test_id_too_long_for_an_address_has_none() -> None:
    """Made by another client: its email returns as any other."""
    assert ADDRESSES.address_for("x" * 29) is None
    assert ADDRESSES.address_for("x" * 28) is not None


@pytest.mark.parametrize("position", range(2, 46))
def test_address_with_any_sign_changed_is_none(position: int) -> None:
    """Each sign, by each other sign: the spare bits of the last one, too."""
    address = ADDRESSES.address_for(UUID_ID)
    assert address is not None
    assert address.index("@") == 46
    for other in set(SIGNS) - {address[position]}:
        assert ADDRESSES.read(address[:position] + other + address[position + 1 :]) is None


@pytest.mark.parametrize(
    "make", ["{0}@other.example", "b{0}@bounces.example.org", "{0}=@bounces.example.org", "{0}", "@bounces.example.org"]
)
def test_other_domain_or_a_longer_name_is_none(make: str) -> None:
    """To the letter."""
    local = (ADDRESSES.address_for(UUID_ID) or "").partition("@")[0]
    assert ADDRESSES.read(make.format(local)) is None


@settings(deadline=None)
@given(st.text(max_size=70))
def test_nonsense_is_no_address_and_breaks_nothing(local: str) -> None:
    """Whatever a stranger says after RCPT TO."""
    assert ADDRESSES.read(f"{local}@bounces.example.org") is None
    assert ADDRESSES.read(f"b-{local}@bounces.example.org") is None


def test_address_of_another_installation_is_none() -> None:
    """Two counties, two secrets."""
    other = BounceAddresses(b"other", "bounces.example.org")
    assert other.read(ADDRESSES.address_for(UUID_ID) or "") is None


def test_port_without_a_domain_is_a_bad_setting() -> None:
    """Nobody would know whose mail to take; and no domain has a space or a scheme."""
    with pytest.raises(SettingsError, match="TOCSIN_BOUNCE_DOMAIN"):
        load_settings(bounce_port=2525)
    assert load_settings(bounce_port=2525, bounce_domain="bounces.example.org").bounce_host == "127.0.0.1"
    for wrong in ("bounces example", "https://bounces.example.org", "-a.example", "b" * 200):
        with pytest.raises(SettingsError, match="TOCSIN_BOUNCE_DOMAIN"):
            load_settings(bounce_domain=wrong)


def test_what_is_asked_of_a_mail_server_keeps_to_its_grammar() -> None:
    """RFC 3461: failure and delay, little sent back, and an id that it can quote."""
    assert of_the_mail(UUID_ID) == ("RET=HDRS", f"ENVID={UUID_ID}")
    assert of_the_mail("x" * 200) == ("RET=HDRS",)
    expected = ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;head+2Bduty@school.example"]
    assert of_the_recipient("head+duty@school.example") == expected
    assert of_the_recipient("校长@school.example") == ["NOTIFY=FAILURE,DELAY"]
    assert xtext("a=b c+校") == "a+3Db+20c+2B+E6+A0+A1"
