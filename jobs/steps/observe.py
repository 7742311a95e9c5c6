"""Ask the vendor about requests that have not been reported as done: callbacks can get lost.

An UNKNOWN job has no request to ask for; it waits for a late callback until a deadline. Then it
is sent once more, at the house's cost; if that too stays unclear, it ends in ERROR, uncharged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from accounts.models.leased import lease, still_ours
from jobs import backoff, vendors
from jobs.gateway import errors
from jobs.gateway.types import StatusReport
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon, settle

log = logging.getLogger(__name__)
NAME = "observe"
CONCURRENCY = 16
NO_ANSWER = "The restorer did not answer in time."


@dataclass(frozen=True)
class Work:
    """A leased job and the attempt to ask about."""

    job: RestorationJob
    attempt: Attempt


@dataclass(frozen=True)
class NothingToAsk:
    """The attempt has no request_id yet."""


Outcome = StatusReport | errors.GatewayError | NothingToAsk


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_observe()


def claim(limit: int, now: datetime) -> list[Work]:
    jobs = lease(
        waiting().select_related("hold"), limit=limit, seconds=settings.LEASE_SECONDS, now=now
    )
    newest: dict[object, Attempt] = {
        attempt.job_id: attempt
        for attempt in Attempt.objects.filter(job__in=jobs).order_by("number")
    }
    return [Work(job=job, attempt=newest[job.pk]) for job in jobs]


def call(work: Work) -> Outcome:
    if work.attempt.request_id is None:
        return NothingToAsk()
    try:
        endpoint = work.job.model.route(work.attempt.vendor).endpoint
        return vendors.client(work.attempt.vendor).status(
            work.attempt.request_id, endpoint=endpoint
        )
    except errors.GatewayError as problem:
        return problem
    except Exception as problem:  # money is held: whatever it is, the deadline must count
        log.exception("observing %s failed", work.job.pk)
        return errors.Ambiguous(f"unforeseen: {type(problem).__name__}")


def record(work: Work, outcome: Outcome, now: datetime) -> None:
    job = still_ours(work.job)
    if job is None:
        return
    polls = job.tries + 1
    if isinstance(outcome, StatusReport):
        settle.apply(work.attempt, outcome, by=NAME)
        job.refresh_from_db()
        if job.state not in (JobState.UNKNOWN, JobState.QUEUED, JobState.PROCESSING):
            return
    if now >= job.waiting_since + _patience(job):
        _lose_patience(job, work.attempt, now)
        return
    RestorationJob.objects.filter(pk=job.pk).update(
        due_at=backoff.poll_at(now, polls), tries=polls, lease_token=None, lease_until=None
    )


def _patience(job: RestorationJob) -> timedelta:
    if job.state == JobState.UNKNOWN:
        return timedelta(seconds=settings.UNKNOWN_DEADLINE_SECONDS)
    return timedelta(seconds=settings.GATEWAY_DEADLINE_SECONDS)


def _lose_patience(job: RestorationJob, attempt: Attempt, now: datetime) -> None:
    if job.state == JobState.UNKNOWN and job.resubmissions == 0:
        attempt.outcome = AttemptOutcome.UNKNOWN
        # Never nothing: it is also what tells an attempt that another one has replaced.
        attempt.house_cost_micros = max(job.vendor_cost_micros, 1)
        attempt.save(update_fields=["outcome", "house_cost_micros"])
        move(
            job,
            JobState.READY,
            by=NAME,
            why="sent once more at the house's cost",
            due_at=now,
            resubmissions=1,
        )
        return
    abandon.end(job, JobState.ERROR, by=NAME, code="no_answer", words=NO_ANSWER)
