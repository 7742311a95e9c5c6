"""steps.collect: of a job that was bought twice, the picture that can be had is delivered."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from accounts import books
from jobs.models import RestorationJob
from jobs.states import JobState
from jobs.steps import collect, settle
from tests.builders import make_due, make_job, run
from tests.fakes import FakeVendor
from tests.jobs.steps.collecting import charged, collected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


@pytest.fixture
def twice(vendor: FakeVendor) -> RestorationJob:
    """Both submissions were taken, and both are completed; the second was so first."""

    def take_and_reset(request: httpx.Request) -> httpx.Response:
        vendor.accept(request)
        raise httpx.ReadError("reset")

    vendor.on_submit = take_and_reset
    job = make_job()
    run("submit")
    make_due(job)
    long_ago = timezone.now() - timedelta(seconds=settings.UNKNOWN_DEADLINE_SECONDS + 1)
    RestorationJob.objects.update(submitted_at=long_ago)
    run("observe")
    vendor.on_submit = None
    run("submit")
    for sent in reversed(vendor.requests):
        sent.status = "COMPLETED"
        token = sent.callback_url.rstrip("/").rpartition("/")[2]
        settle.deliver(token=token, body=sent.callback())
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert list(job.attempts.values_list("vendor_status", flat=True)) == ["COMPLETED"] * 2
    vendor.status_requests.clear()
    return job


def test_of_two_results_the_one_that_completed_the_job_is_fetched(
    vendor: FakeVendor, twice: RestorationJob
):
    job = collected(twice)
    assert job.state == JobState.DELIVERED
    assert vendor.status_requests == [vendor.requests[1].request_id]


@pytest.mark.parametrize("how", ["contradicted", "no picture", "not a picture", "away for good"])
def test_when_that_one_cannot_be_had_the_other_is_delivered(
    vendor: FakeVendor, twice: RestorationJob, how: str
):
    first, second = vendor.requests
    good = vendor.output

    def output(request: httpx.Request) -> httpx.Response:
        if first.request_id in str(request.url):
            return httpx.Response(200, content=good)
        if how == "away for good":
            return httpx.Response(503)
        return httpx.Response(200, content=b"no picture")

    vendor.on_output = output
    if how == "contradicted":
        second.status = "FAILED"
    if how == "no picture":
        second.media_urls = []
    job = collected(twice)
    if how == "away for good":
        assert job.state == JobState.COMPLETED, "it is asked for again first"
        RestorationJob.objects.update(tries=settings.STEP_MOST_TRIES - 1)
        job = collected(twice)
    assert job.state == JobState.DELIVERED
    assert job.result_sha256 == hashlib.sha256(good).hexdigest()
    assert charged(job) == job.quoted_micros
    billed = [attempt.completed_at is not None for attempt in job.attempts.all()]
    assert billed == [True, how != "contradicted"]
    assert books.lies() == []


def test_when_neither_can_be_had_it_ends_once_and_the_charge_returns(
    vendor: FakeVendor, twice: RestorationJob
):
    vendor.on_output = lambda request: httpx.Response(200, content=b"no picture")
    job = collected(twice)
    assert (job.state, charged(job)) == (JobState.ERROR, 0)
    assert job.failure_words == collect.UNUSABLE
    assert len(vendor.status_requests) == 2
    assert books.lies() == []
