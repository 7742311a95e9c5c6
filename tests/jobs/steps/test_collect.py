"""steps.collect: the vendor's own word decides where the picture is; a bad one is refunded."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from accounts import books, ledger
from accounts.models import Transfer
from jobs import storage
from jobs.catalog import CODEFORMER, FLUX_KONTEXT, GFPGAN, RestorationModel
from jobs.models import Delivery, RestorationJob, Verdict
from jobs.states import JobState
from jobs.steps import collect, settle
from tests.builders import make_job, publish_price, run
from tests.fakes import FakeVendor, png
from tests.jobs.steps.collecting import bomb, charged, collected, completed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


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
    ("media_urls", "words"),
    [
        ([], collect.NO_PICTURE),
        (["https://other.test/x.png"], collect.CANNOT_BE_HAD),
        (["file:///etc/passwd"], collect.CANNOT_BE_HAD),
        (["http://127.0.0.1/x.png"], collect.CANNOT_BE_HAD),
        (["https://cdn.test@evil.test/x.png"], collect.CANNOT_BE_HAD),
        (["https://cdn.test:8443/x.png"], collect.CANNOT_BE_HAD),
    ],
)
def test_an_address_that_we_do_not_trust_is_refunded_and_told(
    vendor: FakeVendor,
    done: RestorationJob,
    mailoutbox: list[Any],
    media_urls: list[str],
    words: str,
):
    vendor.last.media_urls = media_urls
    job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0
    assert job.failure_words == words
    assert books.lies() == []
    assert told(mailoutbox, words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(404), collect.CANNOT_BE_HAD),
        (httpx.Response(302, headers={"Location": "http://127.0.0.1/"}), collect.CANNOT_BE_HAD),
        (httpx.Response(200, text="<html>Not a picture</html>"), collect.UNUSABLE),
        (httpx.Response(200, content=png()[:-30]), collect.UNUSABLE),
        (httpx.Response(200, content=b""), collect.UNUSABLE),
        (httpx.Response(200, content=bomb(30_000, 30_000)), collect.UNUSABLE),
        (httpx.Response(200, content=png(500, 20)), collect.WRONG_SIZE),
        (httpx.Response(200, content=png(48, 64)), collect.WRONG_SIZE),
        (httpx.Response(200, content=png(32, 24)), collect.WRONG_SIZE),
    ],
)
def test_what_is_not_the_picture_is_refunded_and_told_and_nothing_is_stored(
    vendor: FakeVendor,
    done: RestorationJob,
    mailoutbox: list[Any],
    answer: httpx.Response,
    words: str,
):
    vendor.on_output = lambda request: answer
    job = collected(done)
    assert job.state == JobState.ERROR
    assert charged(job) == 0
    assert storage.keys_under(job.photo.prefix) == []
    assert told(mailoutbox, words)


def told(mailoutbox: list[Any], words: str) -> bool:
    """Whether the member's mail says what happened, and that it cost nothing."""
    run("tell")
    (mail,) = mailoutbox
    return words in mail.body and "You were not charged: $0.0031 was returned." in mail.body


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


# --- Sizes (decision 16), and what a smaller one costs ----------------------------------------
@pytest.mark.parametrize(
    ("model", "settings", "size", "state"),
    [
        # A price for a photo: what was ordered, give or take the model's rounding.
        (GFPGAN, {"scale": 2}, (128, 96), "DELIVERED"),
        (GFPGAN, {"scale": 2}, (120, 90), "DELIVERED"),
        (GFPGAN, {"scale": 2}, (64, 48), "ERROR"),
        (GFPGAN, {"scale": 2}, (256, 192), "DELIVERED"),
        # A price for a megapixel: less costs less, but the photo never gets smaller.
        (CODEFORMER, {"upscale": 2}, (96, 72), "DELIVERED"),
        (CODEFORMER, {"upscale": 2}, (64, 48), "DELIVERED"),
        (CODEFORMER, {"upscale": 2}, (48, 36), "ERROR"),
        # A model that chooses its size: a small photo stays, a large one may shrink.
        (FLUX_KONTEXT, {}, (64, 48), "DELIVERED"),
        (FLUX_KONTEXT, {}, (32, 24), "ERROR"),
    ],
)
def test_a_result_of_another_size_than_ordered_is_refused(
    vendor: FakeVendor,
    model: RestorationModel,
    settings: dict[str, Any],
    size: tuple[int, int],
    state: str,
):
    job = completed(vendor, make_job(model=model, **settings))
    vendor.output = png(*size)
    job = collected(job)
    assert job.state == state
    assert (charged(job) == 0) == (state == "ERROR")


def test_a_model_that_chooses_its_size_may_make_a_large_photo_smaller():
    assert FLUX_KONTEXT.least_pixels(width_px=4000, height_px=3000, parameters={}) == 400_000


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
