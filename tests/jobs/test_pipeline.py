"""jobs.pipeline: one engine for all steps; kills, failures and crowds included."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

from jobs import pipeline
from jobs.models import Photo, RestorationJob
from jobs.states import JobState
from jobs.steps import submit
from tests.builders import make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def test_every_step_is_registered_under_its_name():
    names = ["prepare", "submit", "observe", "collect", "tell", "send", "erase", "learn"]
    assert list(pipeline.STEPS) == names


def test_what_is_due_tells_which_bells_to_ring(vendor: FakeVendor):
    assert pipeline.steps_due(timezone.now()) == []
    make_job()
    assert pipeline.steps_due(timezone.now()) == ["submit"]
    run("submit")
    assert pipeline.steps_due(timezone.now()) == []
    assert pipeline.steps_due(timezone.now() + timedelta(seconds=11)) == ["observe"]


def test_one_ring_drains_more_than_fit_side_by_side(vendor: FakeVendor):
    owner = make_member()
    for _ in range(40):
        make_job(photo=make_photo(owner=owner))
    assert run("submit") == 40
    assert not RestorationJob.objects.exclude(state=JobState.QUEUED).exists()


def test_calls_run_side_by_side_but_never_more_than_the_step_allows(
    vendor: FakeVendor, settings: object
):
    settings.CALLS_IN_FLIGHT = 4  # type: ignore[attr-defined]
    for _ in range(8):
        make_job()
    together = threading.Barrier(4, timeout=60)
    now, most, guard = 0, 0, threading.Lock()

    def on_submit(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        together.wait()  # four must be here at once, or this times out
        with guard:
            now -= 1
            accepted = vendor.accept(request)
        return httpx.Response(202, json={"request_id": accepted.request_id, "status": "QUEUED"})

    vendor.on_submit = on_submit
    assert run("submit") == 8
    assert most == 4


def test_a_call_that_hangs_keeps_nobody_else_of_its_step_waiting(vendor: FakeVendor):
    hanging, next_in_line = make_job(), make_job()
    later = timezone.now() + timedelta(milliseconds=400)
    RestorationJob.objects.filter(pk=next_in_line.pk).update(due_at=later)
    other_has_come = threading.Event()
    came_meanwhile, guard = [], threading.Lock()

    def on_submit(request: httpx.Request) -> httpx.Response:
        with guard:
            is_first = not vendor.requests
            accepted = vendor.accept(request)
        if is_first:
            came_meanwhile.append(other_has_come.wait(timeout=60))
        else:
            other_has_come.set()
        return httpx.Response(202, json={"request_id": accepted.request_id, "status": "QUEUED"})

    vendor.on_submit = on_submit
    assert run("submit") == 2
    assert came_meanwhile == [True]
    hanging.refresh_from_db()
    assert hanging.state == JobState.QUEUED


def test_a_call_that_touches_the_database_fails_and_is_tried_later(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    job = make_job()
    monkeypatch.setattr(submit, "call", lambda work: RestorationJob.objects.count())
    run("submit")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.SUBMITTING, 1)
    assert job.lease_token is None


def test_an_unforeseen_failure_of_one_call_leaves_the_others_alone(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    begun = timezone.now()
    bad, good = make_photo(state="UPLOADED", due_at=begun), make_job()
    assert run("prepare") == 1  # there is no S3 here at all
    bad.refresh_from_db()
    assert bad.tries == 1
    assert bad.due_at is not None
    assert bad.due_at > begun
    run("submit")
    good.refresh_from_db()
    assert good.state == JobState.QUEUED


def test_what_is_in_flight_is_recorded_though_nothing_more_can_be_claimed(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    job = make_job()
    away = threading.Event()
    claim, call = submit.claim, submit.call

    def claim_while_the_database_is_there(limit: int, now: datetime) -> list[Any]:
        if works := claim(limit, now):
            return works
        away.set()
        raise OperationalError("the database is away")

    def call_until_it_is_away(work: Any) -> Any:
        assert away.wait(60)
        return call(work)

    monkeypatch.setattr(submit, "claim", claim_while_the_database_is_there)
    monkeypatch.setattr(submit, "call", call_until_it_is_away)
    assert run("submit") == 1
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    with pytest.raises(OperationalError):
        run("submit")


def test_after_its_budget_a_drain_claims_no_more():
    make_job()
    assert pipeline.run_due(pipeline.STEPS["submit"], budget_seconds=0) == 0


def test_a_dead_workers_lease_ends_by_itself():
    photo = make_photo(state="UPLOADED", due_at=timezone.now())
    pipeline.STEPS["prepare"].claim(1, timezone.now())
    assert pipeline.steps_due(timezone.now()) == []
    later = timezone.now() + timedelta(seconds=121)
    assert pipeline.steps_due(later) == ["prepare"]
    assert Photo.objects.get().pk == photo.pk


@pytest.mark.django_db(transaction=True)
def test_four_workers_hand_each_job_over_once(vendor: FakeVendor):
    owner = make_member()
    for _ in range(20):
        make_job(photo=make_photo(owner=owner))

    def slowly(request: httpx.Request) -> httpx.Response:
        time.sleep(0.01)  # let the claims overlap
        accepted = vendor.accept(request)
        return httpx.Response(202, json={"request_id": accepted.request_id, "status": "QUEUED"})

    vendor.on_submit = slowly

    at_once(4, lambda _: run("submit"))
    assert len(vendor.submissions) == 20
    assert RestorationJob.objects.filter(state=JobState.QUEUED).count() == 20
