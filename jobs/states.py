"""A job's states, the one table of allowed moves, and the one way to make a move.

The diagram in docs/architecture.md is generated from `ALLOWED_MOVES` (`manage.py state_diagram`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from jobs.models import RestorationJob


class JobState(models.TextChoices):
    """Where a job is. QUEUED, PROCESSING, COMPLETED, FAILED and ERROR are the vendor's words."""

    AWAITING_CONSENT = "AWAITING_CONSENT", "Waiting for a reviewer"
    READY = "READY", "Waiting its turn"
    SUBMITTING = "SUBMITTING", "Being handed over"
    UNKNOWN = "UNKNOWN", "Being handed over, checking"
    QUEUED = "QUEUED", "In the restorer's queue"
    PROCESSING = "PROCESSING", "Being restored"
    COMPLETED = "COMPLETED", "Restored, fetching the picture"
    DELIVERED = "DELIVERED", "Done"
    FAILED = "FAILED", "Could not be restored"
    ERROR = "ERROR", "Something went wrong"
    REJECTED = "REJECTED", "Not allowed by the reviewer"
    CANCELLED = "CANCELLED", "Cancelled"


S = JobState

ALLOWED_MOVES: dict[JobState, frozenset[JobState]] = {
    S.AWAITING_CONSENT: frozenset({S.READY, S.REJECTED, S.CANCELLED}),
    S.READY: frozenset({S.SUBMITTING, S.CANCELLED}),
    # READY again: the vendor surely did not accept.
    S.SUBMITTING: frozenset({S.QUEUED, S.READY, S.UNKNOWN, S.FAILED, S.ERROR, S.CANCELLED}),
    # READY again: one resubmission, at the house's cost.
    S.UNKNOWN: frozenset(
        {S.QUEUED, S.PROCESSING, S.COMPLETED, S.FAILED, S.ERROR, S.READY, S.CANCELLED}
    ),
    S.QUEUED: frozenset({S.PROCESSING, S.COMPLETED, S.FAILED, S.ERROR, S.CANCELLED}),
    S.PROCESSING: frozenset({S.COMPLETED, S.FAILED, S.ERROR, S.CANCELLED}),
    # ERROR: the result can't be had; what was charged goes back. CANCELLED: consent withdrawn.
    S.COMPLETED: frozenset({S.DELIVERED, S.ERROR, S.CANCELLED}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.ERROR: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
}

TERMINAL = frozenset(state for state, onward in ALLOWED_MOVES.items() if not onward)
WAITING_FOR_VENDOR = frozenset({S.UNKNOWN, S.QUEUED, S.PROCESSING})
UNSENT = frozenset({S.AWAITING_CONSENT, S.READY})


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
    from jobs.models import JobEvent, RestorationJob

    was = JobState(job.state)
    if to not in ALLOWED_MOVES[was]:
        raise MoveNotAllowed(f"{was} may not become {to}")
    changes = {"lease_token": None, "lease_until": None, "tries": 0, **changes}
    if to in TERMINAL:
        # Due once more: for the step that tells the member.
        changes = {"due_at": timezone.now(), "ended_at": timezone.now(), **changes}
    with transaction.atomic():
        moved = RestorationJob.objects.filter(pk=job.pk, state=was).update(state=to, **changes)
        if not moved:
            raise MoveLost(f"job {job.pk} is no longer {was}")
        JobEvent.objects.create(job=job, from_state=was, to_state=to, by=by[:100], why=why[:500])
    for field, value in {"state": to, **changes}.items():
        setattr(job, field, value)
