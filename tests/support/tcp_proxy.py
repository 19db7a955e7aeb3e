"""A TCP proxy that adds delay and can cut the line: a broker or database far away, or behind a dead switch::

    async with TcpProxy("127.0.0.1", 9092, delay_ms=250) as proxy:
        ...                       # talk to proxy.port; a question and its answer take 250 ms longer
        proxy.cut()               # connections are reset, new ones refused
        await proxy.heal()

`delay_ms` is what one round trip gains: half of it each way. Every piece of data is stamped as it arrives and sent on
when it is due, so pieces travel one behind another and throughput is not limited. Opening a connection is not delayed:
the handshake is the kernel's. As a process: `python -m tests.support.tcp_proxy --listen 9500 --target 127.0.0.1:9092
--delay-ms 250`; SIGUSR1 cuts, SIGUSR2 heals.
"""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.ports import LOOPBACK, listening_socket, port_of

PIECE_BYTES = 64 * 1024
PIECES_IN_FLIGHT = 4096  # 256 MB at most: a bound on memory that no test's bandwidth × delay reaches


class TcpProxy:
    """Forwards connections to a target, `delay_ms` later there and back. `port` 0 listens on any free port."""

    def __init__(self, host: str, target_port: int, *, delay_ms: float = 0.0, port: int = 0) -> None:
        self.port = port
        self.delay_ms = delay_ms
        self._target = (host, target_port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Return host:port, as bootstrap servers are written."""
        return f"{LOOPBACK}:{self.port}"

    async def heal(self) -> None:
        """Listen, on the same port as before when there was one."""
        if self._server is None:
            sock = listening_socket(self.port)
            self.port = port_of(sock)
            self._server = await asyncio.start_server(self._accept, sock=sock)

    def cut(self) -> None:
        """Reset every connection, lose what is on its way and refuse new connections until `heal`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection both ways until both sides have finished or one of them breaks."""
        writers = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            writers.append(far_writer)
            self._writers.add(far_writer)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._forward(reader, far_writer))
                directions.create_task(self._forward(far_reader, writer))
        except (OSError, ExceptionGroup):
            pass  # one side broke: below the other is told in the same way
        finally:
            for each in writers:
                each.transport.abort()
                self._writers.discard(each)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read pieces and send each on when it is due, the end of the stream included."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_IN_FLIGHT)
        loop = asyncio.get_running_loop()

        async def receive() -> None:
            piece = b"start"
            while piece:
                piece = await reader.read(PIECE_BYTES)
                await on_the_way.put((loop.time() + self.delay_ms / 2000, piece))

        async def deliver() -> None:
            while True:
                due, piece = await on_the_way.get()
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            with suppress(OSError):  # the receiver may be gone already
                writer.write_eof()

        async with asyncio.TaskGroup() as both:
            both.create_task(receive())
            both.create_task(deliver())


async def _serve(proxy: TcpProxy) -> None:
    loop = asyncio.get_running_loop()
    wanted = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, proxy.cut)
    loop.add_signal_handler(signal.SIGUSR2, wanted.set)
    async with proxy:
        sys.stdout.write(f"tcp proxy listens on {proxy.address}\n")
        sys.stdout.flush()
        while True:
            await wanted.wait()
            wanted.clear()
            await proxy.heal()


def main() -> None:
    """Run as a process until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A TCP proxy with delay on 127.0.0.1")
    parser.add_argument("--listen", type=int, default=0, help="port; 0 (default): any free one")
    parser.add_argument("--target", required=True, help="host:port to forward to")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="what a round trip gains, milliseconds")
    chosen = parser.parse_args()
    host, _, port = chosen.target.rpartition(":")
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(TcpProxy(host, int(port), delay_ms=chosen.delay_ms, port=chosen.listen)))


if __name__ == "__main__":
    main()
