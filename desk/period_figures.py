"""The figures of a period on the billing overview: what came in and went out, by day and model.

Amounts are whole micro-dollars; days are UTC. However long the period and however many members, the
number of queries is the same (`PERIOD_QUERIES`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Self

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, TruncDate

from accounts.models import Transfer, TransferKind
from jobs.catalog import MODELS
from jobs.models import Attempt, RestorationJob
from jobs.models.attempt import COST
from jobs.reconciliation import ONE_DAY, start_of
from jobs.states import JobState

PERIOD_QUERIES = 5
MOST_DAYS = 366
MEMBERS_SHOWN = 20
IN_VAIN_SHOWN = 50
FAILURES = (JobState.FAILED, JobState.ERROR)
K = TransferKind
# The figures of a Tally that a movement makes greater or smaller.
COUNTED: dict[str, tuple[tuple[str, int], ...]] = {
    K.CAPTURE: (("captured", +1),),
    K.REFUND: (("refunded", +1),),
    K.TOP_UP: (("topped_up", +1),),
    K.BONUS: (("bonus", +1),),
    K.BONUS_BACK: (("bonus", -1),),
    K.PAYOUT: (("returned", +1),),
    K.REINSTATED: (("returned", -1),),
    K.LOSS: (("returned", +1), ("borne", +1)),
    K.RECOVERY: (("returned", -1), ("borne", -1)),
    K.DEBT_PAID: (("borne", -1),),
    K.DEBT_BACK: (("borne", +1),),
    K.WAIVED: (("waived", +1),),
    K.UNWAIVED: (("waived", -1),),
}


@dataclass(frozen=True)
class Period:
    """Whole days, first and last included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return start_of(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that is no longer in it."""
        return start_of(self.last) + ONE_DAY

    @property
    def days(self) -> list[date]:
        return [self.first + n * ONE_DAY for n in range((self.last - self.first).days + 1)]


@dataclass
class Tally:
    """What happened in a day, to a model, or in all.

    `vendor_cost` is what the vendor takes for what it completed; `in_vain`, what it may have taken
    for submissions of which we never learned the end and which were sent once more, or for which
    their member stopped waiting. `waived` is what free restorations would have brought; what the
    vendor takes for them is in `vendor_cost`. `returned` is what cards took back less what came
    again from them; `borne`, how much of it no member has paid. These two, `waived` and `bonus` may
    fall below nothing in a period: what came back came back then.
    """

    captured: int = 0
    refunded: int = 0
    vendor_cost: int = 0
    in_vain: int = 0
    topped_up: int = 0
    bonus: int = 0
    returned: int = 0
    borne: int = 0
    waived: int = 0
    delivered: int = 0
    failed: int = 0

    @property
    def revenue(self) -> int:
        return self.captured - self.refunded

    @property
    def cost(self) -> int:
        return self.vendor_cost + self.in_vain

    @property
    def margin(self) -> int:
        return self.revenue - self.cost

    @property
    def is_empty(self) -> bool:
        """Whether every figure is nothing."""
        return not any(vars(self).values())

    def __iadd__(self, other: Tally) -> Self:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


@dataclass(frozen=True)
class Spender:
    """A member, and what they paid in a period: charges less refunds."""

    member_id: int
    email: str
    spent: int
    jobs: int


@dataclass
class PeriodFigures:
    """A period by day and by model. The model "" is money that no job explains."""

    period: Period
    cells: dict[tuple[date, str], Tally] = field(default_factory=dict)
    spenders: list[Spender] = field(default_factory=list)
    in_vain: list[Attempt] = field(default_factory=list)

    def cell(self, day: date, model_key: str) -> Tally:
        return self.cells.setdefault((day, model_key), Tally())

    @property
    def total(self) -> Tally:
        return _sum(self.cells.values())

    @property
    def by_day(self) -> dict[date, Tally]:
        """Every day of the period, also those on which nothing happened."""
        days = {day: Tally() for day in self.period.days}
        for (day, _key), tally in self.cells.items():
            days[day] += tally
        return days

    @property
    def by_model(self) -> dict[str, Tally]:
        """Every model of the catalogue, then what was charged without a job, if anything was."""
        models = {key: Tally() for key in [*MODELS, ""]}
        for (_day, key), tally in self.cells.items():
            models.setdefault(key, Tally())
            models[key] += tally
        if not (models[""].captured or models[""].refunded):
            del models[""]
        return models

    def failures_of(self, model_key: str) -> list[int]:
        """How many failed on each day of the period."""
        return [self.cells.get((day, model_key), Tally()).failed for day in self.period.days]


def of_period(period: Period) -> PeriodFigures:
    """What came in and went out, by day and model. `PERIOD_QUERIES` queries."""
    figures = PeriodFigures(period)
    for row in _moved(period):
        tally = figures.cell(row["day"], row["model"] or "")
        for name, sign in COUNTED[row["kind"]]:
            setattr(tally, name, getattr(tally, name) + sign * row["micros"])
    for row in _bought(period):
        tally = figures.cell(row["day"], row["job__model_key"])
        tally.vendor_cost += row["vendor_cost"] or 0
        tally.in_vain += row["in_vain"] or 0
    for row in _ended(period):
        tally = figures.cell(row["day"], row["model_key"])
        tally.delivered += row["delivered"]
        tally.failed += row["failed"]
    figures.spenders = _spenders(period)
    figures.in_vain = list(_in_vain(period)[:IN_VAIN_SHOWN])
    return figures


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total += tally
    return total


def _moved(period: Period) -> Iterable[Any]:
    """Transfers by day, kind and the model whose job they belong to."""
    model = RestorationJob.objects.filter(hold=OuterRef("hold")).values("model_key")[:1]
    return (
        Transfer.objects.filter(
            created_at__gte=period.begin,
            created_at__lt=period.end,
            kind__in=COUNTED,
        )
        .annotate(day=TruncDate("created_at", tzinfo=UTC), model=Subquery(model))
        .values("day", "kind", "model")
        .annotate(micros=Sum("amount_micros"))
        .order_by()
    )


def _bought(period: Period) -> Iterable[Any]:
    """Completed attempts, and those that may have been bought in vain, by day and model."""
    completed = Q(completed_at__gte=period.begin, completed_at__lt=period.end)
    in_vain = Q(
        completed_at=None,
        house_cost_micros__gt=0,
        created_at__gte=period.begin,
        created_at__lt=period.end,
    )
    return (
        Attempt.objects.filter(completed | in_vain)
        .annotate(day=TruncDate(Coalesce("completed_at", "created_at"), tzinfo=UTC))
        .values("day", "job__model_key")
        .annotate(
            vendor_cost=Sum(COST, filter=completed),
            in_vain=Sum("house_cost_micros", filter=in_vain),
        )
        .order_by()
    )


def _in_vain(period: Period) -> QuerySet[Attempt]:
    """What the house may have paid for and no member did, newest first, completed since or not."""
    later = Attempt.objects.filter(job=OuterRef("job"), number__gt=OuterRef("number"))
    return (
        Attempt.objects.filter(
            house_cost_micros__gt=0, created_at__gte=period.begin, created_at__lt=period.end
        )
        .annotate(replaced=Exists(later))
        .select_related("job__owner")
        .order_by("-created_at", "-pk")
    )


def _ended(period: Period) -> Iterable[Any]:
    """How many jobs ended well or badly, by day and model."""
    return (
        RestorationJob.objects.filter(
            ended_at__gte=period.begin,
            ended_at__lt=period.end,
            state__in=[JobState.DELIVERED, *FAILURES],
        )
        .annotate(day=TruncDate("ended_at", tzinfo=UTC))
        .values("day", "model_key")
        .annotate(
            delivered=Count("pk", filter=Q(state=JobState.DELIVERED)),
            failed=Count("pk", filter=Q(state__in=FAILURES)),
        )
        .order_by()
    )


def _spenders(period: Period) -> list[Spender]:
    """Who paid most, charges less refunds; members with neither don't stand here."""
    signed = Case(
        When(kind=K.CAPTURE, then=F("amount_micros")),
        default=-F("amount_micros"),
    )
    rows = (
        Transfer.objects.filter(
            kind__in=[K.CAPTURE, K.REFUND],
            created_at__gte=period.begin,
            created_at__lt=period.end,
        )
        .values("wallet__user", "wallet__user__email")
        .annotate(spent=Sum(signed), jobs=Count("hold", distinct=True))
        .order_by("-spent", "wallet__user")[:MEMBERS_SHOWN]
    )
    return [
        Spender(row["wallet__user"], row["wallet__user__email"], row["spent"], row["jobs"])
        for row in rows
    ]
