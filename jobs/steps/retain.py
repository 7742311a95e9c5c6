"""Keep a photo no longer than its member allowed ("keep until a date").

The day of a photo's newest statement counts, whatever became of the statement: a reviewer who does
not accept it takes nothing back of how long the picture may be kept. The last day is whole (UTC).
After it a consent that stands is EXPIRED, unfinished jobs end uncharged, and the photo's pictures
are erased. A week before, and when it is done, the member is written to, once each. Every photo has
a short transaction of its own, and a second run finds nothing to do.

Lock order: photo, consent, job, wallet.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext_noop

from accounts import letters
from accounts.models import Letter
from accounts.reading import as_read_by
from jobs.models import Consent, ConsentStatus, Photo
from jobs.steps import consent as consent_step

WHY = gettext_noop("its date has passed")


def enforce(now: datetime, limit: int) -> int:
    """Write to whose day is near, and erase what is past its day; how many photos were erased."""
    _announce(now, limit)
    past = Consent.objects.about_what_is_kept().filter(keep_until__lt=now.date())
    photos = list(past.order_by("keep_until").values_list("photo_id", flat=True)[:limit])
    return sum(_end(photo_id, now) for photo_id in photos)


def _announce(now: datetime, limit: int) -> None:
    today = now.date()
    near = Consent.objects.about_what_is_kept().filter(
        keep_until__gte=today,
        keep_until__lte=today + timedelta(days=settings.KEEP_UNTIL_NOTICE_DAYS),
    )
    keys = {_key("near", pk): pk for pk in near.values_list("pk", flat=True)}
    lately = now - timedelta(days=settings.KEEP_UNTIL_NOTICE_DAYS + 1)
    letters_of_late = Letter.objects.filter(kind="keep_until_near", created_at__gte=lately)
    written = set(letters_of_late.values_list("key", flat=True))
    for key in islice((key for key in keys if key not in written), limit):
        with transaction.atomic():
            _announce_one(keys[key], key)


def _announce_one(pk: uuid.UUID, key: str) -> None:
    photo_id = Consent.objects.values_list("photo_id", flat=True).get(pk=pk)
    photo = Photo.objects.select_for_update().get(pk=photo_id)
    consent = _newest(photo)
    if consent is not None and consent.pk == pk and not photo.is_erased:
        _write("near", photo, consent, key)


def _end(photo_id: uuid.UUID, now: datetime) -> bool:
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=photo_id)
        consent = _newest(photo)
        if photo.is_erased or consent is None or not _is_past(consent, now):
            return False  # said anew, or withdrawn, meanwhile
        _write("over", photo, consent, _key("over", consent.pk))
        consent_step.forget(
            photo,
            to=ConsentStatus.EXPIRED,
            by=None,
            why=WHY,
            code="keep_until",
            words=gettext_noop("You allowed us to keep this photo until a day that has passed."),
        )
    return True


def _newest(photo: Photo) -> Consent | None:
    return photo.consents.order_by("-created_at", "-pk").select_for_update().first()


def _is_past(consent: Consent, now: datetime) -> bool:
    return consent.keep_until is not None and consent.keep_until < now.date()


def _write(what: str, photo: Photo, consent: Consent, key: str) -> None:
    assert consent.keep_until is not None
    with as_read_by(photo.owner):
        day = date_format(consent.keep_until)
    letters.write(
        to=photo.owner,
        kind=f"keep_until_{what}",
        key=key,
        context={
            "title": photo.title,
            "photo": str(photo.pk),
            "day": day,
        },
    )


def _key(what: str, pk: uuid.UUID) -> str:
    return f"keep-until-{what}:{pk}"
