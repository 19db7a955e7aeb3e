"""Names for the awaits of the product: where a process was when it died, in the words of its source.

A process that is killed was at an await in every coroutine of the task that ran: the innermost, and all that wait for
it. Dying between two awaits is no different from dying at the first of them: nothing outlives a process but what it
committed or sent, and it does both by awaiting.
"""

import asyncio
import dis
import gc
import inspect
import linecache
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import services

_ROOT = Path(services.__file__).parent
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_INSTRUCTION_BYTES = 2
_ENTERING_BYTES = 16
"""How far behind BEFORE_ASYNC_WITH the entering of an ``async with`` is awaited."""
_LONGEST = 100


def of_running() -> list[str]:
    """Return the awaits of the code that calls this, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    names = []
    while frame is not None:
        names.append(_name(frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return [name for name in names if name is not None]


def of_waiting(task: asyncio.Task[Any]) -> list[str]:
    """Return the awaits at which a task is suspended, the innermost first."""
    names = [_name(frame.f_code, frame.f_lasti) for frame in _suspended(task.get_coro())]
    return [name for name in reversed(names) if name is not None]


def _suspended(awaited: Any) -> Iterator[FrameType]:
    while awaited is not None:
        for kind, following in (("cr", "cr_await"), ("ag", "ag_await"), ("gi", "gi_yieldfrom")):
            frame = getattr(awaited, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                awaited = getattr(awaited, following)
                break
        else:  # the step of an asynchronous generator knows its generator, and does not say so
            held = gc.get_referents(awaited)
            awaited = next((one for one in held if inspect.isasyncgen(one) or inspect.iscoroutine(one)), None)


@cache
def _name(code: CodeType, at: int) -> str | None:
    path = Path(code.co_filename)
    if not code.co_flags & _COROUTINE or _ROOT not in path.parents:
        return None
    first, last, begin, end = list(code.co_positions())[at // _INSTRUCTION_BYTES]
    if first is None or last is None:
        return None
    lines = [linecache.getline(str(path), number) for number in range(first, last + 1)]
    said = "".join([*lines[:-1], lines[-1].encode()[:end].decode()]).encode()[begin:].decode()
    if said.startswith("async with"):
        said = f"{said.splitlines()[0]} {_side(code, at)}"
    elif not said.startswith("await"):
        return None
    module = path.relative_to(_ROOT).with_suffix("").as_posix().replace("/", ".")
    return f"{module} {code.co_qualname}: {' '.join(said.split())[:_LONGEST]}"


def _side(code: CodeType, at: int) -> str:
    entered = (step.offset for step in dis.get_instructions(code) if step.opname == "BEFORE_ASYNC_WITH")
    return "(entering)" if any(0 < at - offset <= _ENTERING_BYTES for offset in entered) else "(leaving)"
