"""``tocsin outbox``: the messages that were kept on this machine because no provider is configured."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from services.runtime.settings import load_settings

FILE_NAME = "outbox.jsonl"


def outbox(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new messages until Ctrl-C.")] = False,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="How many to show first.")] = 20,
) -> None:
    """Show the messages in the local outbox."""
    path = Path(load_settings().data_dir) / FILE_NAME
    if not path.exists() and not follow:
        typer.echo(f"no message yet in {path} (with Twilio and SMTP configured, messages go out instead)")
        return
    shown = 0
    try:
        while True:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            for line in lines[max(shown, len(lines) - last) if shown == 0 else shown :]:
                _show(json.loads(line))
            shown = len(lines)
            if not follow:
                return
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def _show(message: dict[str, str]) -> None:
    typer.secho(f"── {message.get('channel')} to {message.get('to')}  {message.get('at', '')}", bold=True)
    if subject := message.get("subject"):
        typer.echo(subject)
    typer.echo(message.get("text", ""))
    typer.echo("")
