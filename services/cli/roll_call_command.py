"""``tocsin roll-call …``: who has answered today, for schools, clerks and duty officers; and the check of schedules."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from escalation_policies.errors import PolicyFaults
from escalation_policies.placed_yaml import Finding
from escalation_policies.roll_call.loader import SCHEDULES, load_schedules
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.scrutiny import out_of_date
from services.cli.report_command import DEFAULT_URL, TokenOption, UrlOption
from services.runtime.clock import wall_now
from services.runtime.local_time import zone_of

app = typer.Typer(help="The daily zero report: open, confirm, see who is missing.", no_args_is_help=True)
DayOption = Annotated[str | None, typer.Option("--date", help="Such as 2026-03-02; unset: today where the bureau is.")]
CallOption = Annotated[str | None, typer.Option("--call", help="Which of the day's; unset: the one that is open.")]
BureauOption = Annotated[str | None, typer.Option("--bureau", help="Whose; unset: that of your token's unit.")]


@app.command("open")
def open_call(
    call: Annotated[str, typer.Argument(help="A name that the day does not have yet, such as flood.")],
    token: TokenOption,
    minutes: Annotated[int, typer.Option(help="Until its cut-off.")] = 60,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    exercise: Annotated[bool, typer.Option(help="A drill: every message says so.")] = False,
    bureau: BureauOption = None,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Open a roll call beside the schedule, from now on."""
    body = _given(call=call, minutes=minutes, reason=reason, exercise=exercise, bureau_id=bureau)
    answer = _ask("POST", f"{url}/v1/roll-calls", token, json=body).json()
    typer.echo(f"opened: {answer['call']} on {answer['date']}, {minutes} minutes from now")


@app.command()
def confirm(
    token: TokenOption,
    status: Annotated[str, typer.Option(help="zero, or with_cases.")] = "zero",
    school: Annotated[str | None, typer.Option(help="The school; a school's own token implies it.")] = None,
    note: Annotated[str | None, typer.Option(help="A remark.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Many schools: CSV with school_id,status[,note,date,call]."),
    ] = None,
    day: DayOption = None,
    call: CallOption = None,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Answer for one school, or for many from a file."""
    if file is not None:
        content: dict[str, Any] = {"content": file.read_bytes(), "headers": {"Content-Type": "text/csv"}}
    else:
        content = {"json": _given(status=status, school_id=school, note=note, date=day, call=call)}
    response = _ask("POST", f"{url}/v1/zero-reports", token, allow=422, **content)
    answer = response.json()
    for one in answer.get("taken", ()):
        late = ", after the cut-off" if one["late"] else ""
        typer.echo(f"{one['school_id']}: {one['status']} for {one['call']} on {one['date']}{late}")
    for one in answer.get("refused", ()):
        sys.stderr.write(f"NOT taken, row {one['row']} ({one['school_id'] or 'no school'}): {one['detail']}\n")
    if "taken" not in answer:
        _refuse(response)
    if answer.get("refused"):
        raise typer.Exit(1)


@app.command()
def status(
    token: TokenOption,
    day: DayOption = None,
    call: CallOption = None,
    bureau: BureauOption = None,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Say how the roll call stands, and name who is missing, late or contradicted."""
    parameters = _given(call=call, bureau_id=bureau)
    sheet = _ask("GET", f"{url}/v1/roll-calls/{day or 'today'}", token, params=parameters).json()
    for line in lines_of(sheet):
        typer.echo(line)


@app.command("sheet")
def print_sheet(
    token: TokenOption,
    file_format: Annotated[str, typer.Option("--format", help="json, csv or html.")] = "csv",
    write: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it here instead.")] = None,
    day: DayOption = None,
    call: CallOption = None,
    bureau: BureauOption = None,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Print the day's sheet: for a spreadsheet, or as a page to be printed."""
    parameters = _given(call=call, bureau_id=bureau, format=file_format)
    found = _ask("GET", f"{url}/v1/roll-calls/{day or 'today'}", token, params=parameters)
    if write is None:
        sys.stdout.write(found.text)
        return
    write.write_bytes(found.content)
    typer.echo(f"{write} written")


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(envvar="TOCSIN_SCHEDULES", exists=True, file_okay=False, help="Folder of *.yaml."),
    ] = SCHEDULES,
) -> None:
    """Say everything that is wrong with the schedules of a folder; exit with 1 if anything is."""
    today = wall_now().date()

    def also(schedule: Schedule) -> list[Finding]:
        return list(out_of_date(schedule, today))

    try:
        found = load_schedules(folder, also)
    except PolicyFaults as faults:
        for fault in faults.faults:
            sys.stderr.write(f"{fault}\n")
        raise typer.Exit(1) from faults
    for one in found.schedules:
        whose = ", ".join(one.bureaus) or "every bureau that no other schedule names"
        typer.echo(f"{one.id} version {one.version}: {whose}, no faults")


def lines_of(sheet: dict[str, Any]) -> list[str]:
    """Return a sheet in a few lines for a person: the numbers, then who needs somebody's attention.

    Of several bureaus: a line each, and their sum.
    """
    if "bureaus" in sheet:
        return _overview(sheet)
    cut_off = datetime.fromisoformat(sheet["cut_off"]).astimezone(zone_of(sheet["timezone"]))
    drill = "EXERCISE  " if sheet["exercise"] else ""
    numbers = _numbers(sheet["counts"])
    found = [f"{drill}{sheet['title']} {sheet['date']} ({sheet['call']}), cut-off {cut_off:%H:%M %Z}: {numbers}"]
    for line in sheet["lines"]:
        marks = [line["standing"]] if line["standing"] in {"missing", "late"} else []
        marks += ["contradicted"] if line["contradicted"] else []
        marks += ["with cases, none filed"] if line["nothing_filed"] else []
        if marks:
            found.append(f"  {', '.join(marks):<22} {line['district_name']}  {line['school_name']}")
    return found


def _overview(sheet: dict[str, Any]) -> list[str]:
    found = [f"{len(sheet['bureaus'])} bureaus: {_numbers(sheet['counts'])}; --bureau shows the schools of one"]
    for part in sheet["bureaus"]:
        drill, numbers = "EXERCISE  " if part["exercise"] else "", "no such roll call"
        if part["counts"] is not None:
            numbers = f"({part['call']}) {_numbers(part['counts'])}"
        found.append(f"  {drill}{part['bureau_name']} [{part['bureau_id']}] {part['date']} {numbers}")
    return found


def _numbers(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in counts.items())


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _ask(method: str, url: str, token: str, *, allow: int = 0, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    try:
        response = httpx.request(method, url, headers=headers, timeout=30, **more)
    except httpx.HTTPError as error:
        sys.stderr.write(f"NOT sent: {error}. Try again; the duty officer can answer for a school by telephone.\n")
        raise typer.Exit(2) from error
    if response.is_error and response.status_code != allow:
        _refuse(response)
    return response


def _refuse(response: httpx.Response) -> None:
    answer = response.json()
    sys.stderr.write(f"NOT accepted: {answer.get('title', response.status_code)}: {answer.get('detail', '')}\n")
    for fault in answer.get("errors", []):
        sys.stderr.write(f"  {fault.get('pointer') or fault.get('parameter')}: {fault.get('detail')}\n")
    raise typer.Exit(1)
