"""The ``Idempotency-Key`` header: how a client names a request that it may repeat.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from typing import Annotated

from fastapi import Depends, Header

from services.intake.problems import invalid

NAME = "Idempotency-Key"
LONGEST = 200


async def read_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Names this request, so that sending it again counts once. 1–200 visible ASCII characters; "
            "a fresh UUID is best."
        ),
    ] = None,
) -> str | None:
    """Return the key without the quotes that the draft asks for and most clients leave out.

    Raises:
        Problem: 422 when it is empty, too long or has control characters.
    """
    if idempotency_key is None:
        return None
    key = idempotency_key.strip().removeprefix('"').removesuffix('"')
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise invalid([{"parameter": NAME, "detail": f"must be 1 to {LONGEST} visible ASCII characters"}])
    return key


IdempotencyKey = Annotated[str | None, Depends(read_key)]
