"""A result is taken home: by its owner alone, in any format, saying what it is."""

from __future__ import annotations

import io
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import c2pa
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from jobs import images, places, storage
from jobs.models import Photo, PhotoState, RestorationJob, ResultVersion
from jobs.states import JobState
from sandbox.stack import certificate
from tests.builders import make_job, make_photo, run
from tests.fakes import FakeVendor, png
from tests.jobs.test_images_keepsake import GPS, TAKEN, original, xmp_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "redis_server")]


@pytest.fixture
def job(member: User, vendor: FakeVendor) -> RestorationJob:
    """A delivered one."""
    photo = make_photo(owner=member, title='Aunt "Lily"', format="JPEG")
    storage.put(photo.original_key, io.BytesIO(original()), content_type="image/jpeg")
    job = make_job(photo=photo)
    run("submit")
    vendor.finish()
    RestorationJob.objects.update(due_at=timezone.now())
    run("observe")
    run("collect")
    job.refresh_from_db()
    assert job.state == JobState.DELIVERED
    return job


def fetch(client: Client, job: RestorationJob, **wishes: str) -> Any:
    return client.get(reverse("keepsake_file", args=[job.pk]), {"format": "AS_IT_CAME", **wishes})


def test_when_many_wait_for_the_store_the_page_says_so_and_the_members_turn_is_given_back(
    client: Client, job: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(places, "STORE", threading.BoundedSemaphore(1))
    with places.Place():
        response = fetch(client, job)
        assert response.url == reverse("keepsake", args=[job.pk])
        assert "Many pictures are being fetched" in client.get(response.url).content.decode()
    assert body(fetch(client, job))
    places.Place().leave()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def picture(response: Any) -> Image.Image:
    image = Image.open(io.BytesIO(body(response)))
    image.load()
    return image


@pytest.mark.parametrize("format", images.KEEPSAKE_FORMATS)
def test_each_format_comes_labelled_and_dated_under_the_photos_name(
    client: Client, job: RestorationJob, format: str
):
    response = fetch(client, job, format=format)
    assert response["Content-Type"] == images.CONTENT_TYPES[format]
    assert "attachment" in response["Content-Disposition"]
    image = picture(response)
    assert image.format == format
    assert b"compositeWithTrainedAlgorithmicMedia" in xmp_of(image)
    assert job.photo.sha256.encode() in xmp_of(image)
    assert image.getexif().get_ifd(34665)[36867] == TAKEN


def test_the_place_and_the_mark_come_only_if_asked_for(client: Client, job: RestorationJob):
    plain, asked = picture(fetch(client, job)), picture(fetch(client, job, with_place="on"))
    assert not plain.getexif().get_ifd(34853)
    assert asked.getexif().get_ifd(34853) == GPS
    assert picture(fetch(client, job, marked="on")).tobytes() != plain.tobytes()


@pytest.mark.usefixtures("signed")
def test_with_a_certificate_the_file_is_sealed(client: Client, job: RestorationJob):
    data = body(fetch(client, job))
    manifest = c2pa.Reader("image/png", io.BytesIO(data)).get_active_manifest()
    assert manifest is not None
    assert manifest["title"] == 'Aunt "Lily"'
    assert "signed" in client.get(reverse("keepsake", args=[job.pk])).content.decode()


def test_a_certificate_that_is_no_good_costs_the_seal_and_not_the_picture(
    client: Client, job: RestorationJob, settings: Any, tmp_path: Path, caplog: Any
):
    chain, key = certificate.issue(datetime(2020, 1, 1, tzinfo=UTC))
    settings.C2PA_CERTIFICATES_FILE, settings.C2PA_PRIVATE_KEY_FILE = (
        tmp_path / "old.pem",
        tmp_path / "old-key.pem",
    )
    settings.C2PA_CERTIFICATES_FILE.write_bytes(chain)
    settings.C2PA_PRIVATE_KEY_FILE.write_bytes(key)
    assert picture(fetch(client, job)).format == "PNG"
    assert "unsealed" in caplog.text


def test_a_further_version_is_taken_home_like_the_first(client: Client, job: RestorationJob):
    key = f"{job.photo.prefix}results/{job.pk}-2.png"
    storage.put(key, io.BytesIO(png(30, 20, colour="red")), content_type="image/png")
    ResultVersion.objects.create(
        job=job, number=2, key=key, sha256="0" * 64, format="PNG", width_px=30, height_px=20
    )
    choice = client.get(reverse("keepsake", args=[job.pk]), {"version": "2"}).content.decode()
    assert '<input type="hidden" name="version" value="2">' in choice
    assert "30 × 20 px" in choice
    response = fetch(client, job, version="2")
    assert "(GFPGAN, 2).png" in response["Content-Disposition"]
    image = picture(response)
    assert image.size == (30, 20)
    assert image.getpixel((0, 0)) == (255, 0, 0)
    assert b"compositeWithTrainedAlgorithmicMedia" in xmp_of(image)
    refused = fetch(client, job, version="2", format="BMP")
    assert refused.url == f"{reverse('keepsake', args=[job.pk])}?version=2"
    assert fetch(client, job, version="3").status_code == 404


def test_the_page_offers_every_format_and_the_citation(client: Client, job: RestorationJob):
    page = client.get(reverse("keepsake", args=[job.pk])).content.decode()
    for format in images.KEEPSAKE_FORMATS:
        assert f'value="{format}"' in page
    assert job.photo.sha256[:16] in page


def test_the_page_shows_what_is_taken_home(client: Client, job: RestorationJob):
    text = client.get(reverse("keepsake", args=[job.pk])).content.decode()
    assert re.search(rf'<img src="[^"]*/results/{job.pk}-preview.webp', text)


@pytest.mark.parametrize("name", ["keepsake", "keepsake_file"])
def test_it_is_its_owners_alone(client: Client, job: RestorationJob, name: str):
    address = reverse(name, args=[job.pk])
    Photo.objects.update(owner=make_photo().owner)
    RestorationJob.objects.update(owner=Photo.objects.get(pk=job.photo_id).owner)
    assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address)["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(
    "gone",
    [{"state": PhotoState.ERASING}, {"state": PhotoState.ERASED}, {"trashed_at": timezone.now()}],
)
def test_what_is_erased_or_in_the_trash_is_not_handed_out(
    client: Client, job: RestorationJob, gone: dict[str, Any]
):
    Photo.objects.update(**gone)
    assert client.get(reverse("keepsake", args=[job.pk])).status_code == 404
    assert fetch(client, job).status_code == 404


def test_what_is_not_done_is_not_handed_out(client: Client, member: User):
    assert fetch(client, make_job(photo=make_photo(owner=member))).status_code == 404


def test_a_format_that_is_none_leads_back_to_the_choice(client: Client, job: RestorationJob):
    assert fetch(client, job, format="BMP")["Location"] == reverse("keepsake", args=[job.pk])


def test_a_store_that_does_not_answer_is_said_and_another_try_is_possible(
    client: Client, job: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    def get(*said: Any) -> None:
        raise storage.StorageUnavailable("down")

    with monkeypatch.context() as down:
        down.setattr(storage, "get", get)
        response = fetch(client, job)
    assert response["Location"] == reverse("keepsake", args=[job.pk])
    assert picture(fetch(client, job)).format == "PNG"


def test_the_store_keeps_the_vendors_own_file(client: Client, job: RestorationJob):
    before = io.BytesIO()
    storage.get(job.result_key, before)
    body(fetch(client, job, format="JPEG", marked="on"))
    after = io.BytesIO()
    storage.get(job.result_key, after)
    assert before.getvalue() == after.getvalue()
