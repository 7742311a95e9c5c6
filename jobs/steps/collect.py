"""Fetch a completed result, check it, and store it as ours.

The vendor's own authenticated status decides where the picture is; a callback is only a hint. A
result that can't be had, or isn't what was ordered, ends in ERROR and the charge goes back. When
the vendor names several pictures, the first is the result; the others are kept as its versions, and
one of them that can't be had is skipped and noted, never the end of the job.

A job that was bought twice may have two results. The one that completed it comes first, and only
when that can't be had the other: no picture that was paid for is lost.
"""

from __future__ import annotations

import hashlib
import io
import logging
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_noop

from accounts import ledger
from accounts.models.leased import lease, still_ours
from jobs import backoff, breaker, images, storage, vendors
from jobs.gateway import errors
from jobs.models import Attempt, Delivery, RestorationJob, ResultVersion, Verdict
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon, erase, stop

log = logging.getLogger(__name__)
NAME = "collect"
CONCURRENCY = 4
CANNOT_BE_HAD = gettext_noop("The restored picture could not be fetched.")
NO_PICTURE = gettext_noop("The restorer finished, but gave us no picture.")
UNUSABLE = gettext_noop("What the restorer sent is not a picture that we can use.")
WRONG_SIZE = gettext_noop("The restorer sent a picture of another size than you ordered.")
CONTRADICTED = gettext_noop("The restorer said that it had finished, and then that it had not.")


@dataclass(frozen=True)
class Work:
    """A leased job and the attempts that were reported as completed, the first to be so first."""

    job: RestorationJob
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Stored:
    """One picture in S3, with its preview. `number` is its place in the vendor's list, from 1."""

    number: int
    key: str
    sha256: str
    result: images.Result


