"""A sound directory file, changed piece by piece, and what the loader says of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.directory.loader import DirectoryErrors, load_directory

WEEKLY = "units[3].rosters[0].weekly"
SHIFTS = "units[3].rosters[0].shifts"
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # a Tuesday, noon in Shanghai

SOUND = """\
units:
  - {id: bureau, name: 示例局, kind: bureau, timezone: Asia/Shanghai}
  - {id: district, name: 片区, kind: district, parent: bureau}
  - {id: town, name: 镇, kind: township, parent: bureau}
  - id: school
    name: 学校
    kind: school
    parent: district
    township: town
    rosters:
      - role: school_leader
        weekly:
          - {days: [mon-fri], from: 08:00, until: 08:00, person: head}
          - {days: [sat, sun], from: 08:00, until: 08:00, person: deputy}
        shifts:
          - {start: 2026-11-25T08:00:00+08:00, end: 2026-11-25T12:00:00+08:00, person: deputy}
          - {start: 2026-11-26T08:00:00+08:00, end: 2026-11-26T12:00:00+08:00, person: deputy}
people:
  - {id: chief, name: 甲, unit: bureau, roles: [bureau_leader, duty_officer], contacts: [{sms: +12025550101}]}
  - {id: director, name: 乙, unit: district, roles: [district_director], contacts: [{sms: +12025550102}]}
  - {id: officer, name: 丙, unit: town, roles: [township_officer], contacts: [{sms: "+1 (202) 555-0103"}]}
  - id: head
    name: 丁
    unit: school
    roles: principal
    contacts: [{sms: +12025550104}, {email: head@example.org}, {sms: +12025550105}]
  - {id: deputy, name: Eve, unit: school, roles: [deputy_principal], language: en, contacts: [{email: eve@example.org}]}
"""


def errors(text: str | Path) -> list[tuple[int, str, str]]:
    """Return line, path and message of everything the loader refuses the file for."""
    with pytest.raises(DirectoryErrors) as refusal:
        load_directory(text, NOW)
    return [(one.line, one.path, one.message) for one in refusal.value.errors]


def changed(old: str, new: str) -> str:
    """Return the sound file with one piece replaced, which must be there exactly once."""
    assert SOUND.count(old) == 1
    return SOUND.replace(old, new)
