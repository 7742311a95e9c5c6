"""How long members wait for reviewers, and what reviewers decide: counted from the decisions made.

The time to a decision runs from when the statement was given until the decision that ended the
wait, the member's own time to answer a question included: it is what the member waited. The first
of two approvals ends nothing. A percentile is the nearest rank: of n values in order, the one at
place ⌈p·n/100⌉, counted from 1 (so it is always a time that somebody really waited).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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
from jobs.models.consent import ConsentQuerySet
from jobs.risks import Risk
from jobs.rows import CANNOT_BE_READ, read

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


@dataclass(frozen=True)
class Figures:
    """All of the page. `left_out` counts rows that can't be read; `consent_proof` says which."""

    counts: Waiting
    waits: list[Waits]
    by_reviewer: list[ReviewerTally]
    by_reason: list[ReasonTally]
    left_out: int


def figures(reviewer: object, *, now: datetime, since: datetime) -> Figures:
    """The waits of all periods until now; what was decided `since`. Four queries."""
    counts = waiting_now(reviewer, now=now)
    periods, events_lost = waits(now)
    decided = ReviewDecision.objects.filter(at__gt=since).select_related("reviewer")
    decisions, lost = read(decided.only("at", "verdict", "reason_code", "reviewer__email"))
    return Figures(
        counts=counts,
        waits=periods,
        by_reviewer=by_reviewer(decisions),
        by_reason=by_reason(decisions),
        left_out=counts.left_out + events_lost + len(lost),
    )


def waits(now: datetime) -> tuple[list[Waits], int]:
    """For each period that ends now, and how many rows could not be read; one query for all."""
    since = now - timedelta(days=max(PERIODS_DAYS))
    ended = ConsentEvent.objects.filter(
        at__gt=since, from_status=ConsentStatus.PENDING_REVIEW, to_status__in=DECIDED
    )
    dated = ended.select_related("consent").only("at", "consent__created_at")
    events, lost = read(dated, beside=["consent"])
    times = [(event.at, event.at - event.consent.created_at) for event in events]
    found = []
    for days in PERIODS_DAYS:
        first = now - timedelta(days=days)
        ordered = sorted(waited for at, waited in times if at > first)
        found.append(Waits(days, len(ordered), percentile(ordered, 50), percentile(ordered, 95)))
    return found, len(lost)


def by_reviewer(decisions: Iterable[ReviewDecision]) -> list[ReviewerTally]:
    """Both of two approvals count: each is a person's decision."""
    said: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for decision in decisions:
        said[decision.reviewer.email][decision.verdict] += 1
    return [
        ReviewerTally(
            reviewer,
            approved=verdicts[ReviewVerdict.APPROVE],
            rejected=verdicts[ReviewVerdict.REJECT],
            asked=verdicts[ReviewVerdict.ASK],
        )
        for reviewer, verdicts in sorted(said.items())
    ]


def by_reason(decisions: Iterable[ReviewDecision]) -> list[ReasonTally]:
    """Every reason there is, also those that nobody gave."""
    rejections = (one for one in decisions if one.verdict == ReviewVerdict.REJECT)
    counted = Counter(one.reason_code for one in rejections)
    return [ReasonTally(str(one.label), counted[one.value]) for one in RejectionReason]


@dataclass(frozen=True)
class Waiting:
    """What is undecided now; `flags` only of what a reviewer can decide."""

    waiting: int
    mine: int
    asked: int
    oldest: datetime | None
    flags: list[tuple[Risk, int]]
    left_out: int = 0


def waiting_now(reviewer: object, *, now: datetime) -> Waiting:
    """Two queries."""
    pending = Q(status=ConsentStatus.PENDING_REVIEW)
    to_review = Consent.objects.to_review()
    counted = to_review.aggregate(
        waiting=Count("pk", filter=pending),
        mine=Count("pk", filter=pending & Q(claimed_by=reviewer, claimed_until__gt=now)),
        asked=Count("pk", filter=Q(status=ConsentStatus.QUESTIONED)),
        **{
            f"flag_{risk.value}": Count("pk", filter=pending & Q(risks__contains=f"|{risk}|"))
            for risk in Risk
        },
    )
    oldest, left_out = _oldest(to_review.filter(pending))
    return Waiting(
        counted["waiting"],
        counted["mine"],
        counted["asked"],
        oldest,
        [(risk, counted[f"flag_{risk.value}"]) for risk in Risk],
        left_out,
    )


def _oldest(waiting: ConsentQuerySet) -> tuple[datetime | None, int]:
    """When the one was given that waits longest; and how many say no time that can be read."""
    try:
        return waiting.aggregate(oldest=Min("created_at"))["oldest"], 0
    except CANNOT_BE_READ:
        dated, lost = read(waiting.only("created_at"))
        return min((consent.created_at for consent in dated), default=None), len(lost)
