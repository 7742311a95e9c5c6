"""jobs.breaker: a vendor that asks us to wait (429) is left alone for as long, by all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import breaker, pipeline
from jobs.gateway import errors
from jobs.models import (
    Breaker,
    RestorationJob,
)
from jobs.states import JobState
from jobs.steps import submit
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import K, answers, diary, row, states

pytestmark = pytest.mark.django_db


# --- 429 ------------------------------------------------------------------------------------
def test_a_429_holds_for_every_job_and_every_worker(vendor: FakeVendor, settings: Any, clock: Any):
    settings.CALLS_IN_FLIGHT = 1
    for _ in range(3):
        make_job()
        clock.shift(timedelta(seconds=1))
    vendor.on_submit = answers(429, **{"Retry-After": "60"})
    run("submit")
    assert len(vendor.submissions) == 1
    clock.shift(timedelta(seconds=50))
    assert "submit" not in pipeline.steps_due(timezone.now())
    assert run("submit") == 0
    vendor.on_submit = None
    clock.shift(timedelta(seconds=30))
    run("submit")
    assert states() == ["QUEUED"] * 3
    assert row().wait_until is None
    assert diary() == [K.THROTTLED]


def test_after_a_429_one_goes_first_and_the_crowd_follows(vendor: FakeVendor, clock: Any):
    for _ in range(5):
        make_job()
    Breaker.objects.create(vendor="pixazo", wait_until=timezone.now() - timedelta(seconds=1))
    (work,) = submit.claim(16, timezone.now())
    submit.record(work, submit.call(work), timezone.now())
    assert len(submit.claim(16, timezone.now())) == 4


def test_those_whom_a_429_sent_away_do_not_come_back_together(vendor: FakeVendor, clock: Any):
    for _ in range(8):
        make_job()
    vendor.on_submit = answers(429, **{"Retry-After": "60"})
    run("submit")
    due = [job.due_at for job in RestorationJob.objects.all() if job.due_at]
    assert min(due) >= timezone.now() + timedelta(seconds=60)
    assert max(due) - min(due) > timedelta(seconds=1)
    assert max(due) <= timezone.now() + timedelta(seconds=75)
    assert diary() == [K.THROTTLED]


def test_a_429_uses_up_no_tries_however_often(vendor: FakeVendor, clock: Any):
    job = make_job()
    vendor.on_submit = answers(429, **{"Retry-After": "1"})
    for _ in range(20):
        run("submit")
        clock.shift(timedelta(minutes=1))
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.READY, 0)
    assert len(vendor.submissions) == 20


def test_a_shorter_wait_does_not_cut_a_longer_one_short(clock: Any):
    now = timezone.now()
    for seconds in (600, 5):
        problem = errors.Throttled("slow down", retry_after_seconds=seconds)
        breaker.refused(problem, vendor="pixazo", by="submit", now=now)
    assert row().wait_until == now + timedelta(seconds=600)
