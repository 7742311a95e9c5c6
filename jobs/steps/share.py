"""Show one result to people without an account: a link that ends, and that its owner can end.

Whoever has the link sees the picture, so it is given for a few days, told to its owner once, and
kept as a hash. What shows on it is asked anew with each look (`ShareQuerySet.live`): trash,
withdrawal, a date that passes and a closed account end it in that moment. A photo that comes back
from the trash doesn't bring its links back. Lock order: photo.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from jobs.models import Consent, Photo, RestorationJob, Share

DAYS = (1, 7, 30)
TOKEN_BYTES = 32


class CannotShare(Exception):
    """Not possible now. The message is for the member; nothing was shared."""


def obstacle(job: RestorationJob, now: datetime) -> str:
    """Why no link can be made to this result; nothing when one can."""
    if not RestorationJob.objects.with_pictures().filter(pk=job.pk).exists():
        return _("There is no picture of this restoration that could be shared.")
    newest = Consent.objects.filter(photo=job.photo_id).newest_of_each_photo()
    if not newest.in_force(now).exists():
        return _(
            "What you said about this photo does not allow this now. Please look at its consent."
        )
    if Share.objects.of_photo(job.photo_id).open(now).count() >= settings.LINKS_TO_A_PHOTO:
        return _(
            "There are %(most)s links to this photo already. Please end one "
            "that is not needed any more."
        ) % {"most": settings.LINKS_TO_A_PHOTO}
    return ""


def make(
    *,
    job: RestorationJob,
    by: User,
    days: int,
    with_original: bool,
    with_title: bool,
    now: datetime,
) -> tuple[Share, str]:
    """A new link, and its token, which nobody can learn later. Raises CannotShare."""
    if days not in DAYS:
        raise CannotShare(_("Please choose for how long."))
    with transaction.atomic():
        Photo.objects.select_for_update().get(pk=job.photo_id)
        if words := obstacle(job, now):
            raise CannotShare(words)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        made = Share.objects.create(
            job=job,
            token_sha256=Share.hash_token(token),
            with_original=with_original,
            with_title=with_title,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return made, token


def look(*, token: str, viewer: User | None, counts: bool, now: datetime) -> Share | None:
    """What the link shows now; None for one that never was, or is no more.

    It `counts`, unless its owner looks.
    """
    links = Share.objects.live(now).filter(token_sha256=Share.hash_token(token))
    found = links.select_related("job__photo").first()
    if found is not None and counts and viewer != found.job.owner:
        Share.objects.filter(pk=found.pk).seen(now)
    return found


def revoke(*, share: Share, now: datetime) -> None:
    """It shows nothing from now on. A second time changes nothing."""
    Share.objects.filter(pk=share.pk, revoked_at__isnull=True).update(revoked_at=now)


def revoke_all(photo: Photo, now: datetime) -> None:
    """For good, whatever becomes of the photo."""
    Share.objects.of_photo(photo.pk).filter(revoked_at__isnull=True).update(revoked_at=now)
