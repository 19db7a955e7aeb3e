"""How many SMS a text becomes: GSM 7-bit or UCS-2 (3GPP TS 23.038 §6.2.1; DOMAIN §4)."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")
"""Sent as an escape and a character: each counts two."""

_GSM = BASIC | EXTENSION
_GSM_SINGLE, _GSM_PART = 160, 153
_UCS2_SINGLE, _UCS2_PART = 70, 67


def sms_segments(text: str) -> int:
    """Return how many segments ``text`` needs, at least 1.

    A split text loses seven septets, or three UCS-2 units, of each part to the header that joins them again. No
    character is torn by the split: an escape pair or a surrogate pair that would be moves to the next part whole.
    """
    if _GSM.issuperset(text):
        widths = [2 if character in EXTENSION else 1 for character in text]
        single, part = _GSM_SINGLE, _GSM_PART
    else:
        widths = [2 if character > "\uffff" else 1 for character in text]
        single, part = _UCS2_SINGLE, _UCS2_PART
    if sum(widths) <= single:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return segments
