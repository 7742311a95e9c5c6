"""A day in both books, UTC: what the vendor billed for it, and what we had expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Sum

from jobs.models import Attempt, Finding, UsageLine

VENDOR = "pixazo"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DayTotals:
    """A day in both books, in micro-dollars."""

    line_count: int = 0
    billed_micros: int = 0
    expected_micros: int = 0
    finding_count: int = 0


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def totals_of(first: date, last: date) -> dict[date, DayTotals]:
    """Both books by day, for the days on which something is in either; three queries."""
    billed = {
        row["day"]: row
        for row in UsageLine.objects.filter(day__range=(first, last))
        .values("day")
        .annotate(count=Count("pk"), micros=Sum("cost_micros"))
        .order_by()
    }
    expected = Attempt.objects.filter(
        vendor=VENDOR, completed_at__gte=start_of(first), completed_at__lt=start_of(last) + ONE_DAY
    ).cost_by_day()
    findings = dict(
        Finding.objects.filter(day__range=(first, last))
        .values_list("day")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {
        day: DayTotals(
            line_count=billed[day]["count"] if day in billed else 0,
            billed_micros=billed[day]["micros"] if day in billed else 0,
            expected_micros=expected.get(day, 0),
            finding_count=findings.get(day, 0),
        )
        for day in sorted({*billed, *expected, *findings})
    }
