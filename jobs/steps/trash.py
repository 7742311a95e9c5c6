"""The trash: out of the gallery at once, erased after TRASH_DAYS, and back until then.

Trashing is tidying up, so it waits where withdrawal does not: while a restoration has been sent it
is refused, because the result would be charged for and nobody would see it. What has not been sent
is cancelled, and its hold returns. Lock order: photo, consent, job, wallet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import kept
from accounts.models import User
from jobs.models import ConsentStatus, Photo, RestorationJob
from jobs.states import UNSENT, JobState
from jobs.steps import abandon, consent, share

ERASED_BY_CLOCK = kept.sentence(gettext_noop("erased after %(days)s days in the trash"))
ERASED_BY_MEMBER = gettext_noop("erased from the trash by the member")  # as the event keeps it


class TrashError(Exception):
    """Not possible now. The message is for the member; nothing was changed."""


def put(*, photo: Photo, by: User) -> int:
    """Into the trash; says how many waiting restorations were cancelled. Raises TrashError."""
    with transaction.atomic():
        photo = _locked(photo)
        if photo.is_in_trash:
            return 0
        jobs = list(RestorationJob.objects.filter(photo=photo).unfinished().select_for_update())
        if any(job.state not in UNSENT for job in jobs):
            raise TrashError(
                _(
                    "A restoration of this photo is under way. Put it into the trash when that has "
                    "ended, or withdraw consent to stop it now."
                )
            )
        for job in jobs:
            abandon.end(
                job,
                JobState.CANCELLED,
                by="member",
                code="trashed",
                words=gettext_noop("You put this photo into the trash."),
            )
        photo.trashed_at = timezone.now()
        share.revoke_all(photo, photo.trashed_at)
        photo.save(update_fields=["trashed_at"])
    return len(jobs)


def put_back(*, photo: Photo, by: User) -> None:
    """Into the gallery again. Raises TrashError when it has been erased."""
    with transaction.atomic():
        photo = _locked(photo)
        photo.trashed_at = None
        photo.save(update_fields=["trashed_at"])


def erase_now(*, photo: Photo, by: User) -> None:
    """Not to wait for its day. Raises TrashError for a photo that isn't in the trash."""
    with transaction.atomic():
        photo = _locked(photo)
        if not photo.is_in_trash:
            raise TrashError(_("This photo is not in the trash any more."))
        _erase(photo, by=by, why=ERASED_BY_MEMBER)


def erase_old(now: datetime, limit: int) -> int:
    """Erase what has lain in the trash for TRASH_DAYS, each in its own transaction; how many."""
    before = now - timedelta(days=settings.TRASH_DAYS)
    old = Photo.objects.in_trash().filter(trashed_at__lte=before).order_by("trashed_at")
    erased = 0
    for pk in list(old.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            photo = old.select_for_update().filter(pk=pk).first()
            if photo is not None:
                _erase(photo, by=None, why=ERASED_BY_CLOCK % {"days": settings.TRASH_DAYS})
                erased += 1
    return erased


def _erase(photo: Photo, *, by: User | None, why: str) -> None:
    consent.forget(
        photo,
        to=ConsentStatus.WITHDRAWN,
        by=by,
        why=why,
        code="trashed",
        words=gettext_noop("You put this photo into the trash."),
    )


def _locked(photo: Photo) -> Photo:
    photo = Photo.objects.select_for_update().get(pk=photo.pk)
    if photo.is_erased:
        raise TrashError(_("This photo has been erased."))
    return photo
