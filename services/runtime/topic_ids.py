"""Asks a broker for topic ids: which incarnation of a topic this is (KIP-516).

aiokafka 0.14 speaks Metadata up to version 5, ids came with version 10; this adds that one request in aiokafka's own
terms rather than bringing a second Kafka client (ADR 0003). Source: Kafka protocol guide, Metadata API v10.
"""

from io import BytesIO
from typing import Any, ClassVar
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

NO_AUTHORIZED_OPERATIONS = False


class _Uuid(AbstractType[UUID]):
    """Sixteen raw bytes."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicIdsRequest(Request[_MetadataRequestV10]):
    API_KEY: ClassVar[int] = 3

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        wanted: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in self._names]
        return request_struct_class(wanted, False, NO_AUTHORIZED_OPERATIONS, NO_AUTHORIZED_OPERATIONS, {})


async def ask_topic_ids(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, str]:
    """Return the id of each of ``names`` that exists.

    A broker older than Kafka 2.8 (or a look-alike) has no topic ids; then the cluster's id stands in, which still
    notices a wiped broker, though not a single topic that was deleted and made again.
    """
    try:
        response: Any = await admin._send_request(_TopicIdsRequest(names))  # noqa: SLF001 - see the module's docstring
    except NotImplementedError:
        return await _cluster_id_for_each(admin, names)
    return {topic[1]: str(topic[2]) for topic in response.topics if topic[0] == 0 and topic[4]}


async def _cluster_id_for_each(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, str]:
    known = await admin.describe_topics(names)
    cluster = await admin.describe_cluster()
    return {topic["topic"]: str(cluster["cluster_id"]) for topic in known if topic["error_code"] == 0}
