"""``tocsin replay``: a lost database, made anew from the journal on the bus."""

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy.exc import ArgumentError

from services.cli.replay.past import KafkaPast
from services.cli.replay.rebuilding import Rebuilt, rebuild
from services.cli.replay.roll_call_memory import RebuiltRollCalls
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.errors import SettingsError
from services.runtime.secret_key import secret_key
from services.runtime.settings import Settings, load_settings
from services.runtime.store import Store


class Source(StrEnum):
    """Where the past is read."""

    BUS = "bus"


def replay(
    into: Annotated[str, typer.Option(metavar="DATABASE_URL", help="An empty database; it is migrated first.")],
    source: Annotated[
        Source, typer.Option("--from", help="The topics of TOCSIN_KAFKA_BOOTSTRAP_SERVERS.")
    ] = Source.BUS,
) -> None:
    """Rebuild cases, timelines, deadlines and messages from the bus, so that a worker can go on from there.

    Run it while no service runs on either database.
    """
    del source  # there is one
    settings = load_settings()
    bootstrap = settings.kafka_bootstrap_servers
    if bootstrap is None:
        raise SettingsError(["TOCSIN_KAFKA_BOOTSTRAP_SERVERS: which Kafka has the journal?"])
    done = asyncio.run(_replay(settings, bootstrap, _database(into)))
    typer.echo(_told(done))
    for case_id, why in sorted(done.left_out.items()):
        typer.echo(f"LEFT OUT case {case_id}: {why}", err=True)
    if done.left_out:
        typer.echo("What the bus still has of their facts is judged anew when the escalation service starts.", err=True)
        raise typer.Exit(1)


def _database(url: str) -> Database:
    try:
        return Database(url)
    except ArgumentError as error:
        raise SettingsError([f"--into {url}: no database URL ({error})"]) from error


async def _replay(settings: Settings, bootstrap: str, database: Database) -> Rebuilt:
    try:
        async with KafkaPast(settings, bootstrap) as past:
            await database.migrate()
            return await rebuild(settings, Store(database), past, secret_key(settings), Clock().now())
    finally:
        await database.close()


def _told(done: Rebuilt) -> str:
    return "\n".join(
        (
            f"{done.cases} cases ({done.open_cases} open) and {done.entries} journal entries are rebuilt",
            f"{done.notifications} messages are known, {done.unfinished} of them are looked up or sent again",
            f"{done.sent_on} records that had not reached the bus go out when the escalation service starts",
            f"{done.recognised} of {done.facts} facts on the bus were applied; the service applies the others",
            *_of_roll_calls(done.roll_calls),
            "not on the bus: tokens, petitioners' secrets and sealed records, the audit: take them from a backup",
        )
    )


def _of_roll_calls(done: RebuiltRollCalls) -> Iterator[str]:
    yield f"{done.calls} roll calls ({done.open_calls} open) are rebuilt from {done.facts} facts"
    if done.unknown:
        yield f"{done.unknown} of these are about schools that the directory on the bus does not have: left out"
