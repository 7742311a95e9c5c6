"""steps.submit: an answer that comes when it was given up spares a purchase, and wakes nothing."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import books
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.states import JobState
from jobs.steps import submit
from tests.builders import make_due, make_job, run, seen
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def test_an_answer_after_the_lease_was_lost_is_kept_but_moves_nothing(vendor: FakeVendor):
    job = make_job()
    (work,) = submit.claim(1, timezone.now())
    outcome = submit.call(work)
    RestorationJob.objects.update(lease_token=None, lease_until=None, state=JobState.UNKNOWN)
    submit.record(work, outcome, timezone.now())
    assert seen(job).state == JobState.UNKNOWN
    assert Attempt.objects.get().request_id == vendor.last.request_id


def given_up(job: RestorationJob) -> tuple[submit.Work, submit.Outcome]:
    """Taken by the vendor; whoever sent it stood still until it was to be sent once more."""
    (work,) = submit.claim(1, timezone.now())
    outcome = submit.call(work)
    RestorationJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run("submit")
    assert seen(job).state == JobState.UNKNOWN
    make_due(job)
    long_ago = timezone.now() - timedelta(seconds=settings.UNKNOWN_DEADLINE_SECONDS + 1)
    RestorationJob.objects.update(submitted_at=long_ago)
    run("observe")
    assert (seen(job).state, seen(job).resubmissions) == (JobState.READY, 1)
    return work, outcome


def answer_comes(work: submit.Work, outcome: submit.Outcome) -> None:
    with transaction.atomic():
        submit.record(work, outcome, timezone.now())


def test_a_late_answer_to_a_job_that_is_ready_again_spares_the_second_purchase(
    vendor: FakeVendor,
):
    job = make_job()
    answer_comes(*given_up(job))
    run("submit")
    attempt = Attempt.objects.get()
    assert (seen(job).state, seen(job).resubmissions) == (JobState.QUEUED, 0)
    assert (attempt.request_id, attempt.house_cost_micros) == (vendor.last.request_id, 0)
    assert len(vendor.submissions) == 1
    make_due(job)
    vendor.finish()
    run("observe")
    assert seen(job).state == JobState.COMPLETED
    assert books.lies() == []


def test_a_late_answer_to_a_job_that_was_sent_again_stays_on_the_houses_list(vendor: FakeVendor):
    job = make_job()
    late = given_up(job)
    run("submit")
    answer_comes(*late)
    first, second = Attempt.objects.order_by("number")
    assert (seen(job).state, seen(job).resubmissions) == (JobState.QUEUED, 1)
    assert {first.request_id, second.request_id} == {one.request_id for one in vendor.requests}
    assert (first.house_cost_micros, second.house_cost_micros) == (job.vendor_cost_micros, 0)
    assert len(vendor.submissions) == 2


def test_a_late_answer_to_a_job_whose_second_sending_was_refused_moves_nothing(
    vendor: FakeVendor,
):
    """Its newest attempt is the one that is asked about; the first is on the house's list."""
    job = make_job()
    late = given_up(job)
    vendor.on_submit = lambda request: httpx.Response(429, headers={"Retry-After": "20"})
    run("submit")
    answer_comes(*late)
    first, second = Attempt.objects.order_by("number")
    assert (seen(job).state, second.outcome) == (JobState.READY, AttemptOutcome.NOT_ACCEPTED)
    assert (first.request_id, first.house_cost_micros) == (
        vendor.last.request_id,
        job.vendor_cost_micros,
    )


@pytest.mark.parametrize("end", [JobState.CANCELLED, JobState.ERROR])
def test_a_late_answer_wakes_no_job_that_has_ended(vendor: FakeVendor, end: JobState):
    job = make_job()
    late = given_up(job)
    RestorationJob.objects.update(state=end)
    answer_comes(*late)
    assert seen(job).state == end
    assert Attempt.objects.get().house_cost_micros > 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", range(20))
def test_of_a_late_answer_and_a_second_sending_at_once_one_is_first_and_the_books_know_which(
    vendor: FakeVendor, time: int
):
    job = make_job()
    late = given_up(job)

    def act(number: int) -> None:
        if number == 0:
            answer_comes(*late)
        else:
            run("submit")

    at_once(2, act)
    attempts = list(Attempt.objects.order_by("number"))
    assert seen(job).state == JobState.QUEUED
    assert len(vendor.submissions) == len(attempts) == 1 + seen(job).resubmissions
    borne = [attempt.house_cost_micros > 0 for attempt in attempts]
    assert borne == [False] if len(attempts) == 1 else borne == [True, False]
    assert books.lies() == []