@dataclass(frozen=True)
class Collected:
    """The result lies in S3, and its versions; `skipped` says what is missing of those, and why."""

    first: Stored
    versions: tuple[Stored, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lost:
    """The result can never be had. `contradicted`: the vendor's status says it isn't completed.

    `why` is for staff, `words` are for the member.
    """

    why: str
    words: str = CANNOT_BE_HAD
    contradicted: bool = False


@dataclass(frozen=True)
class NotYet:
    """Not this time; later, perhaps. `is_ours`: it is our own store that is down."""

    why: str
    is_ours: bool = False


@dataclass(frozen=True)
class NotAsked:
    """The vendor does not let us ask: our key, or too many requests. No try of the job's."""

    problem: errors.AccountBlocked | errors.Throttled


Outcome = Collected | Lost | NotYet | NotAsked


@dataclass(frozen=True)
class Answer:
    """What came of one attempt's result."""

    attempt: Attempt
    outcome: Outcome


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_collect()


def claim(limit: int, now: datetime) -> list[Work]:
    jobs = lease(
        waiting().select_related("photo", "hold"),
        limit=limit,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )
    completed: dict[object, list[Attempt]] = {job.pk: [] for job in jobs}
    found = Attempt.objects.filter(job__in=jobs, vendor_status="COMPLETED")
    for attempt in found.order_by(F("completed_at").asc(nulls_last=True), "number"):
        completed[attempt.job_id].append(attempt)
    most = settings.RESULTS_ASKED_FOR_MOST
    return [Work(job=job, attempts=tuple(completed[job.pk][:most])) for job in jobs]


def call(work: Work) -> tuple[Answer, ...]:
    """One attempt after the other, until the result is there or has to be asked for again; the
    last answer decides."""
    answers: list[Answer] = []
    for attempt in work.attempts:
        outcome = _ask(work.job, attempt)
        answers.append(Answer(attempt, outcome))
        if not (isinstance(outcome, Lost) or _was_the_last_try(work.job, outcome)):
            break
    return tuple(answers)


def _ask(job: RestorationJob, attempt: Attempt) -> Outcome:
    try:
        report = vendors.client(attempt.vendor).status(
            attempt.request_id or "", endpoint=job.model.route(attempt.vendor).endpoint
        )
    except errors.NoSuchRequest as problem:
        return Lost(str(problem), words=CONTRADICTED, contradicted=True)
    except (errors.AccountBlocked, errors.Throttled) as problem:
        return NotAsked(problem)
    except errors.GatewayError as problem:
        return NotYet(str(problem))
    if report.status in ("FAILED", "ERROR"):
        why = f"the vendor's status is {report.status}"
        return Lost(why, words=CONTRADICTED, contradicted=True)
    if report.status != "COMPLETED":
        return NotYet(f"the vendor's status is {report.status}")
    if not report.media_urls:
        return Lost("the vendor names no result", words=NO_PICTURE)
    try:
        return _fetch_all(job, list(dict.fromkeys(report.media_urls)))
    except errors.BadOutput as problem:
        return Lost(str(problem))
    except images.WrongSize as problem:
        return Lost(str(problem), words=WRONG_SIZE)
    except images.UnreadableImage as problem:
        return Lost(str(problem), words=UNUSABLE)
    except errors.OutputUnavailable as problem:
        return NotYet(str(problem))
    except storage.StorageUnavailable as problem:
        return NotYet(str(problem), is_ours=True)
    except Exception as problem:  # charged already: whatever it is, it must end
        log.exception("collecting %s failed", job.pk)
        return NotYet(f"unforeseen: {type(problem).__name__}")


def record(work: Work, answers: tuple[Answer, ...], now: datetime) -> None:
    job = still_ours(work.job)
    attempt, outcome = answers[-1].attempt, answers[-1].outcome
    if job is None:
        if isinstance(outcome, Collected):
            erase.once_more(work.job.photo_id, now)
        return
    if isinstance(outcome, NotAsked):
        breaker.refused(outcome.problem, vendor=attempt.vendor, by=NAME, now=now)
        if _may_wait(job, now):
            _wait(job, outcome.problem, now)
            return
        outcome = Lost(f"for too long we could not ask where it is: {outcome.problem}")
    match outcome:
        case Collected():
            for answer in answers[:-1]:
                if isinstance(answer.outcome, Lost) and answer.outcome.contradicted:
                    _contradicted(answer.attempt, answer.outcome)
            _cost_less(job, outcome.first.result)
            breaker.told_status(vendor=attempt.vendor)
            _deliver(job, outcome)
        case Lost():
            _lose(job, answers[:-1], Answer(attempt, outcome))
        case NotYet(why) if _is_over(job, outcome, now):
            _lose(job, answers[:-1], Answer(attempt, _given_up(why)))
        case NotYet():
            tries = job.tries + 1
            RestorationJob.objects.filter(pk=job.pk).update(
                due_at=backoff.retry_at(now, tries),
                tries=tries,
                lease_token=None,
                lease_until=None,
            )


def _is_over(job: RestorationJob, outcome: NotYet, now: datetime) -> bool:
    """The vendor gets so many tries; a picture that only our own store keeps out gets a day."""
    if outcome.is_ours:
        return not _may_wait(job, now)
    return _was_the_last_try(job, outcome)


def _was_the_last_try(job: RestorationJob, outcome: Outcome) -> bool:
    """A picture that the vendor keeps us from is not asked for again."""
    is_theirs = isinstance(outcome, NotYet) and not outcome.is_ours
    return is_theirs and job.tries + 1 >= settings.STEP_MOST_TRIES


def _may_wait(job: RestorationJob, now: datetime) -> bool:
    last = timedelta(seconds=settings.GATEWAY_LAST_DEADLINE_SECONDS)
    return now < (job.completed_at or job.created_at) + last


def _wait(
    job: RestorationJob, problem: errors.AccountBlocked | errors.Throttled, now: datetime
) -> None:
    """Without a crowd of requests that are refused anyway."""
    due_at = now + timedelta(seconds=settings.POLL_MOST_SECONDS)
    if isinstance(problem, errors.Throttled):
        until = now + timedelta(seconds=problem.retry_after_seconds)
        due_at = backoff.after_a_wait(until)
    RestorationJob.objects.filter(pk=job.pk).update(
        due_at=due_at, lease_token=None, lease_until=None
    )


def preview_key(result_key: str) -> str:
    """Where a result's preview lies."""
    return f"{result_key.rpartition('.')[0]}-preview.webp"


def faces_key(result_key: str) -> str:
    """Where the faces in a result lie beside each other, if it `has_faces_strip`."""
    return f"{result_key.rpartition('.')[0]}-faces.webp"


def _given_up(why: str) -> Lost:
    if why.startswith("the vendor's status"):
        return Lost(why, words=CONTRADICTED, contradicted=True)
    return Lost(why)


def _fetch_all(job: RestorationJob, urls: list[str]) -> Collected:
    """The first picture, whatever it takes within the deadline; the others in what is left of it.

    A store of ours that is down is tried again, for the others too, but not so long that the result
    were lost with them.
    """
    deadline = time.monotonic() + settings.RESULT_DOWNLOAD_SECONDS
    first = _fetch(job, urls[0], 1, settings.RESULT_DOWNLOAD_SECONDS)
    versions: list[Stored] = []
    skipped: list[str] = []
    seen = {first.sha256}
    last_number = 1 + settings.RESULT_VERSIONS_MOST
    for number, url in enumerate(urls[1:last_number], start=2):
        try:
            one = _fetch(job, url, number, max(deadline - time.monotonic(), 1), not_again=seen)
        except storage.StorageUnavailable as problem:
            if job.tries + 1 < settings.STEP_MOST_TRIES:
                raise
            skipped.append(f"picture {number}: {problem}")
        except Exception as problem:  # whatever is wrong with it, the result is here
            skipped.append(f"picture {number}: {problem}")
        else:
            versions.append(one)
            seen.add(one.sha256)
    if more := len(urls[last_number:]):
        skipped.append(f"{more} pictures more than {last_number}")
    return Collected(first, tuple(versions), tuple(skipped))


def _fetch(
    job: RestorationJob,
    url: str,
    number: int,
    seconds: float,
    *,
    not_again: Collection[str] = (),
) -> Stored:
    least_pixels = job.model.least_pixels(
        width_px=job.quoted_width_px,
        height_px=job.quoted_height_px,
        parameters=job.parameters,
    )
    with tempfile.TemporaryFile() as file:
        vendors.outputs().fetch(url, file, seconds=seconds)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 in not_again:
            raise errors.BadOutput("the same picture once more")
        result = images.check_result(
            file,
            width_px=job.quoted_width_px,
            height_px=job.quoted_height_px,
            least_pixels=least_pixels,
            faces=job.photo.faces if number == 1 else (),
            photo_width_px=job.photo.width_px,
        )
        file.seek(0)
        extension = {"JPEG": "jpg", "PNG": "png"}[result.format]
        name = str(job.pk) if number == 1 else f"{job.pk}-{number}"
        key = f"{job.photo.prefix}results/{name}.{extension}"
        storage.put(key, file, content_type=images.CONTENT_TYPES[result.format])
    storage.put(
        preview_key(key),
        io.BytesIO(result.preview.data),
        content_type=result.preview.content_type,
    )
    if strip := result.faces_strip:
        storage.put(faces_key(key), io.BytesIO(strip.data), content_type=strip.content_type)
    return Stored(number, key, sha256, result)


def _cost_less(job: RestorationJob, result: images.Result) -> None:
    """Another vendor than the usual one takes its own price, of so many pixels too."""
    pixels = result.width_px * result.height_px
    for attempt in job.attempts.filter(own_cost_micros__isnull=False):
        own = job.own_cost_of(job.model.route(attempt.vendor), pixels)
        if own is not None and own < attempt.cost_micros:
            attempt.own_cost_micros = own
            attempt.save(update_fields=["own_cost_micros"])


def _deliver(job: RestorationJob, collected: Collected) -> None:
    """The picture is ours. Fewer pixels than quoted cost less: the difference goes back.

    At the job's own price, frozen when it was ordered; and no more than is still charged, for staff
    may have refunded meanwhile.
    """
    first, result = collected.first, collected.first.result
    pixels = result.width_px * result.height_px
    basis, price = job.model.basis, job.price
    move(
        job,
        JobState.DELIVERED,
        by=NAME,
        why="; ".join(collected.skipped),
        result_key=first.key,
        result_sha256=first.sha256,
        result_format=result.format,
        result_width_px=result.width_px,
        result_height_px=result.height_px,
        has_faces_strip=result.faces_strip is not None,
        vendor_cost_micros=min(job.vendor_cost_micros, basis.total(pixels, price.cost_micros)),
    )
    ResultVersion.objects.bulk_create(
        ResultVersion(
            job=job,
            number=one.number,
            key=one.key,
            sha256=one.sha256,
            format=one.result.format,
            width_px=one.result.width_px,
            height_px=one.result.height_px,
        )
        for one in collected.versions
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


def _contradicted(attempt: Attempt, lost: Lost) -> None:
    Delivery.objects.filter(attempt=attempt, verdict=Verdict.APPLIED).update(
        verdict=Verdict.CONTRADICTED, note=lost.why[:300]
    )
    Attempt.objects.filter(pk=attempt.pk).update(completed_at=None)  # so it bills nothing


def _lose(job: RestorationJob, before: tuple[Answer, ...], last: Answer) -> None:
    """None of its results can be had; the member reads what is wrong with the first."""
    lost = [
        (answer.attempt, outcome if isinstance(outcome, Lost) else _given_up(outcome.why))
        for answer in (*before, last)
        if isinstance(outcome := answer.outcome, Lost | NotYet)
    ]
    for attempt, one in lost:
        if one.contradicted:
            _contradicted(attempt, one)
    if not all(one.contradicted for _work, one in lost):
        stop.bear(job)
    _work, lost_first = lost[0]
    abandon.end(
        job, JobState.ERROR, by=NAME, code="result_lost", words=lost_first.words, why=lost_first.why
    )
