"""What stands in the desk's addresses: days, months, and the numbers of rows."""

from __future__ import annotations

import calendar
from datetime import date

BIGGEST_ID = 2**63 - 1


class DayConverter:
    """A day as ISO 8601 writes it; one that no calendar has is no address."""

    regex = "20[0-9]{2}-[0-9]{2}-[0-9]{2}"

    def to_python(self, words: str) -> date:
        return date.fromisoformat(words)

    def to_url(self, day: date | str) -> str:
        return str(day)


def row_number(words: str) -> int | None:
    """The row that an address names; None for what no row can have (PostgreSQL's bigint)."""
    is_number = words.isascii() and words.isdigit() and len(words) <= len(str(BIGGEST_ID))
    return int(words) if is_number and int(words) <= BIGGEST_ID else None


def month_of(words: str, *, default: date) -> date:
    """The first day of the month that "2026-05" names; of the default's month if it names none."""
    try:
        month = date.fromisoformat(f"{words}-01")
    except ValueError:
        month = default.replace(day=1)
    return month if 2000 <= month.year < 2100 else default.replace(day=1)


def ends_of(month: date) -> tuple[date, date]:
    """The first and the last day of a month."""
    return month, month.replace(day=calendar.monthrange(month.year, month.month)[1])
