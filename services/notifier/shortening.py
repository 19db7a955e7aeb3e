"""Names made shorter so that whoever knows them still does: what is broad goes first, and both ends stay.

The end of a Chinese school's name tells it from its neighbours (第三实验小学, 滨江校区), its beginning where it lies;
the end of a place is the room. So a cut is made in the middle, and between words where there are any.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

ELLIPSIS: Mapping[str, str] = MappingProxyType({"zh": "…", "en": "..."})  # U+2026 is not in the GSM alphabet

_OTHER = "[^省市县区旗盟镇乡]"
_DISTRICTS = re.compile(
    rf"^(?P<province>{_OTHER}{{2,6}}?(?:省|自治区|特别行政区))?"
    rf"(?P<city>{_OTHER}{{2,8}}?(?:市|自治州|地区|盟))?"
    rf"(?P<county>{_OTHER}{{1,8}}?(?:县|区|旗|市))?"
    rf"(?P<town>{_OTHER}{{1,6}}?(?:镇|乡|街道))?(?=.{{3}})"
)
"""Where a school lies, as its full name begins: GB/T 2260's three levels and the township below them."""


def without_broad_districts(name: str, language: str) -> Iterator[str]:
    """Give a school's name as it is, then without its province, then without its city.

    A district is only left out while a narrower one remains to say where the school lies.
    """
    yield name
    found = _DISTRICTS.match(name)
    if found is None:
        return
    narrower = found["city"] or found["county"] or found["town"]
    if found["province"] and narrower:
        yield ELLIPSIS[language] + name[found.end("province") :]
    if found["city"] and (found["county"] or found["town"]):
        yield ELLIPSIS[language] + name[found.end("city") :]


def cut_in_the_middle(text: str, length: int, language: str) -> str:
    """Return at most ``length`` characters of a name, its beginning and its end; ``length`` from 1."""
    if len(text) <= length:
        return text
    mark = ELLIPSIS[language]
    room = length - len(mark)
    if room < 2:  # noqa: PLR2004 - one character of each end
        return text[:length]
    tail = (room + 1) // 2
    return _to_a_word(text[: room - tail], text[room - tail]) + mark + _from_a_word(text[-tail:], text[-tail - 1])


def cut_at_the_end(text: str, length: int, language: str) -> str:
    """Return at most ``length`` characters of what can be read in part, its beginning; ``length`` from 1."""
    if len(text) <= length:
        return text
    room = length - len(ELLIPSIS[language])
    return text[:room].rstrip() + ELLIPSIS[language] if room > 0 else text[:length]


def _to_a_word(head: str, following: str) -> str:
    """Leave out the word that the cut goes through, unless nothing would be left."""
    words = head.rpartition(" ")[0]
    return (words if words and following != " " else head).rstrip()


def _from_a_word(tail: str, before: str) -> str:
    words = tail.partition(" ")[2]
    return (words if words and before != " " else tail).lstrip()
