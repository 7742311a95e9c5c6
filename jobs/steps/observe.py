"""Ask the vendor about requests that have not been reported as done: callbacks can get lost.

A vendor that does not let us ask (our key, too many requests) is silent for a reason of ours: that
time is not the job's, up to a last deadline.

An UNKNOWN job has no request to ask for; it waits for a late callback until a deadline. Then it
is sent once more, at the house's cost; if that too stays unclear, it ends in ERROR, uncharged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_noop

from accounts.models.leased import lease, still_ours
from jobs import backoff, breaker, vendors
from jobs.gateway import errors
from jobs.gateway.types import StatusReport
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.moves import move
from jobs.states import WAITING_FOR_VENDOR, JobState
from jobs.steps import abandon, settle, stop

log = logging.getLogger(__name__)
NAME = "observe"
CONCURRENCY = 16
NO_ANSWER = gettext_noop("The restorer did not answer in time.")


@dataclass(frozen=True)
class Work:
    """A leased job, the attempt to ask about, and what the vendor's breaker says of asking."""

    job: RestorationJob
    attempt: Attempt
    wait_until: datetime | None
    was_stopped: bool


@dataclass(frozen=True)
class NothingToAsk:
    """The attempt has no request_id yet."""


@dataclass(frozen=True)
class NotAsked:
    """The vendor asked us to wait until then (429), whatever it is that we want."""

    until: datetime


Outcome = StatusReport | errors.GatewayError | NothingToAsk | NotAsked


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
    if not jobs:
        return []
    gates = breaker.look(now)
    return [_work(job, newest[job.pk], gates) for job in jobs]


def call(work: Work) -> Outcome:
    if work.attempt.request_id is None:
        return NothingToAsk()
    if work.wait_until is not None:
        return NotAsked(work.wait_until)
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
    attempt = _note_look(work, outcome, now)
    if isinstance(outcome, StatusReport):
        if work.was_stopped:
            breaker.told_status(vendor=attempt.vendor)
        settle.apply(attempt, outcome, by=NAME)
        job.refresh_from_db()
        if job.state not in WAITING_FOR_VENDOR:
            return
    elif isinstance(outcome, errors.GatewayError):
        breaker.refused(outcome, vendor=attempt.vendor, by=NAME, now=now)
    if now >= _deadline(job, attempt):
        _lose_patience(job, attempt, now)
        return
    if isinstance(outcome, NotAsked):
        polls, due_at = job.tries, backoff.after_a_wait(outcome.until)
    else:
        polls = job.tries + 1
        due_at = backoff.poll_at(now, polls)
    RestorationJob.objects.filter(pk=job.pk).update(
        due_at=due_at, tries=polls, lease_token=None, lease_until=None
    )


def send_once_more(
    job: RestorationJob, attempt: Attempt, *, by: str, why: str, now: datetime
) -> None:
    """An UNKNOWN job becomes READY again, once; what the first may cost is the house's.

    The caller holds the locks of job and attempt, and has looked that it is the first time.
    """
    attempt.outcome = AttemptOutcome.UNKNOWN
    # Never nothing: it is also what tells an attempt that another one has replaced.
    attempt.house_cost_micros = max(attempt.cost_micros, 1)
    attempt.save(update_fields=["outcome", "house_cost_micros"])
    move(job, JobState.READY, by=by, why=why, due_at=now, resubmissions=1)


def _work(job: RestorationJob, attempt: Attempt, gates: breaker.Gates) -> Work:
    return Work(
        job=job,
        attempt=attempt,
        wait_until=gates.waits_until(attempt.vendor),
        was_stopped=gates.is_stopped_for_asking(attempt.vendor),
    )


def _note_look(work: Work, outcome: Outcome, now: datetime) -> Attempt:
    """Keep on the attempt, for staff, that we asked and what came of it."""
    attempt = Attempt.objects.select_for_update().get(pk=work.attempt.pk)
    match outcome:
        case NothingToAsk():
            return attempt
        case NotAsked():
            attempt.unasked_at = now
        case _:
            attempt.polls += 1
            attempt.polled_at = now
            attempt.poll_problem = "" if isinstance(outcome, StatusReport) else str(outcome)[:300]
            if isinstance(outcome, errors.AccountBlocked | errors.Throttled):
                attempt.unasked_at = now
    attempt.save(update_fields=["polls", "polled_at", "poll_problem", "unasked_at"])
    return attempt


def _deadline(job: RestorationJob, attempt: Attempt) -> datetime:
    """When silence is an answer; time in which we could not ask does not count, within reason."""
    since = job.waiting_since
    if _is_unsure(job, attempt):
        return since + timedelta(seconds=settings.UNKNOWN_DEADLINE_SECONDS)
    patient = timedelta(seconds=settings.GATEWAY_DEADLINE_SECONDS)
    last = since + timedelta(seconds=settings.GATEWAY_LAST_DEADLINE_SECONDS)
    return min(max(since, attempt.unasked_at or since) + patient, last)


def _is_unsure(job: RestorationJob, attempt: Attempt) -> bool:
    """Whether nobody can tell if the vendor has it; with a number of its own, it has."""
    return job.state == JobState.UNKNOWN and attempt.request_id is None


def _lose_patience(job: RestorationJob, attempt: Attempt, now: datetime) -> None:
    if _is_unsure(job, attempt) and job.resubmissions == 0:
        send_once_more(job, attempt, by=NAME, why="sent once more at the house's cost", now=now)
        return
    stop.bear(job)
    abandon.end(job, JobState.ERROR, by=NAME, code="no_answer", words=NO_ANSWER)
