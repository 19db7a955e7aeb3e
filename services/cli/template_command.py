"""``tocsin template``: the words of messages, shown as they would be sent, and checked before they are needed."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from escalation_policies.errors import NoPolicy
from escalation_policies.loader import LIBRARY, PolicyLibrary
from escalation_policies.reachability import KIND as REACHABILITY
from escalation_policies.roll_call.messages import KIND as ZERO_REPORT
from events.channel import Channel
from events.incident import SEVERITIES, Severity
from events.notification import NotificationRequested, RollCallTemplate, Template
from services.cli.policy_files import DEFAULT, library_in
from services.notifier.checking import check_templates
from services.notifier.limits import limit_of
from services.notifier.rendering import Rendered, render
from services.notifier.roll_call_samples import ROLL_CALLS, sample_roll_call
from services.notifier.samples import LINK, messages_of, sample
from services.notifier.samples import TEMPLATES as MESSAGES
from services.notifier.segments import Count, count
from services.notifier.template_files import LANGUAGES
from services.runtime.spoken.voices import SAID_TIMES

app = typer.Typer(help="The words of messages: preview, check.", no_args_is_help=True)


class Road(StrEnum):
    """By which channel a message is shown."""

    SMS = "sms"
    EMAIL = "email"
    VOICE = "voice"
    ALL = "all"


PolicyFolder = Annotated[
    Path, typer.Option("--policies", envvar="TOCSIN_POLICIES", exists=True, file_okay=False, show_default=DEFAULT)
]
BUILT_IN = "the built-in templates"
_NAMED = 12
"""So many characters that force UCS-2 are named: for one or two by mistake, not for a text in Chinese."""


@app.command()
def preview(
    kind: Annotated[
        str, typer.Argument(help="A kind of report, such as fire or petition-fees; or reachability, or zero-report.")
    ] = "fire",
    message: Annotated[
        list[str] | None, typer.Option(help="Only this message, such as incident_alert; may be repeated.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="zh or en. Unset: both.")] = None,
    severity: Annotated[str | None, typer.Option(help="I, II, III or IV. Unset: the policy's default.")] = None,
    exercise: Annotated[bool, typer.Option("--exercise", help="As in a drill.")] = False,
    another_day: Annotated[
        bool, typer.Option("--another-day", help="Due on another day, so that its date shows.")
    ] = False,
    channel: Annotated[Road, typer.Option(help="By which channel.")] = Road.ALL,
    school: Annotated[str | None, typer.Option(help="Its name, to see how a long one is shortened.")] = None,
    place: Annotated[str | None, typer.Option(help="Where in the school.")] = None,
    late: Annotated[bool, typer.Option("--late", help="Of a roll call: as sent when the service was away.")] = False,
    link: Annotated[bool, typer.Option("--link", help="With its link, and what that costs.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Show an email's HTML, too.")] = False,
    templates: Annotated[
        Path | None,
        typer.Option(envvar="TOCSIN_TEMPLATES", exists=True, file_okay=False, help="A folder of templates."),
    ] = None,
    policies: PolicyFolder = LIBRARY,
) -> None:
    """Show each message as it would be sent, and how an SMS is counted."""
    library = library_in(policies)
    changes: dict[str, Any] = {
        "kind": kind,
        "severity": _severity(severity, kind, library),
        "exercise": exercise or kind == REACHABILITY,
    }
    changes |= {name: text for name, text in (("school_name", school), ("place", place)) if text is not None}
    roads: tuple[Channel, ...] = ("sms", "email", "voice") if channel is Road.ALL else (_channel(channel),)
    for template in _messages(message, kind, library):
        for spoken in _languages(language):
            for road in roads:
                asked = {**changes, "language": spoken, "channel": road}
                request = _sample(template, asked, another_day=another_day, late=late)
                typer.secho(f"── {template}  {spoken}  {road}", bold=True)
                _show(render(request, templates, LINK if link else None), road, template, spoken, html=html)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(
            envvar="TOCSIN_TEMPLATES", exists=True, file_okay=False, help="Folder of *.j2.", show_default=BUILT_IN
        ),
    ] = None,
    policies: PolicyFolder = LIBRARY,
) -> None:
    """Say everything that is wrong with message templates, with file and line; exit with 1 if anything is."""
    number, faults = check_templates(folder, library_in(policies))
    where = BUILT_IN if folder is None else str(folder)
    for fault in faults:
        typer.echo(str(fault), err=True)
    if faults:
        typer.echo(f"{where}: {len(faults)} faults; a message with a fault is sent in the built-in words", err=True)
        raise typer.Exit(1)
    if number == 0:
        typer.echo(f"{where}: no template (*.j2) here; every message is sent in the built-in words")
        return
    typer.echo(f"{where}: {number} files, no faults")


def _show(words: Rendered, road: Channel, template: Template | RollCallTemplate, language: str, *, html: bool) -> None:
    if words.subject:
        typer.echo(words.subject)
        typer.echo("")
    typer.echo(words.text.rstrip("\n"))
    if html and words.html is not None:
        typer.echo(f"\n{words.html}")
    if road == "sms":
        typer.secho(f"   {counted(count(words.text), limit_of(template, language).aim)}", dim=True)
    elif road == "voice":
        typer.secho(
            f"   {len(words.text)} characters, said {SAID_TIMES} times; the code only where no key can be pressed",
            dim=True,
        )
    typer.echo("")


def counted(found: Count, aim: int) -> str:
    """Return how a text is counted, in one line."""
    units = "septets" if found.encoding == "GSM-7" else "characters"
    plural = "segment" if found.segments == 1 else "segments"
    parts = [f"{found.encoding}: {found.units} of {found.room} {units}, {found.segments} {plural}"]
    if found.segments > aim:
        parts.append(f"aimed at {aim}")
    if found.forcing:
        named = "".join(found.forcing[:_NAMED]) + "…" * (len(found.forcing) > _NAMED)
        parts.append(f"UCS-2 because of {named} ({len(found.forcing)} that GSM-7 has not)")
    if found.double:
        parts.append(f"count two: {' '.join(found.double)}")
    return "; ".join(parts)


def _sample(
    template: Template | RollCallTemplate, changes: dict[str, Any], *, another_day: bool, late: bool
) -> NotificationRequested:
    if template in ROLL_CALLS:
        return sample_roll_call(template, late=late, **changes)
    assert template in MESSAGES
    return sample(template, another_day=another_day, **changes)


def _messages(named: list[str] | None, kind: str, library: PolicyLibrary) -> list[Template | RollCallTemplate]:
    known: list[Template | RollCallTemplate]
    try:
        known = [*ROLL_CALLS] if kind == ZERO_REPORT else [*messages_of(kind, library)]
    except NoPolicy as error:
        raise typer.BadParameter(str(error)) from error
    if unknown := [one for one in named or () if one not in known]:
        raise typer.BadParameter(f"{kind} brings no message {unknown[0]!r}; it brings {', '.join(known)}")
    return [one for one in known if not named or one in named]


def _languages(named: list[str] | None) -> list[str]:
    if unknown := [one for one in named or () if one not in LANGUAGES]:
        raise typer.BadParameter(f"--language {unknown[0]!r}: there is {', '.join(LANGUAGES)}")
    return [one for one in LANGUAGES if not named or one in named]


def _severity(text: str | None, kind: str, library: PolicyLibrary) -> Severity:
    if text is None:
        return library.for_any_kind(kind).default_severity
    for severity in SEVERITIES:
        if severity == text:
            return severity
    raise typer.BadParameter(f"--severity {text!r}: write one of {', '.join(SEVERITIES)}")


def _channel(road: Road) -> Channel:
    found: dict[Road, Channel] = {Road.SMS: "sms", Road.EMAIL: "email", Road.VOICE: "voice"}
    return found[road]
