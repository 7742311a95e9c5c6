"""Tell the member by e-mail how a job ended, unless a page of theirs has shown it (`seen`).

An ended job is due for this only after TELL_AFTER_SECONDS, so that a page that lies open is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import kept, ledger, mailing
from accounts.ledger import HoldBalance
from accounts.models.leased import lease, still_ours
from accounts.money import dollars
from accounts.reading import as_read_by
from jobs.models import RestorationJob
from jobs.states import JobState

NAME = "tell"
CONCURRENCY = 4
# They did it themselves and saw it done, or a letter of its own says it (the last two).
SAID_ELSEWHERE = (
    "cancelled",
    "stopped",
    "withdrawn",
    "trashed",
    "left",
    "keep_until",
    "consent_rejected",
)
NOTHING = HoldBalance(held=0, captured=0, released=0, refunded=0)


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_tell()


@dataclass(frozen=True)
class Work:
    """A leased job, and what became of its money."""

    job: RestorationJob
    money: HoldBalance


def seen(job: RestorationJob, now: datetime) -> None:
    """A page that its member is looking at has just shown how it ended: no e-mail says it again."""
    RestorationJob.objects.to_tell().filter(pk=job.pk).update(
        told_at=now, due_at=None, lease_token=None, lease_until=None
    )


def claim(limit: int, now: datetime) -> list[Work]:
    jobs = lease(
        waiting().select_related("owner", "photo"),
        limit=limit,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )
    money = ledger.balances_of(job.hold_id for job in jobs if job.hold_id is not None)
    return [Work(job, money.get(job.hold_id or 0, NOTHING)) for job in jobs]


def call(work: Work) -> None:
    """Raises OSError or SMTPException when the mail server does not take it: try again later."""
    job = work.job
    if job.failure_code in SAID_ELSEWHERE:
        return
    kind = "delivered" if job.state == JobState.DELIVERED else "failed"
    with as_read_by(job.owner):
        context = context_of(job, work.money)
    mailing.letter(kind, context, to=job.owner).send()


def context_of(job: RestorationJob, money: HoldBalance) -> dict[str, object]:
    """What the letters `delivered` and `failed` say."""
    return {
        "photo_title": job.photo.title,
        "model_name": job.model.name,
        "failure_words": kept.words(job.failure_words),
        "charge_words": charge_words(money, is_free=job.is_free),
        "statement_url": f"{settings.PUBLIC_BASE_URL}{reverse('wallet')}?job={job.pk}",
        "url": settings.PUBLIC_BASE_URL + reverse("job", args=[job.pk]),
    }


def charge_words(money: HoldBalance, *, is_free: bool = False) -> str:
    """What became of a job's money, in one sentence; the page and the e-mail say the same."""
    if is_free:
        return _("%(amount)s: free for you, we pay for it.") % {"amount": dollars(0)}
    if money.open:
        return _("%(amount)s is set aside. You pay only for a result.") % {
            "amount": dollars(money.open)
        }
    if money.charged and money.refunded:
        return _("%(charged)s charged; %(refunded)s was returned.") % {
            "charged": dollars(money.charged),
            "refunded": dollars(money.refunded),
        }
    if money.charged:
        return _("%(amount)s charged.") % {"amount": dollars(money.charged)}
    if back := money.refunded or money.released:
        return _("You were not charged: %(amount)s was returned.") % {"amount": dollars(back)}
    return _("You were not charged.")


def record(work: Work, outcome: None, now: datetime) -> None:
    ours = still_ours(work.job)
    if ours is None:
        return
    RestorationJob.objects.filter(pk=ours.pk).update(
        told_at=now, due_at=None, lease_token=None, lease_until=None
    )
