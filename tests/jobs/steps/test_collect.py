"""steps.collect: the vendor's own word decides where the picture is; a bad one is refunded."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer
from jobs import storage
from jobs.catalog import CODEFORMER
from jobs.models import Delivery, RestorationJob, Verdict
from jobs.states import JobState
from jobs.steps import collect, settle
from tests.builders import make_due, make_job, publish_price, run
from tests.fakes import FakeVendor, png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def completed(vendor: FakeVendor, job: RestorationJob) -> RestorationJob:
    """The vendor has called back: done."""
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    return job


@pytest.fixture
def done(vendor: FakeVendor) -> RestorationJob:
    return completed(vendor, make_job())


def collected(job: RestorationJob) -> RestorationJob:
    make_due(job)
    run("collect")
    return RestorationJob.objects.get(pk=job.pk)


def charged(job: RestorationJob) -> int:
    assert job.hold is not None
    return ledger.balance_of(job.hold).charged


def test_the_result_is_stored_as_ours_whole_with_a_preview(
    vendor: FakeVendor, done: RestorationJob
):
    job = collected(done)
    assert job.state == JobState.DELIVERED
    assert job.result_sha256 == hashlib.sha256(vendor.output).hexdigest()
    assert (job.result_width_px, job.result_height_px) == (64, 48)
    assert set(storage.keys_under(job.photo.prefix)) == {
        job.result_key,
        collect.preview_key(job.result_key),
    }
    assert charged(job) == job.quoted_micros


def test_the_address_comes_from_the_status_never_from_the_callback(vendor: FakeVendor):
    job = make_job()
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    vendor.finish("COMPLETED").media_urls = ["https://evil.test/picture.png"]
    settle.deliver(token=token, body=vendor.last.callback())
    vendor.last.media_urls = None
    fetched: list[str] = []

    def on_output(request: httpx.Request) -> httpx.Response:
        fetched.append(str(request.url))
        return httpx.Response(200, content=vendor.output)

    vendor.on_output = on_output
    assert collected(job).state == JobState.DELIVERED
    assert fetched == [f"https://cdn.test/v1/{vendor.last.request_id}/output.png"]


@pytest.mark.parametrize(
    "media_urls",
    [
        [],
        ["https://other.test/x.png"],
        ["file:///etc/passwd"],
        ["http://127.0.0.1/x.png"],
        ["https://cdn.test@evil.test/x.png"],
        ["https://cdn.test:8443/x.png"],
    ],
)
def test_an_address_that_we_do_not_trust_is_refunded(
    vendor: FakeVendor, done: RestorationJob, media_urls: list[str]
):
    vendor.last.media_urls = media_urls
    job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0
    assert job.failure_words == collect.CANNOT_BE_HAD
    assert books.lies() == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        httpx.Response(200, text="<html>Not a picture</html>"),
        httpx.Response(200, content=png()[:-30]),
        httpx.Response(200, content=png(500, 20)),
        httpx.Response(200, content=b""),
    ],
)
def test_what_is_not_the_picture_is_refunded_and_nothing_is_stored(
    vendor: FakeVendor, done: RestorationJob, answer: httpx.Response
):
    vendor.on_output = lambda request: answer
    job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0
    assert storage.keys_under(job.photo.prefix) == []


def test_a_store_that_is_down_is_tried_again_and_charged_once(
    vendor: FakeVendor, done: RestorationJob
):
    vendor.on_output = lambda request: httpx.Response(503)
    job = collected(done)
    assert job.state == JobState.COMPLETED
    vendor.on_output = None
    job = collected(job)
    assert job.state == JobState.DELIVERED
    assert charged(job) == job.quoted_micros


def test_a_result_that_never_comes_is_refunded_in_the_end(vendor: FakeVendor, done: RestorationJob):
    vendor.on_output = lambda request: httpx.Response(503)
    for _ in range(8):
        job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0


@pytest.mark.parametrize("status", ["FAILED", "ERROR"])
def test_a_status_that_contradicts_the_callback_is_refunded_and_flagged(
    vendor: FakeVendor, done: RestorationJob, status: str
):
    vendor.finish(status)
    job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0
    assert Delivery.objects.get().verdict == Verdict.CONTRADICTED
    assert job.attempts.get().completed_at is None


def test_a_forged_completion_of_a_request_the_vendor_does_not_know_is_refunded(
    vendor: FakeVendor, done: RestorationJob
):
    vendor.on_status = lambda request: httpx.Response(404)
    assert charged(collected(done)) == 0


def test_fewer_megapixels_than_quoted_cost_less(vendor: FakeVendor):
    job = completed(vendor, make_job(model=CODEFORMER, upscale=2))
    assert job.quoted_micros == 26  # 128 × 96 px
    job = collected(job)  # the fake's picture has 64 × 48 px
    assert job.state == JobState.DELIVERED
    assert charged(job) == 7
    assert Transfer.objects.filter(kind="REFUND").get().amount_micros == 19


def test_the_jobs_own_price_decides_what_a_smaller_result_costs(vendor: FakeVendor):
    publish_price("codeformer", 1_000_000, cost_micros=500_000)
    job = completed(vendor, make_job(model=CODEFORMER, upscale=2))
    publish_price("codeformer", 1)
    assert (job.quoted_micros, job.vendor_cost_micros) == (12_288, 6_144)
    job = collected(job)  # a quarter of the pixels
    assert charged(job) == 3_072
    assert job.vendor_cost_micros == 1_536


@pytest.mark.parametrize(("given_back", "left"), [(12_288, 0), (6_000, 0), (1_000, 2_072)])
def test_what_staff_refunded_before_is_not_refunded_again_and_stops_no_delivery(
    vendor: FakeVendor, given_back: int, left: int
):
    publish_price("codeformer", 1_000_000)
    job = completed(vendor, make_job(model=CODEFORMER, upscale=2))
    assert job.hold is not None
    ledger.refund(hold=job.hold, amount_micros=given_back, key="staff", reason="Goodwill.")
    job = collected(job)  # a quarter of the pixels, so three quarters of the charge go back
    assert (job.state, charged(job)) == (JobState.DELIVERED, left)


def test_a_worker_killed_while_collecting_changes_nothing_but_the_time(
    vendor: FakeVendor, done: RestorationJob
):
    (work,) = collect.claim(1, timezone.now())
    collect.call(work)  # stored; the worker dies here
    assert run("collect") == 0  # its lease stands
    RestorationJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    job = collected(done)
    assert job.state == JobState.DELIVERED
    assert charged(job) == job.quoted_micros
    assert len(storage.keys_under(job.photo.prefix)) == 2
