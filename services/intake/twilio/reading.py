"""What a reply by SMS means: pure, from its text alone.

People answer on any keyboard, in a hurry: full-width signs, spaces, words around the code. What tells of a wish to get
no more messages is never an answer (DOMAIN §4), and neither is a text that nobody can be sure of.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from services.intake.codes import canonical_code

STOP_WORDS = frozenset(
    {"STOP", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "STOPALL", "REVOKE", "OPTOUT", "TD", "退订", "取消订阅"}
)
"""The opt-outs of DOMAIN §4, and what people in China write. They must be the whole message."""

START_WORDS = frozenset({"START", "UNSTOP", "恢复订阅"})
ACCEPT_WORDS = frozenset({"1", "收到", "已收到", "确认", "ACK"})
DECLINE_WORDS = frozenset({"2", "CANNOT", "CANT", "NO"})
DECLINE_PHRASES = ("来不了", "去不了", "不能", "不行", "无法", "处理不了")
"""Found anywhere, since Chinese leaves no gaps between its words. "Received, but I cannot come" declines."""

_NEGATED = re.compile(r"[不没无未别勿]|\bNOT\b")
"""A text with one of these accepts nothing, code or not, unless it clearly declines."""

SHORTEST_CODE = 4
"""Signs: shorter pieces of Latin text are words around the code."""

LONGEST_CODE = 10
MOST_CODES = 4
"""Pieces looked up for one message: it is one guess, and must not become a list of them."""

LONGEST_TEXT = 1600
"""Characters: what Twilio delivers at most."""

_PIECE = re.compile(r"[0-9A-Z]+|[\u3400-\u9fff]+")

Meaning = Literal["stop", "start", "accept", "decline", "unclear"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What was meant, and the codes it may hold. A code alone accepts.

    ``whole`` is the text as one code, for who left gaps between its signs: it goes before any word that those make.
    """

    meaning: Meaning
    codes: tuple[str, ...] = ()
    whole: str | None = None


def read_reply(text: str, opt_out_type: str = "") -> Reply:
    """Return what a text means. ``opt_out_type`` is Twilio's own reading of an opt-out (Advanced Opt-Out)."""
    pieces = _PIECE.findall(unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).upper().replace("'", ""))
    whole = "".join(pieces)
    if opt_out_type == "STOP" or whole in STOP_WORDS:
        return Reply("stop")
    if opt_out_type == "START" or whole in START_WORDS:
        return Reply("start")
    joined = canonical_code(whole) if whole.isascii() and len(whole) >= SHORTEST_CODE else None
    codes = _codes([piece for piece in pieces if piece not in ACCEPT_WORDS | DECLINE_WORDS])
    if any(phrase in whole for phrase in DECLINE_PHRASES):
        return Reply("decline", codes, joined)
    is_accept = not ACCEPT_WORDS.isdisjoint(pieces)
    if not DECLINE_WORDS.isdisjoint(pieces):
        return Reply("unclear" if is_accept else "decline", codes, joined)
    is_sure = not _NEGATED.search(" ".join(pieces)) and (codes or ACCEPT_WORDS.issuperset(pieces))
    return Reply("accept" if is_sure and pieces else "unclear", codes, joined)


def _codes(pieces: list[str]) -> tuple[str, ...]:
    """Return what may be codes: each long piece, and all the pieces together, for who typed it in groups."""
    latin = [piece for piece in pieces if piece.isascii()]
    candidates = ["".join(latin), *latin]
    found = (canonical_code(piece) for piece in candidates if SHORTEST_CODE <= len(piece) <= LONGEST_CODE)
    return tuple(dict.fromkeys(code for code in found if code is not None))[:MOST_CODES]
