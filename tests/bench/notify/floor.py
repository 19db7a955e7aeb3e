"""The machine's floors: bare aiohttp and httpx loops that POST to the same provider, as many at once, in the run."""

import asyncio
import time

import aiohttp
import httpx

from services.notifier.channels.twilio_sms.transport import CONNECTIONS
from tests.bench.figures import Figures

TEXT = "较大火灾：阳光县第一中心小学，三楼化学实验室。请14:35前确认，确认码K7Q2MX。先拨110/119/120。"


async def measure_floor(url: str, account: tuple[str, str], count: int) -> tuple[float, Figures]:
    """Return messages a second, and the time that each POST took."""
    path = f"{url}/2010-04-01/Accounts/{account[0]}/Messages.json"
    sample: list[float] = []
    numbers = iter(range(count))

    async def post_on(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            form = {"To": f"+86139{number:08d}", "From": "+12025550100", "Body": TEXT}
            began = time.perf_counter()
            async with session.post(path, data=form, auth=aiohttp.BasicAuth(*account)) as answer:
                answer.raise_for_status()
                await answer.json()
            sample.append(time.perf_counter() - began)

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.perf_counter()
        await asyncio.gather(*(post_on(session) for _ in range(CONNECTIONS)))
        took = time.perf_counter() - began
    return count / took, Figures.of("floor: a bare aiohttp POST", sample)


async def measure_httpx_floor(url: str, account: tuple[str, str], count: int) -> float:
    """Return messages a second of the same loop with the other client."""
    path = f"{url}/2010-04-01/Accounts/{account[0]}/Messages.json"
    numbers = iter(range(count))

    async def post_on(client: httpx.AsyncClient) -> None:
        for number in numbers:
            form = {"To": f"+86139{number:08d}", "From": "+12025550100", "Body": TEXT}
            (await client.post(path, data=form)).raise_for_status()

    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(auth=account, limits=limits, timeout=30) as client:
        began = time.perf_counter()
        await asyncio.gather(*(post_on(client) for _ in range(CONNECTIONS)))
        return count / (time.perf_counter() - began)
