"""Take an upload in: look at it, remember it, store the original untouched.

The row comes first, in a state that no page shows (ARRIVING); then the original; then, by
compare-and-set, UPLOADED. Whatever ends in between (the store, this process), what may lie in S3 is
known by its row, which falls due for `steps.erase` after ARRIVAL_SECONDS: nothing half-stored stays
for longer than minutes, even if the store takes it after we gave up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts import members
from accounts.models import User
from jobs import images, places, storage, titles
from jobs.models import Photo, PhotoState

log = logging.getLogger(__name__)
CLOSED = lazy("This account has been closed.")


class Refused(Exception):
    """The upload was not taken. The message is for the member; nothing was stored."""


class StoreDown(Refused):
    """The store did not take it; another file now would wait as long for the same."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Our picture store can’t be reached just now, so nothing was uploaded. "
                "Please try again in a few minutes."
            )
        )


class AlreadyHere(Refused):
    """The member has this very file: `photo`, perhaps in the trash."""

    def __init__(self, photo: Photo) -> None:
        self.photo = photo
        super().__init__(
            _("This photo is in your trash.")
            if photo.is_in_trash
            else _("You have this photo already.")
        )


class OnItsWay(Refused):
    """This very file is being stored now, for a request whose line may have broken."""

    def __init__(self) -> None:
        super().__init__(_("This photo is being stored. Please look again in a moment."))


def already_here(*, owner: User, checksums: Collection[str]) -> dict[str, Photo]:
    """The member's photos of these files, by checksum (SHA-256, hexadecimal); one query.

    Of several with the same the newest that is not in the trash.
    """
    mine = Photo.objects.for_member(owner).with_pictures().filter(sha256__in=checksums)
    found = sorted(mine, key=lambda photo: (not photo.is_in_trash, photo.created_at))
    return {photo.sha256: photo for photo in found}


def receive(*, owner: User, file: BinaryIO, name: str, byte_size: int) -> Photo:
    """One file becomes one Photo, once. Raises Refused, StoreDown, AlreadyHere, OnItsWay."""
    if byte_size == 0:
        raise Refused(_("This file is empty."))
    if byte_size > settings.UPLOAD_MAX_BYTES:
        raise Refused(
            _("This file has %(megabytes)s MB; the most we can take is %(most)s MB.")
            % {
                "megabytes": -(-byte_size // 1_048_576),
                "most": settings.UPLOAD_MAX_BYTES // 1_048_576,
            }
        )
    try:
        with places.DECODING:
            facts, origin = images.inspect(file), images.origin(file)
    except images.UnreadableImage as problem:
        raise Refused(str(problem)) from problem
    photo = Photo(
        owner=owner,
        title=titles.from_file_name(name),
        sha256=_sha256(file),
        byte_size=byte_size,
        format=facts.format,
        width_px=facts.width_px,
        height_px=facts.height_px,
        taken=origin.taken_iso,
        note=facts.note,
        state=PhotoState.ARRIVING,
        due_at=timezone.now() + timedelta(seconds=settings.ARRIVAL_SECONDS),
    )
    with transaction.atomic():
        if members.locked(owner) is None:
            raise Refused(CLOSED)
        _refuse_again(photo)
        photo.save(force_insert=True)
    try:
        file.seek(0)
        content_type = images.CONTENT_TYPES[facts.format]
        storage.put(photo.original_key, file, content_type=content_type, in_a_hurry=True)
    except storage.StorageUnavailable as problem:
        log.warning("upload not stored: %s", problem)
        _give_up(photo)  # perhaps it was, and only the answer was lost
        raise StoreDown from problem
    _arrived(photo)
    return photo


def _refuse_again(photo: Photo) -> None:
    """Under the member's lock: two requests at once bring it once."""
    if here := already_here(owner=photo.owner, checksums=[photo.sha256]):
        raise AlreadyHere(here[photo.sha256])
    if Photo.objects.arriving().filter(owner=photo.owner, sha256=photo.sha256).exists():
        raise OnItsWay


def _arrived(photo: Photo) -> None:
    """The original lies in S3. Raises Refused when it came too late."""
    with transaction.atomic():
        is_member = members.locked(photo.owner) is not None
        now = timezone.now()
        arriving = Photo.objects.arriving().filter(pk=photo.pk)
        is_taken = is_member and arriving.update(state=PhotoState.UPLOADED, due_at=now)
    if is_taken:
        photo.state, photo.due_at = PhotoState.UPLOADED, now
        return
    _give_up(photo)
    if not is_member:
        raise Refused(CLOSED)
    log.warning("upload %s was stored after we had given it up", photo.pk)
    raise StoreDown


def _give_up(photo: Photo) -> None:
    """All that may lie in S3 is erased from now on, though that had been done already.

    Nobody else makes an ARRIVING row anything but this; one that is gone is written again.
    """
    photo.state, photo.due_at = PhotoState.BROKEN_OFF, timezone.now()
    photo.save()


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
