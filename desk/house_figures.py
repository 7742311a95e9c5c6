"""How the house stands now, on the billing overview: its accounts, what is set aside, the vendor.

Amounts are whole micro-dollars. However many members and jobs there are, the number of queries is
the same (`HOUSE_QUERIES`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.ledger import ROUTES
from accounts.models import Account, Transfer, TransferKind
from desk.gateway import REFUSALS
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.reconciliation import ONE_DAY
from jobs.states import JobState

HOUSE_QUERIES = 8
HOLDS_SHOWN = 10
HOUSE_ACCOUNTS = (Account.FUNDING, Account.PROMO, Account.HOUSE, Account.REVENUE)
K = TransferKind
AGES = (
    (_("For less than an hour"), timedelta(0), timedelta(hours=1)),
    (_("For less than a day"), timedelta(hours=1), timedelta(days=1)),
    (_("For less than a week"), timedelta(days=1), timedelta(days=7)),
    (_("For a week or more"), timedelta(days=7), None),
)


@dataclass(frozen=True)
class Held:
    """Money set aside: the sum by age, and the holds that have waited longest."""

    by_age: list[tuple[str, int, int]]  # words, holds, micro-dollars
    total: int
    oldest: list[Transfer]
    jobs: dict[str, RestorationJob]

    def rows(self) -> list[tuple[Transfer, RestorationJob | None]]:
        return [(hold, self.jobs.get(hold.reference)) for hold in self.oldest]


@dataclass(frozen=True)
class VendorHealth:
    """How the vendor has answered our submissions in the last day."""

    refusals: list[tuple[int, int, datetime]]  # HTTP status, how often, the last time
    newest: Attempt | None
    last_success: datetime | None
    waiting_jobs: int
    unknown_jobs: int
    unknown_attempts: int

    @property
    def refused_with(self) -> int | None:
        """The status of the newest answered submission, if it was a refusal."""
        newest = self.newest
        if newest is None or newest.outcome != AttemptOutcome.NOT_ACCEPTED:
            return None
        return newest.http_status if newest.http_status in REFUSALS else None


@dataclass(frozen=True)
class HouseFigures:
    """How things stand now, whatever the period."""

    accounts: list[tuple[Account, int]]
    members_have: int
    held: Held
    vendor: VendorHealth


def of_house(now: datetime) -> HouseFigures:
    """The house's accounts, what is set aside, and the vendor. `HOUSE_QUERIES` queries."""
    sums = dict(
        Transfer.objects.values_list("kind").annotate(micros=Sum("amount_micros")).order_by()
    )
    accounts = dict.fromkeys(Account, 0)
    for kind, (out_of, into) in ROUTES.items():
        accounts[out_of] -= sums.get(kind, 0)
        accounts[into] += sums.get(kind, 0)
    return HouseFigures(
        accounts=[(account, accounts[account]) for account in HOUSE_ACCOUNTS],
        members_have=accounts[Account.AVAILABLE] + accounts[Account.HELD],
        held=_held(now),
        vendor=_vendor(now),
    )


def _held(now: datetime) -> Held:
    """Three queries."""
    holds = _open_holds()
    sums: dict[str, Any] = {}
    for number, (_words, youngest, oldest) in enumerate(AGES):
        age = Q(created_at__gt=now - oldest) if oldest else Q()
        if youngest:
            age &= Q(created_at__lte=now - youngest)
        sums[f"count{number}"] = Count("pk", filter=age)
        sums[f"micros{number}"] = Sum("open_micros", filter=age, default=0)
    found = holds.aggregate(**sums)
    oldest_holds = list(
        holds.select_related("wallet__user").order_by("created_at", "pk")[:HOLDS_SHOWN]
    )
    jobs = RestorationJob.objects.filter(hold__in=oldest_holds).select_related("owner")
    return Held(
        by_age=[
            (str(words), found[f"count{number}"], found[f"micros{number}"])
            for number, (words, _youngest, _oldest) in enumerate(AGES)
        ],
        total=sum(found[f"micros{number}"] for number in range(len(AGES))),
        oldest=oldest_holds,
        jobs={str(job.pk): job for job in jobs},
    )


def _open_holds() -> QuerySet[Any]:
    """Holds of which something is still set aside, with how much."""
    settled = (
        Transfer.objects.filter(hold=OuterRef("pk"), kind__in=[K.CAPTURE, K.RELEASE])
        .values("hold")
        .annotate(micros=Sum("amount_micros"))
        .values("micros")
    )
    return (
        Transfer.objects.filter(kind=K.HOLD, wallet__held_micros__gt=0)
        .annotate(
            open_micros=F("amount_micros")
            - Coalesce(Subquery(settled, output_field=BigIntegerField()), 0)
        )
        .filter(open_micros__gt=0)
    )


def _vendor(now: datetime) -> VendorHealth:
    """Four queries, each led by an index, however long the house has been open."""
    answered = Attempt.objects.filter(answered_at__isnull=False)
    today = answered.filter(answered_at__gt=now - ONE_DAY)
    refused = today.filter(http_status__in=REFUSALS, outcome=AttemptOutcome.NOT_ACCEPTED)
    refusals = list(
        refused.values_list("http_status")
        .annotate(count=Count("pk"), last=Max("answered_at"))
        .order_by("http_status")
    )
    newest_refusal = (
        Attempt.objects.filter(job=OuterRef("pk")).order_by("-number").values("http_status")[:1]
    )
    jobs = (
        RestorationJob.objects.filter(state__in=[JobState.READY, JobState.UNKNOWN])
        .annotate(refused_with=Subquery(newest_refusal))
        .aggregate(
            waiting=Count("pk", filter=Q(state=JobState.READY, refused_with__in=REFUSALS)),
            unknown=Count("pk", filter=Q(state=JobState.UNKNOWN)),
        )
    )
    latest = list(
        answered.filter(
            Q(pk__in=answered.order_by("-answered_at").values("pk")[:1])
            | Q(
                pk__in=answered.filter(outcome=AttemptOutcome.ACCEPTED)
                .order_by("-answered_at")
                .values("pk")[:1]
            )
        ).order_by("-answered_at")
    )
    accepted = [attempt for attempt in latest if attempt.outcome == AttemptOutcome.ACCEPTED]
    return VendorHealth(
        refusals=refusals,
        newest=latest[0] if latest else None,
        last_success=accepted[0].answered_at if accepted else None,
        waiting_jobs=jobs["waiting"],
        unknown_jobs=jobs["unknown"],
        unknown_attempts=Attempt.objects.filter(
            created_at__gt=now - ONE_DAY, outcome=AttemptOutcome.UNKNOWN
        ).count(),
    )
