"""Send the letters that were written in a transaction (`accounts.letters`), each at least once."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from accounts import mailing
from accounts.models import Letter
from accounts.models.leased import lease, still_ours

NAME = "send"
CONCURRENCY = 4


def waiting() -> models.QuerySet[Letter]:
    return Letter.objects.to_send()


def claim(limit: int, now: datetime) -> list[Letter]:
    return lease(
        waiting().select_related("to"), limit=limit, seconds=settings.LEASE_SECONDS, now=now
    )


def call(letter: Letter) -> None:
    """Raises OSError or SMTPException when the mail server does not take it: try again later."""
    context = {**letter.context, "site_url": settings.PUBLIC_BASE_URL}
    mailing.letter(letter.kind, context, to=letter.to).send()


def record(letter: Letter, outcome: None, now: datetime) -> None:
    ours = still_ours(letter)
    if ours is None:
        return
    # What it said is in the member's mailbox; here it would outlive the photo that it named.
    Letter.objects.filter(pk=ours.pk).update(
        sent_at=now, context={}, due_at=None, lease_token=None, lease_until=None
    )
