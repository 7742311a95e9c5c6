"""RQ's doors: a few lines each. A task carries no state and moves nothing by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from jobs import doorbell, pipeline


def answer(step: str) -> None:
    """Somebody rang: work off what is due, then ring wherever that left something to do."""
    close_old_connections()
    doorbell.answered(step)
    pipeline.run_due(pipeline.STEPS[step], budget_seconds=settings.DRAIN_BUDGET_SECONDS)
    sweep()


def sweep() -> None:
    """Ring for every step that has something due; runs every few seconds."""
    close_old_connections()
    for name in pipeline.steps_due(timezone.now()):
        doorbell.ring(name)
