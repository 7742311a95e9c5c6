"""steps.stop: a member need not wait for what was sent; it costs them nothing, and is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer
from jobs.catalog import CODEFORMER
from jobs.models import Consent, Photo, RestorationJob, Verdict
from jobs.states import JobState
from jobs.steps import order, settle, stop, submit
from tests.builders import make_due, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db
START, PRICE, COST = 1_000_000, 3_100, 3_100


def token_of(vendor: FakeVendor) -> str:
    return vendor.last.callback_url.rstrip("/").rpartition("/")[2]


def calls_back(vendor: FakeVendor, status: str = "COMPLETED") -> Verdict:
    return settle.deliver(token=token_of(vendor), body=vendor.finish(status).callback()).verdict


def sent(vendor: FakeVendor, state: str = "QUEUED", **of: Any) -> RestorationJob:
    """A job that waits for the vendor, in one of the three states in which one does."""
    job = make_job(**of)
    if state == "UNKNOWN":
        submit.claim(1, timezone.now())  # and the worker is gone
        RestorationJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run("submit")
    if state == "PROCESSING":
        calls_back(vendor, "PROCESSING")
    job.refresh_from_db()
    assert job.state == state
    return job


def money(job: RestorationJob) -> tuple[int, int]:
    wallet = ledger.wallet_of(job.owner)
    return wallet.available_micros, wallet.held_micros


@pytest.mark.parametrize("state", ["QUEUED", "PROCESSING", "UNKNOWN"])
def test_stopping_ends_the_job_returns_the_hold_and_books_the_cost_on_the_house(
    vendor: FakeVendor, state: str
):
    job = sent(vendor, state)
    assert money(job) == (START - PRICE, PRICE)
    stop.stop(job=job, by=job.owner)
    job.refresh_from_db()
    assert (job.state, job.failure_code) == (JobState.CANCELLED, "stopped")
    assert money(job) == (START, 0)
    assert job.attempts.get().house_cost_micros == COST
    assert books.lies() == []


def test_consent_and_the_prepared_copy_stay_and_it_can_be_ordered_again(vendor: FakeVendor):
    job = sent(vendor)
    stop.stop(job=job, by=job.owner)
    assert Consent.objects.get().status == "GRANTED"
    assert Photo.objects.get().state == "PREPARED"
    assert make_job(photo=job.photo).state == JobState.READY


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("status", ["PROCESSING", "COMPLETED", "FAILED", "ERROR"])
def test_whatever_comes_later_is_stale_and_charges_and_delivers_nothing(
    vendor: FakeVendor, mailoutbox: list[object], status: str
):
    job = sent(vendor)
    stop.stop(job=job, by=job.owner)
    assert calls_back(vendor, status) == Verdict.STALE
    make_due(job)
    for step in ("submit", "observe", "collect", "tell"):
        run(step)
    job.refresh_from_db()
    assert (job.state, job.result_key) == (JobState.CANCELLED, "")
    assert money(job) == (START, 0)
    assert len(vendor.submissions) == 1
    assert mailoutbox == []  # they did it themselves


def test_stopping_twice_is_stopping_once(vendor: FakeVendor):
    job = sent(vendor)
    stop.stop(job=job, by=job.owner)
    stop.stop(job=job, by=job.owner)
    assert Transfer.objects.filter(kind="RELEASE").count() == 1


def test_what_is_back_in_the_line_meanwhile_is_cancelled_and_counts_for_nothing(
    vendor: FakeVendor,
):
    job = make_job()
    stop.stop(job=job, by=job.owner)
    job.refresh_from_db()
    assert (job.state, job.failure_code) == (JobState.CANCELLED, "cancelled")
    assert stop.stops_left(job.owner, timezone.now()) == 10


def test_what_is_being_handed_over_is_let_go_on(vendor: FakeVendor):
    job = make_job()
    submit.claim(1, timezone.now())
    with pytest.raises(stop.CannotStop, match="handed over at this moment"):
        stop.stop(job=job, by=job.owner)
    assert money(job) == (START - PRICE, PRICE)


def test_what_is_restored_is_charged_and_fetched(vendor: FakeVendor):
    job = sent(vendor)
    calls_back(vendor)
    with pytest.raises(stop.CannotStop, match="restored already"):
        stop.stop(job=job, by=job.owner)
    assert money(job) == (START - PRICE, 0)


def test_what_has_ended_stays_as_it_is(vendor: FakeVendor):
    job = sent(vendor)
    calls_back(vendor, "FAILED")
    with pytest.raises(stop.CannotStop, match="ended already"):
        stop.stop(job=job, by=job.owner)


def test_whoever_stops_too_often_is_asked_to_wait_until_tomorrow(vendor: FakeVendor, settings: Any):
    settings.STOPS_A_DAY = 2
    member = make_member()
    for _ in range(2):
        stop.stop(job=sent(vendor, photo=make_photo(owner=member)), by=member)
    job = sent(vendor, photo=make_photo(owner=member))
    with pytest.raises(stop.CannotStop, match="2 times within a day"):
        stop.stop(job=job, by=member)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    other = sent(vendor)
    stop.stop(job=other, by=other.owner)  # everybody counts for themselves
    a_day_ago = timezone.now() - timedelta(days=1, seconds=1)
    RestorationJob.objects.filter(failure_code="stopped").update(ended_at=a_day_ago)
    stop.stop(job=job, by=member)


def test_an_order_that_was_sent_is_not_simply_cancelled(vendor: FakeVendor):
    job = sent(vendor)
    with pytest.raises(order.AlreadySent):
        order.cancel(job=job, by=job.owner)


def test_what_it_may_cost_is_the_jobs_own_vendor_cost(vendor: FakeVendor):
    job = sent(vendor, model=CODEFORMER, upscale=2)
    stop.stop(job=job, by=job.owner)
    assert job.attempts.get().house_cost_micros == job.vendor_cost_micros


@pytest.mark.django_db(transaction=True)
def test_of_a_stop_and_a_completion_at_once_one_wins_whole(vendor: FakeVendor):
    job = sent(vendor)
    body, token = vendor.finish().callback(), token_of(vendor)

    def act(number: int) -> str:
        if number:
            return str(settle.deliver(token=token, body=body).verdict)
        try:
            stop.stop(job=job, by=job.owner)
        except stop.CannotStop:
            return "too late"
        return "stopped"

    outcomes = set(at_once(2, act))
    job.refresh_from_db()
    house = job.attempts.get().house_cost_micros
    if outcomes == {"stopped", "STALE"}:
        assert (job.state, money(job), house) == ("CANCELLED", (START, 0), COST)
    else:
        assert outcomes == {"too late", "APPLIED"}
        assert (job.state, money(job), house) == ("COMPLETED", (START - PRICE, 0), 0)
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_a_member_who_stops_everything_at_once_has_no_more_stops_than_the_others(
    vendor: FakeVendor, settings: Any
):
    settings.STOPS_A_DAY = 2
    member = make_member()
    jobs = [sent(vendor, photo=make_photo(owner=member)) for _ in range(4)]

    def act(number: int) -> str:
        try:
            stop.stop(job=jobs[number], by=member)
        except stop.CannotStop:
            return "refused"
        return "stopped"

    assert sorted(at_once(4, act)) == ["refused", "refused", "stopped", "stopped"]
