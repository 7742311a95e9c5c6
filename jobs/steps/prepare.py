"""Make the copies of an original: the metadata-free one for the vendor, and those for pages."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import models

from accounts.models.leased import lease, still_ours
from jobs import images, risks, storage
from jobs.models import Photo, PhotoState
from jobs.steps import erase

NAME = "prepare"
CONCURRENCY = 2  # imaging keeps a core busy


@dataclass(frozen=True)
class Unreadable:
    """The copies can't be made; trying again would not help."""

    words: str


@dataclass(frozen=True)
class Done:
    """The copies lie in S3."""

    prepared: images.Prepared


def waiting() -> models.QuerySet[Photo]:
    return Photo.objects.to_prepare()


def claim(limit: int, now: datetime) -> list[Photo]:
    return lease(waiting(), limit=limit, seconds=settings.LEASE_SECONDS, now=now)


def call(photo: Photo) -> Done | Unreadable:
    """Raises StorageUnavailable: try again later."""
    with tempfile.SpooledTemporaryFile(max_size=16 * 1024 * 1024) as original:
        storage.get(photo.original_key, original)  # type: ignore[arg-type]
        try:
            prepared = images.prepare(original)  # type: ignore[arg-type]
        except images.UnreadableImage as problem:
            return Unreadable(str(problem))
    photo.prepared_extension = prepared.copy.extension
    for key, rendition in (
        (photo.prepared_key, prepared.copy),
        (photo.preview_key, prepared.preview),
        (photo.thumbnail_key, prepared.thumbnail),
        (photo.veiled_key, prepared.veiled),
    ):
        storage.put(key, io.BytesIO(rendition.data), content_type=rendition.content_type)
    if strip := prepared.faces_strip:
        storage.put(photo.faces_key, io.BytesIO(strip.data), content_type=strip.content_type)
    return Done(prepared)


def record(photo: Photo, outcome: Done | Unreadable, now: datetime) -> None:
    ours = still_ours(photo)
    if ours is None:
        if isinstance(outcome, Done):
            erase.once_more(photo.pk, now)
        return
    ours.due_at = ours.lease_token = ours.lease_until = None
    match outcome:
        case Unreadable(words):
            ours.state, ours.note = PhotoState.UNREADABLE, words[:300]
        case Done(prepared):
            ours.state, ours.is_veiled = PhotoState.PREPARED, True
            ours.prepared_extension = prepared.copy.extension
            ours.width_px, ours.height_px = prepared.width_px, prepared.height_px
            ours.faces = prepared.faces
            ours.has_faces_strip = prepared.faces_strip is not None
            risks.faces_found(ours)
    ours.save()
