"""What became of a message, read from the bus alone: what a provider told of it holds, whatever was read first."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import get_args

import pytest

from events.codec import encode
from events.delivery import DeliveryRecorded, DeliveryState, delivery_type
from events.topics import TopicName
from services.cli.replay.messages import Messages
from services.cli.replay.past import Past
from services.runtime.consumption import Record
from tests.support.notices import START, requested


class Told(Past):
    """A bus that has these deliveries of one notification, in this order, and nothing else."""

    def __init__(self, *states: DeliveryState) -> None:
        self._states = states

    async def partition(self, topic: TopicName, partition: int) -> AsyncIterator[Record]:
        if topic != "deliveries" or partition:
            return
        for offset, state in enumerate(self._states):
            body = DeliveryRecorded(
                notification_id="notice-1", case_id="case-1", contact_id="person-1:sms", channel="sms", state=state,
                try_number=1, provider="twilio", at=START,
            )  # fmt: skip
            record = encode(
                body, event_id=f"d-{offset}", key="notice-1", source="/t", time=START, event_type=delivery_type(state)
            )
            yield Record("tocsin.deliveries", 0, offset, record.key.encode(), record.headers, record.value)

    def topic_id(self, topic: TopicName) -> str | None:
        return f"id-of-{topic}"


async def row_after(*states: DeliveryState) -> tuple[str, bool]:
    """Return the state of the rebuilt row, and whether the message would be tried again."""
    messages = Messages()
    await messages.read(Told(*states))
    step = messages.step_of(requested(), START + timedelta(minutes=1))
    assert step is not None
    return step.state, step.next_try_at is not None


@pytest.mark.parametrize("state", get_args(DeliveryState))
async def test_only_what_is_unfinished_is_tried_again(state: DeliveryState) -> None:
    """A message that a provider took, refused or lost does not go out a second time because a database was lost."""
    assert await row_after(state) == (state, state in {"attempted", "failed-temporary", "outcome-unknown"})


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (("attempted", "sent", "handed-over"), "sent"),
        (("delivered", "attempted", "handed-over", "sent"), "delivered"),
        (("undelivered", "handed-over", "delivered"), "delivered"),
        (("delivered", "undelivered"), "delivered"),
        (("attempted", "outcome-unknown", "attempted", "handed-over"), "handed-over"),
    ],
)
async def test_receipt_read_before_the_hand_over_holds(told: tuple[DeliveryState, ...], state: str) -> None:
    """The intake's lane and the notifier's have no order between them."""
    assert await row_after(*told) == (state, False)
