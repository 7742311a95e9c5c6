"""Stop waiting for a restoration that has been sent: the member pays nothing, and gets nothing.

A request can't be called back, so the vendor may complete it and bill the house. That is booked on
the attempt and listed for billing staff. Consent stands, the photo and its prepared copy stay; a
callback that comes later is STALE. Whoever stops everything shortly before its end costs the house
money for nothing, so a member can do it STOPS_A_DAY times (decision 17). Lock order: member, job,
attempt, wallet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop

from accounts import members
from accounts.models import User
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.states import UNSENT, WAITING_FOR_VENDOR, JobState
from jobs.steps import abandon

CODE = "stopped"
A_DAY = timedelta(days=1)
HANDED_OVER = lazy("It is being handed over at this moment. Please try again in a few seconds.")
RESTORED = lazy(
    "It is restored already, and the picture is being fetched. If that can’t be done, "
    "what you were charged is returned."
)
ENDED = lazy("This restoration has ended already.")
LEFT = lazy("This account has been closed.")


class CannotStop(Exception):
    """Not possible now. The message is for the member; nothing was changed."""


def obstacle(job: RestorationJob, now: datetime) -> str:
    """Why its member can't stop waiting for this job now; nothing when they can."""
    if job.state in WAITING_FOR_VENDOR:
        if stops_left(job.owner, now):
            return ""
        return _(
            "You have stopped waiting %(most)s times within a day, each of which we "
            "may have to pay for. Please let this one come to its end."
        ) % {"most": settings.STOPS_A_DAY}
    said = {JobState.SUBMITTING: HANDED_OVER, JobState.COMPLETED: RESTORED}
    return str(said.get(JobState(job.state), "" if job.state in UNSENT else ENDED))


def stops_left(member: User, now: datetime) -> int:
    """How often the member may still do this today."""
    return max(0, settings.STOPS_A_DAY - stopped(member, now - A_DAY).count())


def stopped(member: User, since: datetime) -> models.QuerySet[RestorationJob]:
    """What a member stopped waiting for since then."""
    return RestorationJob.objects.for_member(member).filter(failure_code=CODE, ended_at__gt=since)


def stop(*, job: RestorationJob, by: User) -> None:
    """End a job that has been sent, its hold returned. Raises CannotStop.

    One that is back in the line meanwhile, because the vendor did not take it, is cancelled.
    """
    now = timezone.now()
    with transaction.atomic():
        if members.locked(by) is None:
            raise CannotStop(LEFT)
        job = RestorationJob.objects.select_for_update().get(pk=job.pk)
        if job.failure_code == CODE:
            return
        if words := obstacle(job, now):
            raise CannotStop(words)
        bear(job)
        was_sent = job.state in WAITING_FOR_VENDOR
        abandon.end(
            job,
            JobState.CANCELLED,
            by="member",
            code=CODE if was_sent else "cancelled",
            words=gettext_noop("You stopped waiting for this.")
            if was_sent
            else gettext_noop("You cancelled this."),
        )


def bear(job: RestorationJob) -> None:
    """Book on the house what the vendor may be working on, for nobody else will pay for it.

    The caller holds the job's lock.
    """
    for attempt in _live(job).select_for_update():
        attempt.house_cost_micros = max(attempt.cost_micros, 1)
        attempt.save(update_fields=["house_cost_micros"])


def _live(job: RestorationJob) -> models.QuerySet[Attempt]:
    """What the vendor may be working on."""
    return job.attempts.filter(house_cost_micros=0).exclude(outcome=AttemptOutcome.NOT_ACCEPTED)
