"""`make bench`: the gallery of ten thousand photos beside the gallery of fifty, page by page.

What may not grow is asserted: the number of queries, and the time as a ratio to the short gallery's
in the same run on the same database.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.models import Album, AlbumPhoto, Photo, PhotoState
from tests.builders import make_member
from tests.staff import client_of

SHORT, LONG = 50, 10_000
TIMES = 15
MOST_TIMES_AS_LONG = 1.5


def member_with(photos: int) -> User:
    """In an album lie half of many, and all of few: it fills a page as well."""
    member, now = make_member(), timezone.now()
    made = Photo.objects.bulk_create(
        Photo(
            owner=member,
            title=f"Photo {number}",
            state=PhotoState.PREPARED,
            sha256=f"{number:064x}",
            byte_size=1,
            format="JPEG",
            width_px=4000,
            height_px=3000,
        )
        for number in range(photos)
    )
    for number, photo in enumerate(made):
        photo.created_at = now - timedelta(seconds=number)
    Photo.objects.bulk_update(made, ["created_at"], batch_size=500)
    kept = made if photos == SHORT else made[::2]
    album = Album.objects.create(owner=member, name="Album", position=0)
    AlbumPhoto.objects.bulk_create(AlbumPhoto(album=album, photo=photo) for photo in kept)
    return member


def median(client: Client, query: dict[str, str]) -> float:
    """Seconds for one page."""
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        assert client.get(reverse("gallery"), query).status_code == 200
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def queries(client: Client, query: dict[str, str]) -> int:
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("gallery"), query)
        return len(asked)


def far_in(client: Client) -> dict[str, str]:
    """A page in the middle of the long gallery."""
    photos = Photo.objects.filter(title=f"Photo {LONG // 2}")
    edge = photos.get()
    return {"before": f"{int(edge.created_at.timestamp()) * 1_000_000}-{edge.pk.hex}"}


@pytest.mark.django_db
@pytest.mark.timeout(600)
def bench_the_gallery():
    short, long = member_with(SHORT), member_with(LONG)
    if connection.vendor == "postgresql":
        connection.cursor().execute("ANALYZE")
    one, other = client_of(short), client_of(long)
    pages: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "first page": ({}, {}),
        "far in": ({}, far_in(other)),
        "not restored yet": ({"stage": "NEW"}, {"stage": "NEW"}),
        "an album": (
            {"album": str(Album.objects.get(owner=short).pk)},
            {"album": str(Album.objects.get(owner=long).pk)},
        ),
    }
    print(f"\n{connection.vendor}, {SHORT} photos beside {LONG:,}:")
    ratios = {}
    for name, (few, many) in pages.items():
        asked = queries(one, few)
        assert queries(other, many) == asked
        quick, slow = median(one, few), median(other, many)
        ratios[name] = slow / quick
        print(
            f"{name:>18}: {asked} queries, {1000 * quick:.0f} ms beside "
            f"{1000 * slow:.0f} ms, ratio {slow / quick:.2f}"
        )
    assert max(ratios.values()) <= MOST_TIMES_AS_LONG, ratios
