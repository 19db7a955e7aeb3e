"""What a test server received, in order of arrival: a list that a test can wait on and a process can log.

The monotonic stamps come from the system's CLOCK_MONOTONIC, which on Linux all processes of a machine share: a bench
may subtract its own `time.monotonic()` from a stamp written by a server in another process.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload


@dataclass(frozen=True)
class Stamp:
    """The moment something arrived, by both clocks."""

    at: datetime
    monotonic: float  # seconds

    def as_json(self) -> dict[str, Any]:
        """Return the stamp as two fields of a JSON line."""
        return {"arrived_at": self.at.isoformat(), "arrived_monotonic": self.monotonic}


def stamp() -> Stamp:
    """Return the moment it is now."""
    return Stamp(at=datetime.fromtimestamp(time.time(), tz=UTC), monotonic=time.monotonic())


class Loggable(Protocol):
    """Anything that can be written as one JSON line."""

    def as_json(self) -> Mapping[str, Any]:
        """Return the fields of the line."""
        ...


T = TypeVar("T", bound=Loggable)


class Arrivals(Generic[T]):
    """Received items, oldest first; `log` names a file that gets each as a JSON line, flushed but not fsynced."""

    def __init__(self, log: Path | None = None) -> None:
        self._items: list[T] = []
        self._waiting: list[tuple[Callable[[], T | None], asyncio.Future[T]]] = []
        self._log = log.open("a", encoding="utf-8", buffering=1) if log is not None else None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._items[index]

    def add(self, item: T) -> None:
        """Keep an item, log it and wake the tests it satisfies."""
        self._items.append(item)
        if self._log is not None:
            self._log.write(json.dumps(item.as_json(), ensure_ascii=False) + "\n")
        for search, future in self._waiting:
            found = search()
            if found is not None and not future.done():
                future.set_result(found)

    def first(self, predicate: Callable[[T], bool]) -> T | None:
        """Return the oldest item the predicate holds for."""
        return next((item for item in self._items if predicate(item)), None)

    async def wait_for(self, predicate: Callable[[T], bool], timeout: float = 5.0) -> T:  # noqa: ASYNC109 - the error says what came instead
        """Return the oldest item the predicate holds for, waiting up to `timeout` seconds.

        Raises AssertionError, saying how much arrived instead, when none came.
        """
        return await self._wait(lambda: self.first(predicate), timeout)

    async def wait_for_count(self, count: int, timeout: float = 5.0) -> list[T]:  # noqa: ASYNC109 - the error says what came instead
        """Return the first `count` (at least 1) items, waiting up to `timeout` seconds for them.

        Raises AssertionError, saying how many arrived, when they did not come.
        """
        await self._wait(lambda: self._items[count - 1] if len(self._items) >= count else None, timeout)
        return self._items[:count]

    async def _wait(self, search: Callable[[], T | None], timeout: float) -> T:  # noqa: ASYNC109
        found = search()
        if found is not None:
            return found
        waiter = (search, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            return await asyncio.wait_for(waiter[1], timeout)
        except TimeoutError:
            latest = [dict(item.as_json()) for item in self._items[-3:]]
            raise AssertionError(
                f"what the test waits for did not arrive in {timeout} s; "
                f"{len(self._items)} other item(s) did, the latest: {latest}"
            ) from None
        finally:
            self._waiting.remove(waiter)

    def close(self) -> None:
        """Close the log file."""
        if self._log is not None:
            self._log.close()
