"""How many SMS a text becomes: GSM 7-bit or UCS-2 (3GPP TS 23.038 §6.2.1; DOMAIN §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")
"""Sent as an escape and a character: each counts two."""

_GSM = BASIC | EXTENSION
_GSM_SINGLE, _GSM_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67


@dataclass(frozen=True, slots=True)
class Count:
    """What a text is counted as."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    """Septets of GSM-7, or characters of UCS-2: what the segments are filled with."""

    room: int
    """How many units these segments hold."""

    segments: int
    forcing: tuple[str, ...]
    """The characters that GSM-7 has not: each once, in their order. They alone make it UCS-2."""

    double: tuple[str, ...]
    """The characters that count two, each once."""


def sms_segments(text: str) -> int:
    """Return how many segments ``text`` needs, at least 1.

    A split text loses seven septets, or three UCS-2 units, of each part to the header that joins them again. No
    character is torn by the split: an escape pair or a surrogate pair that would be moves to the next part whole.
    """
    if _GSM.issuperset(text):
        return _segments([2 if character in EXTENSION else 1 for character in text], _GSM_SINGLE, _GSM_PART)
    return _segments([2 if character > "\uffff" else 1 for character in text], _UCS2_SINGLE, _UCS2_PART)


def count(text: str) -> Count:
    """Return how ``text`` is counted, and which of its characters cost more than others."""
    forcing = tuple(dict.fromkeys(character for character in text if character not in _GSM))
    segments = sms_segments(text)
    single, part = (_UCS2_SINGLE, _UCS2_PART) if forcing else (_GSM_SINGLE, _GSM_PART)
    wide = [character for character in text if (character > "\uffff" if forcing else character in EXTENSION)]
    return Count(
        encoding="UCS-2" if forcing else "GSM-7",
        units=len(text) + len(wide),
        room=single if segments == 1 else segments * part,
        segments=segments,
        forcing=forcing,
        double=tuple(dict.fromkeys(wide)),
    )


def _segments(widths: Sequence[int], single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return segments
