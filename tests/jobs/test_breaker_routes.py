"""jobs.breaker: which of several vendors a job goes to while one is stopped or waited for."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import breaker, catalog, pipeline, vendors
from jobs.catalog import CODEFORMER, GFPGAN, Route
from jobs.models import (
    Attempt,
    Breaker,
    Consent,
    RestorationJob,
)
from jobs.states import JobState
from jobs.steps import submit
from tests.builders import make_due, make_job, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import answers, stop

pytestmark = pytest.mark.django_db

A_MINUTE = timedelta(minutes=1)


# --- Several routes -------------------------------------------------------------------------
FAL = Route(
    vendor="fal",
    model_id="fal-ai/codeformer",
    endpoint="/fal-ai/codeformer",
    image_parameter="image_url",
    names={"upscale": "upscaling"},
    unsaid={"background_enhance": True},
    unit_cost_micros=2_500,
)


@pytest.fixture
def fal(vendor: FakeVendor, settings: Any, monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    """A second vendor that runs CodeFormer, and does not know `background_enhance`."""
    settings.FAL_KEY = "a key"
    other = FakeVendor()
    two = dataclasses.replace(CODEFORMER, routes=(CODEFORMER.usual, FAL))
    monkeypatch.setitem(catalog.MODELS, CODEFORMER.key, two)
    monkeypatch.setattr(
        vendors, "client", lambda name: {"pixazo": vendor.client, "fal": other.client}[name]
    )
    return other


def both(job: RestorationJob) -> RestorationJob:
    Consent.objects.filter(pk=job.consent_id).update(vendors="|pixazo|fal|")
    return job


def test_the_usual_vendor_gets_it_while_it_may(vendor: FakeVendor, fal: FakeVendor):
    both(make_job(model=CODEFORMER))
    run("submit")
    assert (len(vendor.submissions), len(fal.submissions)) == (1, 0)


def test_when_it_is_stopped_the_other_gets_what_it_can_do_and_the_member_allows(
    vendor: FakeVendor, fal: FakeVendor
):
    stop()
    goes = both(make_job(model=CODEFORMER))
    cannot_be_said = both(make_job(model=CODEFORMER, background_enhance=False))
    other_model = both(make_job(model=GFPGAN))
    not_allowed = make_job(model=CODEFORMER)
    assert "submit" in pipeline.steps_due(timezone.now())
    run("submit")
    assert (len(vendor.submissions), len(fal.submissions)) == (0, 1)
    assert Attempt.objects.get().job == goes
    assert Attempt.objects.get().vendor == "fal"
    pixels = goes.quoted_width_px * goes.quoted_height_px
    assert Attempt.objects.get().own_cost_micros == CODEFORMER.basis.total(pixels, 2_500)
    for job in (cannot_be_said, other_model, not_allowed):
        job.refresh_from_db()
        assert (job.state, job.lease_token) == (JobState.READY, None)
    assert "submit" not in pipeline.steps_due(timezone.now())


def test_a_vendor_that_we_have_no_key_for_gets_nothing(
    vendor: FakeVendor, fal: FakeVendor, settings: Any
):
    settings.FAL_KEY = ""
    stop()
    both(make_job(model=CODEFORMER))
    assert "submit" not in pipeline.steps_due(timezone.now())
    assert run("submit") == 0


def test_consent_is_looked_at_for_the_vendor_that_gets_it(vendor: FakeVendor, fal: FakeVendor):
    stop()
    job = both(make_job(model=CODEFORMER))
    (work,) = submit.claim(1, timezone.now())
    assert work.route.vendor == "fal"
    Consent.objects.filter(pk=job.consent_id).update(vendors="|pixazo|")
    assert isinstance(submit.instead_of_call(work, timezone.now()), submit.NeverSent)


def test_a_429_is_waited_for_and_sends_nobody_elsewhere(vendor: FakeVendor, fal: FakeVendor):
    Breaker.objects.create(vendor="pixazo", wait_until=timezone.now() + timedelta(minutes=1))
    both(make_job(model=CODEFORMER))
    assert "submit" not in pipeline.steps_due(timezone.now())
    assert submit.claim(16, timezone.now()) == []


def test_while_one_tries_the_others_go_elsewhere(vendor: FakeVendor, fal: FakeVendor):
    stop(probe_at=timezone.now())
    jobs = [both(make_job(model=CODEFORMER)) for _ in range(3)]
    vendor.on_submit = answers(402)
    run("submit")
    assert (len(vendor.submissions), len(fal.submissions)) == (1, 3)
    for job in jobs:
        job.refresh_from_db()
        assert job.state == JobState.QUEUED


@pytest.mark.parametrize(
    "held", [{"state": "OPEN", "http_status": 402}, {"state": "CLOSED"}], ids=["stopped", "waited"]
)
def test_one_that_nobody_goes_to_now_makes_no_queue_before_the_usual_one(
    vendor: FakeVendor, fal: FakeVendor, held: dict[str, Any]
):
    """It stays due to be tried for as long as the usual one works."""
    past = timezone.now() - timedelta(minutes=1)
    if held["state"] == "OPEN":
        held = {**held, "opened_at": past, "probe_at": past, "met_by": "submit"}
    Breaker.objects.create(vendor="fal", wait_until=past, **held)
    for _ in range(3):
        both(make_job(model=CODEFORMER))
    assert len(submit.claim(16, timezone.now())) == 3


def test_without_consent_for_anybody_it_ends_even_while_one_is_stopped(
    vendor: FakeVendor, fal: FakeVendor
):
    stop()
    job = make_job(model=CODEFORMER)
    Consent.objects.filter(pk=job.consent_id).update(vendors="|nobody|")
    make_due(job)
    run("submit")
    job.refresh_from_db()
    assert (job.state, job.failure_code) == (JobState.CANCELLED, "no_live_consent")


# --- What its member is told ----------------------------------------------------------------
def at(state: JobState) -> RestorationJob:
    job = make_job()
    RestorationJob.objects.filter(pk=job.pk).update(state=state)
    job.refresh_from_db()
    return job


def kept_back(*jobs: RestorationJob) -> list[RestorationJob]:
    kept = breaker.kept_back(jobs, timezone.now())
    return [job for job in jobs if job.pk in kept]


def test_what_waits_for_a_stopped_vendor_is_kept_back_also_while_one_may_try():
    ready, review, sent = make_job(), at(JobState.AWAITING_CONSENT), at(JobState.QUEUED)
    assert kept_back(ready, review, sent) == []
    stop(probe_at=timezone.now() - timedelta(seconds=1))
    assert kept_back(ready, review, sent) == [ready]
    Breaker.objects.all().delete()
    stop(state="CLOSED", opened_at=None, probe_at=None, wait_until=timezone.now() + A_MINUTE)
    assert kept_back(ready) == [ready]


def test_what_may_go_to_another_vendor_is_not_kept_back(fal: FakeVendor):
    free, loyal = both(make_job(model=CODEFORMER)), make_job(model=CODEFORMER)
    only_one_can, unsayable = both(make_job(model=GFPGAN)), both(make_job(model=CODEFORMER))
    RestorationJob.objects.filter(pk=unsayable.pk).update(
        parameters={**unsayable.parameters, "background_enhance": False}
    )
    stop()
    jobs = (free, loyal, only_one_can, unsayable)
    assert kept_back(*jobs) == [loyal, only_one_can, unsayable]


def test_without_a_job_that_waits_nobody_asks_for_the_breakers(django_assert_num_queries: Any):
    job = at(JobState.QUEUED)
    with django_assert_num_queries(0):
        assert kept_back(job) == []
