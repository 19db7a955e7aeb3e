"""``tocsin file`` and ``tocsin ack``: the shortest way from a terminal to the intake."""

import json
import os
import sys
from typing import Annotated, Any

import httpx
import typer

UrlOption = Annotated[str, typer.Option("--url", envvar="TOCSIN_URL", help="The intake's address.")]
TokenOption = Annotated[str, typer.Option("--token", envvar="TOCSIN_TOKEN", help="Your bearer token.")]
DEFAULT_URL = f"http://127.0.0.1:{os.environ.get('TOCSIN_HTTP_PORT', '8080')}"


def file_incident(
    kind: Annotated[str, typer.Argument(help="What happened: fire, injury, food-poisoning, other, …")],
    token: TokenOption,
    school: Annotated[str | None, typer.Option(help="The school; a school's own token implies it.")] = None,
    severity: Annotated[str | None, typer.Option(help="I, II, III or IV.")] = None,
    place: Annotated[str | None, typer.Option(help="Where.")] = None,
    summary: Annotated[str | None, typer.Option(help="What is known.")] = None,
    urgent: Annotated[bool, typer.Option(help="Somebody is hurt, or it is happening now.")] = False,
    exercise: Annotated[bool, typer.Option(help="A drill: the real chain, watermarked.")] = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """File an incident. In an emergency call 110, 119 or 120 first."""
    body: dict[str, Any] = {"kind": kind, "school_id": school, "severity": severity, "place": place, "summary": summary}
    body = {name: value for name, value in body.items() if value is not None}
    body |= {"urgent": urgent, "exercise": exercise}
    answer = _post(f"{url}/v1/incidents", body, token)
    typer.echo(f"filed: case {answer['case_id']}, receipt {answer['receipt']}")
    for clock, deadline in answer["deadlines"].items():
        typer.echo(f"  {clock} until {deadline}")


def acknowledge(
    code: Annotated[str, typer.Argument(help="The code from your message.")], url: UrlOption = DEFAULT_URL
) -> None:
    """Acknowledge with the code from a message: you accept responsibility."""
    answer = _post(f"{url}/v1/acknowledge", {"code": code}, None)
    typer.echo(str(answer.get("message", json.dumps(answer))))


def _post(url: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        response = httpx.post(url, json=body, headers=headers, timeout=15)
    except httpx.HTTPError as error:
        sys.stderr.write(f"NOT sent: {error}. Telephone now; then try again.\n")
        raise typer.Exit(2) from error
    answer: dict[str, Any] = response.json()
    if response.is_error:
        sys.stderr.write(f"NOT accepted: {answer.get('title', response.status_code)}: {answer.get('detail', '')}\n")
        for fault in answer.get("errors", []):
            sys.stderr.write(f"  {fault.get('pointer')}: {fault.get('detail')}\n")
        raise typer.Exit(1)
    return answer
