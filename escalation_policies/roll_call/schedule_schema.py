"""The JSON Schema (2020-12) of a schedule, for editors that check while one types.

It is made from the models that the loader uses. What it cannot say (which windows overlap, who would hear of a missing
school) is said by `tocsin roll-call check`, which says everything that this schema says, too.
"""

from typing import Any

from escalation_policies.policy_schema import AsWritten, name_calendar, write_hour
from escalation_policies.roll_call.schedule import Schedule

Json = dict[str, Any]

_SAID_ELSEWHERE = {
    "id": "The schedule's name, one of its kind in the folder.",
    "version": "Counts up with each change; a roll call keeps the version that it opened under.",
    "title": "What people call it; the messages begin with it.",
    "calls": "The roll calls of a usual day.",
    "schools": "Schools with days of their own.",
    "special_periods": "Days with roll calls of their own.",
    "chase": "Who hears of the missing, and when: in the order of time.",
    "contradiction": "What happens when a school says zero and a case of it says otherwise.",
}


def schedule_schema() -> Json:
    """Return the whole schema, to be read without any other file."""
    schema: Json = Schedule.model_json_schema(schema_generator=AsWritten)
    parts: Json = schema["$defs"]
    for field, meaning in _SAID_ELSEWHERE.items():
        schema["properties"][field].setdefault("description", meaning)
    for field in ("opens", "cut_off"):
        write_hour(parts["Call"], field)
    schema["properties"]["calendar"].setdefault("description", "Holidays and make-up days, by name or written out.")
    for part in (schema, parts["SchoolRule"]):
        name_calendar(part)
    parts["Selector"]["oneOf"] = [{"required": [field]} for field in ("role", "on_duty", "group")]
    return schema
