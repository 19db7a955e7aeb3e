"""What ``tocsin up`` says when everything runs: where things are, which parts are in use, what to try next."""

import os
import shutil
import sys
from collections.abc import Mapping

from services.cli.sample_tokens import FILE_NAME
from services.runtime.settings import Settings

RULE = "─" * 78


def welcome(settings: Settings, broker: str, tokens: Mapping[str, str]) -> str:
    """Return the text."""
    lines = [
        "",
        RULE,
        "Tocsin is up.",
        f"  address    {settings.intake_url}  (health: /health/ready)",
        f"  broker     {broker}",
        f"  database   {_without_password(settings.database)}",
        f"  SMS        {_sms(settings)}",
        f"  email      {_email(settings)}",
    ]
    if settings.speed != 1:
        lines.append(f"  speed      {settings.speed:g} times: one real second is {settings.speed:g} seconds (demo)")
    if tokens:
        lines += _try_next(settings, tokens)
    return "\n".join([*lines, RULE])


def _try_next(settings: Settings, tokens: Mapping[str, str]) -> list[str]:
    command = "tocsin" if shutil.which("tocsin") else os.path.relpath(sys.argv[0])
    return [
        "",
        f"The sample county's tokens are in {settings.data_dir / FILE_NAME}:",
        *(f"  {name:<10} {secret}" for name, secret in tokens.items()),
        "",
        "Try, in another terminal:",
        f"  . {settings.data_dir / FILE_NAME}",
        f"  {command} watch &",
        f'  curl -s {settings.intake_url}/v1/incidents -H "Authorization: Bearer $TEACHER" \\',
        '       -H \'Content-Type: application/json\' -d \'{"school_id": "school-001", "kind": "fire"}\'',
        f"  {command} outbox          # the SMS and the email, with the code",
        f"  {command} ack CODE        # the principal accepts; or wait and see it climb",
    ]


def _sms(settings: Settings) -> str:
    ways = [f"Twilio at {settings.twilio_base_url}"] if settings.twilio_account_sid else []
    if settings.gateway is not None:
        ways.append(f"the gateway at {settings.gateway.send_url}")
    if ways:
        heard = "" if settings.public_url else "; no receipts and no answers: set TOCSIN_PUBLIC_URL"
        return " and ".join(ways) + heard
    return f"NOT SENT: no Twilio or gateway settings. Kept in {settings.data_dir / 'outbox.jsonl'} (`tocsin outbox`)"


def _email(settings: Settings) -> str:
    if settings.smtp_host:
        return f"{settings.smtp_host}:{settings.smtp_port}"
    return f"NOT SENT: no SMTP settings. Kept in {settings.data_dir / 'outbox.jsonl'} (`tocsin outbox`)"


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.split('//')[0]}//…@{tail}" if at else url
