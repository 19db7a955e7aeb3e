"""Free TCP ports on the loopback interface, for servers that tests start.

`free_port` hands out a number that another process will bind; between the two somebody else may take it, so servers
of our own bind through `listening_socket`, which never lets go of the port.
"""

import socket

LOOPBACK = "127.0.0.1"


def listening_socket(port: int = 0, host: str = LOOPBACK) -> socket.socket:
    """Return a bound, listening, non-blocking socket; port 0 means any free one.

    Raises OSError when the port is taken: choose another, or 0.
    """
    # Named TCP, not 0: only then does asyncio set TCP_NODELAY on what is accepted, without which answers take 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(512)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def port_of(sock: socket.socket) -> int:
    """Return the port a bound IPv4 socket listens on."""
    port: int = sock.getsockname()[1]
    return port


def free_port(host: str = LOOPBACK) -> int:
    """Return a port nobody listens on at this moment, for a process that can't be handed a socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        return port_of(sock)
