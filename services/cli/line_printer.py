"""Prints the output of many processes, each line after the name of the one that wrote it."""

from __future__ import annotations

import asyncio
from io import TextIOWrapper
from typing import TextIO

from rich.console import Console
from rich.text import Text

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_LONGEST_LINE = 1 << 20
_CHUNK = 1 << 16


class LinePrinter:
    """Writes `name | line`, in colour on a terminal and plain elsewhere; the line itself is not changed."""

    def __init__(self, names: list[str], out: TextIO) -> None:
        """`names` are all that will be printed; they fix the width and the colours."""
        self._width = max((len(name) for name in names), default=0)
        self._colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        if isinstance(out, TextIOWrapper):
            # A letter that the terminal's character set lacks must not end the printing.
            out.reconfigure(errors="backslashreplace")
        self._out = out
        self._console = Console(file=out, highlight=False, soft_wrap=True) if out.isatty() else None
        self._reader_gone = False

    def line(self, name: str, line: str, *, loud: bool = False) -> None:
        """Print one line; `loud` marks what a person must not overlook."""
        if self._reader_gone:
            return
        try:
            self._write(f"{name:>{self._width}} | ", line, self._colours.get(name, "white"), loud)
        except BrokenPipeError:
            # Whoever read our output has gone (`| head`); the services matter more than their output.
            self._reader_gone = True

    async def pump(self, name: str, stream: asyncio.StreamReader) -> None:
        """Print a stream line by line to its end. Nothing is lost: long lines, bad UTF-8, an unended last line."""
        rest = b""
        while chunk := await stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.line(name, _decoded(line))
            if len(rest) > _LONGEST_LINE:
                self.line(name, _decoded(rest))
                rest = b""
        if rest:
            self.line(name, _decoded(rest))

    def _write(self, prefix: str, line: str, colour: str, loud: bool) -> None:
        if self._console is not None:
            self._console.print(Text(prefix, style=colour), end="")
            if loud:
                self._console.print(Text(line, style="bold red"))
                return
        else:
            line = f"{prefix}{line}"
        # Not through rich: it would drop what stands before a carriage return, and the child's own escapes.
        self._out.write(f"{line}\n")
        self._out.flush()


def _decoded(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", errors="backslashreplace")
