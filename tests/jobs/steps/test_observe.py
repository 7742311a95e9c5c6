"""steps.observe: callbacks can get lost; asking finds out, patiently but not for ever."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils import timezone

from accounts import books, ledger
from jobs.models import Attempt, AttemptOutcome, Breaker, RestorationJob, Verdict
from jobs.states import JobState
from jobs.steps import settle
from tests.builders import make_due, make_job, run, seen
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    run("submit")
    job.refresh_from_db()
    return job


def look(job: RestorationJob) -> RestorationJob:
    make_due(job)
    run("observe")
    return seen(job)


def test_the_first_look_comes_after_five_to_ten_seconds(sent: RestorationJob):
    assert sent.due_at is not None
    assert sent.submitted_at is not None
    assert 5 <= (sent.due_at - sent.submitted_at).total_seconds() <= 10
    with time_machine.travel(sent.due_at - timedelta(milliseconds=1), tick=False):
        assert run("observe") == 0
    with time_machine.travel(sent.due_at, tick=False):
        assert run("observe") == 1


def test_a_lost_callback_is_made_good_by_asking(vendor: FakeVendor, sent: RestorationJob):
    vendor.finish("COMPLETED")
    assert look(sent).state == JobState.COMPLETED
    assert ledger.wallet_of(sent.owner).held_micros == 0


def test_while_it_is_processing_we_keep_the_documented_pace_and_then_ask_more_rarely(
    vendor: FakeVendor, sent: RestorationJob
):
    vendor.finish("PROCESSING")
    waits = []
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(20):
            job = look(sent)
            assert job.due_at is not None
            waits.append((job.due_at - timezone.now()).total_seconds())
    assert job.state == JobState.PROCESSING
    assert all(5 <= wait <= 10 for wait in waits[:10])
    assert waits[-1] > 200


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(429), httpx.Response(200, text="<html>"), None],
)
def test_an_answer_that_says_nothing_changes_nothing(
    vendor: FakeVendor, sent: RestorationJob, answer: httpx.Response | None
):
    def on_status(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ReadTimeout("slow")
        return answer

    vendor.on_status = on_status
    job = look(sent)
    assert job.state == JobState.QUEUED
    assert job.lease_token is None
    assert job.due_at is not None
    assert job.due_at > timezone.now()


def test_after_the_deadline_the_job_ends_uncharged(vendor: FakeVendor, sent: RestorationJob):
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        job = look(sent)
    assert job.state == JobState.ERROR
    assert job.failure_code == "no_answer"
    assert ledger.wallet_of(sent.owner).held_micros == 0
    assert books.lies() == []
    # The vendor may have done it and bill it: somebody has to bear that, and it is not the member.
    assert job.attempts.get().house_cost_micros == job.vendor_cost_micros > 0


@pytest.fixture
def unknown(vendor: FakeVendor) -> RestorationJob:
    """A job whose submission was accepted, but whose 202 was lost."""

    def swallow(request: httpx.Request) -> httpx.Response:
        vendor.accept(request)
        raise httpx.ReadTimeout("lost")

    vendor.on_submit = swallow
    job = make_job()
    run("submit")
    vendor.on_submit = None
    job.refresh_from_db()
    assert job.state == JobState.UNKNOWN
    return job


def test_an_unknown_job_waits_for_a_callback_without_asking(
    vendor: FakeVendor, unknown: RestorationJob
):
    assert look(unknown).state == JobState.UNKNOWN
    assert vendor.status_requests == []


def test_a_late_callback_settles_an_unknown_job(vendor: FakeVendor, unknown: RestorationJob):
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
    unknown.refresh_from_db()
    assert unknown.state == JobState.COMPLETED


def test_an_unknown_job_is_sent_once_more_at_the_houses_cost(
    vendor: FakeVendor, unknown: RestorationJob
):
    RestorationJob.objects.update(vendor_cost_micros=2_900)  # not what the member pays
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        assert look(unknown).state == JobState.READY
        run("submit")
    first, second = Attempt.objects.order_by("number")
    assert (first.outcome, first.house_cost_micros) == (AttemptOutcome.UNKNOWN, 2_900)
    assert second.outcome == AttemptOutcome.ACCEPTED
    assert len(vendor.requests) == 2
    assert ledger.wallet_of(unknown.owner).held_micros == unknown.quoted_micros


def test_a_job_that_is_unknown_twice_ends_uncharged(vendor: FakeVendor, unknown: RestorationJob):
    def swallow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("lost")

    vendor.on_submit = swallow
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        look(unknown)
        run("submit")
    with time_machine.travel(timezone.now() + timedelta(seconds=300)):
        job = look(unknown)
    assert job.state == JobState.ERROR
    assert job.attempts.count() == 2
    assert ledger.wallet_of(unknown.owner).held_micros == 0


def test_word_of_the_first_attempt_spares_the_second(vendor: FakeVendor, unknown: RestorationJob):
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        assert look(unknown).state == JobState.READY
        token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
        settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
        run("submit")
    unknown.refresh_from_db()
    assert unknown.state == JobState.COMPLETED
    assert len(vendor.requests) == 1
    assert books.lies() == []


def test_a_failure_of_the_first_attempt_does_not_end_the_second(
    vendor: FakeVendor, unknown: RestorationJob
):
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        look(unknown)
        run("submit")
    first = vendor.requests[0]
    first.status = "FAILED"
    token = first.callback_url.rstrip("/").rpartition("/")[2]
    settlement = settle.deliver(token=token, body=first.callback())
    assert settlement is not None
    assert settlement.verdict == Verdict.STALE
    unknown.refresh_from_db()
    assert unknown.state == JobState.QUEUED


def test_whichever_attempt_completes_first_is_charged_once(
    vendor: FakeVendor, unknown: RestorationJob
):
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        look(unknown)
        run("submit")
    for request in vendor.requests:
        request.status = "COMPLETED"
        token = request.callback_url.rstrip("/").rpartition("/")[2]
        settle.deliver(token=token, body=request.callback())
    unknown.refresh_from_db()
    assert unknown.state == JobState.COMPLETED
    assert ledger.balances_of([unknown.hold_id])[unknown.hold_id].charged == (  # type: ignore[list-item,index]
        unknown.quoted_micros
    )
    assert books.lies() == []


# --- What staff see of it -------------------------------------------------------------------
def test_each_look_is_kept_with_what_came_of_it(vendor: FakeVendor, sent: RestorationJob):
    vendor.on_status = lambda request: httpx.Response(500)
    look(sent)
    attempt = Attempt.objects.get()
    assert (attempt.polls, attempt.poll_problem) == (1, "answered 500")
    vendor.on_status = None
    look(sent)
    attempt.refresh_from_db()
    assert (attempt.polls, attempt.poll_problem) == (2, "")
    assert attempt.polled_at is not None


def test_a_job_that_cannot_be_asked_for_counts_no_looks(
    vendor: FakeVendor, unknown: RestorationJob
):
    look(unknown)
    assert (Attempt.objects.get().polls, Attempt.objects.get().polled_at) == (0, None)


def late(vendor: FakeVendor, number: int = 0) -> Verdict:
    """The vendor calls back after all: completed."""
    request = vendor.requests[number]
    request.status = "COMPLETED"
    token = request.callback_url.rstrip("/").rpartition("/")[2]
    settlement = settle.deliver(token=token, body=request.callback())
    assert settlement is not None
    return settlement.verdict


def test_what_is_completed_after_the_job_had_ended_is_paid_by_the_house(
    vendor: FakeVendor, sent: RestorationJob
):
    RestorationJob.objects.update(vendor_cost_micros=2_900)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        look(sent)
    assert late(vendor) == Verdict.STALE
    assert late(vendor) == Verdict.DUPLICATE
    sent.refresh_from_db()
    attempt = Attempt.objects.get()
    assert sent.state == JobState.ERROR
    assert (attempt.house_cost_micros, attempt.completed_at is not None) == (2_900, True)
    assert ledger.wallet_of(sent.owner).held_micros == 0
    assert ledger.balances_of([sent.hold_id])[sent.hold_id].charged == 0  # type: ignore[list-item,index]


def test_what_a_member_pays_for_is_not_the_houses_cost_too(
    vendor: FakeVendor, unknown: RestorationJob
):
    with time_machine.travel(timezone.now() + timedelta(seconds=130)):
        look(unknown)
        run("submit")
        assert late(vendor, 0) == Verdict.APPLIED
        assert late(vendor, 1) == Verdict.STALE
    first, second = Attempt.objects.order_by("number")
    assert first.house_cost_micros > 0
    assert second.house_cost_micros == 0


# --- When the vendor does not let us ask ----------------------------------------------------
@pytest.mark.parametrize("status", [401, 403, 429])
def test_time_in_which_we_could_not_ask_eats_no_deadline(
    vendor: FakeVendor, sent: RestorationJob, status: int
):
    vendor.on_status = lambda request: httpx.Response(status)
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        for _ in range(6):
            clock.shift(timedelta(minutes=50))
            assert look(sent).state == JobState.QUEUED
        vendor.on_status = None
        vendor.finish("PROCESSING")
        clock.shift(timedelta(minutes=5))
        assert look(sent).state == JobState.PROCESSING
        clock.shift(timedelta(minutes=56))
        assert look(sent).state == JobState.ERROR


def test_but_nobody_waits_longer_than_the_last_deadline(vendor: FakeVendor, sent: RestorationJob):
    vendor.on_status = lambda request: httpx.Response(401)
    begin = timezone.now()
    with time_machine.travel(begin + timedelta(hours=23, minutes=59)):
        assert look(sent).state == JobState.QUEUED
    with time_machine.travel(begin + timedelta(hours=24, minutes=1)):
        job = look(sent)
    assert (job.state, job.failure_code) == (JobState.ERROR, "no_answer")
    assert ledger.wallet_of(sent.owner).held_micros == 0


def test_a_key_that_asking_finds_refused_stops_sending_until_a_status_is_told(
    vendor: FakeVendor, sent: RestorationJob
):
    vendor.on_status = lambda request: httpx.Response(401)
    look(sent)
    stopped = Breaker.objects.get()
    assert (stopped.state, stopped.met_by, stopped.http_status) == ("OPEN", "observe", 401)
    vendor.on_status = None
    look(sent)
    stopped.refresh_from_db()
    assert stopped.state == "CLOSED"


def test_a_status_that_is_told_says_nothing_of_a_refusal_to_take_photos(
    vendor: FakeVendor, sent: RestorationJob
):
    vendor.on_submit = lambda request: httpx.Response(403)
    make_job()
    run("submit")
    assert look(sent).state == JobState.QUEUED
    assert Breaker.objects.get().state == "OPEN"


def test_a_vendor_that_asked_us_to_wait_is_not_asked(vendor: FakeVendor, sent: RestorationJob):
    until = timezone.now() + timedelta(minutes=10)
    Breaker.objects.create(vendor="pixazo", wait_until=until)
    job = look(sent)
    assert vendor.status_requests == []
    assert job.due_at is not None
    assert job.due_at >= until
    assert job.tries == 0
