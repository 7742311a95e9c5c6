"""Rows that belong together: what no honest course leads to is found, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from jobs import consent_proof
from jobs.models import (
    Attempt,
    AttemptOutcome,
    Consent,
    ConsentEvent,
    ConsentStatus,
    Photo,
    PhotoState,
    RestorationJob,
)
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import retain, trash
from tests.builders import decide, make_consent, make_job, make_member, make_photo, run
from tests.jobs.forging import forging, found
from tests.jobs.steps.test_consent import sent_job

pytestmark = pytest.mark.django_db


def found_later() -> list[str]:
    """When every lease there is now is over."""
    now = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS + 1)
    return consent_proof.findings(now)[0]


def test_a_photo_of_another_member_is_found():
    given = make_consent(make_photo())
    Photo.objects.filter(pk=given.photo_id).update(owner=make_member())
    assert found() == [f"consent {given.pk}: its photo is not of the member who gave it"]


def test_a_job_under_the_consent_of_another_photo_is_found():
    job = make_job()
    RestorationJob.objects.filter(pk=job.pk).update(consent=make_consent(make_photo()))
    assert found() == [f"job {job.pk}: its consent is about another photo"]


@pytest.mark.parametrize(
    ("outcome", "status", "is_found"),
    [
        (AttemptOutcome.OPEN, None, True),
        (AttemptOutcome.UNKNOWN, None, True),
        (AttemptOutcome.ACCEPTED, 202, True),
        (AttemptOutcome.NOT_ACCEPTED, 402, True),  # it was given the address
        (AttemptOutcome.NOT_ACCEPTED, None, False),  # no connection was made
    ],
)
def test_a_copy_for_a_vendor_whom_nobody_named_is_found(
    outcome: str, status: int | None, is_found: bool
):
    job = sent_job(make_photo(), state="QUEUED")
    job.attempts.update(vendor="fal", outcome=outcome, http_status=status)
    words = f"job {job.pk}: a copy went to a vendor whom no statement named then"
    assert found() == ([words] if is_found else [])


def test_a_vendor_named_by_the_statement_it_was_sent_under_is_no_finding():
    """Refused by fal, and the next statement, which the job goes on under, names it no more."""
    photo = make_photo()
    make_consent(photo, vendors=("pixazo", "fal"))
    job = make_job(photo=photo)
    refused: dict[str, Any] = {"outcome": AttemptOutcome.NOT_ACCEPTED, "http_status": 402}
    Attempt.objects.create(job=job, number=1, vendor="fal", token_sha256="1" * 64, **refused)
    second = make_consent(photo)
    job.refresh_from_db()
    assert job.consent == second
    assert found() == []
    Attempt.objects.create(job=job, number=2, vendor="fal", token_sha256="2" * 64, **refused)
    assert found() == [f"job {job.pk}: a copy went to a vendor whom no statement named then"]


def test_an_erased_photo_that_was_set_back_is_found(bucket: None):
    photo = make_photo()
    make_consent(photo)
    trash.put(photo=photo, by=photo.owner)
    trash.erase_now(photo=photo, by=photo.owner)
    run("erase")
    assert found() == []
    Photo.objects.filter(pk=photo.pk).update(state=PhotoState.PREPARED)
    ended = f"photo {photo.pk}: what was said about it has ended, and it is not erased"
    assert found() == [f"photo {photo.pk}: it was erased, and stands as if it were there", ended]
    Photo.objects.filter(pk=photo.pk).update(erased_at=None)
    assert found() == [ended]


def test_an_upload_that_broke_off_and_is_being_erased_is_no_finding(bucket: None):
    photo = make_photo(state=PhotoState.BROKEN_OFF, due_at=timezone.now())
    run("erase")
    photo.refresh_from_db()
    assert photo.erased_at is not None
    assert found() == []


@pytest.mark.parametrize("status", [ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED])
def test_a_job_that_goes_on_without_consent_is_found_when_no_worker_can_have_it(status: str):
    photo = make_photo()
    given = make_consent(photo)
    job = sent_job(photo, state="QUEUED")
    consent_step.change(given, ConsentStatus(status), None, "")
    Photo.objects.filter(pk=photo.pk).update(state=PhotoState.ERASING)
    assert found() == []
    assert found_later() == [f"job {job.pk}: its consent has ended, and it goes on"]
    RestorationJob.objects.filter(pk=job.pk).update(state=JobState.CANCELLED)
    assert found_later() == []


def test_a_job_set_going_under_a_rejected_statement_is_found():
    photo = make_photo()
    given = make_consent(photo, depicted=("OTHER",))
    job = make_job(photo=photo)
    decide(given, approve=False)
    assert found_later() == []
    RestorationJob.objects.filter(pk=job.pk).update(state=JobState.READY)
    assert found_later() == [f"job {job.pk}: its consent has ended, and it goes on"]


def test_what_was_sent_goes_on_under_a_statement_that_was_replaced():
    photo = make_photo()
    first = make_consent(photo)
    job = sent_job(photo, state="QUEUED")
    make_consent(photo, depicted=("DECEASED",))
    job.refresh_from_db()
    assert job.consent == first
    assert found_later() == []


def test_what_ends_a_photo_leaves_no_finding(bucket: None):
    """Withdrawn, past its day, thrown away; each with something ordered."""
    withdrawn, past, thrown = make_photo(), make_photo(), make_photo()
    make_consent(past, keep_until=timezone.now().date())
    for photo in (withdrawn, past, thrown):
        make_job(photo=photo)
    consent_step.withdraw(photo=withdrawn, by=withdrawn.owner)
    assert retain.enforce(timezone.now() + timedelta(days=1), 10) == 1
    trash.put(photo=thrown, by=thrown.owner)
    trash.erase_now(photo=thrown, by=thrown.owner)
    assert found_later() == []
    run("erase")
    assert found_later() == []


def test_an_event_cut_off_with_its_status_leaves_a_photo_that_has_gone_too_far():
    """Taken back, and the withdrawal cut off: the chain is whole, the photo is erased."""
    photo = make_photo()
    given = make_consent(photo)
    consent_step.withdraw(photo=photo, by=photo.owner)
    with forging(ConsentEvent):
        given.events.get(number=2).delete()
    Consent.objects.filter(pk=given.pk).update(status=ConsentStatus.GRANTED)
    assert found() == [f"photo {photo.pk}: it is erased, and what was said about it still stands"]
