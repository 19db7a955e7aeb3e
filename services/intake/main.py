"""Wires the intake: the HTTP application, its outbox lane, the directory and the policies it answers from."""

import secrets
import uuid
from datetime import timedelta

from escalation_policies.loader import LIBRARY, load_library
from services.intake.app import create_app
from services.intake.bounces.listener import serve_bounces
from services.intake.deps import Deps
from services.intake.seal import Seal
from services.runtime.answer_links import AnswerLinks
from services.runtime.bounce_addresses import BounceAddresses
from services.runtime.http_server import serve_app
from services.runtime.keeper import Keeper
from services.runtime.process import Process, run_process
from services.runtime.secret_key import seal_keys, secret_key
from services.runtime.settings import Settings
from services.runtime.tokens import TokenRows

LANES = "intake/"


def _random_id() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


async def prepare(process: Process) -> None:
    """Add the intake's parts to ``process``."""
    settings = process.settings
    keeper = Keeper(process.ownership, LANES, settings.lease_seconds, only_with_mail=True)
    lane = f"{LANES}{settings.worker_id}"
    await keeper.claim(lane)
    process.keep(keeper)
    deps = Deps(
        settings=settings,
        clock=process.clock,
        store=process.store,
        tokens=TokenRows(process.database),
        directory=process.directory.snapshot,
        policies=load_library(settings.policies or LIBRARY),
        seal=Seal(seal_keys(settings)),
        links=AnswerLinks(secret_key(settings), timedelta(hours=settings.answer_link_hours)),
        wake=process.relay.wake,
        new_id=_random_id,
        lane=lane,
    )
    app = create_app(deps)
    process.add("http", serve_app(app, settings.http_host, settings.http_port, app.state.rooms.tail.close))
    if settings.bounce_port is not None and settings.bounce_domain is not None:
        addresses = BounceAddresses(secret_key(settings), settings.bounce_domain)
        process.add("bounces", serve_bounces(deps, addresses, settings.bounce_host, settings.bounce_port))
    process.add_shared()


async def serve(settings: Settings) -> None:
    """Run the intake until stopped."""
    await run_process("intake", settings, prepare)
