"""Links to the stored pictures lead to a fresh address each time, for their owner alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.models import Photo, PhotoState, RestorationJob, ResultVersion
from jobs.states import JobState
from tests.builders import make_job, make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(member: User) -> Photo:
    return make_photo(owner=member, title="Aunt Lily")


@pytest.fixture
def job(photo: Photo) -> RestorationJob:
    """A delivered one, with a second version."""
    job = make_job(photo=photo)
    job.state, job.result_key = JobState.DELIVERED, f"{photo.prefix}results/{job.pk}.png"
    job.save()
    sizes = {"width_px": 64, "height_px": 48}
    key = f"{photo.prefix}results/{job.pk}-2.png"
    ResultVersion.objects.create(job=job, number=2, key=key, sha256="0" * 64, format="PNG", **sizes)
    return job


def led_to(response: Any) -> tuple[str, dict[str, list[str]]]:
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    parts = urlsplit(response["Location"])
    return parts.path, parse_qs(parts.query)


def test_the_original_is_saved_under_the_photos_name(client: Client, photo: Photo):
    path, query = led_to(client.get(reverse("photo_original", args=[photo.pk])))
    assert path.endswith(photo.original_key)
    (disposition,) = query["response-content-disposition"]
    assert unquote(disposition) == "attachment; filename*=UTF-8''Aunt Lily.png"


def test_a_result_and_each_version_are_seen_in_full_size(client: Client, job: RestorationJob):
    address = reverse("job_picture", args=[job.pk])
    for version, key in (("", job.result_key), ("2", job.versions.get().key)):
        path, query = led_to(client.get(address, {"version": version}))
        assert path.endswith(key)
        assert "response-content-disposition" not in query
    assert client.get(address, {"version": "3"}).status_code == 404


def test_a_link_on_an_old_page_leads_to_an_address_that_has_just_begun(
    client: Client, photo: Photo
):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        client.get(reverse("photo", args=[photo.pk]))
    with time_machine.travel(now + timedelta(hours=5), tick=False):
        _, query = led_to(client.get(reverse("photo_original", args=[photo.pk])))
        assert query["X-Amz-Date"] == [f"{timezone.now():%Y%m%dT%H%M%SZ}"]


def test_nobody_elses_and_nothing_erased_is_seen(client: Client, photo: Photo, job: RestorationJob):
    addresses = [
        reverse("photo_original", args=[photo.pk]),
        reverse("job_picture", args=[job.pk]),
    ]
    other = Client()
    other.force_login(make_photo().owner)
    assert [other.get(one).status_code for one in addresses] == [404, 404]
    assert all("/accounts/login/" in Client().get(one)["Location"] for one in addresses)
    Photo.objects.update(state=PhotoState.ERASED)
    original, result = (client.get(one) for one in addresses)
    assert original["Location"] == reverse("consent_record", args=[photo.pk])
    assert result.status_code == 404
