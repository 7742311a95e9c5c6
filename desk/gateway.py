"""The figures of the gateway page: how each vendor answers, what waits, what the house paid for.

However many attempts and jobs there are, the number of queries is the same (`GATEWAY_QUERIES`).
Times to an answer and to completion are of the newest `ATTEMPTS_TIMED` attempts of the last day; a
percentile is the nearest rank, as in `desk.review_figures`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When, Window
from django.db.models.functions import RowNumber
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from desk.review_figures import percentile
from jobs.catalog import MODELS, VENDORS
from jobs.models import (
    Attempt,
    AttemptOutcome,
    Breaker,
    BreakerEvent,
    BreakerState,
    RestorationJob,
)
from jobs.states import TERMINAL, UNSENT, JobState
from jobs.vendors import reachable

GATEWAY_QUERIES = 7
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
ATTEMPTS_TIMED = 5_000
EVENTS_SHOWN = 8
BOUGHT_SHOWN = 20
ACCOUNT_REFUSED = (401, 402, 403)
REFUSALS = (*ACCOUNT_REFUSED, 429)  # of us, whatever the photo
_NOT_ACCEPTED = Q(outcome=AttemptOutcome.NOT_ACCEPTED, answered_at__isnull=False)
# What a submission can have come to; together they are all of them.
OUTCOMES: dict[str, tuple[Promise, Q]] = {
    "accepted": (gettext_lazy("Accepted"), Q(outcome=AttemptOutcome.ACCEPTED)),
    "refused": (
        gettext_lazy("This photo refused"),
        _NOT_ACCEPTED & Q(http_status__isnull=False) & ~Q(http_status__in=REFUSALS),
    ),
    "blocked": (
        gettext_lazy("Our account refused (401, 402, 403)"),
        _NOT_ACCEPTED & Q(http_status__in=ACCOUNT_REFUSED),
    ),
    "throttled": (gettext_lazy("Asked to wait (429)"), _NOT_ACCEPTED & Q(http_status=429)),
    "unreachable": (gettext_lazy("Not reached"), _NOT_ACCEPTED & Q(http_status=None)),
    "unclear": (gettext_lazy("Unclear whether accepted"), Q(outcome=AttemptOutcome.UNKNOWN)),
    "open": (gettext_lazy("No answer yet"), Q(outcome=AttemptOutcome.OPEN)),
    "never": (
        gettext_lazy("Held back before sending"),
        Q(outcome=AttemptOutcome.NOT_ACCEPTED, answered_at=None),
    ),
}


@dataclass(frozen=True)
class Rate:
    """How often submissions came to this, in the last hour and the last day."""

    words: Promise
    hour: int
    day: int
    of_hour: int
    of_day: int


@dataclass(frozen=True)
class Latency:
    """Of a day's attempts: how many were timed, half of them at most so long, 95 of 100 so long."""

    count: int
    median: timedelta | None
    percentile_95: timedelta | None


@dataclass(frozen=True)
class VendorFigures:
    """One vendor: may it be sent to, and how did it do?"""

    key: str
    name: str
    breaker: Breaker
    now: datetime
    rates: list[Rate]
    to_answer: Latency
    to_completion: Latency
    diary: list[BreakerEvent] = field(default_factory=list)
    stands_in_for: str = ""  # the vendor that works, so that nothing would go to this one now

    @property
    def is_stopped(self) -> bool:
        return self.breaker.state == BreakerState.OPEN

    @property
    def is_waiting(self) -> bool:
        return self.breaker.wait_until is not None and self.breaker.wait_until > self.now

    @property
    def submissions(self) -> int:
        """In the last day."""
        return sum(rate.day for rate in self.rates)


@dataclass(frozen=True)
class Waiting:
    """The unfinished jobs in one state, and the one that has been in wait longest."""

    state: JobState
    count: int
    oldest: RestorationJob
    since: datetime


@dataclass(frozen=True)
class Bought:
    """What the house paid for, or may have, and no member: the last thirty days'."""

    count: int
    micros: int
    newest: list[Attempt]


@dataclass(frozen=True)
class GatewayFigures:
    """All of the page."""

    vendors: list[VendorFigures]
    waiting: list[Waiting]
    bought: Bought


def of_gateway(now: datetime) -> GatewayFigures:
    """`GATEWAY_QUERIES` queries."""
    breakers = Breaker.objects.in_bulk()
    rates = _rates(now)
    times = _times(now)
    diaries = _diaries()
    used = reachable()
    shown = [key for key in VENDORS if key in used or key in breakers or key in rates]
    return GatewayFigures(
        vendors=[
            VendorFigures(
                key=key,
                name=VENDORS[key],
                breaker=breakers.get(key) or Breaker(vendor=key),
                now=now,
                rates=_shares(rates.get(key, {})),
                to_answer=_latency(answer for answer, _ in times[key]),
                to_completion=_latency(completion for _, completion in times[key]),
                diary=diaries[key],
                stands_in_for=_stands_in_for(key, breakers),
            )
            for key in shown
        ],
        waiting=_waiting(),
        bought=_bought(now),
    )


