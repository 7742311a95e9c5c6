"""The vendor's usage export: which requests it bills, when and at what cost.

A CSV in UTF-8 (with or without a byte order mark) whose first line names the columns `request_id`,
`model`, `cost` and `time` in any order; other columns are let be. Costs are dollars with up to six
decimals, times ISO 8601 in either of the two forms that the vendor's documents show
(``2026-05-22T13:17:32.110Z``, ``2026-05-22 13:19:23``); without a zone they are UTC.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from jobs.gateway.sentences import Sentence
from jobs.gateway.sentences import gettext_noop as _

COLUMNS = ("request_id", "model", "cost", "time")
MOST_PROBLEMS = 20  # named one by one; the rest is counted
MOST_ID_LETTERS = 200
MOST_MODEL_LETTERS = 100
COST = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
DECIMALS = 6
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.IGNORECASE)
FIRST_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)  # nobody has billed us before it
FAST_CLOCK = timedelta(days=1)


class UnreadableUsage(Exception):
    """Not an export that can be trusted. `problems` are sentences, the first of them all."""

    def __init__(self, problems: list[Sentence]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class UsageEntry:
    """One billed request. `number` is the line in the file, the header's being 1."""

    number: int
    request_id: str
    model: str
    cost_micros: int
    at: datetime


def read_usage(data: bytes, *, most_lines: int, now: datetime) -> list[UsageEntry]:
    """Every line of an export, exactly. Raises UnreadableUsage when a single one can't be read."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableUsage([Sentence(_("This is not text in UTF-8."))]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    entries: list[UsageEntry] = []
    problems: list[Sentence] = []
    try:
        columns = _columns(next(reader, []))
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(entries) + len(problems) >= most_lines:
                raise UnreadableUsage(
                    [Sentence(_("More than %(most)s lines: import it in parts."), most=most_lines)]
                )
            try:
                entries.append(_entry(reader.line_num, row, columns, now))
            except ValueError as problem:
                problems.append(
                    Sentence(
                        _("Line %(line)s: %(problem)s."),
                        line=reader.line_num,
                        problem=problem.args[0],
                    )
                )
    except csv.Error as problem:
        problems.append(
            Sentence(
                _("Line %(line)s: %(problem)s; nothing after it was read."),
                line=reader.line_num,
                problem=str(problem),
            )
        )
    if problems:
        more = len(problems) - MOST_PROBLEMS
        raise UnreadableUsage(
            problems[:MOST_PROBLEMS]
            + ([Sentence(_("And %(count)s more lines."), count=more)] if more > 0 else [])
        )
    return entries


def _columns(header: list[str]) -> dict[str, int]:
    """Where each column that we need stands, and under "" how many there are."""
    names = [name.strip().lower() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise UnreadableUsage(
            [
                Sentence(
                    _("The first line must name the columns; missing: %(columns)s."),
                    columns=_and(missing),
                )
            ]
        )
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise UnreadableUsage(
            [Sentence(_("The first line names a column twice: %(columns)s."), columns=_and(twice))]
        )
    return {"": len(names), **{name: names.index(name) for name in COLUMNS}}


def _entry(number: int, row: list[str], columns: dict[str, int], now: datetime) -> UsageEntry:
    """Raises ValueError with the reason, to stand after the line's number."""
    if len(row) != columns[""]:
        raise ValueError(
            Sentence(
                _("%(count)s fields where the first line has %(expected)s"),
                count=len(row),
                expected=columns[""],
            )
        )
    request_id, model, cost, time = (row[columns[name]].strip() for name in COLUMNS)
    return UsageEntry(
        number=number,
        request_id=_name("request_id", request_id, MOST_ID_LETTERS),
        model=_name("model", model, MOST_MODEL_LETTERS),
        cost_micros=_micros(cost),
        at=_moment(time, now),
    )


def _name(column: str, said: str, most_letters: int) -> str:
    if not said:
        raise ValueError(Sentence(_("no %(column)s"), column=column))
    if len(said) > most_letters or not said.isprintable():
        raise ValueError(Sentence(_("the %(column)s is no name"), column=column))
    return said


def _micros(said: str) -> int:
    if not COST.fullmatch(said):
        raise ValueError(
            Sentence(
                _("the cost %(cost)s is no amount of dollars, such as 0.0031"), cost=repr(said[:30])
            )
        )
    if len(said.partition(".")[2]) > DECIMALS:
        raise ValueError(
            Sentence(
                _("the cost %(cost)s has more than %(most)s decimals"),
                cost=said[:30],
                most=DECIMALS,
            )
        )
    return int(Decimal(said).scaleb(DECIMALS))


def _moment(said: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(said.upper()) if TIME.fullmatch(said) else None
        at = at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise ValueError(
            Sentence(
                _("the time %(time)s is none, such as 2026-05-22T13:17:32Z"), time=repr(said[:40])
            )
        )
    if at < FIRST_MOMENT:
        raise ValueError(
            Sentence(
                _("the time %(time)s lies before %(year)s"), time=said[:40], year=FIRST_MOMENT.year
            )
        )
    if at > now + FAST_CLOCK:
        raise ValueError(Sentence(_("the time %(time)s lies in the future"), time=said[:40]))
    return at


def _and(names: list[str]) -> str:
    return ", ".join(names)
