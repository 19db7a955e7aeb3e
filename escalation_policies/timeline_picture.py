"""A timeline as a picture (SVG): a lane for each level, time from left to right, each clock a bar in its lane.

The same timeline gives the same bytes. Nothing is fetched: no font, no style sheet, no script.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from textwrap import wrap

from escalation_policies.durations import format_duration
from escalation_policies.schema import Level
from escalation_policies.simulation import Line, Timeline, folded
from escalation_policies.timeline_glyphs import INK, LEGEND, LINE, PALE, SOFT, glyph, line, slanted, text
from escalation_policies.timeline_scale import Scale
from escalation_policies.timeline_words import after, how, in_words, plot_of, title_of, whom

_GUTTER, _RIGHT = 250.0, 40.0
_TITLE, _PLOT, _AXIS = 34.0, 15.0, 78.0
"""Heights above the lanes: the title, each line of the plot, the axis with its slanted labels."""

_ROW, _HEAD, _GAP = 24.0, 44.0, 12.0
_WRAP, _PLOT_WRAP = 42, 120
"""Characters of a lane's people that fit beside it, and of the plot that fit above."""

_APART = 4.0
"""Least distance of the small marks: they are drawn for their density, not to be counted."""

_PASSED_OVER = {"recipient-excluded", "nobody-found"}
_ACTS = {
    "acknowledged",
    "case-completed",
    "declined",
    "final-reported",
    "petition-accepted",
    "petition-resolved",
    "reported-upward",
    "update-reported",
}


@dataclass(frozen=True)
class _Lane:
    """Where a level stands: ``top`` of its band, and the rows of its clocks by name."""

    level: Level
    top: float
    rows: tuple[str, ...]

    @property
    def head(self) -> float:
        """Return the height of what people are told."""
        return self.top + 14

    @property
    def acts(self) -> float:
        """Return the height of what people do."""
        return self.top + 33

    @property
    def bottom(self) -> float:
        """Return where the band ends."""
        return self.top + _HEAD + _ROW * len(self.rows)

    def row(self, clock: str) -> float:
        """Return the height of a clock's bar."""
        return self.top + _HEAD + _ROW * (self.rows.index(clock) + 0.5)


