"""Ways to break on purpose what becomes of emails: those that come back, and those that are answered by their link."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request

from escalation_policies.machine import unreached
from escalation_policies.machine.ledger import Ledger
from services.intake.bounces.listener import BounceListener
from services.intake.deps import Deps
from services.intake.links import answer_page
from services.intake.links.page import ACCEPT
from services.intake.notices import Notice
from services.runtime import answer_links, bounce_addresses
from services.runtime.answer_links import AnswerLink, AnswerLinks
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.signed_ids import unpacked
from services.runtime.tables import EPOCH


def takes_bounces_and_drops_them(patch: pytest.MonkeyPatch) -> None:
    """Say to a mail server that its bounce was taken, and store nothing."""

    async def take(*_: object) -> str:
        return "taken"

    patch.setattr(BounceListener, "_take", take)


def believes_any_return_address(patch: pytest.MonkeyPatch) -> None:
    """Take a bounce to an address that nobody signed here."""

    def read(self: BounceAddresses, address: str) -> str | None:
        local, _, domain = address.lower().rpartition("@")
        name = bounce_addresses._decoded(local.removeprefix(bounce_addresses.PREFIX))
        return unpacked(name[bounce_addresses._SIGNED_BYTES :]) if domain == self.domain else None

    patch.setattr(BounceAddresses, "read", read)


def knows_no_capitals(patch: pytest.MonkeyPatch) -> None:
    """Refuse an address that a server has written in capital letters."""
    whole = BounceAddresses.read

    def read(self: BounceAddresses, address: str) -> str | None:
        return whole(self, address) if address == address.lower() else None

    patch.setattr(BounceAddresses, "read", read)


def flags_nobody(patch: pytest.MonkeyPatch) -> None:
    """Go on writing to a mailbox that is not there."""
    patch.setattr(BounceListener, "_address", lambda *_: "")


def flags_whomever_it_sent_to(patch: pytest.MonkeyPatch) -> None:
    """Take the mailbox that a bounce speaks of for the one that the email was sent to."""

    def address(self: BounceListener, notice: Notice, report: object) -> str:
        del report
        found = self._deps.directory().contact(notice.request.contact_id)
        return "" if found is None else found[1].address

    patch.setattr(BounceListener, "_address", address)


def waits_for_who_is_not_reached(patch: pytest.MonkeyPatch) -> None:
    """Note that nothing reaches somebody, and go on waiting for their answer alone."""

    def no_way_left(ledger: Ledger, *others: Any) -> None:
        unreached._withhold(ledger, others[-1], "nothing reaches them")

    patch.setattr(unreached, "_no_way_left", no_way_left)


def takes_a_look_for_an_answer(patch: pytest.MonkeyPatch) -> None:
    """Accept for whoever's link is opened, as one press less."""
    whole = answer_page._open

    async def opened(deps: Deps, wrong: Any, request: Request, token: str) -> Any:
        found = await whole(deps, wrong, request, token)
        if request.method == "GET" and isinstance(found, answer_page.Opened):
            return await answer_page._take(deps, found, ACCEPT)
        return found

    patch.setattr(answer_page, "_open", opened)


def believes_any_link(patch: pytest.MonkeyPatch) -> None:
    """Take a link that nobody signed here."""

    def read(self: AnswerLinks, token: str) -> AnswerLink | None:
        del self
        content = answer_links._decoded(token)[answer_links._SIGNED_BYTES :]
        name = unpacked(content[answer_links._UNTIL_BYTES :])
        seconds = int.from_bytes(content[: answer_links._UNTIL_BYTES])
        return None if name is None else AnswerLink(name, EPOCH + timedelta(seconds=seconds))

    patch.setattr(AnswerLinks, "read", read)


def lets_links_live_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Take a link whose time is over."""
    whole = AnswerLinks.read

    def read(self: AnswerLinks, token: str) -> AnswerLink | None:
        link = whole(self, token)
        return link and AnswerLink(link.notification_id, link.until + timedelta(days=3650))

    patch.setattr(AnswerLinks, "read", read)


def thanks_for_presses(patch: pytest.MonkeyPatch) -> None:
    """Say to whoever presses a button that it is recorded, and store nothing."""

    async def accept(*_: object) -> str:
        return ""

    patch.setattr(answer_page, "accept", accept)


def takes_every_press(patch: pytest.MonkeyPatch) -> None:
    """Forget that a link was used: whoever has the email changes the answer that its reader gave."""

    async def given(*_: object) -> None:
        """Know of none."""

    async def remember(*_: object) -> None:
        """Remember none."""

    patch.setattr(answer_page, "_given", given)
    patch.setattr(answer_page, "remember", remember)
