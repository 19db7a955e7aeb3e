"""``tocsin watch``: the live timeline in a terminal, resumed where it broke off."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from services.cli.report_command import DEFAULT_URL, TokenOption, UrlOption

STYLES = {
    "breach-recorded": "bold red",
    "nobody-found": "bold red",
    "breach-withdrawn": "bold yellow",
    "reminder-sent": "yellow",
    "acknowledged": "green",
    "clock-satisfied": "green",
    "case-opened": "bold cyan",
    "case-completed": "bold cyan",
}
AGAIN_SECONDS = 1.0
REFUSED = {401, 403, 404}


def watch(
    token: TokenOption,
    url: UrlOption = DEFAULT_URL,
    case: Annotated[str | None, typer.Option(help="Only this case.")] = None,
    since_beginning: Annotated[bool, typer.Option("--all", help="From the first entry on.")] = False,
) -> None:
    """Watch what happens at your units, until Ctrl-C."""
    console = Console(highlight=False)
    last = None
    parameters = {"since": "beginning"} if since_beginning else {}
    while True:
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
        try:
            with httpx.stream(
                "GET", f"{url}/v1/stream", headers=headers, params=parameters, timeout=_PATIENCE
            ) as answer:
                if answer.status_code in REFUSED:
                    console.print(f"refused: {answer.read().decode(errors='replace')}", style="red")
                    raise typer.Exit(1)
                for event_id, entry in _events(answer.iter_lines()):
                    last = event_id
                    if case is None or entry.get("case_id") == case:
                        console.print(line_of(entry))
        except httpx.HTTPError as error:
            console.print(lost_line(url, error), style="dim")
        except KeyboardInterrupt:
            return
        time.sleep(AGAIN_SECONDS)


_PATIENCE = httpx.Timeout(10.0, read=40.0)
"""The stream has a heartbeat every 15 s; twice that without a word means the connection is dead."""


def _events(lines: Iterator[str]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    event_id: str | None = None
    data: list[str] = []
    for line in lines:
        if line.startswith("id:"):
            event_id = line[3:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield event_id, json.loads("\n".join(data))
            data = []


def lost_line(url: str, error: Exception) -> str:
    """Return what to say while the intake does not answer."""
    return f"no answer from {url} ({error}); trying again. Is Tocsin up there? Another address: --url or TOCSIN_URL"


def line_of(entry: dict[str, Any]) -> Text:
    """Return one journal entry as one line for a person."""
    at = datetime.fromisoformat(entry["received_at"]).astimezone()
    told = ", ".join(person["role"] + " " + person["person_id"] for person in entry.get("told", []))
    where = entry.get("clock") or entry.get("level") or ""
    text = Text(f"{at:%m-%d %H:%M:%S}  {entry['case_id'][:8]} #{entry['seq']:<3} ")
    text.append(f"{entry['kind']:<17}", style=STYLES.get(entry["kind"], ""))
    text.append(f" {where:<38} " if where else " ")
    text.append(entry["reason"])
    if told:
        text.append(f"  → {told}", style="bold")
    if entry.get("exercise"):
        text.append("  [EXERCISE]", style="reverse")
    return text