class _Picture:
    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.scene = timeline.scene
        self.kept = folded(timeline.lines)
        self.plot = wrap(plot_of(self.scene), _PLOT_WRAP)
        self.top = _TITLE + _PLOT * len(self.plot) + _AXIS
        self.lanes = {lane.level.level: lane for lane in self._lay_lanes()}
        self.first = next(iter(self.lanes.values()))
        unit = self.scene.policy.clocks.report_to_principal.span(self.scene.severity)
        self.scale = Scale(self.scene.span, unit, [item.line.at - self.scene.start for item in self.kept])
        self.bottom = max(lane.bottom for lane in self.lanes.values())
        self.width = _GUTTER + self.scale.length + _RIGHT

    def _lay_lanes(self) -> Iterator[_Lane]:
        top = self.top
        for level in self.scene.policy.chain:
            names = dict.fromkeys(clock.name for clock in self.timeline.clocks if clock.level == level.level)
            lane = _Lane(level, top, tuple(names))
            top = lane.bottom + _GAP
            yield lane

    def x(self, at: datetime) -> float:
        """Return where a time stands; what is later than the scene stands at its end."""
        return _GUTTER + self.scale.at(min(at, self.scene.end) - self.scene.start)

    def draw(self) -> str:
        """Return the whole document."""
        parts = [*self._bands(), *self._axis(), *self._climbs(), *self._bars(), *self._marks(), *self._legend()]
        height = self.bottom + 58
        name = escape(f"{title_of(self.scene)}: {plot_of(self.scene)}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {height:.0f}" '
            f'width="{self.width:.0f}" height="{height:.0f}" font-family="sans-serif" role="img" '
            'aria-labelledby="title desc">\n'
            f'<title id="title">{name}</title>\n<desc id="desc">{escape(in_words(self.timeline))}</desc>\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
        )

    def _bands(self) -> Iterator[str]:
        yield text(title_of(self.scene), 16, 26, size=15, weight="bold")
        for number, words in enumerate(self.plot):
            yield text(words, 16, _TITLE + _PLOT * (number + 0.7), fill=SOFT)
        for lane in self.lanes.values():
            yield (
                f'<rect x="8" y="{lane.top:.1f}" width="{self.width - 16:.1f}" height="{lane.bottom - lane.top:.1f}" '
                f'rx="4" fill="{PALE}"/>'
            )
            yield text(lane.level.level, 16, lane.top + 17, size=13, weight="bold")
            for number, people in enumerate(_people(lane.level)):
                yield text(people, 16, lane.top + 29 + 11 * number, size=9, fill=SOFT)
            for clock in lane.rows:
                yield text(clock, _GUTTER - 18, lane.row(clock) + 4, size=11, anchor="end", fill=SOFT)

    def _axis(self) -> Iterator[str]:
        y = self.top - 8
        yield line(_GUTTER, y, _GUTTER + self.scale.length, y, INK)
        for moment in self.scale.labelled:
            x = _GUTTER + self.scale.at(moment)
            yield line(x, y - 4, x, self.bottom, "#d5d5d5", 0.7)
            yield slanted(format_duration(moment) if moment else "report", x, y - 7)

    def _climbs(self) -> Iterator[str]:
        """Draw a line from each deadline that passed to whoever is told of it."""
        for item in self.kept:
            lane = self.lanes.get(item.line.level or "")
            if lane is None or not item.line.told or item.line.kind == "reminder-sent":
                continue
            for other in self.timeline.lines:
                below = self.lanes.get(other.level or "")
                if other.kind != "breach-recorded" or other.at != item.line.at or below is None or not other.clock:
                    continue
                if below.top <= lane.top:
                    x, start = self.x(other.at), below.row(other.clock.partition("@")[0])
                    yield line(x, start, x, lane.head, INK, 1.2, "3 3")

    def _bars(self) -> Iterator[str]:
        for clock in self.timeline.clocks:
            y = self.lanes[clock.level].row(clock.name)
            end = min(clock.ended_at or clock.deadline, clock.deadline)
            yield line(self.x(clock.started_at), y, self.x(end), y, LINE, 3 if clock.round > 1 else 5)
            if clock.status == "cancelled" and clock.ended_at is not None:
                yield glyph("cancelled", self.x(clock.ended_at), y, f"{clock.key} called off")
            elif clock.status == "running" and clock.deadline > self.scene.end:
                yield text("…", self.x(self.scene.end) + 10, y + 4)

    def _marks(self) -> Iterator[str]:
        """Draw the lines that are like others small, and not on top of one another; then each of the rest."""
        kept = {id(item.line) for item in self.kept}
        last: dict[float, float] = {}
        for entry in sorted(self.timeline.lines, key=lambda entry: id(entry) in kept):
            kind, y = self._mark(entry, self.lanes.get(entry.level or "", self.first))
            x = self.x(entry.at)
            if kind is None:
                continue
            if id(entry) in kept:
                yield glyph(kind, x, y, f"{after(self.scene, entry.at)}: {self._says(entry)}")
            elif x - last.get(y, 0) >= _APART:
                last[y] = x
                yield glyph("again", x, y)

    def _mark(self, entry: Line, lane: _Lane) -> tuple[str | None, float]:
        clock = (entry.clock or "").partition("@")[0]
        row = lane.row(clock) if clock in lane.rows else lane.head
        if entry.kind in _PASSED_OVER:
            return "passed-over", lane.head
        if entry.kind == "breach-recorded":
            return "breach", row
        if entry.kind == "clock-satisfied":
            return "satisfied", row
        if entry.kind == "reminder-sent":
            return "reminder", row
        if entry.told:
            return "told", lane.head
        return ("answer", lane.acts) if entry.kind in _ACTS else (None, row)

    def _says(self, entry: Line) -> str:
        told = f"{whom(entry)} told by {how(self.scene, entry)}: " if entry.told else ""
        act = f"{entry.by}: " if entry.by else ""
        return f"{told}{act}{entry.why}"

    def _legend(self) -> Iterator[str]:
        x, y = 22.0, self.bottom + 26
        for kind, words in LEGEND.items():
            yield glyph(kind, x, y)
            yield text(words, x + 11, y + 4, size=11)
            x += 34 + 6.1 * len(words)
        note = "Time is stretched where much happens: the order is true, distances are not."
        yield text(note, 16, y + 22, size=10, fill=SOFT)


def draw(timeline: Timeline) -> str:
    """Return the picture of a timeline as SVG text."""
    return _Picture(timeline).draw()


def _people(level: Level) -> list[str]:
    """Return who is told at a level, and who stands in, in lines that fit beside the lane."""
    named = ", ".join(one.role or one.on_duty or one.group or "" for one in level.tell)
    stand_ins = ", ".join(dict.fromkeys(one.role or one.on_duty or one.group or "" for one in level.stand_in))
    words = f"{named} / {stand_ins}" if stand_ins else named
    return wrap(words, _WRAP)[:2]
