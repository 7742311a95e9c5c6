"""Fetch a completed result, check it, and store it as ours.

The vendor's own authenticated status decides where the picture is; a callback is only a hint. A
result that can't be had ends in ERROR and the charge goes back.
"""

from __future__ import annotations

import hashlib
import io
import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import models

from accounts import ledger
from accounts.models.leased import lease, still_ours
from jobs import backoff, images, storage, vendors
from jobs.gateway import errors
from jobs.models import Attempt, Delivery, RestorationJob, Verdict
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon

log = logging.getLogger(__name__)
NAME = "collect"
CONCURRENCY = 4
CANNOT_BE_HAD = "The restored picture could not be fetched."


@dataclass(frozen=True)
class Work:
    """A leased job and the attempt that the vendor reported as completed."""

    job: RestorationJob
    attempt: Attempt


@dataclass(frozen=True)
class Collected:
    """The result lies in S3."""

    key: str
    sha256: str
    result: images.Result


@dataclass(frozen=True)
class Lost:
    """The result can never be had. `contradicted`: the vendor's status says it isn't completed."""

    why: str
    contradicted: bool = False


@dataclass(frozen=True)
class NotYet:
    """Not this time; later, perhaps."""

    why: str


Outcome = Collected | Lost | NotYet


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_collect()


def claim(limit: int, now: datetime) -> list[Work]:
    jobs = lease(
        waiting().select_related("photo", "hold"),
        limit=limit,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )
    completed: dict[object, Attempt] = {
        attempt.job_id: attempt
        for attempt in Attempt.objects.filter(job__in=jobs, vendor_status="COMPLETED").order_by(
            "-number"
        )
    }
    return [Work(job=job, attempt=completed[job.pk]) for job in jobs]


def call(work: Work) -> Outcome:
    try:
        report = vendors.client(work.attempt.vendor).status(
            work.attempt.request_id or "",
            endpoint=work.job.model.route(work.attempt.vendor).endpoint,
        )
    except errors.NoSuchRequest as problem:
        return Lost(str(problem), contradicted=True)
    except errors.GatewayError as problem:
        return NotYet(str(problem))
    if report.status in ("FAILED", "ERROR"):
        return Lost(f"the vendor's status is {report.status}", contradicted=True)
    if report.status != "COMPLETED":
        return NotYet(f"the vendor's status is {report.status}")
    if not report.media_urls:
        return Lost("the vendor names no result")
    try:
        return _fetch(work.job, report.media_urls[0])
    except (errors.BadOutput, images.UnreadableImage) as problem:
        return Lost(str(problem))
    except (errors.OutputUnavailable, storage.StorageUnavailable) as problem:
        return NotYet(str(problem))
    except Exception as problem:  # charged already: whatever it is, it must end
        log.exception("collecting %s failed", work.job.pk)
        return NotYet(f"unforeseen: {type(problem).__name__}")


def record(work: Work, outcome: Outcome, now: datetime) -> None:
    job = still_ours(work.job)
    if job is None:
        return
    match outcome:
        case Collected():
            _deliver(job, outcome)
        case Lost(why, contradicted):
            _lose(job, work.attempt, why, contradicted=contradicted)
        case NotYet(why) if job.tries + 1 >= settings.STEP_MOST_TRIES:
            _lose(job, work.attempt, why, contradicted=why.startswith("the vendor's status"))
        case NotYet():
            tries = job.tries + 1
            RestorationJob.objects.filter(pk=job.pk).update(
                due_at=backoff.retry_at(now, tries),
                tries=tries,
                lease_token=None,
                lease_until=None,
            )


def preview_key(result_key: str) -> str:
    """Where a result's preview lies."""
    return f"{result_key.rpartition('.')[0]}-preview.webp"


def _fetch(job: RestorationJob, url: str) -> Collected:
    with tempfile.TemporaryFile() as file:
        vendors.outputs().fetch(url, file)
        result = images.check_result(
            file, width_px=job.quoted_width_px, height_px=job.quoted_height_px
        )
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        extension = {"JPEG": "jpg", "PNG": "png"}[result.format]
        key = f"{job.photo.prefix}results/{job.pk}.{extension}"
        storage.put(key, file, content_type=images.CONTENT_TYPES[result.format])
    storage.put(
        preview_key(key),
        io.BytesIO(result.preview.data),
        content_type=result.preview.content_type,
    )
    return Collected(key, sha256, result)


def _deliver(job: RestorationJob, collected: Collected) -> None:
    """The picture is ours. Fewer pixels than quoted cost less: the difference goes back.

    At the job's own price, frozen when it was ordered; and no more than is still charged, for staff
    may have refunded meanwhile.
    """
    result = collected.result
    pixels = result.width_px * result.height_px
    basis, price = job.model.basis, job.price
    move(
        job,
        JobState.DELIVERED,
        by=NAME,
        result_key=collected.key,
        result_sha256=collected.sha256,
        result_format=result.format,
        result_width_px=result.width_px,
        result_height_px=result.height_px,
        vendor_cost_micros=min(job.vendor_cost_micros, basis.total(pixels, price.cost_micros)),
    )
    if job.hold is None:
        return
    fair = min(job.quoted_micros, basis.total(pixels, price.price_micros))
    if back := min(job.quoted_micros - fair, ledger.balance_of(job.hold).charged):
        ledger.refund(
            hold=job.hold,
            amount_micros=back,
            key=f"smaller:{job.pk}",
            reason="The result is smaller than quoted.",
        )


def _lose(job: RestorationJob, attempt: Attempt, why: str, *, contradicted: bool) -> None:
    if contradicted:
        Delivery.objects.filter(attempt=attempt, verdict=Verdict.APPLIED).update(
            verdict=Verdict.CONTRADICTED, note=why[:300]
        )
        Attempt.objects.filter(pk=attempt.pk).update(completed_at=None)  # so it bills nothing
    abandon.end(job, JobState.ERROR, by=NAME, code="result_lost", words=CANNOT_BE_HAD, why=why)
