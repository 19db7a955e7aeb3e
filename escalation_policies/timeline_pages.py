"""The simulated timelines of the docs: each policy if nobody answers, and if people do what they should."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from escalation_policies.schema import Level, Policy
from escalation_policies.simulation import Answer, Scene, Timeline, folded, simulate, usual_span
from escalation_policies.timeline_picture import draw
from escalation_policies.timeline_words import after, how, plot_of, title_of, whom, why
from events.incident import Severity

PAGE = "timelines.md"
FOLDER = "timelines"

_INTRODUCTION = """# Who is told when

Played by the machine itself on a directory in which every post is held, and drawn by
`tocsin policy timelines --write docs`; a test fails when a picture is stale. `tocsin policy simulate` plays any other
scene: other grades, answers, times of day, conflicts of interest.

The report comes on a Monday at 9 in the morning. A lane is a level of the chain, a bar is a clock; under the level's
name stand those it tells and, behind the stroke, its stand-ins."""


def silence(policy: Policy) -> Scene:
    """Return the scene in which nobody answers, at the grade of a report that states none."""
    return Scene(policy, policy.default_severity, usual_span(policy))


def duty_done(policy: Policy) -> Scene:
    """Return the scene in which everybody does what they should, a little before they must."""
    scene, clocks = silence(policy), policy.clocks
    grade, first = scene.severity, _all(policy.chain[0])[0]
    acts = list(_receipts(policy, grade))
    if clocks.follow_up is not None:
        reported = next((act.after for act in acts if act.verb == "reports"), acts[0].after)
        acts.append(Answer(first, reported + clocks.follow_up.span(grade) * 0.6, "finishes"))
    if clocks.acceptance is not None:
        acts += [Answer(first, timedelta(days=5), "accepts"), Answer(first, timedelta(days=40), "resolves")]
        scene = replace(scene, span=timedelta(days=90))
    if clocks.rectification is not None:
        days = clocks.rectification.end(grade, scene.start, policy.calendar) - scene.start
        acts.append(Answer(first, days * 0.7, "closes"))
    acts.sort(key=lambda act: act.after)
    return replace(scene, answers=tuple(acts), span=max(scene.span, acts[-1].after + timedelta(hours=1)))


def _receipts(policy: Policy, grade: Severity) -> Iterator[Answer]:
    """Yield how each level acknowledges and reports to the next, as far as reports go."""
    clocks, moment = policy.clocks, timedelta(0)
    for level in policy.chain:
        rule = clocks.upward_receipt if moment else clocks.report_to_principal
        moment += rule.span(grade) * 0.6
        yield from (Answer(one, moment) for one in (_all(level) if level.receipt == "all" else _all(level)[:1]))
        if clocks.report_upward is None:
            return
        if level != policy.chain[-1]:
            moment += clocks.report_upward.span(grade) * 0.6
            yield Answer(_all(level)[0], moment, "reports")


def pages(policies: Iterable[Policy]) -> Mapping[str, str]:
    """Return every file of the docs that shows timelines, by its path below `docs`."""
    found: dict[str, str] = {}
    sections = [_INTRODUCTION]
    for policy in policies:
        silent, dutiful = simulate(silence(policy)), simulate(duty_done(policy))
        names = (f"{FOLDER}/{policy.id}.svg", f"{FOLDER}/{policy.id}-answered.svg")
        found |= {name: draw(timeline) for name, timeline in zip(names, (silent, dutiful), strict=True)}
        sections.append(f"## {policy.id}: {policy.title}")
        for name, timeline in zip(names, (silent, dutiful), strict=True):
            sections.append(f"![{title_of(timeline.scene)}: {plot_of(timeline.scene)}]({name})")
        sections.append("\n".join(_table(silent)))
    return {PAGE: "\n\n".join(sections) + "\n", **found}


def _table(timeline: Timeline) -> Iterator[str]:
    scene = timeline.scene
    yield "| after | who is told | by | why |"
    yield "|---|---|---|---|"
    for item in folded(timeline.lines, 1):
        cells = (after(scene, item.line.at), whom(item.line), how(scene, item.line), why(item, scene))
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _all(level: Level) -> list[str]:
    return [one.role or one.on_duty or one.group or "" for one in level.tell]
