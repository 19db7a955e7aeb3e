"""The bus as it is now: which topics exist, in which incarnation; creates those that are missing."""

import asyncio
import contextlib
from collections.abc import Iterable

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from events.topics import CATALOGUE, CONSUMED, PARTITIONS, dead_letter, dead_letter_configs
from services.runtime.errors import BusAway
from services.runtime.settings import Settings
from services.runtime.topic_ids import ask_topic_ids

log = structlog.get_logger(__name__)
BUS_TROUBLE = (KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError)
"""What a broker that is away, restarting or half up raises through aiokafka."""

PATIENCE_SECONDS = 3.0
"""A broker that does not answer within this is away: aiokafka itself may wait for it much longer."""


class BusAdmin:
    """One admin connection, made anew after any trouble."""

    def __init__(self, settings: Settings, bootstrap_servers: str) -> None:
        self._settings = settings
        self._bootstrap = bootstrap_servers
        self._client: AIOKafkaAdminClient | None = None

    def topic_names(self) -> list[str]:
        """Return every topic we publish to or read, the dead-letter topics included."""
        return list(self._wanted())

    async def topic_ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return the id of each topic that exists.

        Raises:
            BusAway: no broker answers; try again later.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await ask_topic_ids(await self._connected(), list(names))
        except BUS_TROUBLE as error:
            await self.close()
            raise BusAway(f"no answer from the broker: {error!r}") from error

    async def apply_topics(self) -> list[str]:
        """Create the catalogue's missing topics; return their names.

        Raises:
            BusAway: no broker answers; try again later.
        """
        wanted = self._wanted()
        missing = sorted(wanted.keys() - (await self.topic_ids(wanted)).keys())
        if not missing:
            return []
        try:
            async with asyncio.timeout(2 * PATIENCE_SECONDS):
                response = await (await self._connected()).create_topics([wanted[name] for name in missing])
        except BUS_TROUBLE as error:
            await self.close()
            raise BusAway(f"the broker did not create topics: {error!r}") from error
        for name, code, *_ in response.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise BusAway(f"the broker refused to create {name}: {for_code(code).__name__}")
        log.info("topics.created", topics=missing)
        return missing

    def _wanted(self) -> dict[str, NewTopic]:
        replicas = self._settings.replication_factor
        topics = {}
        for topic in CATALOGUE:
            name = self._settings.topic(topic.name)
            topics[name] = NewTopic(name, PARTITIONS, replicas, topic_configs=topic.configs)
            if topic.name in CONSUMED:
                letter = dead_letter(name)
                topics[letter] = NewTopic(letter, 1, replicas, topic_configs=dead_letter_configs())
        return topics

    async def _connected(self) -> AIOKafkaAdminClient:
        if self._client is None:
            client = AIOKafkaAdminClient(
                bootstrap_servers=self._bootstrap, client_id="tocsin-admin", request_timeout_ms=5_000
            )
            try:
                await client.start()
            except BaseException:
                with contextlib.suppress(*BUS_TROUBLE):
                    await client.close()
                raise
            self._client = client
        return self._client

    async def close(self) -> None:
        """Drop the connection."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*BUS_TROUBLE):
                await client.close()
