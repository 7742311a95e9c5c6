"""Tell the member by e-mail how a job ended. At least once, and never instead of the page."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models
from django.template.loader import render_to_string
from django.urls import reverse

from jobs.models import RestorationJob
from jobs.models.leased import lease, still_ours
from jobs.states import JobState

NAME = "tell"
CONCURRENCY = 4


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_tell()


def claim(limit: int, now: datetime) -> list[RestorationJob]:
    return lease(
        waiting().select_related("owner", "photo", "hold"),
        limit=limit,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )


def call(job: RestorationJob) -> None:
    """Raises OSError or SMTPException when the mail server does not take it: try again later."""
    if job.state == JobState.CANCELLED and job.failure_code in ("cancelled", "withdrawn"):
        return  # they did it themselves, and saw it done
    kind = "delivered" if job.state == JobState.DELIVERED else "failed"
    context = {
        "job": job,
        "photo": job.photo,
        "url": settings.PUBLIC_BASE_URL + reverse("photo", args=[job.photo_id]),
    }
    subject = (
        f"Your photo “{job.photo.title}” is restored"
        if kind == "delivered"
        else f"Your photo “{job.photo.title}” could not be restored"
    )
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"jobs/email/{kind}.txt", context),
        to=[job.owner.email],
    )
    message.attach_alternative(render_to_string(f"jobs/email/{kind}.html", context), "text/html")
    message.send()


def record(job: RestorationJob, outcome: None, now: datetime) -> None:
    ours = still_ours(job)
    if ours is None:
        return
    RestorationJob.objects.filter(pk=ours.pk).update(
        told_at=now, due_at=None, lease_token=None, lease_until=None
    )
