"""The AsyncAPI 3.0 document: topics as channels, event types as messages, and who sends and receives them.

Source: AsyncAPI 3.0.0 and its Kafka bindings 0.5.0. Everything comes from ``events``, save who sends what.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from events.envelope import JSON_TYPE, STRUCTURED_TYPE
from events.registry import MODELS
from events.topics import CATALOGUE, CONSUMED, PARTITIONS, Topic, TopicName, dead_letter, dead_letter_configs
from services.cli.contracts.cloud_event import common_headers, headers_of, key_of
from services.cli.contracts.dead_letters import DEAD_LETTER, dead_letter_message
from services.cli.contracts.examples import example_record
from services.cli.contracts.json_schemas import VERSION, shared_schemas, word_of
from services.runtime.settings import Settings

Json = dict[str, Any]

BINDING_VERSION = "0.5.0"
PREFIX: str = Settings.model_fields["topic_prefix"].default
SENDERS: Mapping[TopicName, tuple[str, ...]] = {
    "incidents": ("intake", "escalation"),
    "petitions": ("intake", "escalation"),
    "zero-reports": ("intake", "roll_call"),
    "escalations": ("escalation",),
    "notifications": ("escalation", "roll_call"),
    "deliveries": ("notifier",),
    "directory": ("directory",),
}
"""Escalation sends to ``incidents`` too: a fact that reached the wrong partition goes on to its case's own."""

RECEIVERS: Mapping[TopicName, str] = {
    "incidents": "escalation",
    "petitions": "escalation",
    "zero-reports": "roll_call",
    "notifications": "notifier",
}
"""The consumer of each topic that a service of ours reads; it also sends to that topic's dead letters."""

_COMMON_HEADERS = "CloudEventHeaders"
_SCHEMA = "#/components/schemas/{model}"
_DESCRIPTION = f"""Every fact crosses Kafka. Anybody with rights on the cluster may watch. A record produced straight to
`{PREFIX}incidents` is as good as one from the HTTP intake: it is validated on reading, and what cannot be handled goes
to the dead-letter topic with the reason.

Records are CloudEvents 1.0 in binary mode; structured mode (`{STRUCTURED_TYPE}`) is read too. Producers write no field
that is not in the schema; readers ignore those they do not know. The same event may come more than once, always with
the same `ce_id`. The prefix `{PREFIX}` is the setting TOCSIN_TOPIC_PREFIX."""


def asyncapi_document() -> Json:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tocsin", "version": VERSION, "description": _DESCRIPTION},
        "defaultContentType": JSON_TYPE,
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {
            "messages": {
                event_type: _message(topic, event_type) for topic in CATALOGUE for event_type in types_on(topic)
            },
            "schemas": {
                **shared_schemas(set(MODELS.values()), _SCHEMA),
                _COMMON_HEADERS: common_headers(),
            },
        },
    }


def types_on(topic: Topic) -> list[str]:
    """Return the event types that a topic carries, sorted."""
    families = tuple(f"edu.tocsin.{family}." for family in topic.families)
    return sorted(event_type for event_type in MODELS if event_type.startswith(families))


def _channels() -> Iterator[tuple[str, Json]]:
    for topic in CATALOGUE:
        messages = {name: {"$ref": f"#/components/messages/{name}"} for name in types_on(topic)}
        yield topic.name, _channel(PREFIX + topic.name, topic.carries, messages, PARTITIONS, topic.configs)
        if topic.name in CONSUMED:
            letter = dead_letter(topic.name)
            messages = {DEAD_LETTER: dead_letter_message(BINDING_VERSION)}
            carries = f"Records of {PREFIX}{topic.name} that could not be handled."
            yield letter, _channel(PREFIX + letter, carries, messages, 1, dead_letter_configs())


def _channel(address: str, carries: str, messages: Json, partitions: int, configs: Mapping[str, str]) -> Json:
    configuration: Json = dict(configs)
    configuration["cleanup.policy"] = configs["cleanup.policy"].split(",")
    if "retention.ms" in configs:
        configuration["retention.ms"] = int(configs["retention.ms"])
    kafka = {"partitions": partitions, "topicConfiguration": configuration, "bindingVersion": BINDING_VERSION}
    return {"address": address, "description": carries, "messages": messages, "bindings": {"kafka": kafka}}


def _operations() -> Iterator[tuple[str, Json]]:
    for topic in CATALOGUE:
        types = types_on(topic)
        for service in SENDERS[topic.name]:
            yield f"{service}-sends-{topic.name}", _operation("send", topic.name, types)
        if topic.name in CONSUMED:
            service, letter = RECEIVERS[topic.name], dead_letter(topic.name)
            group = {"type": "string", "const": PREFIX + service}
            receives = _operation("receive", topic.name, types)
            receives["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING_VERSION}}
            yield f"{service}-receives-{topic.name}", receives
            yield f"{service}-sends-{letter}", _operation("send", letter, [DEAD_LETTER])


def _operation(action: str, channel: str, messages: list[str]) -> Json:
    at = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": at},
        "messages": [{"$ref": f"{at}/messages/{name}"} for name in messages],
    }


def _message(topic: Topic, event_type: str) -> Json:
    return {
        "name": event_type,
        "title": MODELS[event_type].__name__,
        "summary": (MODELS[event_type].__doc__ or "").partition("\n")[0],
        "contentType": JSON_TYPE,
        "headers": headers_of(event_type, _SCHEMA.format(model=_COMMON_HEADERS)),
        "payload": _payload(event_type),
        "bindings": {"kafka": {"key": key_of(topic.key), "bindingVersion": BINDING_VERSION}},
        "examples": [_example(event_type)],
    }


def _payload(event_type: str) -> Json:
    whole = {"$ref": _SCHEMA.format(model=MODELS[event_type].__name__)}
    word = word_of(event_type)
    return {"allOf": [whole, {"properties": word}]} if word else whole


def _example(event_type: str) -> Json:
    record = example_record(event_type)
    headers = {name: value.decode() for name, value in record.headers}
    return {"name": "usual", "headers": headers, "payload": json.loads(record.value)}
