"""Nothing leaves without live consent: every status, purpose, date and moment.

What leaves is an address of the vendor's copy or a call to the vendor; both are counted. The same
table runs against the sandbox's gateway in tests/contract.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from accounts import books, ledger
from jobs import pipeline, storage
from jobs.models import Attempt, AttemptOutcome, RestorationJob
from jobs.states import JobState
from jobs.steps import order, settle
from tests.builders import make_consent, make_due, make_job, make_photo, run
from tests.fakes import FakeVendor
from tests.gate import (
    STATUSES,
    Standing,
    addresses_made,
    expected_keys,
    expire,
    forged_between_claim_and_call,
    make_jobs,
    standings,
    withdraw,
)

pytestmark = pytest.mark.django_db


def drain() -> None:
    """A claim that only ends jobs hands nothing to a call, and the next doorbell goes on."""
    while "submit" in pipeline.steps_due(timezone.now()):
        run("submit")


def sent(vendor: FakeVendor, jobs: dict[RestorationJob, Standing]) -> list[str]:
    """The keys of the copies whose addresses the vendor was given."""
    keys = [job.photo.prepared_key for job in jobs]
    bodies = [request.content.decode() for request in vendor.submissions]
    return sorted(key for key in keys if any(key in body for body in bodies))


@pytest.mark.parametrize("status", STATUSES)
def test_before_the_hold_nothing_is_ordered_that_is_not_live_or_undecided(
    vendor: FakeVendor, status: str
):
    for one in standings(status):
        photo = make_photo()
        one.forge(make_consent(photo))
        if one.may_order:
            assert make_job(photo=photo).state in (JobState.READY, JobState.AWAITING_CONSENT)
            continue
        with pytest.raises(order.CannotOrder):
            make_job(photo=photo)
        assert ledger.wallet_of(photo.owner).held_micros == 0
    with addresses_made() as made:
        run("submit")
    live = sum(one.is_live for one in standings(status))
    assert (len(made), len(vendor.submissions)) == (live, live)


@pytest.mark.parametrize("status", STATUSES)
def test_before_it_is_sent_only_what_is_live_leaves(vendor: FakeVendor, status: str):
    jobs = make_jobs(status)
    for job, one in jobs.items():
        one.forge(job.consent)
    with addresses_made() as made:
        drain()
    assert sorted(made) == sent(vendor, jobs) == expected_keys(jobs)
    _the_rest_ended_uncharged(jobs)


@pytest.mark.parametrize("status", STATUSES)
def test_between_claim_and_call_only_what_is_live_leaves(vendor: FakeVendor, status: str):
    jobs = make_jobs(status)
    with addresses_made() as made, forged_between_claim_and_call(jobs):
        run("submit")
    assert sorted(made) == sent(vendor, jobs) == expected_keys(jobs)
    _the_rest_ended_uncharged(jobs)
    never_sent = Attempt.objects.filter(outcome=AttemptOutcome.NOT_ACCEPTED)
    assert never_sent.count() == len(jobs) - len(expected_keys(jobs))


def _the_rest_ended_uncharged(jobs: dict[RestorationJob, Standing]) -> None:
    held = 0
    for job, one in jobs.items():
        job.refresh_from_db()
        assert job.state == (JobState.QUEUED if one.is_live else JobState.CANCELLED), one
        held += job.quoted_micros if one.is_live else 0
    owner = next(iter(jobs)).owner
    assert ledger.wallet_of(owner).held_micros == held
    assert books.lies() == []


# --- A consent that ends later --------------------------------------------------------------------
def completed(vendor: FakeVendor) -> None:
    vendor.finish("COMPLETED")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.last.callback())


MOMENTS: dict[str, Callable[[RestorationJob, FakeVendor], object]] = {
    "after it is sent": lambda job, vendor: run("submit"),
    "after COMPLETED": lambda job, vendor: sent_and_completed(vendor),
    "before it is sent once more": lambda job, vendor: unanswered(job, vendor),
}


def sent_and_completed(vendor: FakeVendor) -> None:
    run("submit")
    completed(vendor)


def unanswered(job: RestorationJob, vendor: FakeVendor) -> None:
    """The vendor's answer got lost, and patience has, too: the job is READY again."""
    vendor.on_submit = lost
    run("submit")
    vendor.on_submit = None
    later = timezone.now() - timedelta(days=1)
    RestorationJob.objects.filter(pk=job.pk).update(submitted_at=later)
    make_due(job)
    run("observe")
    job.refresh_from_db()
    assert (job.state, job.resubmissions) == (JobState.READY, 1)


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@pytest.mark.parametrize("end", [withdraw, expire])
@pytest.mark.parametrize("moment", MOMENTS)
def test_once_it_has_ended_nobody_is_called_and_no_address_is_made(
    vendor: FakeVendor, bucket: None, moment: str, end: Callable[[RestorationJob], None]
):
    job = make_job()
    MOMENTS[moment](job, vendor)
    submissions = len(vendor.submissions)
    with addresses_made() as made:
        end(job)
        make_due(job)
        for step in ("submit", "observe", "collect", "tell"):
            run(step)
        if vendor.requests:
            completed(vendor)  # a late callback
            run("collect")
    job.refresh_from_db()
    assert made == []
    assert len(vendor.submissions) == submissions
    assert vendor.status_requests == []
    assert (job.state, job.result_key) == (JobState.CANCELLED, "")
    assert storage.keys_under(job.photo.prefix) == []
    balance = ledger.balance_of(job.hold) if job.hold else None
    assert balance is not None
    assert (balance.open, balance.charged) == (0, 0)
    assert books.lies() == []
