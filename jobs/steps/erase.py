"""Delete everything of a photo from S3; the rows stay as a tombstone without a picture.

(Of an upload that broke off no row stays: nobody was told of it, and nothing was said about it.)

Twice: at once, and again a lease later, because a call that was in flight may still have stored
something. One that took longer still (a slow store, further pictures) says so itself: `once_more`.
What a worker stored that was killed then, `orphans` finds.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction

from accounts.models.leased import lease, still_ours
from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.steps import not_them

log = logging.getLogger(__name__)
NAME = "erase"
CONCURRENCY = 4


def waiting() -> models.QuerySet[Photo]:
    """With the uploads that are still arriving: their rows fall due when they no longer can be."""
    return Photo.objects.to_erase() | Photo.objects.arriving()


def claim(limit: int, now: datetime) -> list[Photo]:
    with transaction.atomic():
        late = Photo.objects.arriving().filter(due_at__lte=now)
        late.update(state=PhotoState.BROKEN_OFF)
        return lease(Photo.objects.to_erase(), limit=limit, seconds=settings.LEASE_SECONDS, now=now)


def call(photo: Photo) -> int:
    """Returns how many objects were deleted. Raises StorageUnavailable: try again later."""
    return storage.erase(photo.prefix)


def at_once(photo: Photo) -> bool:
    """Delete the copy that a vendor may fetch, now: its address answers 404 from here on.

    For a view, after the commit; takes a few seconds at most. False when the store did not answer:
    then the step does it, soon.
    """
    if not photo.prepared_extension:
        return True
    try:
        storage.delete(photo.prepared_key, in_a_hurry=True)
    except storage.StorageUnavailable as problem:
        log.warning("photo %s: its prepared copy is deleted later: %s", photo.pk, problem)
        return False
    return True


def once_more(photo_id: uuid.UUID, now: datetime) -> None:
    """Something was stored for a photo that may have been erased meanwhile.

    An erasure that is in hand at this moment may have looked before: it does not count as the last.
    The caller holds no lock.
    """
    gone = Photo.objects.filter(pk=photo_id, erased_at__isnull=False)
    gone.update(
        state=PhotoState.ERASING,
        due_at=now + timedelta(seconds=settings.LEASE_SECONDS),
        lease_token=None,
        lease_until=None,
    )


def record(photo: Photo, deleted: int, now: datetime) -> None:
    ours = still_ours(photo)
    if ours is None:
        return
    ours.lease_token = ours.lease_until = None
    if ours.erased_at is None:
        ours.erased_at = now
        ours.due_at = now + timedelta(seconds=settings.LEASE_SECONDS)
        ours.title, ours.faces, ours.note, ours.taken = "Erased photo", [], "", ""
        not_them.forget(ours)
    elif ours.state == PhotoState.BROKEN_OFF:
        ours.delete()
        return
    else:
        ours.state, ours.due_at = PhotoState.ERASED, None
    ours.save()