def any_stopped() -> QuerySet[Breaker]:
    """The vendors that refuse our account now."""
    return Breaker.objects.filter(state=BreakerState.OPEN)


def _stands_in_for(vendor: str, breakers: dict[str, Breaker]) -> str:
    """Whose place this vendor takes only when that one is stopped, which it isn't; else nothing.

    A try would find no job: `breaker.Gates.ways` lets none go there.
    """
    usual = {model.usual.vendor for model in MODELS.values()}
    if vendor in usual:
        return ""
    first = {
        model.usual.vendor
        for model in MODELS.values()
        if any(route.vendor == vendor for route in model.routes)
    }
    working = [
        key for key in first if key not in breakers or breakers[key].state != BreakerState.OPEN
    ]
    return VENDORS[working[0]] if working and len(working) == len(first) else ""


def _rates(now: datetime) -> dict[str, dict[str, Any]]:
    counts: dict[str, Any] = {}
    for key, (_, outcome) in OUTCOMES.items():
        counts[f"{key}_day"] = Count("pk", filter=outcome)
        counts[f"{key}_hour"] = Count("pk", filter=outcome & Q(created_at__gt=now - HOUR))
    rows: Iterable[Any] = (
        Attempt.objects.filter(created_at__gt=now - DAY)
        .values("vendor")
        .annotate(**counts)
        .order_by()
    )
    return {row["vendor"]: row for row in rows}


def _shares(counted: dict[str, Any]) -> list[Rate]:
    hours = {key: counted.get(f"{key}_hour", 0) for key in OUTCOMES}
    days = {key: counted.get(f"{key}_day", 0) for key in OUTCOMES}
    return [
        Rate(words, hours[key], days[key], sum(hours.values()), sum(days.values()))
        for key, (words, _) in OUTCOMES.items()
    ]


def _times(now: datetime) -> dict[str, list[tuple[timedelta | None, timedelta | None]]]:
    """By vendor: how long until the answer, and until we knew of the completion."""
    rows: Iterable[Any] = (
        Attempt.objects.filter(created_at__gt=now - DAY, answered_at__isnull=False)
        .order_by("-created_at")
        .values_list("vendor", "created_at", "answered_at", "completed_at")[:ATTEMPTS_TIMED]
    )
    found: dict[str, list[tuple[timedelta | None, timedelta | None]]] = defaultdict(list)
    for vendor, created_at, answered_at, completed_at in rows:
        found[vendor].append((answered_at - created_at, completed_at and completed_at - created_at))
    return found


def _latency(times: Iterable[timedelta | None]) -> Latency:
    ordered = sorted(time for time in times if time is not None)
    return Latency(len(ordered), percentile(ordered, 50), percentile(ordered, 95))


def _diaries() -> dict[str, list[BreakerEvent]]:
    newest = Window(RowNumber(), partition_by=F("vendor"), order_by=F("pk").desc())
    found: dict[str, list[BreakerEvent]] = defaultdict(list)
    for event in (
        BreakerEvent.objects.annotate(place=newest)
        .filter(place__lte=EVENTS_SHOWN)
        .select_related("by")
    ):
        found[event.vendor].append(event)
    return found


def _waiting() -> list[Waiting]:
    """In the journey's order; states in which nothing is are left out."""
    since = Case(
        When(state=JobState.COMPLETED, then=F("completed_at")),
        When(state__in=[*UNSENT, JobState.SUBMITTING], then=F("created_at")),
        default=F("submitted_at"),
    )
    jobs: Iterable[Any] = (
        RestorationJob.objects.filter(state__in=[s for s in JobState if s not in TERMINAL])
        .annotate(since=since)
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("state"), order_by=[F("since").asc(), F("pk").asc()]
            ),
            among=Window(Count("pk"), partition_by=F("state")),
        )
        .filter(place=1)
        .select_related("owner")
    )
    found = {
        job.state: Waiting(JobState(job.state), job.among, job, job.since or job.created_at)
        for job in jobs
    }
    return [found[state] for state in JobState if state in found]


def _bought(now: datetime) -> Bought:
    """Two queries."""
    bought = Attempt.objects.filter(house_cost_micros__gt=0, created_at__gt=now - MONTH)
    sums = bought.aggregate(count=Count("pk"), micros=Sum("house_cost_micros", default=0))
    newest = bought.select_related("job__owner").order_by("-created_at")[:BOUGHT_SHOWN]
    return Bought(sums["count"], sums["micros"], list(newest))
