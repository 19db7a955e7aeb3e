"""What a gateway's codes mean and ask for: a table as data (``codes.yaml``), for whoever sends and takes receipts."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter
from ruamel.yaml import YAML

from events.base import Frozen
from services.runtime.contact_flags import Flaw

_FILE = Path(__file__).with_name("codes.yaml")

Action = Literal["taken", "retry", "look-up", "refuse"]
"""``retry``: certainly not taken; ``look-up``: perhaps taken; ``refuse``: it never will be."""


class CodeRule(Frozen):
    """What a code asks for, and means to the person who reads the timeline, and to the number."""

    action: Action
    meaning: str = Field(min_length=1, max_length=200)
    flaw: Flaw | None = None
    of_recipient: bool = False


Codes = Mapping[str, CodeRule]
CODES: TypeAdapter[dict[str, CodeRule]] = TypeAdapter(dict[str, CodeRule])

UNKNOWN_REFUSAL = CodeRule(action="refuse", meaning="refused, for a reason that is not in the table of codes")
"""For an answer that is no success and says nothing known: not taken, so that the next way is tried at once."""

UNREADABLE = CodeRule(action="look-up", meaning="an answer that cannot be read")
SERVER_FAULT = CodeRule(action="look-up", meaning="server error")
TOO_MANY = CodeRule(action="retry", meaning="too many requests")

OK, CLIENT_ERROR, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 400, 429, 500


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._:-]{0,39}|-?\d{1,6}")
"""What a code may look like that is not in the table; anything else could be a text, or a number that is called."""


def shown(codes: Codes, code: str | None) -> str:
    """Return a code as people may see it."""
    if code is None:
        return "without a code"
    return code if code in codes or _PLAIN.fullmatch(code) else "with a code of another shape"


@cache
def common_codes() -> Codes:
    """Return the codes that gateways share."""
    return CODES.validate_python(YAML(typ="safe").load(_FILE))


def rule_of(codes: Codes, status: int, code: str | None) -> CodeRule:
    """Return the rule for an HTTP status and the gateway's own code, None where the answer has none.

    Only a known code says that a message was taken. Where none is known the status decides: 5xx may have been taken,
    and so may what was answered by something unreadable; the rest was not.
    """
    known = codes.get(code) if code is not None else None
    if known is not None and (known.action != "taken" or status < CLIENT_ERROR):
        return known
    if status >= SERVER_ERROR:
        return SERVER_FAULT
    if status == TOO_MANY_REQUESTS:
        return TOO_MANY
    if status < CLIENT_ERROR and code is None:
        return UNREADABLE
    return UNKNOWN_REFUSAL
