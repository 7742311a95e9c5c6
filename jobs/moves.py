"""The one way to move a job from state to state: compare-and-set, with its event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs.models import JobEvent, RestorationJob
from jobs.states import ALLOWED_MOVES, TERMINAL, JobState


class MoveNotAllowed(Exception):
    """The table of moves has no such move. Nothing was changed."""


class MoveLost(Exception):
    """Somebody else moved the job first. Nothing was changed; look again."""


def move(job: RestorationJob, to: JobState, *, by: str, why: str = "", **changes: Any) -> None:
    """Compare-and-set a job's state, with its event, in one transaction.

    `by` names who or what ("submit", "callback", a member's e-mail). `changes` are fields set in
    the same UPDATE. Any lease is let go, so a worker that still holds one can't record over this.
    Raises MoveNotAllowed, MoveLost.
    """
    was = JobState(job.state)
    if to not in ALLOWED_MOVES[was]:
        raise MoveNotAllowed(f"{was} may not become {to}")
    changes = {"lease_token": None, "lease_until": None, "tries": 0, **changes}
    if to in TERMINAL:
        # Due once more: for the step that tells the member who did not see it happen.
        now = timezone.now()
        unseen_at = now + timedelta(seconds=settings.TELL_AFTER_SECONDS)
        changes = {"due_at": unseen_at, "ended_at": now, **changes}
    with transaction.atomic():
        moved = RestorationJob.objects.filter(pk=job.pk, state=was).update(state=to, **changes)
        if not moved:
            raise MoveLost(f"job {job.pk} is no longer {was}")
        JobEvent.objects.create(job=job, from_state=was, to_state=to, by=by[:100], why=why[:500])
    for field, value in {"state": to, **changes}.items():
        setattr(job, field, value)
