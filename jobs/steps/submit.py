"""Hand READY jobs to a vendor: the first that may be sent to now (`jobs.breaker`).

An `Attempt` is committed before the call, so a worker killed at any point leaves a trace: a job
found SUBMITTING with a dead lease may or may not have been accepted, and becomes UNKNOWN. Live
consent is checked in the same transaction that opens the attempt, and again right before the call;
without it no address of the picture is ever made.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models.leased import lease, still_ours
from jobs import backoff, breaker, refusals, storage, vendors
from jobs.breaker import Gates, Passage
from jobs.catalog import Route
from jobs.gateway import errors
from jobs.gateway.types import Accepted, Submission
from jobs.models import Attempt, AttemptOutcome, JobEvent, Photo, RestorationJob
from jobs.models.job import JobQuerySet
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon, settle

log = logging.getLogger(__name__)
NAME = "submit"
CONCURRENCY = 16
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Work:
    """A leased job, its open attempt, the way it goes, and the secret, which lives only here.

    `passage` is what the breaker said to it.
    """

    job: RestorationJob
    attempt: Attempt
    route: Route
    token: str
    passage: Passage

    @property
    def is_probe(self) -> bool:
        return self.passage == Passage.PROBE


@dataclass(frozen=True)
class NeverSent:
    """Consent ended, or the job did, between the claim and the call."""

    why: str


@dataclass(frozen=True)
class Held:
    """The vendor refused us, or asked us to wait, between the claim and the call."""

    why: str


Outcome = Accepted | NeverSent | Held | errors.GatewayError
NO_CONSENT = gettext_noop("There is no valid consent for this photo any more.")


def waiting() -> models.QuerySet[RestorationJob]:
    """Without those that no vendor may get now, so that nobody is rung for them."""
    return _sendable(breaker.look(timezone.now()))


def claim(limit: int, now: datetime) -> list[Work]:
    works = []
    gates = breaker.look(now)
    for job in lease(
        _sendable(gates).select_related("photo", "consent", "hold"),
        limit=1 if gates.one_at_a_time else limit,
        seconds=settings.LEASE_SECONDS,
        now=now,
    ):
        with transaction.atomic():
            ours = still_ours(job)
            if ours is None:
                continue
            if ours.state == JobState.SUBMITTING:
                _lost_track(ours, now)
            elif not (routes := _allowed(ours, now)):
                _end_without_consent(ours)
            elif way := _way(routes, breaker.look(now)):  # one may have opened since the lease
                # The leased row goes on to the call: it has its photo with it, and needs no query.
                works.append(_open_attempt(ours, *way, leased=job, now=now))
            else:
                _put_back(ours)
    return works


def instead_of_call(work: Work, now: datetime) -> NeverSent | Held | None:
    """The last look: a withdrawal that was committed by now still stops what was claimed.

    So does a vendor's refusal of another job: what is in hand need not go there for the same.
    A newer statement that allows the same does not: the job goes on under that one.
    """
    job = work.job
    ours = RestorationJob.objects.filter(
        pk=job.pk, state=JobState.SUBMITTING, lease_token=job.lease_token
    ).select_related("consent")
    current = ours.first()
    if current is None:
        return NeverSent("never sent: the job had ended")
    vendor = work.route.vendor
    if not current.consent.is_live_for(vendor, now=now) and not _taken_over(job, vendor, now):
        return NeverSent("never sent: no live consent")
    if not work.is_probe:  # whose turn it is to see whether it goes again
        passage = breaker.look(now).passage(vendor)
        if passage not in (Passage.FREE, work.passage):
            return Held(f"never sent: {vendor} is not sent to just now")
    return None


def _taken_over(job: RestorationJob, vendor: str, now: datetime) -> bool:
    """Whether a newer statement about the photo lets the job go to the vendor; it is under it then.

    Under the photo's lock, which whoever gives or ends a consent takes first.
    """
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=job.photo_id)
        newer = photo.consents.live(vendor=vendor, now=now).newest()
        claimed = RestorationJob.objects.filter(
            pk=job.pk, state=JobState.SUBMITTING, lease_token=job.lease_token
        )
        if newer is None or not claimed.update(consent=newer):
            return False
        JobEvent.objects.create(
            job=job,
            from_state=JobState.SUBMITTING,
            to_state=JobState.SUBMITTING,
            by=NAME,
            why=f"goes on under what was said meanwhile: consent {newer.pk}",
        )
    return True


def call(work: Work) -> Outcome:
    job = work.job
    image_url = storage.address(job.photo.prepared_key, seconds=settings.VENDOR_URL_SECONDS)
    submission = Submission(
        endpoint=work.route.endpoint,
        payload=work.route.payload(image_url=image_url, parameters=job.parameters),
        callback_url=settings.PUBLIC_BASE_URL
        + reverse(f"{work.route.vendor}_callback", args=[work.token]),
    )
    try:
        return vendors.client(work.route.vendor).submit(submission)
    except errors.GatewayError as problem:
        return problem


def record(work: Work, outcome: Outcome, now: datetime) -> None:
    """The attempt learns its answer in any case; the job moves only if it is still ours, or if it
    was about to be sent once more for want of this very answer."""
    job = still_ours(work.job)
    given_up = None if job else RestorationJob.objects.select_for_update().get(pk=work.job.pk)
    attempt = Attempt.objects.select_for_update().get(pk=work.attempt.pk)
    is_given_up = attempt.outcome == AttemptOutcome.UNKNOWN and attempt.request_id is None
    if attempt.outcome == AttemptOutcome.OPEN or (is_given_up and isinstance(outcome, Accepted)):
        _answer(attempt, outcome, now)
    _tell_breaker(work, outcome, now)
    if job is None:
        if given_up and isinstance(outcome, Accepted) and attempt.request_id == outcome.request_id:
            settle.take_back(given_up, attempt, by=NAME)
        return
    match outcome:
        case Accepted():
            move(job, JobState.QUEUED, by=NAME, submitted_at=now, due_at=backoff.poll_at(now, 0))
        case NeverSent():
            if job.state == JobState.SUBMITTING:
                _end_without_consent(job)
        case Held(why):
            _wait_for_us(job, why, due_at=work.job.due_at)
        case errors.Refused(reason=reason):
            if refusals.is_ours(reason):
                log.error("%s refuses what we sent: %s", work.route.vendor, reason)
            abandon.end(
                job,
                JobState.ERROR,
                by=NAME,
                code="vendor_refused",
                words=refusals.words_for(reason),
                why=str(outcome),
            )
        case errors.AccountBlocked():
            # As due as it was: when the vendor is tried again, those that it refused come first.
            _wait_for_us(job, str(outcome), due_at=work.job.due_at)
        case errors.Throttled():
            until = now + timedelta(seconds=outcome.retry_after_seconds)
            _wait_for_us(job, str(outcome), due_at=backoff.after_a_wait(until))
        case errors.NotAccepted():
            _try_again(job, outcome, now)
        case _:
            _unknown(job, str(outcome), now)


def _sendable(gates: Gates) -> JobQuerySet:
    jobs = RestorationJob.objects.to_submit()
    sendable = gates.sendable()
    return jobs if sendable is None else jobs.filter(~Q(state=JobState.READY) | sendable)


def _allowed(job: RestorationJob, now: datetime) -> list[Route]:
    """The routes that can do what was ordered and whose vendor the consent names, usual first."""
    return [
        route
        for route in vendors.routes(job.model)
        if route.serves(job.parameters) and job.consent.is_live_for(route.vendor, now=now)
    ]


def _way(routes: list[Route], gates: Gates) -> tuple[Route, Passage] | None:
    """Where it goes now; None when it has to wait. Of a probe there is one, whoever asks first."""
    for route in gates.ways(routes):
        passage = gates.passage(route.vendor)
        if passage != Passage.PROBE or breaker.take_probe(route.vendor, gates.now):
            return route, passage
    return None


def _put_back(job: RestorationJob) -> None:
    """As it was: `waiting` leaves it out until a vendor may get it."""
    RestorationJob.objects.filter(pk=job.pk).update(lease_token=None, lease_until=None)


def _open_attempt(
    job: RestorationJob, route: Route, passage: Passage, *, leased: RestorationJob, now: datetime
) -> Work:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    attempt = Attempt.objects.create(
        job=job,
        number=job.attempts.count() + 1,
        vendor=route.vendor,
        own_cost_micros=job.own_cost_of(route, job.quoted_width_px * job.quoted_height_px),
        token_sha256=Attempt.hash_token(token),
    )
    move(
        job,
        JobState.SUBMITTING,
        by=NAME,
        due_at=now,
        lease_token=job.lease_token,
        lease_until=job.lease_until,
        tries=job.tries,
    )
    return Work(job=leased, attempt=attempt, route=route, token=token, passage=passage)


def _answer(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    attempt.answered_at = None if isinstance(outcome, NeverSent | Held) else now
    match outcome:
        case Accepted(request_id):
            attempt.outcome, attempt.request_id = AttemptOutcome.ACCEPTED, request_id
            attempt.http_status, attempt.vendor_status = 202, "QUEUED"
        case errors.NotAccepted():
            attempt.outcome = AttemptOutcome.NOT_ACCEPTED
        case NeverSent(why) | Held(why):
            attempt.outcome, attempt.problem = AttemptOutcome.NOT_ACCEPTED, why
        case _:
            attempt.outcome = AttemptOutcome.UNKNOWN
    if isinstance(outcome, errors.GatewayError):
        attempt.problem, attempt.http_status = str(outcome)[:500], outcome.http_status
    attempt.save()


def _tell_breaker(work: Work, outcome: Outcome, now: datetime) -> None:
    vendor = work.route.vendor
    match outcome:
        case Accepted() if work.passage != Passage.FREE:
            breaker.accepted(vendor=vendor, now=now, is_probe=work.is_probe)
        case NeverSent() if work.is_probe:
            breaker.probe_at_once(vendor, now=now)
        case errors.GatewayError():
            breaker.refused(outcome, vendor=vendor, by=NAME, now=now, is_probe=work.is_probe)


def _wait_for_us(job: RestorationJob, why: str, *, due_at: datetime | None) -> None:
    """Our own account, not the job: back to READY, however often, and no try is counted."""
    move(job, JobState.READY, by=NAME, why=why, due_at=due_at, tries=job.tries)


def _try_again(job: RestorationJob, problem: errors.NotAccepted, now: datetime) -> None:
    """The vendor surely did not take it: back to READY, later, a bounded number of times."""
    tries = job.tries + 1
    if tries >= settings.STEP_MOST_TRIES:
        abandon.end(
            job,
            JobState.ERROR,
            by=NAME,
            code="vendor_unreachable",
            words=gettext_noop("The restorer could not be reached."),
            why=str(problem),
        )
        return
    due_at = backoff.retry_at(now, tries)
    move(job, JobState.READY, by=NAME, why=str(problem), due_at=due_at, tries=tries)


def _end_without_consent(job: RestorationJob) -> None:
    abandon.end(job, JobState.CANCELLED, by=NAME, code="no_live_consent", words=NO_CONSENT)


def _unknown(job: RestorationJob, why: str, now: datetime) -> None:
    move(
        job,
        JobState.UNKNOWN,
        by=NAME,
        why=why,
        submitted_at=now,
        due_at=backoff.poll_at(now, 0),
    )


def _lost_track(job: RestorationJob, now: datetime) -> None:
    """A worker died between opening the attempt and recording its answer."""
    job.attempts.filter(outcome=AttemptOutcome.OPEN).update(outcome=AttemptOutcome.UNKNOWN)
    _unknown(job, "the worker that was sending it stopped", now)
