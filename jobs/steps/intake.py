"""Take an upload in: look at it, store the original untouched, remember it.

Promise: either the original lies whole in S3 and a Photo row says so, or neither. What can't be
taken back at once, because the store is down, `steps.orphans` finds.
"""

from __future__ import annotations

import hashlib
import logging
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import members
from accounts.models import User
from jobs import images, places, storage, titles
from jobs.models import Photo

log = logging.getLogger(__name__)


class Refused(Exception):
    """The upload was not taken. The message is for the member; nothing was stored."""


class StoreDown(Refused):
    """The store did not take it; another file now would wait as long for the same."""

    def __init__(self) -> None:
        super().__init__(
            "Our picture store can't be reached just now, so nothing was uploaded. "
            "Please try again in a few minutes."
        )


def receive(*, owner: User, file: BinaryIO, name: str, byte_size: int) -> Photo:
    """One file becomes one Photo. Raises Refused, StoreDown."""
    if byte_size == 0:
        raise Refused("This file is empty.")
    if byte_size > settings.UPLOAD_MAX_BYTES:
        raise Refused(
            f"This file has {-(-byte_size // 1_048_576)} MB; "
            f"the most we can take is {settings.UPLOAD_MAX_BYTES // 1_048_576} MB."
        )
    try:
        with places.DECODING:
            facts = images.inspect(file)
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
        note=facts.note,
        due_at=timezone.now(),
    )
    try:
        file.seek(0)
        content_type = images.CONTENT_TYPES[facts.format]
        storage.put(photo.original_key, file, content_type=content_type, in_a_hurry=True)
    except storage.StorageUnavailable as problem:
        log.warning("upload not stored: %s", problem)
        _forget(photo.original_key)  # perhaps it was, and only the answer was lost
        raise StoreDown from problem
    try:
        with transaction.atomic():
            if members.locked(owner) is None:
                raise Refused("This account has been closed.")
            photo.save(force_insert=True)
    except Exception:
        _forget(photo.original_key)
        raise
    return photo


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _forget(key: str) -> None:
    try:
        storage.delete(key, in_a_hurry=True)
    except storage.StorageUnavailable:
        log.error("left without a row: %s", key)
