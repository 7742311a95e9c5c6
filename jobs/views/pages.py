"""The gallery in pages that cost the same however far one has gone: no OFFSET, and no count.

A page is found by the photo at its edge ("before" or "after" in the address), which the index leads
to at once. A photo that comes or goes meanwhile moves no other to a page where it was seen already.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.models import Photo
from jobs.models.photo import PhotoQuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Page:
    """Some photos, newest first; `newer` and `older` lead on, empty where there is no more."""

    photos: list[Photo]
    newer: str
    older: str


def page_of(photos: PhotoQuerySet, sent: Mapping[str, str], *, size: int) -> Page:
    """The page that an address asks for; the first one when it asks for none that there is."""
    if (edge := _parsed(sent.get("after", ""))) is not None:
        rows = list(photos.newer_than(*edge).order_by("created_at", "pk")[: size + 1])
        if len(rows) > size:
            rows = rows[size - 1 :: -1]
            return Page(rows, newer=_cursor(rows[0]), older=_cursor(rows[-1]))
        edge = None  # so near to the first page that it is the first page
    else:
        edge = _parsed(sent.get("before", ""))
    rows = list((photos.older_than(*edge) if edge else photos).newest_first()[: size + 1])
    if not rows and edge:
        return page_of(photos, {}, size=size)
    shown = rows[:size]
    return Page(
        shown,
        newer=_cursor(shown[0]) if edge else "",
        older=_cursor(shown[-1]) if len(rows) > size else "",
    )


def _cursor(photo: Photo) -> str:
    return f"{(photo.created_at - EPOCH) // MICROSECOND}-{photo.pk.hex}"


def _parsed(said: str) -> tuple[datetime, uuid.UUID] | None:
    moment, _, key = said.partition("-")
    try:
        return EPOCH + int(moment) * MICROSECOND, uuid.UUID(key)
    except (ValueError, OverflowError):
        return None
