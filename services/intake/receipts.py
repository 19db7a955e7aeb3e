"""What a provider tells of a message becomes the state of its notification, a record of it, and what follows of it.

Receipts come doubled, late and in any order, some before the notifier has written that it handed the message over: a
notification only ever moves forward by rank (``events.delivery.RECEIPTS``). Whatever a receipt changes is one
transaction: the row, its record on ``tocsin.deliveries``, and for a message that did not arrive the fact that brings in
the person's next contact, and the flag on a contact that is dead.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, update

from events.codec import Encoded, encode
from events.delivery import RECEIPTS, DeliveryRecorded, DeliveryState, delivery_type
from events.ids import derived
from events.unreached import case_family, is_told_of, unreached_by, unreached_id
from services.intake.deps import Deps
from services.intake.notices import Notice
from services.intake.problems import LOG
from services.intake.rows import SOURCE, append_fact
from services.runtime.contact_flags import ContactFlag, Flaw, flagging, hash_of
from services.runtime.outbox_rows import Outgoing
from services.runtime.store import UnitOfWork
from services.runtime.tables import notifications


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far one message or call has come. ``address`` is where it went to, as the provider says.

    ``provider_id`` None: the provider names the notification itself, and no message apart from it.
    """

    provider: str
    provider_id: str | None
    state: DeliveryState
    address: str
    reason: str | None = None
    flaw: Flaw | None = None


def is_news(notice: Notice, receipt: Receipt) -> bool:
    """Return whether a receipt brings its notification forward.

    One that speaks of another message of the same notification (sent twice, or by another provider since) tells nothing
    of the one that counts by not having arrived.
    """
    if _rank(receipt.state) <= _rank(notice.state):
        return False
    is_its_message = None in {notice.provider_id, receipt.provider_id} or notice.provider_id == receipt.provider_id
    is_same = is_its_message and notice.provider in {None, receipt.provider}
    return is_same or receipt.state != "undelivered"


async def take_receipt(deps: Deps, notice: Notice, receipt: Receipt) -> bool:
    """Store what a receipt tells; return whether it was news."""
    if not is_news(notice, receipt):
        return False
    async with deps.store.transaction() as unit:
        moved = await move(deps, unit, notice, receipt, deps.clock.now())
    if moved:
        deps.wake()
    return moved


async def move(deps: Deps, unit: UnitOfWork, notice: Notice, receipt: Receipt, at: datetime) -> bool:
    """Write a receipt as part of a unit of work; return False when another has brought the row as far meanwhile."""
    if not is_news(notice, receipt):
        return False
    further = [state for state, rank in RECEIPTS.items() if rank >= _rank(receipt.state)]
    columns = notifications.c
    changed = await unit.connection.execute(
        update(notifications)
        .where(columns.notification_id == notice.request.notification_id, columns.state.not_in(further))
        .values(
            state=receipt.state,
            reason=receipt.reason,
            next_try_at=None,
            # Of a message that nobody is known to have but the one who tells, the one who tells is its provider: what
            # they say of its end counts, though another was being asked when this came.
            provider=case((columns.provider_id.is_(None), receipt.provider), else_=columns.provider),
            provider_id=func.coalesce(columns.provider_id, receipt.provider_id),
            updated_at=at,
        )
        .returning(columns.tries)
    )
    row = changed.one_or_none()
    if row is None:
        return False
    record = _record(notice, receipt, max(row.tries, 1), at)
    await unit.append([(deps.lane, Outgoing(deps.settings.topic("deliveries"), record))])
    if receipt.state == "undelivered":
        await _tell(deps, unit, notice, receipt, at)
    _log(notice, receipt)
    return True


def _record(notice: Notice, receipt: Receipt, try_number: int, at: datetime) -> Encoded:
    request = notice.request
    body = DeliveryRecorded(
        notification_id=request.notification_id,
        case_id=request.case_id,
        contact_id=request.contact_id,
        channel=request.channel,
        state=receipt.state,
        try_number=try_number,
        provider=receipt.provider,
        provider_id=receipt.provider_id,
        reason=receipt.reason,
        at=at,
    )
    return encode(
        body,
        event_id=derived("delivery", request.notification_id, receipt.state, str(try_number)),
        key=request.notification_id,
        source=SOURCE,
        time=at,
        event_type=delivery_type(receipt.state),
    )


async def _tell(deps: Deps, unit: UnitOfWork, notice: Notice, receipt: Receipt, at: datetime) -> None:
    """Let the case hear that nobody was reached, and flag a contact by which nobody ever will be."""
    request, reason = notice.request, receipt.reason or "not delivered"
    if is_told_of(request):
        fact = unreached_by(request, "undelivered", reason, at)
        event_id = unreached_id(request.notification_id, "undelivered")
        await append_fact(deps, unit, fact, event_id, family=case_family(request))
    found = deps.directory().contact(request.contact_id)
    # A number that was corrected since is another contact, and nothing is known against it.
    if receipt.flaw is not None and found is not None and found[1].address == receipt.address:
        flag = ContactFlag(request.contact_id, hash_of(receipt.address), receipt.flaw, reason, at)
        await unit.write(*flagging([flag], is_sqlite=deps.store.database.is_sqlite))
        LOG.warning("contact.flagged", contact_id=request.contact_id, flaw=receipt.flaw, reason=reason)


def _log(notice: Notice, receipt: Receipt) -> None:
    log = LOG.warning if receipt.state == "undelivered" else LOG.info
    log(
        "receipt.taken",
        notification_id=notice.request.notification_id,
        case_id=notice.request.case_id,
        channel=notice.request.channel,
        state=receipt.state,
        reason=receipt.reason,
    )


def _rank(state: str) -> int:
    """Return how far a state is, by receipts; what the notifier wrote before it handed over counts nothing."""
    return next((rank for known, rank in RECEIPTS.items() if known == state), 0)
