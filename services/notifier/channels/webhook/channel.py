"""Messages to programs: a signed CloudEvent posted to the https address of a contact (docs/webhooks.md)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from events.envelope import STRUCTURED_TYPE
from services.notifier.channels.base import Handed, Message, Refused
from services.notifier.channels.http_road import CONNECTIONS, HttpRoad
from services.notifier.channels.receivers import Receivers
from services.notifier.channels.retry_after import retry_after
from services.notifier.channels.webhook.errors import error_of, is_taken
from services.notifier.channels.webhook.event import body_of
from services.notifier.channels.webhook.networks import GuardedResolver, Networks
from services.runtime import standard_webhooks
from services.runtime.clock import wall_now
from services.runtime.web_addresses import web_address


class Webhook:
    """Posts to any receiver. ``keys`` sign, the first is that of today; ``now`` is real time, which receivers check."""

    name = "webhook"
    provider = "webhook"
    limit = CONNECTIONS

    def __init__(
        self,
        keys: Sequence[str],
        timeout_seconds: float,
        networks: Networks,
        now: Callable[[], datetime] = wall_now,
        receivers: Receivers | None = None,
    ) -> None:
        self._keys = tuple(keys)
        self._networks = networks
        self._now = now
        self._receivers = receivers or Receivers()
        self._road = HttpRoad(
            "the receiver", timeout_seconds, of_recipient=True, resolver=lambda: GuardedResolver(networks)
        )

    async def send(self, message: Message) -> Handed:
        """Post the message. Raises ChannelError by the table in ``errors``, or when the address may not be called."""
        try:
            url = web_address(message.address)
        except ValueError as error:
            raise Refused(f"the address cannot be called: it {error}") from error
        host = url.host or ""
        self._networks.check_host(host)
        body, now = body_of(message), self._now()
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": STRUCTURED_TYPE,
            standard_webhooks.ID: message.notification_id,
            standard_webhooks.TIMESTAMP: str(timestamp),
            standard_webhooks.SIGNATURE: standard_webhooks.signatures(
                self._keys, message.address, message.notification_id, timestamp, body
            ),
        }
        with self._receivers.owing(host):
            answer = await self._road.post(url, body, headers, read=False)
        if not is_taken(answer.status):
            raise error_of(answer.status, retry_after(answer.headers.get("Retry-After"), now))
        return Handed(message.notification_id)

    async def find(self, message: Message, since: datetime) -> None:
        """Find nothing: sent again with the same id, it is the same message to its receiver."""
        del message, since

    async def close(self) -> None:
        """Close kept connections."""
        await self._road.close()
