"""The days of the vendor's bill beside ours, as the reconciliation's pages show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Q
from django.db.models.functions import TruncMonth

from accounts.models import Transfer, TransferKind
from jobs import reconciliation
from jobs.catalog import VENDORS
from jobs.models import Attempt, DayClose, Finding, FindingKind, UsageLine
from jobs.reconciliation import ONE_DAY, VENDOR, DayTotals

FINDINGS_SHOWN = 200  # of a kind; all of them stand in the CSV


@dataclass(frozen=True)
class DaySheet:
    """A day: both books, what is still open, and whether its close stands."""

    day: date
    totals: DayTotals
    open_count: int = 0
    close: DayClose | None = None
    last_line_at: datetime | None = None

    @property
    def difference_micros(self) -> int:
        return self.totals.billed_micros - self.totals.expected_micros

    @property
    def came_since(self) -> bool:
        """Closed, but lines or findings came afterwards."""
        return self.close is not None and (
            self.open_count > 0
            or (self.last_line_at is not None and self.last_line_at > self.close.closed_at)
        )

    @property
    def is_closed(self) -> bool:
        return self.close is not None and not self.came_since


@dataclass(frozen=True)
class FindingGroup:
    """The findings of one kind on a day, those to be explained first."""

    kind: FindingKind
    findings: list[Finding]
    count: int
    open_count: int
    refunds: Mapping[int, list[Transfer]]  # of an orphan's charge, by its hold

    def rows(self) -> list[tuple[Finding, list[Transfer]]]:
        """Each with what was given back of its charge: that may be all that there is to explain."""
        return [
            (one, self.refunds.get((one.attempt and one.attempt.job.hold_id) or 0, []))
            for one in self.findings
        ]

    @property
    def hidden_count(self) -> int:
        return self.count - len(self.findings)


def sheets(first: date, last: date) -> list[DaySheet]:
    """The days from `first` to `last` on which something is, newest first; six queries."""
    totals = reconciliation.totals_of(first, last)
    days = (first, last)
    open_counts = dict(
        Finding.objects.unexplained()
        .filter(day__range=days)
        .values_list("day")
        .annotate(count=Count("pk"))
        .order_by()
    )
    newest = dict(
        UsageLine.objects.filter(day__range=days)
        .values_list("day")
        .annotate(at=Max("usage_import__imported_at"))
        .order_by()
    )
    closes = {
        close.day: close
        for close in DayClose.objects.filter(vendor=VENDOR, day__range=days)
        .select_related("closed_by")
        .order_by("number")
    }
    return [
        DaySheet(
            day=day,
            totals=totals.get(day, DayTotals()),
            open_count=open_counts.get(day, 0),
            close=closes.get(day),
            last_line_at=newest.get(day),
        )
        for day in sorted({*totals, *closes}, reverse=True)
    ]


@dataclass(frozen=True)
class Elsewhere:
    """What other vendors than the reconciled one completed in these days, and should bill."""

    days: list[Any]  # of `AttemptQuerySet.bought_by_day`, each with its `name`
    count: int
    micros: int


def elsewhere(first: date, last: date) -> Elsewhere:
    """One query."""
    rows = (
        Attempt.objects.filter(
            completed_at__gte=reconciliation.start_of(first),
            completed_at__lt=reconciliation.start_of(last) + ONE_DAY,
        )
        .exclude(vendor=VENDOR)
        .bought_by_day()
    )
    return Elsewhere(
        [{**row, "name": VENDORS.get(row["vendor"], row["vendor"])} for row in rows],
        sum(row["count"] for row in rows),
        sum(row["micros"] for row in rows),
    )


@dataclass(frozen=True)
class ComparedDay:
    """A day of fal's own account beside what we expect of it, in micro-dollars."""

    day: date
    count: int
    expected_micros: int
    billed_micros: int

    @property
    def difference_micros(self) -> int:
        return self.billed_micros - self.expected_micros


def compared_with_fal(billed: Mapping[date, int]) -> list[ComparedDay]:
    """Every day from the first to the last that fal speaks of, newest first; one query."""
    if not billed:
        return []
    ours = {
        row["day"]: row
        for row in elsewhere(min(billed), max(billed)).days
        if row["vendor"] == "fal"
    }
    return [
        ComparedDay(
            day,
            ours[day]["count"] if day in ours else 0,
            ours[day]["micros"] if day in ours else 0,
            billed.get(day, 0),
        )
        for day in sorted({*billed, *ours}, reverse=True)
    ]


def sheet(day: date) -> DaySheet:
    return next(iter(sheets(day, day)), DaySheet(day, DayTotals()))


def is_over(day: date, now: datetime) -> bool:
    return now >= reconciliation.start_of(day) + ONE_DAY


def groups(day: date) -> list[FindingGroup]:
    """What differs on a day, by kind; two queries a kind at most."""
    counts = {
        row["kind"]: row
        for row in Finding.objects.filter(day=day)
        .values("kind")
        .annotate(count=Count("pk"), still_open=Count("pk", filter=Q(closed_at=None)))
        .order_by()
    }
    return [
        _group(day, kind, counts[kind]["count"], counts[kind]["still_open"])
        for kind in FindingKind
        if kind in counts
    ]


def _group(day: date, kind: FindingKind, count: int, open_count: int) -> FindingGroup:
    findings = list(
        Finding.objects.filter(day=day, kind=kind)
        .select_related("attempt__job__owner", "line__usage_import", "closed_by")
        .order_by(F("closed_at").desc(nulls_first=True), "pk")[:FINDINGS_SHOWN]
    )
    refunds: defaultdict[int, list[Transfer]] = defaultdict(list)
    if kind == FindingKind.ORPHANED:
        holds = [one.attempt.job.hold_id for one in findings if one.attempt]
        made = Transfer.objects.filter(kind=TransferKind.REFUND, hold__in=holds)
        for refund in made.select_related("actor").order_by("pk"):
            refunds[refund.hold_id or 0].append(refund)
    return FindingGroup(kind, findings, count, open_count, refunds)


def open_by_month() -> list[tuple[date, int]]:
    """How many lines are to be explained in each month that has any; one query."""
    return list(
        Finding.objects.unexplained()
        .annotate(month=TruncMonth("day"))
        .values_list("month")
        .annotate(count=Count("pk"))
        .order_by("month")
    )
