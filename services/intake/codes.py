"""Acknowledgement codes as people type them: from an SMS, on any keyboard, read over the telephone.

Codes are Crockford base32 (https://www.crockford.com/base32.html): no letter looks like a digit that is also used.
"""

import unicodedata

LONGEST_TYPED = 64
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def canonical_code(typed: str) -> str | None:
    """Return the code that was meant, or None when it can be none.

    Case, spaces and dashes do not count, look-alikes are mapped, and the full-width digits of a Chinese keyboard are
    digits.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed).upper()
    code = "".join(sign for sign in plain if sign.isascii() and sign.isalnum()).translate(_LOOK_ALIKES)
    return code or None
