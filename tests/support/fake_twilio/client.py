"""Clients that talk to the fake provider: Twilio's own SDK, and plain HTTP for what the SDK would never send."""

from typing import Any

import httpx
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.support.fake_twilio.server import FakeTwilio

TO, SENDER = "+8613800000001", "+12025550100"
GOOD = {"To": TO, "From": SENDER, "Body": "演练：三年级二班请确认。"}
"""The fields of a create that succeeds."""


def sdk_client(server: FakeTwilio) -> Any:
    """Return Twilio's SDK with its requests sent to the fake instead of api.twilio.com. It blocks: use a thread."""

    class ToTheFake(TwilioHttpClient):  # type: ignore[misc] # the SDK is untyped
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(method, url.replace("https://api.twilio.com", server.url), *args, **kwargs)

    return Client(server.account.sid, server.account.token, http_client=ToTheFake(timeout=5))


def http_client(server: FakeTwilio) -> httpx.AsyncClient:
    """Return a client whose paths start below the account and whose credentials are right."""
    base = f"{server.url}/2010-04-01/Accounts/{server.account.sid}"
    return httpx.AsyncClient(base_url=base, auth=(server.account.sid, server.account.token), timeout=5)


async def post(api: httpx.AsyncClient, **changes: str | None) -> httpx.Response:
    """Create a message from the good fields with some changed, or left out when None."""
    form = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return await api.post("/Messages.json", data=form)
