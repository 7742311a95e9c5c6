"""RQ's doors: a few lines each. A task carries no state and moves nothing by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from jobs import consent_proof, doorbell, pipeline
from jobs.steps import orphans, retain, trash


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


def keep_promises() -> None:
    """Erase what is past its date, or has lain in the trash for long; runs every few minutes."""
    close_old_connections()
    now, most = timezone.now(), settings.KEEP_PROMISES_MOST
    retain.enforce(now, most)
    trash.erase_old(now, most)
    sweep()


def erase_orphans() -> None:
    """Delete once a day what lies in S3 and belongs to no photo."""
    close_old_connections()
    orphans.erase(timezone.now())


def check_consents() -> None:
    """Prove once a day that what members said is still what stands."""
    close_old_connections()
    consent_proof.check_if_due(timezone.now())
