"""Health, figures and the OpenAPI document."""

import asyncio
import socket

import jsonschema
import pytest

from services.intake.problems import PROBLEMS
from services.runtime.database import Database
from tests.support.intake import Intake, make_intake, problem
from tests.support.ports import LOOPBACK, free_port


async def test_process_is_live_and_ready_with_its_database(intake: Intake) -> None:
    """Both pages need no token."""
    async with intake.anonymous() as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_process_without_a_database_is_live_but_not_ready() -> None:
    """A server that does not answer is said, and reports are refused with what to do."""
    database = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{free_port()}/none")
    intake = make_intake(database)
    async with intake.anonymous() as client:
        assert (await client.get("/health/live")).status_code == 200
        ready = await client.get("/health/ready")
        assert "TOCSIN_DATABASE_URL" in problem(ready, 503, "store-unavailable")["detail"]
        answer = await client.post("/v1/incidents", json={"kind": "fire"}, headers={"Authorization": "Bearer tcs_x"})
    await database.close()

    assert "phone now" in problem(answer, 503, "store-unavailable")["detail"]
    assert answer.headers["retry-after"] == "2"


async def test_database_that_says_nothing_is_not_ready() -> None:
    """A server that takes the connection and stalls is noticed within seconds."""
    with socket.create_server((LOOPBACK, 0)) as stalled:  # the kernel connects, nobody ever answers
        database = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{stalled.getsockname()[1]}/none")
        async with make_intake(database).anonymous() as client, asyncio.timeout(4):
            ready = await client.get("/health/ready")
        await database.close()

    problem(ready, 503, "store-unavailable")


async def test_figures_count_by_template_never_by_id(intake: Intake) -> None:
    """Labels stay few whatever is asked for."""
    async with intake.client("watcher") as client:
        await client.get("/v1/cases/some-id-or-other")
        await client.get("/some/invented/path")
        text = (await client.get("/metrics")).text

    assert 'route="/v1/cases/{case_id}"' in text
    assert 'route="unknown"' in text
    assert "some-id-or-other" not in text
    assert "invented" not in text
    assert 'tocsin_codes_acknowledged_total{outcome="wrong"}' in text


async def test_answers_are_not_kept_by_caches(intake: Intake) -> None:
    """A case is nobody's cache entry."""
    async with intake.client("watcher") as client:
        answer = await client.get("/v1/cases")

    assert answer.headers["cache-control"] == "no-store"


async def test_document_describes_bodies_problems_and_rights(intake: Intake) -> None:
    """OpenAPI 3.1 with every body, one problem schema and the bearer scheme, and no dangling reference."""
    async with intake.anonymous() as client:
        document = (await client.get("/openapi.json")).json()

    operation = document["paths"]["/v1/incidents"]["post"]
    assert document["openapi"].startswith("3.1")
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/IncidentReport"
    }
    assert operation["security"] == [{"bearer": []}]
    assert "security" not in document["paths"]["/v1/acknowledge"]["post"]
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert not {"422"} & operation["responses"].keys()
    schemas = document["components"]["schemas"]
    assert len(schemas["ProblemDetails"]["properties"]["type"]["enum"]) == len(PROBLEMS)
    text = (await _text(intake)).split('"#/components/schemas/')[1:]
    assert {part.split('"')[0] for part in text} <= schemas.keys()


async def _text(intake: Intake) -> str:
    async with intake.anonymous() as client:
        return (await client.get("/openapi.json")).text


@pytest.mark.parametrize("body", [{"kind": "fire"}, {"kind": "fire", "urgent": True, "casualties": {"injured": 1}}])
async def test_what_the_document_allows_is_accepted(intake: Intake, body: dict[str, object]) -> None:
    """The published schema and the program agree."""
    async with intake.client() as client:
        document = (await client.get("/openapi.json")).json()
        schema = {"$ref": "#/components/schemas/IncidentReport", "components": document["components"]}
        jsonschema.validate(body, schema)
        assert (await client.post("/v1/incidents", json=body)).status_code == 202
