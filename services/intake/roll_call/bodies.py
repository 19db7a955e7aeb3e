"""What is sent to answer a roll call: one answer, or many as JSON or as a file of commas (CSV)."""

import csv
import io
from collections.abc import Iterator
from datetime import date as day
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from events.base import Utc
from events.incident import ShortText
from events.roll_call import Answer, CallName
from services.intake.problems import invalid

MOST_ROWS = 1_000
"""Most schools of one request: the largest county has 532 (DOMAIN §8)."""

COLUMNS = ("school_id", "status", "note", "date", "call")
"""Of a file: the first two must be there, in any order."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ZeroReport(_Strict):
    """One school's answer."""

    school_id: str | None = Field(default=None, max_length=200, description="Unset: the token's own school.")
    status: Answer = Field(description="`zero`: nothing to report; `with_cases`: there were, each reported besides.")
    date: day | None = Field(default=None, description="Unset: that of the roll call that is asked now.")
    call: CallName | None = Field(default=None, description="Unset: the one that is open now.")
    note: ShortText | None = None
    by: str | None = Field(default=None, max_length=200, description="Only for administrators: who answers.")
    submitted_at: Utc | None = Field(default=None, description="When the client pressed send, perhaps off-line.")


class ZeroReports(_Strict):
    """The answers of many schools, by a clerk of their district."""

    reports: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=MOST_ROWS)] = Field(
        description="Each as `ZeroReport`; one at fault stops none of the others."
    )


def rows_of_csv(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, fields) of each row of a file; spreadsheets begin theirs with a mark, and use semicolons.

    Raises:
        Problem: 422, it is no such file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid([{"pointer": "", "detail": "must be UTF-8: save the file as CSV UTF-8"}]) from error
    lines = io.StringIO(text, newline="")
    header = text.partition("\n")[0]
    reader = csv.DictReader(lines, delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"school_id", "status"} <= {*names} or not {*names} <= {*COLUMNS}:
            detail = f"the first line must name the columns: school_id,status and perhaps {','.join(COLUMNS[2:])}"
            raise invalid([{"pointer": "", "detail": detail}])
        reader.fieldnames = names
        for number, row in enumerate(reader):
            if number == MOST_ROWS:
                raise invalid([{"pointer": "", "detail": f"at most {MOST_ROWS} rows: send the file in parts"}])
            fields = {name: value.strip() for name, value in row.items() if isinstance(value, str) and value.strip()}
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise invalid([{"pointer": "", "detail": f"line {reader.line_num} cannot be read: {error}"}]) from error
