"""The command ``tocsin``: what a person types. Each group of commands has a file of its own."""

import sys

import typer

from escalation_policies.errors import PolicyError
from services.broker.errors import BrokerError
from services.cli import (
    contacts_command,
    directory_command,
    drill_command,
    outbox_command,
    replay_command,
    report_command,
    roll_call_command,
    serve_command,
    template_command,
    token_command,
    topics_command,
    up_command,
    verify_command,
    watch_command,
)
from services.cli.contracts_command import app as contracts
from services.cli.policy_command import app as policy
from services.runtime.errors import TocsinError

app = typer.Typer(
    help="Tocsin: a filed incident reaches the principal within seconds, and climbs on time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up_command.up)
app.command("serve")(serve_command.serve)
app.command("file")(report_command.file_incident)
app.command("ack")(report_command.acknowledge)
app.command("watch")(watch_command.watch)
app.command("outbox")(outbox_command.outbox)
app.command("replay")(replay_command.replay)
app.command("verify")(verify_command.verify)
app.add_typer(token_command.app, name="token", help="Bearer tokens for clients.")
app.add_typer(directory_command.app, name="directory", help="Units, people, contacts and rosters.")
app.add_typer(contacts_command.app, name="contacts", help="Who is not reached, who answers when asked; webhooks.")
app.add_typer(drill_command.app, name="drill", help="Ask people whether messages reach them.")
app.add_typer(policy, name="policy", help="Escalation policies: check, draw, simulate.")
app.add_typer(template_command.app, name="template", help="The words of messages: preview, check.")
app.add_typer(roll_call_command.app, name="roll-call", help="The daily zero report: who has answered, who has not.")
app.add_typer(topics_command.app, name="topics", help="Kafka topics.")
app.add_typer(contracts, name="contracts", help="AsyncAPI, OpenAPI and JSON Schemas made from the code.")


def main() -> None:
    """Run the command; an error of ours is told in its own words, without a traceback."""
    try:
        app()
    except (TocsinError, PolicyError, BrokerError) as error:
        sys.stderr.write(f"tocsin: {error}\n")
        raise SystemExit(1) from error
