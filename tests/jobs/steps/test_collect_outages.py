"""steps.collect: what is down is asked again; what never comes is refunded, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.utils import timezone

from accounts import books
from accounts.models import Transfer
from jobs import storage
from jobs.models import Breaker, BreakerState, RestorationJob
from jobs.states import JobState
from jobs.steps import collect
from tests.builders import run
from tests.fakes import FakeVendor
from tests.jobs.steps.collecting import charged, collected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def down(*args: Any, **options: Any) -> None:
    """Our own store, whatever it is asked."""
    raise storage.StorageUnavailable("down")


def test_our_own_store_down_is_tried_again_and_charged_once(
    vendor: FakeVendor, done: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", down)
        assert collected(done).state == JobState.COMPLETED
    job = collected(done)
    assert job.state == JobState.DELIVERED
    assert charged(job) == job.quoted_micros
    assert Transfer.objects.filter(hold=job.hold, kind="CAPTURE").count() == 1
    assert books.lies() == []


def test_our_own_store_down_for_hours_loses_no_picture(
    vendor: FakeVendor, done: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    """The vendor bills it, and the member waits for it: to give up costs both."""
    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", down)
        for _ in range(20):
            assert collected(done).state == JobState.COMPLETED
    assert collected(done).state == JobState.DELIVERED


def test_a_charge_whose_picture_our_own_store_kept_out_for_a_day_is_refunded(
    vendor: FakeVendor, done: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "put", down)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        job = collected(done)
    assert (job.state, job.failure_code) == (JobState.ERROR, "result_lost")
    assert job.attempts.get().house_cost_micros == job.vendor_cost_micros > 0
    assert charged(job) == 0


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


# --- When the vendor does not let us ask ----------------------------------------------------
@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_vendor_that_does_not_let_us_ask_uses_up_no_tries(
    vendor: FakeVendor, done: RestorationJob, status: int
):
    vendor.on_status = lambda request: httpx.Response(status)
    for _ in range(12):
        job = collected(done)
    assert (job.state, job.tries) == (JobState.COMPLETED, 0)
    assert job.due_at is not None
    assert job.due_at >= timezone.now() + timedelta(seconds=25)
    vendor.on_status = None
    assert collected(done).state == JobState.DELIVERED
    assert charged(done) == done.quoted_micros


def test_nor_does_it_keep_a_charge_without_a_picture_for_ever(
    vendor: FakeVendor, done: RestorationJob
):
    vendor.on_status = lambda request: httpx.Response(401)
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        assert collected(done).state == JobState.COMPLETED
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        job = collected(done)
    assert (job.state, job.failure_code) == (JobState.ERROR, "result_lost")
    assert charged(job) == 0


def test_a_key_that_fetching_finds_refused_stops_sending_until_it_works_again(
    vendor: FakeVendor, done: RestorationJob
):
    vendor.on_status = lambda request: httpx.Response(401)
    collected(done)
    stopped = Breaker.objects.get()
    assert (stopped.state, stopped.met_by) == (BreakerState.OPEN, "collect")
    vendor.on_status = None
    collected(done)
    stopped.refresh_from_db()
    assert stopped.state == BreakerState.CLOSED
