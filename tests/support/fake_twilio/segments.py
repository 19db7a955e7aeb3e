"""How many SMS a text becomes: GSM 03.38 seven-bit alphabet or UCS-2, with or without the concatenation header.

Sources: 3GPP TS 23.038 §6.2.1 for the alphabet; 160/153 and 70/67 places from
https://www.twilio.com/docs/glossary/what-sms-character-limit.
"""

from math import ceil

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # sent as an escape and a character: two places


def segment_count(text: str) -> int:
    """Return the number of segments, at least 1."""
    if all(char in BASIC or char in EXTENDED for char in text):
        places = sum(2 if char in EXTENDED else 1 for char in text)
        single, part = 160, 153
    else:
        places = len(text.encode("utf-16-be")) // 2
        single, part = 70, 67
    return 1 if places <= single else ceil(places / part)
