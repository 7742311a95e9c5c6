"""steps.collect: of several pictures the first is the result, the others are versions."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from jobs import storage
from jobs.models import RestorationJob
from jobs.states import JobState
from jobs.steps import collect
from tests.fakes import CDN, FakeVendor, png
from tests.jobs.steps.collecting import bomb, charged, collected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def several(vendor: FakeVendor, *pictures: bytes | int) -> None:
    """The vendor names these, at addresses of their own; a number is what its store answers."""
    urls = [f"{CDN}/{number}.png" for number in range(len(pictures))]
    vendor.last.media_urls = urls

    def on_output(request: httpx.Request) -> httpx.Response:
        one = pictures[urls.index(str(request.url))]
        if isinstance(one, int):
            return httpx.Response(one)
        return httpx.Response(200, content=one)

    vendor.on_output = on_output


def test_of_several_pictures_the_first_is_the_result_and_the_others_are_kept_as_versions(
    vendor: FakeVendor, done: RestorationJob
):
    pictures = [png(colour=colour) for colour in ("tan", "red", "blue")]
    several(vendor, *pictures)
    job = collected(done)
    assert job.result_sha256 == hashlib.sha256(pictures[0]).hexdigest()
    versions = list(job.versions.all())
    assert [one.number for one in versions] == [2, 3]
    assert [one.sha256 for one in versions] == [
        hashlib.sha256(picture).hexdigest() for picture in pictures[1:]
    ]
    keys = [job.result_key, *(one.key for one in versions)]
    assert set(storage.keys_under(job.photo.prefix)) == {
        *keys,
        *(collect.preview_key(key) for key in keys),
    }
    assert charged(job) == job.quoted_micros


@pytest.mark.parametrize(
    "bad", [404, 503, b"<html>", png(500, 20), png(32, 24), bomb(30_000, 30_000), png()]
)
def test_a_further_picture_that_cannot_be_had_is_skipped_and_noted(
    vendor: FakeVendor, done: RestorationJob, bad: bytes | int
):
    several(vendor, png(), bad, png(colour="blue"))
    job = collected(done)
    assert job.state == JobState.DELIVERED
    assert [one.number for one in job.versions.all()] == [3]
    assert job.events.latest("pk").why.startswith("picture 2: ")


def test_no_more_pictures_are_kept_than_we_set(
    vendor: FakeVendor, done: RestorationJob, settings: Any
):
    settings.RESULT_VERSIONS_MOST = 1
    several(vendor, *(png(colour=colour) for colour in ("tan", "red", "blue", "green")))
    job = collected(done)
    assert job.versions.count() == 1
    assert job.events.latest("pk").why == "2 pictures more than 2"


def test_our_own_store_going_down_at_a_further_picture_is_tried_again_but_not_for_ever(
    vendor: FakeVendor, done: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    put = storage.put

    def broken(key: str, *args: Any, **options: Any) -> None:
        if "-2." in key:
            raise storage.StorageUnavailable("down")
        put(key, *args, **options)

    monkeypatch.setattr(storage, "put", broken)
    several(vendor, png(), png(colour="red"))
    assert collected(done).state == JobState.COMPLETED
    for _ in range(7):
        job = collected(done)
    assert (job.state, job.versions.count()) == (JobState.DELIVERED, 0)
    assert charged(job) == job.quoted_micros


def test_a_worker_killed_after_storing_several_keeps_each_once(
    vendor: FakeVendor, done: RestorationJob
):
    several(vendor, png(), png(colour="red"))
    (work,) = collect.claim(1, timezone.now())
    collect.call(work)  # stored; the worker dies here
    RestorationJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    job = collected(done)
    assert job.versions.count() == 1
    assert len(storage.keys_under(job.photo.prefix)) == 4
