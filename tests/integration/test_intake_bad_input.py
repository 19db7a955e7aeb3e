"""Bad input: each fault gets a clear problem document, and nothing is stored."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.intake.body import read_object
from services.intake.problems import Problem
from services.runtime.database import Database
from tests.support.intake import BUREAU, NOW, PRINCIPAL, Intake, make_intake, problem

NOTHING = {"reports": 0, "outbox": 0, "idempotency": 0}

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({}, "/kind"),
    ({"kind": "lightning"}, "/kind"),
    ({"kind": "fire", "school_id": "school-nowhere"}, "/school_id"),
    ({"kind": "fire", "school_id": ["school-lake"]}, "/school_id"),
    ({"kind": "fire", "occurred_at": "2026-03-02T14:00:00"}, "/occurred_at"),
    ({"kind": "fire", "occurred_at": (NOW + timedelta(seconds=61)).isoformat()}, "/occurred_at"),
    ({"kind": "fire", "occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at"),
    ({"kind": "fire", "submitted_at": "yesterday"}, "/submitted_at"),
    ({"kind": "fire", "severity": "V"}, "/severity"),
    ({"kind": "fire", "place": "x" * 201}, "/place"),
    ({"kind": "fire", "summary": "x" * 4001}, "/summary"),
    ({"kind": "fire", "casualties": {"injured": -1}}, "/casualties/injured"),
    ({"kind": "fire", "report_id": "a\u0000b"}, "/report_id"),
    ({"kind": "fire", "colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("body", "pointer"), FAULTS, ids=[f"{pointer}-{n}" for n, (_, pointer) in enumerate(FAULTS)])
async def test_unusable_field_is_named_and_nothing_stored(intake: Intake, body: dict[str, Any], pointer: str) -> None:
    """The problem points at the field and the tables stay as they were."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json=body)

    found = problem(answer, 422, "invalid-request")
    assert [error["pointer"] for error in found["errors"]] == [pointer]
    assert found["errors"][0]["detail"]
    assert await intake.stored() == NOTHING
    assert intake.wakes == [0]


async def test_every_fault_is_named_at_once(intake: Intake) -> None:
    """A client is mended in one go."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"kind": "lightning", "severity": "V", "place": 3})

    found = problem(answer, 422, "invalid-request")
    assert {error["pointer"] for error in found["errors"]} == {"/kind", "/severity", "/place"}


async def test_unknown_kind_lists_the_kinds_that_exist(intake: Intake) -> None:
    """The answer says what could have been sent."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", json={"kind": "lightning"})

    detail = answer.json()["errors"][0]["detail"]
    assert "food-poisoning" in detail
    assert "other" in detail


async def test_missing_school_is_named_when_the_token_has_none(intake: Intake) -> None:
    """A bureau's token must say which school, urgent or not."""
    async with intake.client("administrator", BUREAU) as client:
        for urgent in (False, True):
            answer = await client.post("/v1/incidents", json={"kind": "fire", "urgent": urgent})
            found = problem(answer, 422, "invalid-request")
            assert found["errors"][0]["pointer"] == "/school_id"
            assert "say which school" in found["errors"][0]["detail"]
    assert await intake.stored() == NOTHING


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"kind=fire", b'{"kind": "fire"', b"\xff\xfe", b'{"kind": NaN}', b"[" * 5000],
    ids=["empty", "open", "form", "cut", "not-utf8", "nan", "deep"],
)
async def test_wrong_json_is_refused_as_such(intake: Intake, content: bytes) -> None:
    """What is no JSON gets 400, and the place where reading stopped."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", content=content, headers={"Content-Type": "application/json"})

    assert "line 1" in problem(answer, 400, "malformed-json")["detail"]
    assert await intake.stored() == NOTHING


@pytest.mark.parametrize(
    "content", [b"[]", b'"fire"', b"null", b'{"urgent":true,"a":' + b"[" * 300 + b"]" * 300 + b"}"]
)
async def test_json_that_is_no_plain_object_is_refused(intake: Intake, content: bytes) -> None:
    """A list, a word or a tower of brackets is no report."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", content=content, headers={"Content-Type": "application/json"})

    problem(answer, 422, "invalid-request")
    assert await intake.stored() == NOTHING


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_wrong_content_type_is_refused(intake: Intake, content_type: str) -> None:
    """Only JSON is read as JSON."""
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", content=b'{"kind":"fire"}', headers={"Content-Type": content_type})

    problem(answer, 415, "not-json-type")
    assert await intake.stored() == NOTHING


