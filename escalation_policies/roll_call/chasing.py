"""A school has not answered: it is reminded, then found missing and told so."""

from escalation_policies.roll_call.call import Taken
from escalation_policies.roll_call.messages import Message, Unit
from escalation_policies.roll_call.page import Page, StepReached, why_withheld
from escalation_policies.roll_call.schedule import ChaseStep
from escalation_policies.roll_call.school_day import HeldMessage, SchoolDay, standing
from events.notification import NotificationRequested
from events.roll_call import SchoolMissing


def chase(page: Page, event: StepReached) -> None:
    """Take a step about a school that is asked."""
    call, step, day = page.call, page.call.step(event.step), page.day
    if step is None or step.about != "school":
        page.reason = f"the schedule has no step {event.step!r} about schools"
        return
    taken = Taken(step=step.step, revision=call.revision)
    if taken in day.taken:
        page.reason = f"{step.step} was taken already"
        return
    page.change(taken=(*day.taken, taken))
    stands = standing(day, call, page.now)
    if stands in {"confirmed", "late", "excused"}:
        page.say(event.at, f"{step.step}: nobody is told, the school is {stands}")
        return
    if step.before is None and not day.missed:
        _miss(page, event)
    if (why := why_withheld(call, step, event)) is not None:
        page.say(event.at, f"{step.step}: nobody is told, {why}")
        return
    page.say(event.at, f"{step.step}: {_tell(page, day, step, event)}{event.how_late}")


def _miss(page: Page, event: StepReached) -> None:
    """Find it missing: once for each roll call, a later step says nothing new."""
    page.change(missed=True)
    window = page.call.window
    page.effects.append(
        SchoolMissing(
            school_id=page.school.unit_id,
            bureau_id=window.bureau_id,
            date=window.date,
            call=window.call,
            cut_off=window.cut_off,
            exercise=page.call.exercise,
            received_at=event.at,
            fired_at=event.fired_at,
        )
    )


def _tell(page: Page, day: SchoolDay, step: ChaseStep, event: StepReached) -> str:
    message = Message(
        "roll_call_reminder" if step.before is not None else "roll_call_missing",
        "school",
        Unit(page.school.unit_id, page.school.name),
        step.step,
        step.channels,
        event.at,
        asks=True,
        spread=page.call.schedule.spread,
    )
    first = len(page.effects)
    told = page.tell(message, step.tell, step.fallback)
    held = [
        HeldMessage(
            notification_id=one.notification_id,
            person_id=one.person_id,
            contact_id=one.contact_id,
            channel=one.channel,
            until=one.not_before,
        )
        for one in page.effects[first:]
        if isinstance(one, NotificationRequested) and one.not_before is not None and one.not_before > page.now
    ]
    page.change(held=(*(one for one in day.held if one.until > page.now), *held))
    return told
