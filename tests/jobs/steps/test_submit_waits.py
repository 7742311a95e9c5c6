"""steps.submit: what can't be sent now waits, as long as it should and no longer."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils import timezone

from accounts import ledger
from jobs import breaker
from jobs.gateway import errors
from jobs.models import Attempt, AttemptOutcome, Breaker, BreakerState
from jobs.states import JobState
from jobs.steps import submit
from tests.builders import make_due, make_job, run, seen
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


def test_retry_after_is_waited_for(vendor: FakeVendor):
    vendor.on_submit = lambda request: httpx.Response(429, headers={"Retry-After": "600"})
    job = make_job()
    run("submit")
    due_at = seen(job).due_at
    assert due_at is not None
    assert due_at >= timezone.now() + timedelta(seconds=590)


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def test_an_unreachable_vendor_is_tried_a_bounded_number_of_times(vendor: FakeVendor):
    vendor.on_submit = unreachable
    job = make_job()
    for _ in range(20):
        make_due(job)
        if run("submit") == 0:
            break
    assert len(vendor.submissions) == 8
    assert seen(job).state == JobState.ERROR
    assert ledger.wallet_of(job.owner).held_micros == 0


def test_our_own_empty_account_lets_the_members_job_wait_however_long(vendor: FakeVendor):
    vendor.on_submit = lambda request: httpx.Response(402, json={"error": "Insufficient Balance"})
    job = make_job()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            run("submit")
            clock.shift(timedelta(hours=1))
        assert len(vendor.submissions) == 20
        assert seen(job).state == JobState.READY
        vendor.on_submit = None
        run("submit")
    assert seen(job).state == JobState.QUEUED


def test_waits_between_tries_double_up_to_a_bound_and_are_jittered(vendor: FakeVendor):
    vendor.on_submit = unreachable
    job = make_job()
    waits = []
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(7):
            make_due(job)
            run("submit")
            due_at = seen(job).due_at
            assert due_at is not None
            waits.append((due_at - timezone.now()).total_seconds())
    for number, wait in enumerate(waits):
        pause = min(10 * 2**number, 600)
        assert 0.8 * pause <= wait <= 1.2 * pause
    assert len({round(wait / 2**number, 3) for number, wait in enumerate(waits)}) > 1
    assert [attempt.problem for attempt in Attempt.objects.all()] == [
        "no connection: ConnectError"
    ] * 7


@pytest.mark.parametrize("how", ["stopped", "asked to wait"])
def test_what_was_claimed_when_the_vendor_refused_us_goes_back_and_was_never_sent(
    vendor: FakeVendor, how: str
):
    job = make_job()
    (work,) = submit.claim(1, timezone.now())
    problem = (
        errors.AccountBlocked("no money", http_status=402)
        if how == "stopped"
        else errors.Throttled("slow", retry_after_seconds=60)
    )
    breaker.refused(problem, vendor="pixazo", by="observe", now=timezone.now())
    outcome = submit.instead_of_call(work, timezone.now())
    assert isinstance(outcome, submit.Held)
    submit.record(work, outcome, timezone.now())
    attempt = Attempt.objects.get()
    assert (seen(job).state, seen(job).tries, seen(job).submitted_at) == ("READY", 0, None)
    assert seen(job).due_at == job.due_at
    assert (attempt.outcome, attempt.answered_at) == (AttemptOutcome.NOT_ACCEPTED, None)
    assert vendor.submissions == []
    run("submit")
    assert Attempt.objects.count() == 1, "it waits like all others"
    Breaker.objects.all().delete()
    run("submit")
    assert (seen(job).state, seen(job).resubmissions) == (JobState.QUEUED, 0)


def test_the_one_that_tries_whether_a_vendor_works_again_is_not_held(vendor: FakeVendor):
    make_job()
    now = timezone.now()
    Breaker.objects.create(
        vendor="pixazo", state=BreakerState.OPEN, http_status=402, opened_at=now, probe_at=now
    )
    run("submit")
    assert len(vendor.submissions) == 1
