"""Whether a request is the gateway's own: nothing is read, written or answered before its signature is right."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.intake.body import read_bytes
from services.intake.deps import deps_of
from services.intake.metrics import GATEWAY_RECEIPTS
from services.intake.problems import LOG, Problem
from services.intake.security import Public
from services.runtime.clock import wall_now


class SignedByGateway(Public):
    """The dependency of a callback, open to whoever knows the gateway's secret: gives the body that was signed."""

    async def __call__(self, request: Request) -> bytes:  # type: ignore[override] # a body instead of nothing
        """Return the body.

        Raises:
            Problem: 404, no gateway is set up; 403, the signature is another's, or of another time: nothing was done.
        """
        deps = deps_of(request)
        credentials = deps.settings.gateway_credentials
        if credentials is None:
            detail = "Set TOCSIN_SMS_GATEWAY, _ACCESS_KEY and _SECRET, then start again."
            raise Problem("no-provider", detail)
        body = await read_bytes(request, deps.settings.max_body_bytes)
        # The path as the gateway was given it: a proxy may have taken something off its front.
        path = urlsplit(deps.settings.public_url or "").path + request.scope["path"]
        if not credentials.signed(path, body, request.headers, int(wall_now().timestamp())):
            GATEWAY_RECEIPTS.labels(outcome="forged").inc()
            LOG.warning("callback.refused", kind="gateway", public_url=deps.settings.public_url)
            detail = (
                "Nothing was done. If this was the gateway: it must sign the path of the address it was given, with "
                "TOCSIN_SMS_GATEWAY_SECRET, and its clock and ours must agree within 5 minutes."
            )
            raise Problem("bad-signature", detail)
        return body


SignedBody = Annotated[bytes, Depends(SignedByGateway())]
