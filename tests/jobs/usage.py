"""Attempts of a known past, the vendor's exports about them, and what was found to differ.

Money in micro-dollars.
"""

from __future__ import annotations

import csv
import io
import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts import ledger
from accounts.models import User
from jobs import reconciliation
from jobs.catalog import GFPGAN, RestorationModel
from jobs.models import Attempt, AttemptOutcome, Finding, Photo, RestorationJob, UsageImport
from jobs.states import JobState
from tests.builders import make_job, make_member, make_photo

DAY = datetime(2026, 5, 20, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
NEXT_DAY = DAY + timedelta(days=1, hours=6)
MAY_20, MAY_21 = date(2026, 5, 20), date(2026, 5, 21)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """A line of an export, as the vendor would write it."""

    request_id: str
    model: str = "gfpgan"
    cost: str = "0.0031"
    time: str = "2026-05-20T12:00:00.000Z"

    def but(self, **changes: str) -> Line:
        return replace(self, **changes)


def export(lines: Iterable[Line]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["request_id", "model", "cost", "time"])
    writer.writerows([line.request_id, line.model, line.cost, line.time] for line in lines)
    return text.getvalue().encode()


def rich_photo() -> Photo:
    return make_photo(owner=make_member(micros=100_000_000))


def ordered(*, photo: Photo | None = None, model: RestorationModel = GFPGAN) -> RestorationJob:
    """A job at $0.0031 that costs us as much."""
    return make_job(photo=photo or rich_photo(), model=model)


def attempted(job: RestorationJob, *, completed_at: datetime | None = NOON) -> Attempt:
    """An attempt that the vendor accepted and, unless None, completed at this time.

    An earlier one of the job is superseded by it, at the house's cost.
    """
    job.attempts.update(house_cost_micros=job.quoted_micros)
    return Attempt.objects.create(
        job=job,
        number=job.attempts.count() + 1,
        vendor="pixazo",
        token_sha256=uuid.uuid4().hex * 2,
        request_id=f"{job.model.usual.model_id}_{next(_numbers):06d}",
        outcome=AttemptOutcome.ACCEPTED,
        vendor_status="COMPLETED" if completed_at else "PROCESSING",
        http_status=202,
        answered_at=completed_at or NOON,
        completed_at=completed_at,
    )


def ended(job: RestorationJob, state: JobState, *, paid: bool) -> None:
    """The job's end: charged, or the hold returned."""
    assert job.hold is not None
    RestorationJob.objects.filter(pk=job.pk).update(state=state, ended_at=NOON, due_at=None)
    if paid:
        ledger.capture(hold=job.hold, amount_micros=job.quoted_micros, key=f"capture:{job.pk}")
    else:
        ledger.release(hold=job.hold, key=f"release:{job.pk}")


def delivered(
    *,
    at: datetime = NOON,
    photo: Photo | None = None,
    model: RestorationModel = GFPGAN,
) -> Attempt:
    """A job that was paid, delivered, and completed at the vendor at this time."""
    job = ordered(photo=photo, model=model)
    attempt = attempted(job, completed_at=at)
    ended(job, JobState.DELIVERED, paid=True)
    return attempt


def failed(*, photo: Photo | None = None, state: JobState = JobState.FAILED) -> Attempt:
    """A job that the vendor never completed; nobody paid."""
    job = ordered(photo=photo)
    attempt = attempted(job, completed_at=None)
    ended(job, state, paid=False)
    return attempt


def billed(attempt: Attempt, **changes: str) -> Line:
    """The right line for an attempt."""
    cost = f"{attempt.job.vendor_cost_micros / 1_000_000:.6f}".rstrip("0")
    at = (attempt.completed_at or NOON).isoformat()
    assert attempt.request_id
    return Line(attempt.request_id, attempt.job.model.usual.model_id, cost, at).but(**changes)


def take(clerk: User, lines: list[Line], **options: Any) -> UsageImport:
    """Import them as one export, on the next day."""
    said: dict[str, Any] = {"file_name": "usage.csv", "now": NEXT_DAY, **options}
    return reconciliation.import_usage(data=export(lines), by=clerk, **said).usage_import


def findings(**which: Any) -> list[tuple[str, str]]:
    """Each kind of difference with its request."""
    rows = Finding.objects.filter(**which).order_by("kind", "pk")
    return [(finding.kind, finding.request_id) for finding in rows]
