"""Reads a request's body as a JSON object: its type, its size and its time are checked before its content.

The size is counted while the body streams in, so a chunked upload cannot slip past ``Content-Length``; the object is
kept as it was sent, because "the same report with the same content" is judged by what the client sent.
"""

import asyncio
import hashlib
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from services.intake.problems import Problem, fault, invalid

BODY_SECONDS = 30.0
"""Longest a body may take: 64 KiB at 2 kB/s, a weak 2G link."""

JsonObject = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


async def read_object(request: Request, limit: int, seconds: float = BODY_SECONDS) -> JsonObject:
    """Return the JSON object that the body holds; ``limit`` is in bytes, ``seconds`` real.

    Raises:
        Problem: not JSON by type (415) or content (400), no object (422), too large (413) or too slow (408).
    """
    _check_type(request.headers.get("content-type", ""))
    body = await read_bytes(request, limit, seconds)
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem("malformed-json", f"Send one JSON object in UTF-8. Reading stopped at {where}.") from error
    if not isinstance(parsed, dict) or not _can_be_written(parsed):
        raise invalid([{"pointer": "", "detail": "must be a JSON object, such as {}, without deep nesting"}])
    return parsed


def content_hash(content: Any) -> str:
    """Return a hash of JSON content that ignores the order of keys and white space."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_model(model: type[Model], sent: JsonObject, context: Any = None) -> Model:
    """Return ``sent`` as ``model``.

    Raises:
        Problem: 422 with every fault.
    """
    try:
        return model.model_validate(sent, context=context)
    except ValidationError as error:
        raise invalid([fault(item) for item in error.errors(include_url=False, include_input=False)]) from error


def _can_be_written(parsed: JsonObject) -> bool:
    """Return whether the object can be hashed: the reader takes deeper nesting than the writer (orjson: 1024, 254)."""
    try:
        orjson.dumps(parsed)
    except orjson.JSONEncodeError:
        return False
    return True


def _check_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json")):
        return
    raise Problem("not-json-type", "Send JSON with the header `Content-Type: application/json`.")


async def read_bytes(request: Request, limit: int, seconds: float = BODY_SECONDS) -> bytes:
    """Return the body as it was sent.

    Raises:
        Problem: too large (413) or too slow (408).
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        detail = f"The body took longer than {seconds:.0f} s. Nothing was stored: phone now, or send less text."
        raise Problem("slow-body", detail, headers={"Connection": "close"}) from error
    return bytes(body)


def _too_large(limit: int) -> Problem:
    # The rest of the body stays unread, so the connection cannot carry another request.
    detail = f"At most {limit} bytes are taken. Nothing was stored: send it again with less text; the rest can follow."
    return Problem("body-too-large", detail, headers={"Connection": "close"}, limit_bytes=limit)
