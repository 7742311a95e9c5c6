"""A job's states and the one table of allowed moves; `jobs.moves` makes them.

The diagram in docs/architecture.md is generated from `ALLOWED_MOVES` (`manage.py state_diagram`).
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    """Where a job is. QUEUED, PROCESSING, COMPLETED, FAILED and ERROR are the vendor's words."""

    AWAITING_CONSENT = "AWAITING_CONSENT", _("Waiting for a reviewer")
    READY = "READY", _("Waiting its turn")
    SUBMITTING = "SUBMITTING", _("Being handed over")
    UNKNOWN = "UNKNOWN", _("Being handed over, checking")
    QUEUED = "QUEUED", _("In the restorer's queue")
    PROCESSING = "PROCESSING", _("Being restored")
    COMPLETED = "COMPLETED", _("Restored, fetching the picture")
    DELIVERED = "DELIVERED", _("Done")
    FAILED = "FAILED", _("Could not be restored")
    ERROR = "ERROR", _("Something went wrong")
    REJECTED = "REJECTED", _("Not allowed by the reviewer")
    CANCELLED = "CANCELLED", _("Cancelled")


S = JobState

ALLOWED_MOVES: dict[JobState, frozenset[JobState]] = {
    S.AWAITING_CONSENT: frozenset({S.READY, S.REJECTED, S.CANCELLED}),
    # ERROR: staff gave it up.
    S.READY: frozenset({S.SUBMITTING, S.ERROR, S.CANCELLED}),
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
# On the way to a picture, or there: in the order of the table, for the database's constraint.
BRINGS_A_PICTURE = tuple(
    state for state in ALLOWED_MOVES if state not in TERMINAL or state == S.DELIVERED
)
