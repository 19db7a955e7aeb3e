"""The marks of a timeline's picture: told apart by shape and filling, so that they read in greyscale, too."""

from collections.abc import Mapping
from html import escape

Glyph = str

INK, SOFT, PALE, LINE = "#111", "#555", "#f1f1f1", "#999"

_SHAPES: Mapping[Glyph, str] = {
    "told": f'<circle r="6" fill="{INK}"/>',
    "reminder": f'<circle r="4" fill="#fff" stroke="{INK}" stroke-width="1.5"/>',
    "breach": f'<path d="M0-7 7 0 0 7-7 0Z" fill="{INK}"/><path d="M-2.5-2.5 2.5 2.5M2.5-2.5-2.5 2.5" stroke="#fff" '
    'stroke-width="1.4"/>',
    "satisfied": f'<rect x="-6" y="-6" width="12" height="12" fill="#fff" stroke="{INK}" stroke-width="1.4"/>'
    f'<path d="M-3 0-1 3 4-4" fill="none" stroke="{INK}" stroke-width="1.6"/>',
    "answer": f'<path d="M0-7 6 5-6 5Z" fill="#fff" stroke="{INK}" stroke-width="1.5"/>',
    "passed-over": f'<circle r="6" fill="#fff" stroke="{INK}" stroke-width="1.5"/>'
    f'<path d="M-4.2 4.2 4.2-4.2" stroke="{INK}" stroke-width="1.5"/>',
    "cancelled": f'<path d="M0-6V6" stroke="{SOFT}" stroke-width="2"/>',
    "again": f'<path d="M0-4V4" stroke="{LINE}" stroke-width="1"/>',
}

LEGEND: Mapping[Glyph, str] = {
    "told": "told",
    "reminder": "reminder",
    "breach": "deadline passed",
    "satisfied": "answered in time",
    "answer": "somebody acts",
    "passed-over": "not told: concerned, or nobody there",
    "again": "the same again",
}


def glyph(kind: Glyph, x: float, y: float, says: str = "") -> str:
    """Return a mark with its text alternative."""
    title = f"<title>{escape(says)}</title>" if says else ""
    return f'<g transform="translate({x:.1f} {y:.1f})">{title}{_SHAPES[kind]}</g>'


def text(
    content: str, x: float, y: float, *, size: int = 12, weight: str = "", anchor: str = "", fill: str = INK
) -> str:
    """Return a line of text. ``anchor``: `end` or `middle`; ``weight``: `bold`."""
    more = f' font-weight="{weight}"' if weight else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{more}>{escape(content)}</text>'


def slanted(content: str, x: float, y: float) -> str:
    """Return a short label that leans out of its neighbours' way."""
    turned = f'transform="translate({x:.1f} {y:.1f}) rotate(-50)"'
    return f'<text {turned} font-size="11" fill="{INK}">{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 1.0, dash: str = "") -> str:
    """Return a straight line; ``dash`` as SVG's ``stroke-dasharray``."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashed}/>'
    )
