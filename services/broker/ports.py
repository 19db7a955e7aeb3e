"""TCP ports on loopback for a local broker: chosen once, remembered, so that clients find it again after a restart."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from services.broker.errors import BrokerError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class NodePorts:
    """The port for clients, and the one on which a Kafka node talks to its own controller."""

    client: int
    controller: int


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: a port that only waits out old connections (TIME_WAIT) counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now, all different."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in sockets:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()


def remembered_ports(memory: Path, wanted: int) -> NodePorts:
    """Choose the ports of the last start if they are free, else new ones; `wanted` (not 0) fixes the client's.

    Raises BrokerError when the port asked for is taken by another program.
    """
    last = _read(memory)
    client = wanted or (last.client if last and is_free(last.client) else free_ports(1)[0])
    if not is_free(client):
        raise BrokerError(
            f"Port {client} of {HOST} is in use by another program. Stop that program "
            f"(`ss -ltnp 'sport = :{client}'` shows it) or ask for another port for the broker (0 chooses a free one)."
        )
    controller = last.controller if last and last.controller != client and is_free(last.controller) else 0
    while controller in (0, client):
        controller = free_ports(1)[0]
    ports = NodePorts(client, controller)
    memory.write_text(json.dumps(asdict(ports)) + "\n", encoding="utf-8")
    return ports


def _read(memory: Path) -> NodePorts | None:
    try:
        return NodePorts(**json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # Lost or damaged memory costs only a new port number.
        return None
