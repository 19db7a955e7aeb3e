"""Numbers as people can write them down: Crockford's base32, in which no sign looks like another.

Source: https://www.crockford.com/base32.html.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5


def crockford(number: int, signs: int) -> str:
    """Return the lowest ``5 * signs`` bits of a number ≥ 0 as that many signs, the lowest bits first."""
    return "".join(ALPHABET[(number >> (_BITS * place)) & 31] for place in range(signs))
