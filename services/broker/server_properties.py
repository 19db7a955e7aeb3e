"""The settings of the local Kafka node: `server.properties` and `log4j2.xml`, as text."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from services.broker.ports import HOST, NodePorts


class ExtraListener(NamedTuple):
    """One more door to the broker, whose clients are told another address: that of a proxy in front of it."""

    name: str
    """Upper-case letters, digits and `_`; not PLAINTEXT or CONTROLLER."""
    listen_port: int
    """The port of loopback on which the broker listens."""
    advertised_host_port: str
    """`host:port` that clients coming through this door are told to use from then on."""


def server_properties(data: Path, ports: NodePorts, extra_listeners: list[ExtraListener]) -> str:
    """Write out the node's settings (Apache Kafka documentation, "Broker Configs" and "Group Coordinator Configs")."""
    doors = [f"PLAINTEXT://{HOST}:{ports.client}"]
    doors += [f"{extra.name}://{HOST}:{extra.listen_port}" for extra in extra_listeners]
    advertised = [doors[0], *(f"{extra.name}://{extra.advertised_host_port}" for extra in extra_listeners)]
    names = ["CONTROLLER", "PLAINTEXT", *(extra.name for extra in extra_listeners)]
    controller = f"{HOST}:{ports.controller}"
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "listeners": ",".join([*doors, f"CONTROLLER://{controller}"]),
        "advertised.listeners": ",".join(advertised),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": _escaped(str(data)),
        # A misspelt topic must be an error, not a new topic.
        "auto.create.topics.enable": "false",
        # One node: nothing can be copied to a second one.
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # The defaults (50) are for clusters; here they would only lengthen every start.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 2,
        "share.coordinator.state.topic.num.partitions": 2,
        # Workers start one by one; waiting 3 s for more would delay the first escalation.
        "group.initial.rebalance.delay.ms": 0,
        # A dead worker should be noticed within seconds (the default floor is 6 s).
        "group.min.session.timeout.ms": 1000,
        # After a kill -9 the node may register again only when its old session is over (the default is 9 s).
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _escaped(value: str) -> str:
    """Write a value as java.util.Properties reads it: ASCII, all else as backslash, `u` and four hex digits."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if chr(code).isascii() else f"\\u{code:04x}" for code in codes)


LOG4J2_XML = """<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%d %p %m (%c)%n"/></Console>
    <RollingFile name="file" fileName="${sys:tocsin.log}" filePattern="${sys:tocsin.log}.%i">
      <PatternLayout pattern="%d %p %m (%c)%n"/>
      <SizeBasedTriggeringPolicy size="10 MB"/>
      <DefaultRolloverStrategy max="3"/>
    </RollingFile>
  </Appenders>
  <Loggers>
    <Root level="INFO"><AppenderRef ref="file"/><AppenderRef ref="console" level="WARN"/></Root>
  </Loggers>
</Configuration>
"""
"""Logging: from INFO into a file that rolls at 10 MB (3 kept), warnings also to the console."""
