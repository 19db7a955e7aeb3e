"""``tocsin policy simulate``: who is told when, if nobody answers, or if somebody does something at some moment."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from escalation_policies.durations import parse_duration
from escalation_policies.loader import LIBRARY
from escalation_policies.paper_directory import PaperDirectory
from escalation_policies.schema import Policy
from escalation_policies.simulation import START, VERBS, Answer, Folded, Scene, Timeline, folded, simulate, usual_span
from escalation_policies.timeline_picture import draw
from escalation_policies.timeline_words import after, how, local, plot_of, title_of, whom, why
from events.incident import SEVERITIES, Severity
from services.cli.policy_files import DEFAULT, policy_named

_ANSWER = re.compile(r"(?P<role>[^:@\s]+)(?::(?P<verb>[a-z]+))?@(?P<after>[0-9][0-9a-z.]*)")
_LONGEST = timedelta(days=400)


def simulate_policy(
    policy: Annotated[str, typer.Argument(help="A policy's id in the folder, a kind of report, or a file (*.yaml).")],
    severity: Annotated[str | None, typer.Option(help="I, II, III or IV. Unset: the policy's default.")] = None,
    span: Annotated[
        str | None,
        typer.Option("--for", help="How long to look ahead: 90m, 2h, 30d. Unset: as long as its clocks run."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When the report comes, e.g. 2026-10-01T22:30+08:00. Unset: a Monday at 9.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Who does what when, as ROLE[:VERB]@TIME; TIME in minutes, or with a unit. VERB: {', '.join(VERBS)}. "
            "E.g. principal@12, district_director:declines@3d. May be repeated."
        ),
    ] = None,
    concerns: Annotated[
        list[str] | None, typer.Option(help="ROLE of whom the report is about; may be repeated.")
    ] = None,
    due: Annotated[str | None, typer.Option(help="By when a hazard must be gone, from the report: 10d.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
    svg: Annotated[Path | None, typer.Option(dir_okay=False, help="Write a picture here, too.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show every round, not only the first two that are alike.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--folder", envvar="TOCSIN_POLICIES", exists=True, file_okay=False, show_default=DEFAULT)
    ] = LIBRARY,
) -> None:
    """Show who is told when, by which channels and why, if every post is held and nobody answers but who is said to."""
    chosen = policy_named(policy, folder)
    scene = Scene(
        policy=chosen,
        severity=_severity(severity) if severity is not None else chosen.default_severity,
        span=_span(span, "--for") if span is not None else usual_span(chosen),
        start=_moment(at) if at is not None else START,
        answers=tuple(_answer(text, chosen) for text in answers or ()),
        concerns=tuple(_post(one, chosen, "--concerns") for one in concerns or ()),
        due=_span(due, "--due") if due is not None else None,
    )
    timeline = simulate(scene)
    if svg is not None:
        svg.write_text(draw(timeline), encoding="utf-8", newline="\n")
        typer.echo(f"{svg} written", err=True)
    if as_json:
        typer.echo(json.dumps(_plain(timeline), ensure_ascii=False, indent=2))
        return
    console = Console(soft_wrap=False)
    console.print(_table(timeline, [Folded(line) for line in timeline.lines] if every else folded(timeline.lines)))
    if timeline.cut_at is not None:
        console.print(f"Stopped at {after(scene, timeline.cut_at)}: too many steps. Look less far with --for.")


def _table(timeline: Timeline, items: list[Folded]) -> Table:
    scene = timeline.scene
    table = Table(title=f"{title_of(scene)}\n{plot_of(scene)}", title_justify="left")
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("local time", no_wrap=True)
    for name in ("who is told", "by", "why"):
        table.add_column(name, overflow="fold")
    for item in items:
        line = item.line
        cells = (whom(line), how(scene, line), why(item, scene))
        table.add_row(after(scene, line.at), local(scene, line.at), *cells)
    return table


def _plain(timeline: Timeline) -> dict[str, Any]:
    scene = timeline.scene
    lines = [
        {
            "after_seconds": (line.at - scene.start).total_seconds(),
            "at": line.at.isoformat(),
            "kind": line.kind,
            "level": line.level,
            "clock": line.clock,
            "told": line.told,
            "channels": line.channels,
            "held_until": line.held_until.isoformat() if line.held_until is not None else None,
            "by": line.by,
            "why": line.why,
        }
        for line in timeline.lines
    ]
    clocks = [clock.model_dump(mode="json", exclude={"due"}) | {"key": clock.key} for clock in timeline.clocks]
    return {
        "policy": scene.policy.id,
        "version": scene.policy.version,
        "severity": scene.severity,
        "start": scene.start.isoformat(),
        "span_seconds": scene.span.total_seconds(),
        "cut_at": timeline.cut_at.isoformat() if timeline.cut_at is not None else None,
        "lines": lines,
        "clocks": clocks,
    }


def _severity(text: str) -> Severity:
    for severity in SEVERITIES:
        if severity == text:
            return severity
    raise typer.BadParameter(f"severity {text!r}: write one of {', '.join(SEVERITIES)}")


def _span(text: str, option: str) -> timedelta:
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from error
    if span > _LONGEST:
        raise typer.BadParameter(f"{option} {text}: at most {_LONGEST.days}d")
    return span


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--at {text!r}: write a time such as 2026-10-01T22:30+08:00") from error
    if found.tzinfo is None:
        raise typer.BadParameter(f"--at {text!r}: write the offset from UTC, too, such as {text}+08:00")
    return found


def _answer(text: str, policy: Policy) -> Answer:
    found = _ANSWER.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"--answers {text!r}: write ROLE@TIME, such as principal@12 or principal:reports@1h")
    verb = found["verb"] or "acknowledges"
    if verb not in VERBS:
        raise typer.BadParameter(f"--answers {text!r}: no verb {verb!r}; there is {', '.join(VERBS)}")
    return Answer(_post(found["role"], policy, "--answers"), _after(found["after"], text), verb)


def _after(number: str, text: str) -> timedelta:
    if not number[-1].isalpha():
        try:
            return timedelta(minutes=float(number))
        except (ValueError, OverflowError) as error:
            raise typer.BadParameter(f"--answers {text!r}: {number!r} is no number of minutes") from error
    return _span(number, f"--answers {text!r}:")


def _post(role: str, policy: Policy, option: str) -> str:
    posts = PaperDirectory(policy).posts
    if role not in posts:
        raise typer.BadParameter(f"{option}: {policy.id} tells no {role!r}; it tells {', '.join(posts)}")
    return role
