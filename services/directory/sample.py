"""A whole county made from a seed, to try the system on: nobody in it exists, and no address in it reaches anybody.

- Places are called after toys and writing things in 示例县 (Example County), so nobody takes them for real ones.
- Telephone numbers are +1 XXX 555 01XX: 555-0100 to 555-0199 are kept for fiction in every area code of the North
  American Numbering Plan (NANPA, 555 NXX Assignment Guidelines).
- E-mail addresses end in example.org, a domain that is never given to anybody (RFC 2606, section 3).

The draw is a hash of the seed and a counter rather than ``random``, whose sequences may change between Python versions:
the same seed gives the same bytes everywhere.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Area codes in use in the United States: 100 numbers kept for fiction in each.
AREA_CODES = (
    *(201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228),
    *(301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323),
)
LINES_PER_AREA = 100
TOWNS = (
    "纸鸢",
    "星砂",
    "风铃",
    "萤火",
    "书签",
    "拼图",
    "积木",
    "算盘",
    "画板",
    "铅笔",
    "陀螺",
    "弹珠",
    "毽子",
    "铁环",
    "魔方",
    "灯谜",
)
VILLAGES = tuple(f"{first}{second}" for first in "月星云雨雪风霜露虹霞" for second in "湾坡桥岭坪泉谷洲")
CENTRAL = ("中心小学", "初级中学", "中心幼儿园", "高级中学")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余"
GIVEN = "明华芳敏静丽强磊军洋勇艳杰娟涛超秀霞平刚桂英文慧建国玉兰婷雪梅晨宇浩然子涵思远佳怡俊泽"
ENGLISH = ("Emma Clarke", "Daniel Price", "Grace Turner", "Oliver Hayes", "Sophie Bennett", "Henry Walsh")
ENGLISH_EVERY = 90  # one person in so many reads English
LIMIT = len(TOWNS) * (len(CENTRAL) + len(VILLAGES))

OFFICES = ("health_officer", "protection_officer", "exam_officer", "petition_officer")
"""Offices of the bureau, one person each."""

CALLED = ("principal", "duty_officer")
"""Roles whose holders can be called, when a message does not reach them."""

WEEKDAYS = ("[mon, tue]", "[wed, thu]", "[fri]", "[sat]", "[sun]")


@dataclass(slots=True)
class _County:
    """The county while it is being drawn."""

    seed: int
    drawn: int = 0
    units: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    def below(self, limit: int) -> int:
        """Draw a number from 0 to ``limit`` - 1."""
        self.drawn += 1
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{self.drawn}".encode()).digest()[:8], "big") % limit

    def pick(self, options: Sequence[str]) -> str:
        """Draw one of the options."""
        return options[self.below(len(options))]

    def unit(self, unit_id: str, name: str, kind: str, above: str, duty: str = "", kept_by: Sequence[str] = ()) -> None:
        """Add a unit; ``kept_by`` are the people who share its duty around the clock."""
        self.units.append(f"  - id: {unit_id}\n    name: {name}\n    kind: {kind}\n    {above}\n")
        if duty:
            turns = "".join(
                f"          - {{days: {days}, from: 08:00, until: 08:00, person: {kept_by[turn % len(kept_by)]}}}\n"
                for turn, days in enumerate(WEEKDAYS)
            )
            self.units.append(f"    rosters:\n      - role: {duty}\n        weekly:\n{turns}")

    def person(self, unit_id: str, role: str) -> str:
        """Add a person and return their id."""
        number = len(self.people)
        if number % ENGLISH_EVERY == ENGLISH_EVERY - 1:
            name, language = ENGLISH[number // ENGLISH_EVERY % len(ENGLISH)], "en"
        else:
            name = self.pick(SURNAMES) + "".join(self.pick(GIVEN) for _ in range(1 + (self.below(4) > 0)))
            language = "zh"
        person_id = f"p-{number + 1:04}"
        area, line = AREA_CODES[number // LINES_PER_AREA], number % LINES_PER_AREA
        number_given = f'"+1{area}55501{line:02}"'
        called = f", {{voice: {number_given}}}" if role in CALLED else ""
        contacts = f"[{{sms: {number_given}}}, {{email: {person_id}@example.org}}{called}]"
        self.people.append(
            f"  - {{id: {person_id}, name: {name}, unit: {unit_id}, roles: [{role}], language: {language},\n"
            f"     contacts: {contacts}}}\n"
        )
        return person_id


def sample_county(seed: int, schools: int = 165, districts: int = 8, townships: int = 16) -> str:
    """Return a directory file of a county, the same bytes for the same arguments.

    165 schools is the mean county. Raises ``ValueError`` for fewer than one of anything, for more townships or schools
    than there are names, and for more people than there are telephone numbers kept for fiction.
    """
    people = 3 * schools + 2 * districts + townships + 4 + len(OFFICES)
    if min(schools, districts, townships) < 1 or townships > len(TOWNS) or schools * len(TOWNS) > LIMIT * townships:
        raise ValueError(
            f"choose 1-{len(TOWNS)} townships, 1 district or more, 1-{LIMIT // len(TOWNS)} schools a township"
        )
    if people > len(AREA_CODES) * LINES_PER_AREA:
        raise ValueError(f"{people} people, but only {len(AREA_CODES) * LINES_PER_AREA} numbers kept for fiction")
    county = _County(seed)
    _add_bureau(county)
    for number in range(1, districts + 1):
        _add_district(county, f"district-{number}", number)
    for number in range(1, townships + 1):
        county.unit(f"township-{number:02}", f"{TOWNS[number - 1]}镇人民政府", "township", "parent: bureau")
        county.person(f"township-{number:02}", "township_officer")
    names = [_school_names(county, town) for town in TOWNS[:townships]]
    for number in range(schools):
        town = number % townships
        above = f"parent: district-{town % districts + 1}\n    township: township-{town + 1:02}"
        _add_school(county, f"school-{number + 1:03}", next(names[town]), above)
    for role in OFFICES:
        county.person("bureau", role)
    sizes = {"schools": (schools, 165), "districts": (districts, 8), "townships": (townships, 16)}
    options = "".join(f" --{name} {size}" for name, (size, usual) in sizes.items() if size != usual)
    return f"{_header(f'--seed {seed}{options}')}units:\n{''.join(county.units)}people:\n{''.join(county.people)}"


def _header(options: str) -> str:
    return (
        f"# An invented county, made by `tocsin directory sample {options}`. Do not edit: make it again.\n"
        "# Nobody in it exists. Numbers +1 XXX 555 01XX are kept for fiction (NANPA, 555 NXX Assignment Guidelines),\n"
        "# and example.org is given to nobody (RFC 2606).\n"
    )


def _add_bureau(county: _County) -> None:
    county.person("bureau", "bureau_leader")
    officers = [county.person("bureau", "duty_officer") for _ in range(3)]
    county.unit("bureau", "示例县教育局", "bureau", "timezone: Asia/Shanghai", "duty_officer", officers)


def _add_district(county: _County, unit_id: str, number: int) -> None:
    county.unit(unit_id, f"示例县第{number}片区督导办公室", "district", "parent: bureau")
    county.person(unit_id, "district_director")
    county.person(unit_id, "district_deputy")


def _add_school(county: _County, unit_id: str, name: str, above: str) -> None:
    leaders = [county.person(unit_id, role) for role in ("principal", "deputy_principal", "deputy_principal")]
    first = county.below(len(leaders))  # whose turn opens the week
    county.unit(unit_id, name, "school", above, "school_leader", leaders[first:] + leaders[:first])


def _school_names(county: _County, town: str) -> Iterator[str]:
    yield from (f"{town}镇{name}" for name in CENTRAL)
    first = county.below(len(VILLAGES))
    # 80 villages, 27 apart: every one comes once before any comes again, because 27 and 80 share no factor.
    for step in range(len(VILLAGES)):
        yield f"{town}镇{VILLAGES[(first + 27 * step) % len(VILLAGES)]}村小学"
