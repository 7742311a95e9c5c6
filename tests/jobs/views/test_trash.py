"""The trash's pages: in, back, and away for good."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.steps import trash
from tests.builders import make_consent, make_due, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.staff import client_of, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rings")]


def text(client: Client, name: str, *arguments: object) -> str:
    return client.get(reverse(name, args=arguments)).content.decode()


def test_into_the_trash_and_back(bucket: None):
    photo = make_photo(title="Gran")
    client = client_of(photo.owner)
    answer = client.post(reverse("trash_photo", args=[photo.pk]), follow=True)
    assert "“Gran” is in the trash." in answer.content.decode()
    photo.refresh_from_db()
    assert "No photos yet" in text(client, "gallery")
    page = text(client, "trash")
    assert photo.erased_on is not None
    assert f'<time datetime="{photo.erased_on.isoformat()}"' in page
    client.post(reverse("put_back", args=[photo.pk]))
    assert "Gran" in text(client, "gallery")
    assert "The trash is empty" in text(client, "trash")


def test_the_day_is_never_told_as_one_that_has_passed(bucket: None, settings: Any):
    owner, now = make_member(), timezone.now()
    days = timedelta(days=settings.TRASH_DAYS)
    for title, at in (("Late", now - days - timedelta(days=2)), ("Now", now - days)):
        make_photo(owner=owner, title=title, trashed_at=at)
    later = make_photo(owner=owner, title="Later", trashed_at=now)
    page = text(client_of(owner), "trash")
    lines = re.findall(r"<bdi>(\w+)</bdi></h3>\s*<p[^>]*>(.*?)</p>", page)
    assert lines[:2] == [("Late", "About to be erased"), ("Now", "Will be erased today")]
    assert later.erased_on is not None
    assert f'Will be erased on <time datetime="{later.erased_on.isoformat()}">' in lines[2][1]


def test_what_was_ticked_goes_and_what_cannot_is_named(bucket: None, vendor: FakeVendor):
    owner = make_member()
    one, two, busy = (make_photo(owner=owner, title=title) for title in ("One", "Two", "Busy"))
    make_job(photo=busy)
    run("submit")
    make_job(photo=one)
    ticked = {"photo": [one.pk, two.pk, busy.pk]}
    answer = client_of(owner).post(reverse("trash_many"), ticked, follow=True)
    page = answer.content.decode()
    assert "2 photos are in the trash. The restoration that waited was cancelled" in page
    assert "“Busy”: A restoration of this photo is under way." in page
    assert set(Photo.objects.in_trash()) == {one, two}


@pytest.mark.parametrize("ticked", [[], ["3f0e8f4e-0000-4000-8000-000000000000"]])
def test_nothing_ticked_or_nothing_there_moves_nothing(ticked: list[str]):
    client = client_of(make_member())
    assert client.post(reverse("trash_many"), {"photo": ticked}).status_code == 302
    assert client.post(reverse("trash_many"), {"photo": ["x"]}).status_code == 404


def test_a_trashed_photos_other_pages_are_gone_and_make_no_address(
    bucket: None, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    photo = make_photo()
    job = make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    make_due(job)
    run("observe")
    run("collect")
    trash.put(photo=photo, by=photo.owner)
    client = client_of(photo.owner)

    def no_address(*arguments: object, **options: object) -> str:
        raise AssertionError("an address was made")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "address", no_address)
        assert client.get(reverse("photo", args=[photo.pk])).status_code == 302
        assert client.get(reverse("job_card", args=[job.pk])).status_code == 302
        assert client.get(reverse("gallery")).status_code == 200
        batch = client.get(reverse("batch"), {"photo": [str(photo.pk)]})
        assert "This photo is in the trash." in batch.content.decode()
        for name, *more in (
            ["consent"],
            ["withdraw"],
            ["trash_photo"],
            ["quote", "gfpgan"],
            ["restore", "gfpgan"],
        ):
            led = client.get(reverse(name, args=[photo.pk, *more]))
            assert led["Location"] == reverse("trash")
    assert photo.thumbnail_key in text(client, "trash")


def test_erase_now_takes_the_vendors_copy_while_one_waits(bucket: None):
    photo = make_photo()
    storage.put(photo.prepared_key, io.BytesIO(b"x"), content_type="image/png")
    make_consent(photo)
    trash.put(photo=photo, by=photo.owner)
    client = client_of(photo.owner)
    answer = client.post(reverse("erase_now", args=[photo.pk]), follow=True)
    said = answer.content.decode()
    assert "its pictures are being erased." in said
    assert "restorer could fetch" not in said  # nothing was ever sent
    assert photo.prepared_key not in storage.keys_under(photo.prefix)
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASING


def test_nobody_reaches_into_anothers_trash():
    photo = make_photo()
    stranger = client_of(make_member())
    assert stranger.post(reverse("trash_photo", args=[photo.pk])).status_code == 404
    trash.put(photo=photo, by=photo.owner)
    for name in ("put_back", "erase_now"):
        assert stranger.post(reverse(name, args=[photo.pk])).status_code == 404
    stranger.post(reverse("trash_many"), {"photo": [str(photo.pk)]})
    assert Photo.objects.in_trash().count() == 1


def test_a_long_trash_takes_no_more_queries_than_a_short_one(bucket: None):
    owner = make_member()
    client = client_of(owner)
    make_photo(owner=owner, trashed_at=timezone.now())
    short = queries(client, reverse("trash"))
    for _ in range(10):
        make_photo(owner=owner, trashed_at=timezone.now())
    assert queries(client, reverse("trash")) == short
