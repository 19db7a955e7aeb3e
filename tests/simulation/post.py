"""What becomes of an email that a mail server took: it arrives or comes back, and servers tell of it.

They tell late, doubled, in any order, and of what its reader has answered already. A server keeps what it could not
hand over, and comes again; whoever forges a return address is to be refused.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from aiosmtpd.smtp import Envelope

from services.intake.bounces.listener import TAKEN, BounceListener
from services.intake.deps import Deps
from services.notifier.channels.base import Message
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.secret_key import secret_key
from tests.simulation.desk import ask_strictly
from tests.simulation.provider import Taken
from tests.simulation.returned import FAILED, OF_WHAT_ARRIVES, SORTS, Sort, returned
from tests.simulation.under_way import UnderWay
from tests.simulation.workers import Surroundings, Worker

LONGEST_SECONDS = 9.0
"""How late a server may tell: some tell when the troubles are over, and the clocks were set on by weeks."""
MOST_TIMES = 40
"""A server gives a bounce up at last: nobody who lives refuses it so often."""
_CONNECTION: Any = None
"""What the listener's server knows of a connection; the listener asks nothing of it."""
ELSEWHERE = "somebody-else@example.org"
"""Where mail is passed on to."""


@dataclass(eq=False)
class Tale:
    """What a server told of an email: of which mailbox, and whether somebody has taken it."""

    notification_id: str
    sort: Sort
    mailbox: str
    is_taken: bool = False


class Post:
    """Brings emails. ``heard`` is called when one has reached its person; without losses, nobody tells anything."""

    def __init__(
        self, rng: Random, around: Surroundings, intakes: Sequence[Worker], heard: Callable[[Message], None]
    ) -> None:
        self._rng = rng
        self._around = around
        self._intakes = intakes
        self._heard = heard
        self._ways = UnderWay()
        self.losses = 0.0
        """How likely an email comes back."""
        self.tales: list[Tale] = []
        self.refused: list[Tale] = []
        """What was refused though it was true."""
        self.believed: list[str] = []
        """Forged addresses that were taken for our own."""

    @property
    def under_way(self) -> int:
        """Return how many tales are not told yet."""
        return len(self._ways)

    def carry(self, taken: Taken) -> None:
        """Bring an email on its way."""
        if not self.losses:
            self._heard(taken.message)
        elif self._rng.random() >= self.losses:
            self._heard(taken.message)
            for name in self._rng.sample(OF_WHAT_ARRIVES, self._rng.choice([0, 0, 1, 2])):
                self._tell(taken, name, taken.message.address)
        else:
            self._lose(taken)

    def _lose(self, taken: Taken) -> None:
        rng = self._rng
        if rng.random() < 0.3:
            self._heard(taken.message)  # an alias of several mailboxes, one of which is not there
        mailbox = rng.choice([taken.message.address, taken.message.address.upper(), ELSEWHERE])
        name = rng.choice(FAILED)
        for _ in range(rng.choice([1, 1, 2])):
            self._tell(taken, name, mailbox)
        if rng.random() < 0.3:
            self._tell(taken, "postfix_delayed", mailbox)
        if rng.random() < 0.3:
            self._ways.begin(self._forge(taken.message))

    def _tell(self, taken: Taken, name: str, mailbox: str) -> None:
        self._ways.begin(self._return(taken, name, mailbox))

    async def _return(self, taken: Taken, name: str, mailbox: str) -> None:
        """Return an email to the address that it was sent from, until somebody takes it."""
        await asyncio.sleep(self._rng.choice([0.1, 1.0, 3.0, LONGEST_SECONDS]) * self._rng.random())
        address = self._addresses().address_for(taken.message.notification_id)
        assert address is not None, "the ids of notifications are short"
        tale = Tale(taken.message.notification_id, SORTS[name], mailbox)
        self.tales.append(tale)
        for _ in range(MOST_TIMES):
            said = await self._bring(self._rng.choice([address, address.upper()]), returned(name, mailbox))
            if said == TAKEN:
                tale.is_taken = True
                taken.is_lost = taken.is_lost or tale.sort.state == "undelivered"
                return
            if said is not None and said.startswith("5"):
                self.refused.append(tale)
                return
            await asyncio.sleep(self._rng.uniform(0.2, 2.0))

    async def _forge(self, message: Message) -> None:
        """Return an email to an address that was not signed here, for this very message."""
        await asyncio.sleep(self._rng.random())
        address = self._forged(message.notification_id)
        said = await self._bring(address, returned("postfix_unknown_mailbox", message.address))
        if said == TAKEN:
            self.believed.append(address)

    def _forged(self, notification_id: str) -> str:
        true = self._addresses().address_for(notification_id) or ""
        local, _, domain = true.partition("@")
        at = self._rng.randrange(len("b-"), len("b-") + 16)  # in the signature
        other = self._rng.choice([one for one in "abcdefghijklmnopqrstuvwxyz234567" if one != local[at]])
        return self._rng.choice(
            [
                f"{local[:at]}{other}{local[at + 1 :]}@{domain}",
                BounceAddresses(b"of another installation", domain).address_for(notification_id) or "",
                f"{local}@{domain}.example",
            ]
        )

    def _addresses(self) -> BounceAddresses:
        settings = self._around.settings
        assert settings.bounce_domain is not None
        return BounceAddresses(secret_key(settings), settings.bounce_domain)

    async def _bring(self, address: str, content: bytes) -> str | None:
        """Return what was said to an email: at its recipient, or at its content."""

        async def bring(deps: Deps) -> str:
            listener, envelope = BounceListener(deps, self._addresses()), Envelope()
            said = await listener.handle_RCPT(_CONNECTION, None, envelope, address, [])
            if not said.startswith("250"):
                return said
            envelope.content = content
            return await listener.handle_DATA(_CONNECTION, None, envelope)

        worker = self._rng.choice(self._intakes)
        said = await ask_strictly(worker, lambda deps, _: bring(deps), self._around.reports_bug)
        self._around.diary.count("bounce unanswered" if said is None else f"bounce {said[:3]}")
        return said