@pytest.mark.parametrize("chunked", [False, True])
async def test_oversize_body_is_refused_however_it_is_sent(database: Database, chunked: bool) -> None:
    """The limit counts bytes as they come, also without Content-Length."""
    intake = make_intake(database, max_body_bytes=1024)
    body = b'{"kind":"fire","summary":"' + b"x" * 1024 + b'"}'
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield body

    async with intake.client() as client:
        answer = await client.post(
            "/v1/incidents", content=pieces() if chunked else body, headers={"Content-Type": "application/json"}
        )

    assert problem(answer, 413, "body-too-large")["limit_bytes"] == 1024
    assert taken <= 2
    assert await intake.stored() == NOTHING


async def test_body_that_never_ends_is_given_up() -> None:
    """A stalled upload holds a connection for so long and no longer."""

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    request = Request({"type": "http", "headers": [(b"content-type", b"application/json")]}, receive)
    with pytest.raises(Problem) as caught:
        await read_object(request, 1_000_000, seconds=0.1)

    assert (caught.value.name, caught.value.status) == ("slow-body", 408)


async def test_upload_broken_off_stores_nothing(intake: Intake) -> None:
    """Half a report is no report, and no error of ours."""
    pieces: list[Message] = [
        {"type": "http.request", "body": b'{"kind": "fire"}', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"content-type": "application/json", **await intake.headers()}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/incidents",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await intake.app(scope, receive, send)

    assert sent == []
    assert await intake.stored() == NOTHING


async def test_body_of_exactly_the_limit_is_taken(database: Database) -> None:
    """The limit itself is allowed."""
    intake = make_intake(database, max_body_bytes=1024)
    start, end = b'{"kind":"fire","summary":"', b'"}'
    body = start + b"x" * (1024 - len(start) - len(end)) + end
    async with intake.client() as client:
        answer = await client.post("/v1/incidents", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 201, "schlüssel".encode(), "a\tb"])
async def test_unusable_idempotency_key_is_named(intake: Intake, key: str | bytes) -> None:
    """The header has a form too."""
    async with intake.client() as client:
        answer = await client.post(
            "/v1/incidents",
            json={"kind": "fire"},
            headers=[(b"Idempotency-Key", key if isinstance(key, bytes) else key.encode())],
        )

    found = problem(answer, 422, "invalid-request")
    assert found["errors"][0]["parameter"] == "Idempotency-Key"
    assert await intake.stored() == NOTHING


async def test_unknown_address_and_method_are_problems(intake: Intake) -> None:
    """Also what the framework refuses speaks problem+json."""
    async with intake.anonymous() as client:
        problem(await client.get("/v1/nothing"), 404, "unknown-address")
        answer = await client.put("/v1/incidents", json={})

    problem(answer, 405, "wrong-method")
    assert answer.headers["allow"] == "POST"


async def test_unforeseen_error_shows_no_internals(intake: Intake) -> None:
    """A broken table is our business, not the caller's."""
    await intake.file()
    case = await intake.judge_filed()
    async with intake.database.writing() as connection:
        await connection.exec_driver_sql("UPDATE cases SET state = '{\"secret\": 1}'")
    async with intake.client("principal", person_id=PRINCIPAL) as client:
        answer = await client.get(f"/v1/cases/{case.case_id}")

    problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert "pydantic" not in answer.text


async def test_body_is_not_read_before_the_token_is_known(intake: Intake) -> None:
    """A stranger's faults are not discussed."""
    async with intake.anonymous() as client:
        problem(await client.post("/v1/incidents", content=b"{"), 401, "not-signed-in")
