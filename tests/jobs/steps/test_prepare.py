"""steps.prepare: the copies of a photo."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.steps import intake, prepare
from tests.builders import make_member, run
from tests.fakes import png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def uploaded() -> Photo:
    data = png(100, 60)
    return intake.receive(
        owner=make_member(), file=io.BytesIO(data), name="anna.png", byte_size=len(data)
    )


def test_preparing_makes_the_four_copies():
    photo = uploaded()
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED
    assert photo.is_veiled
    assert set(storage.keys_under(photo.prefix)) == {
        photo.original_key,
        photo.prepared_key,
        photo.preview_key,
        photo.thumbnail_key,
        photo.veiled_key,
    }
    copy = io.BytesIO()
    storage.get(photo.prepared_key, copy)
    assert Image.open(copy).size == (100, 60)


def test_an_original_that_cannot_be_prepared_says_why():
    photo = uploaded()
    storage.put(photo.original_key, io.BytesIO(b"damaged"), content_type="image/png")
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.UNREADABLE
    assert photo.note


def test_a_store_that_is_down_lets_the_photo_wait(monkeypatch: pytest.MonkeyPatch):
    photo = uploaded()
    with monkeypatch.context() as patch:

        def down(*args: object, **kwargs: object) -> None:
            raise storage.StorageUnavailable("down")

        patch.setattr(storage, "get", down)
        run("prepare")
    photo.refresh_from_db()
    assert (photo.state, photo.tries) == (PhotoState.UPLOADED, 1)
    assert photo.due_at is not None
    assert photo.due_at > timezone.now()
    Photo.objects.update(due_at=timezone.now())
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


def test_a_worker_killed_while_preparing_is_made_good_when_its_lease_ends():
    photo = uploaded()
    prepare.claim(1, timezone.now())
    assert run("prepare") == 0
    Photo.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED
