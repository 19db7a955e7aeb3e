"""Who may do what, and where: each route declares one right, each case is seen only from its school or above.

A case outside the caller's units is answered like one that does not exist, so that ids cannot be probed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.intake.deps import Deps, deps_of
from services.intake.problems import Problem
from services.runtime.directory import DirectorySnapshot
from services.runtime.tokens import Caller, Refusal, Right, TokenRefused

SCHEME = "bearer"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tocsin"'}
_REFUSALS: dict[Refusal, str] = {
    "unknown": "The token is not known here. Check that it was copied whole, or ask your administrator for a new one.",
    "expired": "The token has expired. Ask your administrator for a new one.",
    "revoked": "The token was revoked. Ask your administrator for a new one.",
}


@dataclass(frozen=True)
class Needs:
    """A route's right, as its dependency: answers 401 or 403, or gives the caller."""

    right: Right

    async def __call__(self, request: Request) -> Caller:
        """Return the caller, who has the right."""
        caller = await authenticate(deps_of(request), request)
        if self.right not in caller.rights:
            detail = f"This token's role is {caller.role}; it lacks the right {self.right}. Ask your administrator."
            raise Problem("not-allowed", detail)
        return caller


class Public:
    """The dependency of a route that anybody may call; said out loud, so that no route is open by oversight."""

    async def __call__(self) -> None:
        """Let everybody pass."""


PUBLIC = Depends(Public())
Filer = Annotated[Caller, Depends(Needs("incident.file"))]
Reader = Annotated[Caller, Depends(Needs("case.read"))]
Actor = Annotated[Caller, Depends(Needs("case.act"))]
Watcher = Annotated[Caller, Depends(Needs("stream.read"))]
ContactReader = Annotated[Caller, Depends(Needs("contact.read"))]
RollCallAnswerer = Annotated[Caller, Depends(Needs("roll_call.answer"))]
RollCallKeeper = Annotated[Caller, Depends(Needs("roll_call.keep"))]
Unsealer = Annotated[Caller, Depends(Needs("petition.unseal"))]


async def authenticate(deps: Deps, request: Request) -> Caller:
    """Return who calls.

    Raises:
        Problem: 401, saying what is wrong with the token.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME or not secret.strip():
        detail = (
            "Send the header `Authorization: Bearer <token>`; your administrator makes tokens (`tocsin token create`)."
        )
        raise Problem("not-signed-in", detail, headers=_CHALLENGE)
    try:
        return await deps.tokens.find(secret.strip(), deps.clock.now())
    except TokenRefused as error:
        challenge = {"WWW-Authenticate": _CHALLENGE["WWW-Authenticate"] + ', error="invalid_token"'}
        raise Problem("not-signed-in", _REFUSALS[error.why], headers=challenge) from error


def within(directory: DirectorySnapshot, caller: Caller, unit_id: str) -> bool:
    """Return whether a unit is the caller's or below it. The caller's own counts even when the directory lost it."""
    return unit_id == caller.unit_id or directory.is_within(unit_id, caller.unit_id)


def schools_of(directory: DirectorySnapshot, caller: Caller) -> list[str]:
    """Return the id of every school the caller may see."""
    return sorted({caller.unit_id} | {school.unit_id for school in directory.schools_under(caller.unit_id)})


def declared(app: FastAPI) -> Iterator[tuple[APIRoute, list[Right], bool]]:
    """Yield each API route with the rights it declares and whether it says that it is public."""
    for route in _api_routes(app.routes):
        calls = [dependency.call for dependency in route.dependant.dependencies]
        rights = [call.right for call in calls if isinstance(call, Needs)]
        yield route, rights, any(isinstance(call, Public) for call in calls)


def _api_routes(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _api_routes(included.routes)
