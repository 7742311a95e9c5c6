"""Tell members by e-mail how their jobs ended, unless a page of theirs has shown it (`seen`).

An ended job is due for this only after TELL_AFTER_SECONDS, so that a page that lies open is first.
What ends soon after one another is told in one letter, however many there are (`together`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
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
MOST_IN_A_LETTER = 500
NAMED_IN_A_LETTER = 20  # the rest of them is counted


def waiting() -> models.QuerySet[RestorationJob]:
    return RestorationJob.objects.to_tell().with_those_that_end_soon(timezone.now())


@dataclass(frozen=True)
class Work:
    """What has ended for one member, leased, and what became of its money, by hold."""

    jobs: list[RestorationJob]
    money: Mapping[int, HoldBalance]


def seen(job: RestorationJob, now: datetime) -> None:
    """A page that its member is looking at has just shown how it ended: no e-mail says it again."""
    RestorationJob.objects.to_tell().filter(pk=job.pk).update(
        told_at=now, due_at=None, lease_token=None, lease_until=None
    )


def claim(limit: int, now: datetime) -> list[Work]:
    """A letter each, with all that has ended for its member."""
    ended = RestorationJob.objects.to_tell().select_related("owner", "photo")
    with transaction.atomic():
        jobs = _lease(ended.with_those_that_end_soon(now), limit, now)
        members = {job.owner_id for job in jobs}
        jobs += _lease(ended.filter(owner__in=members), MOST_IN_A_LETTER, now) if members else []
    money = ledger.balances_of(job.hold_id for job in jobs if job.hold_id is not None)
    jobs.sort(key=lambda job: (job.owner_id, job.ended_at or now, job.pk))
    return [Work(list(theirs), money) for _, theirs in groupby(jobs, lambda job: job.owner_id)]


def _lease(
    jobs: models.QuerySet[RestorationJob], limit: int, now: datetime
) -> list[RestorationJob]:
    return lease(jobs, limit=limit, seconds=settings.LEASE_SECONDS, now=now)


def call(work: Work) -> None:
    """Raises OSError or SMTPException when the mail server does not take it: try again later."""
    news = [job for job in work.jobs if job.failure_code not in SAID_ELSEWHERE]
    if not news:
        return
    member = news[0].owner
    with as_read_by(member):
        kind, context = letter_about(news, work.money)
    mailing.letter(kind, context, to=member).send()


def letter_about(
    jobs: Sequence[RestorationJob], money: Mapping[int, HoldBalance]
) -> tuple[str, dict[str, object]]:
    """Which letter says how these jobs of one member ended, and what it says."""
    parts = [money.get(job.hold_id or 0, NOTHING) for job in jobs]
    if len(jobs) > 1:
        return "ended", context_of_all(jobs, parts)
    (job,), (part,) = jobs, parts
    return ("delivered" if _is_done(job) else "failed"), context_of(job, part)


def context_of(job: RestorationJob, money: HoldBalance) -> dict[str, object]:
    """What the letters `delivered` and `failed` say."""
    return {
        **_line(job),
        "charge_words": charge_words(money, is_free=job.is_free),
        "statement_url": f"{settings.PUBLIC_BASE_URL}{reverse('wallet')}?job={job.pk}",
    }


def context_of_all(
    jobs: Sequence[RestorationJob], money: Sequence[HoldBalance]
) -> dict[str, object]:
    """What the letter `ended` says. What has failed is named first: there is something to do."""
    done = [job for job in jobs if _is_done(job)]
    failed = [job for job in jobs if not _is_done(job)]
    room = max(0, NAMED_IN_A_LETTER - len(failed))
    photos = {job.photo_id for job in jobs}
    page = reverse("photo", args=[*photos]) if len(photos) == 1 else reverse("gallery")
    return {
        "count": len(jobs),
        "done_count": len(done),
        "failed_count": len(failed),
        "failed": [_line(job) for job in failed[:NAMED_IN_A_LETTER]],
        "done": [_line(job) for job in done[:room]],
        "unnamed_count": max(0, len(jobs) - NAMED_IN_A_LETTER),
        "charged": dollars(sum(one.charged for one in money)),
        "statement_url": settings.PUBLIC_BASE_URL + reverse("wallet"),
        "url": settings.PUBLIC_BASE_URL + page,
        "is_one_photo": len(photos) == 1,
    }


def _is_done(job: RestorationJob) -> bool:
    return job.state == JobState.DELIVERED


def _line(job: RestorationJob) -> dict[str, object]:
    return {
        "photo_title": job.photo.title,
        "model_name": job.model.name,
        "failure_words": kept.words(job.failure_words),
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
    ours = [job.pk for job in work.jobs if still_ours(job)]
    RestorationJob.objects.filter(pk__in=ours).update(
        told_at=now, due_at=None, lease_token=None, lease_until=None
    )
