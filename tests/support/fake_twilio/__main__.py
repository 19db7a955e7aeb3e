"""The fake provider as a process of its own: `python -m tests.support.fake_twilio --port 9400 --log sent.jsonl`.

Prints its URL once it listens. Ends at SIGTERM or SIGINT; the log needs no ending, every line is written at once.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.support.fake_twilio.api import Account
from tests.support.fake_twilio.server import FakeTwilio


def options() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description="A fake Twilio on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    parser.add_argument("--log", type=Path, help="file that gets a JSON line for each message taken")
    parser.add_argument("--account-sid", default=Account.sid)
    parser.add_argument("--auth-token", default=Account.token)
    parser.add_argument("--no-contract", action="store_true", help="do not check requests and answers (benches)")
    return parser.parse_args()


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until cancelled."""
    server = FakeTwilio(
        account=Account(chosen.account_sid, chosen.auth_token),
        port=chosen.port,
        log=chosen.log,
        check_contract=not chosen.no_contract,
    )
    async with server:
        sys.stdout.write(f"fake twilio listens on {server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(serve(options()))
    except KeyboardInterrupt:
        sys.exit(0)
