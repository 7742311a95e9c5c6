"""What staff do to one job by hand, when it does not go on by itself.

Each deed says in `POSSIBLE` in which states it makes sense, asks for a reason, and is done in one
transaction with its entry in the audit trail, under the job's lock and only if the job still stands
as the page showed it: a second click, or somebody quicker, changes nothing. None of them charges
anybody; the one that may cost the house something says so. Lock order: job, attempt, wallet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import User
from accounts.reading import on_record
from jobs import breaker
from jobs.models import Delivery, RestorationJob, Verdict
from jobs.states import WAITING_FOR_VENDOR, JobState
from jobs.steps import abandon, observe, settle, stop

PERMISSION = "jobs.change_restorationjob"
REASON_MOST = 300
STOPPED = gettext_noop(
    "No vendor that it may go to takes work now (see Gateway): it goes on by itself after."
)
ENDED_WORDS = gettext_noop("We could not finish this restoration, so we ended it.")


class CannotIntervene(Exception):
    """Not possible. The message is for the person who pressed; nothing was changed."""


class Moved(CannotIntervene):
    """The job does not stand any more as the page showed it."""


class Deed(models.TextChoices):
    """What there is a button for."""

    POLL = "poll", lazy("Poll now")
    RELEASE = "release", lazy("Release")
    RESUBMIT = "resubmit", lazy("Resubmit")
    END = "end", lazy("End it")


S, D = JobState, Deed

POSSIBLE: dict[JobState, frozenset[Deed]] = {
    S.AWAITING_CONSENT: frozenset(),  # a reviewer's, or the member's to cancel
    S.READY: frozenset({D.RELEASE, D.RESUBMIT, D.END}),
    # It may be on the wire: first let its lease go, then it is UNKNOWN.
    S.SUBMITTING: frozenset({D.RELEASE}),
    S.UNKNOWN: frozenset({D.POLL, D.RELEASE, D.RESUBMIT, D.END}),
    S.QUEUED: frozenset({D.POLL, D.RELEASE, D.END}),
    S.PROCESSING: frozenset({D.POLL, D.RELEASE, D.END}),
    S.COMPLETED: frozenset({D.POLL, D.RELEASE, D.END}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.ERROR: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
}
# Judged to be no word of the vendor's, or not kept whole.
NOT_REPLAYED = (Verdict.FORGED, Verdict.UNSIGNED, Verdict.MISSIGNED, Verdict.TOO_LARGE)


def obstacle(job: RestorationJob, deed: Deed, now: datetime) -> str:
    """Why this can't be done to the job as it stands; nothing when it can."""
    if deed not in POSSIBLE[JobState(job.state)]:
        return _("Not possible while it is %(state)s.") % {"state": job.state}
    in_hand = job.lease_until is not None and job.lease_until > now
    if deed == Deed.RELEASE:
        return "" if in_hand else _("Nobody has it in hand.")
    if in_hand:
        return _("A worker has it in hand: wait for that, or release it first.")
    if deed == Deed.RESUBMIT and breaker.kept_back([job], now):
        return STOPPED
    return _obstacle_while_unknown(job, deed) if job.state == JobState.UNKNOWN else ""


def _obstacle_while_unknown(job: RestorationJob, deed: Deed) -> str:
    is_named = job.attempts.latest("number").request_id is not None
    if deed == Deed.POLL and not is_named:
        return _("The vendor has named no request of it: there is nothing to ask for.")
    if deed == Deed.RESUBMIT and is_named:
        return _("The vendor has it: poll instead.")
    if deed == Deed.RESUBMIT and job.resubmissions:
        return _("It was sent once more already.")
    return ""


def do(
    deed: Deed, *, job: RestorationJob, seen_state: str, by: User, reason: str, now: datetime
) -> None:
    """Raises Moved when it is not `seen_state` any more, CannotIntervene when it can't be done."""
    reason = _reason(reason)
    with transaction.atomic():
        job = RestorationJob.objects.select_for_update().get(pk=job.pk)
        if job.state != seen_state:
            raise Moved(_("It has moved on meanwhile: it is %(state)s now.") % {"state": job.state})
        if problem := obstacle(job, deed, now):
            raise CannotIntervene(problem)
        VERBS[deed](job, by, reason, now)
        with on_record():
            what = f"{deed.label}: {job.model.name}, {seen_state}"
        audit.record(
            actor=by,
            action=f"job.{deed.value}",
            what=what,
            why=reason,
            subject=f"job {job.pk}",
            member=job.owner,
        )


def may_replay(delivery: Delivery) -> bool:
    """Whether it was the vendor's word, whole, and first-hand."""
    return (
        delivery.attempt is not None
        and delivery.replay_of_id is None
        and delivery.verdict not in NOT_REPLAYED
    )


def replay(*, delivery: Delivery, by: User, reason: str) -> Delivery:
    """Settle a delivery's raw body once more. Raises CannotIntervene."""
    reason = _reason(reason)
    if delivery.attempt is None or not may_replay(delivery):
        raise CannotIntervene(_("This delivery can’t be replayed: it was not the vendor’s word."))
    with transaction.atomic():
        again = settle.replay(delivery, by=by)
        job = delivery.attempt.job
        with on_record():
            what = f"Replay a delivery: number {delivery.pk}, {again.get_verdict_display()}"
        audit.record(
            actor=by,
            action="job.replay",
            what=what,
            why=reason,
            subject=f"job {job.pk}",
            member=job.owner,
        )
    return again


def _reason(words: str) -> str:
    words = words.strip()
    if not words:
        raise CannotIntervene(_("Please give a reason."))
    return words[:REASON_MOST]


def _due(job: RestorationJob, by: User, reason: str, now: datetime) -> None:
    RestorationJob.objects.filter(pk=job.pk).update(due_at=now)


def _release(job: RestorationJob, by: User, reason: str, now: datetime) -> None:
    """What its worker may still learn is kept on the attempt, but moves the job no more."""
    RestorationJob.objects.filter(pk=job.pk).update(due_at=now, lease_token=None, lease_until=None)


def _resubmit(job: RestorationJob, by: User, reason: str, now: datetime) -> None:
    if job.state == JobState.READY:
        _due(job, by, reason, now)
        return
    attempt = job.attempts.select_for_update().latest("number")
    observe.send_once_more(job, attempt, by=str(by), why=reason, now=now)


def _end(job: RestorationJob, by: User, reason: str, now: datetime) -> None:
    if job.state in WAITING_FOR_VENDOR:
        stop.bear(job)
    abandon.end(
        job, JobState.ERROR, by=str(by), code="ended_by_staff", words=ENDED_WORDS, why=reason
    )


VERBS: dict[Deed, Callable[[RestorationJob, User, str, datetime], None]] = {
    Deed.POLL: _due,
    Deed.RELEASE: _release,
    Deed.RESUBMIT: _resubmit,
    Deed.END: _end,
}
