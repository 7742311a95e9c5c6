"""How long members wait for reviewers, and what reviewers decide: counted from the decisions made.

The time to a decision runs from when the statement was given until the decision that ended the
wait, the member's own time to answer a question included: it is what the member waited. The first
of two approvals ends nothing. A percentile is the nearest rank: of n values in order, the one at
place ⌈p·n/100⌉, counted from 1 (so it is always a time that somebody really waited).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from jobs.models import (
    Consent,
    ConsentEvent,
    ConsentStatus,
    RejectionReason,
    ReviewDecision,
    ReviewVerdict,
)
from jobs.risks import Risk

PERIODS_DAYS = (1, 7, 30, 90)
DECIDED = (ConsentStatus.APPROVED, ConsentStatus.REJECTED)


@dataclass(frozen=True)
class Waits:
    """How long those waited whose decision was made within so many days; None of nobody."""

    days: int
    count: int
    median: timedelta | None
    percentile_95: timedelta | None


@dataclass(frozen=True)
class ReviewerTally:
    """What one reviewer decided."""

    reviewer: str
    approved: int
    rejected: int
    asked: int


@dataclass(frozen=True)
class ReasonTally:
    """How often a rejection gave this reason."""

    reason: str
    count: int


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    """The nearest rank of values in ascending order; `percent` from 1 to 100."""
    if not ordered:
        return None
    return ordered[-(-percent * len(ordered) // 100) - 1]


def waits(now: datetime) -> list[Waits]:
    """For each period that ends now; one query for all."""
    since = now - timedelta(days=max(PERIODS_DAYS))
    ended = ConsentEvent.objects.filter(
        at__gt=since, from_status=ConsentStatus.PENDING_REVIEW, to_status__in=DECIDED
    ).values_list("at", "consent__created_at")
    times = [(at, at - given_at) for at, given_at in ended]
    found = []
    for days in PERIODS_DAYS:
        first = now - timedelta(days=days)
        ordered = sorted(waited for at, waited in times if at > first)
        found.append(Waits(days, len(ordered), percentile(ordered, 50), percentile(ordered, 95)))
    return found


def by_reviewer(*, since: datetime) -> list[ReviewerTally]:
    """Both of two approvals count: each is a person's decision."""
    rows = (
        ReviewDecision.objects.filter(at__gt=since)
        .values("reviewer__email")
        .annotate(
            approved=Count("pk", filter=Q(verdict=ReviewVerdict.APPROVE)),
            rejected=Count("pk", filter=Q(verdict=ReviewVerdict.REJECT)),
            asked=Count("pk", filter=Q(verdict=ReviewVerdict.ASK)),
        )
        .order_by("reviewer__email")
    )
    return [
        ReviewerTally(row["reviewer__email"], row["approved"], row["rejected"], row["asked"])
        for row in rows
    ]


def by_reason(*, since: datetime) -> list[ReasonTally]:
    """Every reason there is, also those that nobody gave."""
    rows = (
        ReviewDecision.objects.filter(at__gt=since, verdict=ReviewVerdict.REJECT)
        .values_list("reason_code")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counted = dict(rows)
    return [ReasonTally(str(one.label), counted.get(one.value, 0)) for one in RejectionReason]


@dataclass(frozen=True)
class Waiting:
    """What is undecided now; `flags` only of what a reviewer can decide."""

    waiting: int
    mine: int
    asked: int
    oldest: datetime | None
    flags: list[tuple[Risk, int]]


def waiting_now(reviewer: object, *, now: datetime) -> Waiting:
    """One query."""
    pending = Q(status=ConsentStatus.PENDING_REVIEW)
    to_review = Consent.objects.to_review()
    counted = to_review.aggregate(
        waiting=Count("pk", filter=pending),
        mine=Count("pk", filter=pending & Q(claimed_by=reviewer, claimed_until__gt=now)),
        asked=Count("pk", filter=Q(status=ConsentStatus.QUESTIONED)),
        oldest=Min("created_at", filter=pending),
        **{
            f"flag_{risk.value}": Count("pk", filter=pending & Q(risks__contains=f"|{risk}|"))
            for risk in Risk
        },
    )
    return Waiting(
        counted["waiting"],
        counted["mine"],
        counted["asked"],
        counted["oldest"],
        [(risk, counted[f"flag_{risk.value}"]) for risk in Risk],
    )
