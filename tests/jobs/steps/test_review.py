"""steps.review: a reviewer decides once, and waiting jobs go on or end uncharged."""

from __future__ import annotations

import contextlib

import pytest

from accounts import books, ledger
from jobs.models import Consent, ConsentStatus, Photo, RestorationJob
from jobs.states import JobState
from jobs.steps import consent, review
from jobs.steps.consent import ConsentError
from tests.builders import make_consent, make_job, make_member, make_photo
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def test_approval_lets_waiting_jobs_go():
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    job = make_job(photo=photo)
    review.review(consent=given, by=make_member(), approve=True)
    job.refresh_from_db()
    given.refresh_from_db()
    assert (given.status, job.state) == (ConsentStatus.APPROVED, JobState.READY)
    assert job.due_at is not None


def test_rejection_ends_waiting_jobs_uncharged():
    photo = make_photo()
    given = make_consent(photo, depicted=("OTHER",))
    job = make_job(photo=photo)
    review.review(consent=given, by=make_member(), approve=False, why="no basis")
    job.refresh_from_db()
    assert job.state == JobState.REJECTED
    assert ledger.wallet_of(photo.owner).held_micros == 0
    event = given.events.last()
    assert event is not None
    assert event.why == "no basis"


def test_nobody_reviews_their_own():
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    with pytest.raises(ConsentError):
        review.review(consent=given, by=photo.owner, approve=True)
    given.refresh_from_db()
    assert given.status == ConsentStatus.PENDING_REVIEW


def test_the_second_of_two_decisions_is_told():
    given = make_consent(make_photo(), depicted=("CHILD",))
    review.review(consent=given, by=make_member(), approve=False)
    with pytest.raises(ConsentError):
        review.review(consent=given, by=make_member(), approve=True)
    given.refresh_from_db()
    assert given.status == ConsentStatus.REJECTED


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_decision_at_once_both_end_and_the_money_returns():
    """Both take their locks in the one documented order, so neither waits for ever."""
    reviewer = make_member()
    for _ in range(5):
        photo = make_photo()
        given = make_consent(photo, depicted=("CHILD",))
        job = make_job(photo=photo)

        def act(
            number: int, photo: Photo = photo, given: Consent = given, job: RestorationJob = job
        ) -> None:
            if number == 0:
                consent.withdraw(photo=photo, by=photo.owner)
                return
            with contextlib.suppress(ConsentError):
                review.review(consent=given, by=reviewer, approve=True)

        at_once(2, act)
        job.refresh_from_db()
        given.refresh_from_db()
        assert (job.state, given.status) == (JobState.CANCELLED, ConsentStatus.WITHDRAWN)
        assert ledger.wallet_of(photo.owner).held_micros == 0
    assert books.lies() == []
