"""Show one result to people without an account: a link that ends, and that its owner can end.

Whoever has the link sees the picture, so it is given for a few days, told to its owner once, and
kept as a hash. Its token is made of the form's key, which is kept nowhere either: the same form
sent again, by a double click or a reload, leads to the same link. What shows on it is asked anew
with each look (`ShareQuerySet.live`): trash, withdrawal, a date that passes and a closed account
end it in that moment. A photo that comes back from the trash doesn't bring its links back. Lock
order: photo.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts.models import User
from jobs.models import Consent, Photo, RestorationJob, Share

DAYS = (1, 7, 30)
SALT = "jobs.steps.share"


class CannotShare(Exception):
    """Not possible now. The message is for the member; nothing was shared."""


class AlreadyEnded(Exception):
    """This form made its link before, and it shows nothing now; the text is for the member."""


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
    click_key: uuid.UUID,
    days: int,
    with_original: bool,
    with_title: bool,
    now: datetime,
) -> tuple[Share, str]:
    """A link, and its token, which nobody can learn later; the same one for the same click.

    Raises CannotShare; AlreadyEnded.
    """
    if days not in DAYS:
        raise CannotShare(_("Please choose for how long."))
    token = _token(click_key, job.pk, days, with_original, with_title)
    token_sha256 = Share.hash_token(token)
    with transaction.atomic():
        Photo.objects.select_for_update().get(pk=job.photo_id)
        if earlier := Share.objects.filter(token_sha256=token_sha256).first():
            if not Share.objects.live(now).filter(pk=earlier.pk).exists():
                raise AlreadyEnded(_("This link was made already, and it shows nothing now."))
            return earlier, token
        if words := obstacle(job, now):
            raise CannotShare(words)
        made = Share.objects.create(
            job=job,
            token_sha256=token_sha256,
            with_original=with_original,
            with_title=with_title,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return made, token


def _token(click_key: uuid.UUID, *said: object) -> str:
    """256 bits, not to be guessed without the form nor, by whoever sends one, without our key."""
    whole = ":".join(map(str, (click_key, *said)))
    return urlsafe_base64_encode(salted_hmac(SALT, whole, algorithm="sha256").digest())


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
