"""Other people's words made fit to be kept: providers and mail servers quote the recipient in their errors."""

import re

REASON_LIMIT = 300
"""Longest reason kept, in characters: enough for a code and a sentence."""

_ADDRESS = re.compile(r"<?[^\s<>]*@[^\s<>]*>?")
_NUMBER = re.compile(r"\+?\d(?:[ ()-]{0,2}\d){6,}")  # seven digits and more; provider and status codes have fewer
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def harmless(text: str) -> str:
    """Return a provider's words without addresses, numbers and control characters, at most 300 characters long.

    A reason is shown to people who need not know the number.
    """
    text = _CONTROL.sub(" ", text)
    text = _NUMBER.sub("<number>", _ADDRESS.sub("<address>", text))
    return text.strip()[:REASON_LIMIT]
