"""How the lines of the bill differ from our attempts: each difference is written down once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.models import Transfer, TransferKind
from jobs.models import Attempt, Finding, FindingKind, UsageImport, UsageLine
from jobs.models.table_lock import lock_table
from jobs.reconciliation.days import VENDOR
from jobs.states import TERMINAL, JobState

K = FindingKind


def one_at_a_time() -> None:
    """Imports, explanations and closes wait for each other: each import looks at every line and
    closes findings in an order of its own. Taken first, before any row.
    """
    lock_table(UsageImport)


def judge(lines: QuerySet[UsageLine]) -> Counter[FindingKind]:
    """Write down how these lines differ from our books, each difference once; which are new."""
    requests = lines.values("request_id")
    attempts = {
        attempt.request_id: attempt
        for attempt in Attempt.objects.filter(
            vendor=VENDOR, request_id__in=requests
        ).select_related("job")
    }
    paid = _attempts_that_were_paid(Attempt.objects.filter(vendor=VENDOR, request_id__in=requests))
    known = set(Finding.objects.filter(line__in=lines.values("pk")).values_list("kind", "line"))
    earlier = UsageLine.objects.filter(request_id=OuterRef("request_id"), pk__lt=OuterRef("pk"))
    found = []
    for line in lines.annotate(is_repeated=Exists(earlier)):
        attempt = attempts.get(line.request_id)
        for kind, expected in _differences(line, attempt, paid):
            if (kind, line.pk) not in known:
                found.append(
                    Finding(
                        day=line.day,
                        kind=kind,
                        request_id=line.request_id,
                        line=line,
                        attempt=attempt,
                        expected_micros=expected,
                        billed_micros=line.cost_micros,
                    )
                )
    Finding.objects.bulk_create(found, batch_size=2000)
    return Counter(FindingKind(one.kind) for one in found)


def _differences(
    line: UsageLine, attempt: Attempt | None, paid: set[int]
) -> Iterator[tuple[FindingKind, int]]:
    """Each kind of difference, with what we had expected for it in micro-dollars."""
    if line.is_repeated:  # type: ignore[attr-defined]
        yield K.DOUBLED, 0
    elif attempt is None:
        yield K.EXTRA, 0
    elif attempt.completed_at is None:
        if attempt.job.state in TERMINAL and line.cost_micros:
            yield K.ORPHANED, 0
    else:
        fair = attempt.job.vendor_cost_micros
        if line.cost_micros != fair or line.model != attempt.job.model.usual.model_id:
            yield K.MISPRICED, fair
        if line.cost_micros and attempt.pk not in paid:
            yield K.ORPHANED, fair


def _attempts_that_were_paid(attempts: QuerySet[Attempt]) -> set[int]:
    """Of each job with a charge that stands, the attempt that completed first; two queries.

    A free restoration that brought its picture is paid for, too: by the house.
    """
    jobs = attempts.values("job")
    brought: dict[object, tuple[int, int | None, bool]] = {}
    completed = Attempt.objects.filter(job__in=jobs, completed_at__isnull=False)
    for pk, job, hold, rerun_of, state in completed.order_by("completed_at", "number").values_list(
        "pk", "job", "job__hold", "job__instead_of", "job__state"
    ):
        waived = rerun_of is not None and state in (JobState.COMPLETED, JobState.DELIVERED)
        brought.setdefault(job, (pk, hold, waived))
    sums = dict(
        Transfer.objects.filter(
            kind__in=[TransferKind.CAPTURE, TransferKind.REFUND],
            hold__in=attempts.values("job__hold"),
        )
        .values_list("hold")
        .annotate(
            charged=Sum("amount_micros", filter=Q(kind=TransferKind.CAPTURE), default=0)
            - Sum("amount_micros", filter=Q(kind=TransferKind.REFUND), default=0)
        )
        .order_by()
    )
    return {pk for pk, hold, waived in brought.values() if waived or sums.get(hold, 0) > 0}


def miss(begin: datetime, end: datetime) -> Counter[FindingKind]:
    """Write down the attempts completed in between that no line names; which are new."""
    missing = (
        Attempt.objects.filter(vendor=VENDOR, completed_at__gte=begin, completed_at__lt=end)
        .exclude(Exists(UsageLine.objects.filter(request_id=OuterRef("request_id"))))
        .exclude(Exists(Finding.objects.filter(kind=K.MISSING, attempt=OuterRef("pk"))))
        .select_related("job")
        .order_by("completed_at", "pk")
    )
    found = [
        Finding(
            day=attempt.completed_at.astimezone(UTC).date(),
            kind=K.MISSING,
            request_id=attempt.request_id or "",
            attempt=attempt,
            expected_micros=attempt.job.vendor_cost_micros,
        )
        for attempt in missing
        if attempt.completed_at
    ]
    Finding.objects.bulk_create(found, batch_size=2000)
    return Counter(FindingKind(one.kind) for one in found)


def lines_under_way(day: date) -> QuerySet[UsageLine]:
    """Lines whose end we don't know yet, so that ORPHANED can't be said or ruled out."""
    under_way = Attempt.objects.filter(
        vendor=VENDOR, request_id=OuterRef("request_id"), completed_at=None
    ).exclude(job__state__in=TERMINAL)
    return UsageLine.objects.filter(Exists(under_way), day=day)
