"""A timeline in words: what each line says, for tables and for whoever cannot see the picture."""

from datetime import datetime
from zoneinfo import ZoneInfo

from escalation_policies.durations import format_duration
from escalation_policies.simulation import Folded, Line, Scene, Timeline, folded


def after(scene: Scene, at: datetime) -> str:
    """Return how long after the report something is, as `1d12h`."""
    span = at - scene.start
    return format_duration(span) if span else "0"


def local(scene: Scene, at: datetime) -> str:
    """Return a time as the clock on the wall of the policy's calendar shows it."""
    return f"{at.astimezone(ZoneInfo(scene.policy.calendar.timezone)):%a %m-%d %H:%M}"


def title_of(scene: Scene) -> str:
    """Return which policy is played, at which grade."""
    return f"{scene.policy.id} version {scene.policy.version}, severity {scene.severity}"


def plot_of(scene: Scene) -> str:
    """Return what happens in the scene, in one line."""
    acts = [f"{one.role} {one.verb} at {format_duration(one.after)}" for one in scene.answers]
    concerns = [f"it concerns {', '.join(scene.concerns)}"] if scene.concerns else []
    return "; ".join([*concerns, *(acts or ["nobody answers"])])


def whom(line: Line) -> str:
    """Return who is told, or who acts."""
    return ", ".join(line.told) or (f"({line.by})" if line.by else "—")


def how(scene: Scene, line: Line) -> str:
    """Return by which channels, and until when quiet hours hold the message back."""
    held = f", held until {local(scene, line.held_until)}" if line.held_until is not None else ""
    return " and ".join(line.channels) + held if line.channels else "—"


def why(item: Folded, scene: Scene) -> str:
    """Return the reason, with the clock where one is judged, and how often the same comes again."""
    line = item.line
    what = f"{line.kind} {line.clock}: " if not line.told and line.clock else ""
    more = "" if item.last_at is None else f" (and {item.more} times more, until {after(scene, item.last_at)})"
    return what + line.why + more


def in_words(timeline: Timeline) -> str:
    """Return the whole timeline as sentences, the rounds that are alike told once."""
    scene = timeline.scene
    said = [f"{title_of(scene)}: {plot_of(scene)}."]
    for item in folded(timeline.lines):
        told = f"{whom(item.line)} told by {how(scene, item.line)}: " if item.line.told else ""
        said.append(f"{after(scene, item.line.at)}: {told}{why(item, scene)}.")
    if timeline.cut_at is not None:
        said.append(f"Stopped at {after(scene, timeline.cut_at)}: too many steps.")
    said.append(f"Seen until {format_duration(scene.span)}.")
    return "\n".join(said)
