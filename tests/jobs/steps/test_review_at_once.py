"""steps.review: two at the same moment, on whatever database; one wins, the other is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Letter
from jobs.models import Consent, ConsentStatus, RestorationJob
from jobs.states import JobState
from jobs.steps import consent, review
from jobs.steps.consent import ConsentError
from jobs.steps.review import ReviewError
from tests.builders import decide, make_job, pending
from tests.jobs.reviewing import reviewer, verdicts
from tests.racing import at_once


def told(act: Callable[[], Consent]) -> str:
    """The status that a decision made, or what the reviewer was told instead."""
    try:
        return act().status
    except ReviewError as problem:
        return str(problem)


def fresh(given: Consent) -> Consent:
    """As another process has read it."""
    return Consent.objects.get(pk=given.pk)


def race(*acts: Callable[[], Consent]) -> list[str]:
    return at_once(len(acts), lambda number: told(acts[number]))


@pytest.mark.django_db(transaction=True)
def test_two_decide_at_once_and_it_is_one_decision_and_the_other_is_told():
    rosa, rolf = reviewer("rosa"), reviewer("rolf")
    for _ in range(20):
        given = pending()
        job = make_job(photo=given.photo)
        said = race(
            partial(decide, fresh(given), by=rosa),
            partial(decide, fresh(given), by=rolf, approve=False),
        )
        given.refresh_from_db()
        job.refresh_from_db()
        (verdict,) = verdicts(given)
        if verdict == "APPROVE":
            assert (given.status, job.state) == (ConsentStatus.APPROVED, JobState.READY)
            assert sorted(said) == ["APPROVED", f"{rosa} has approved this already."]
        else:
            assert (given.status, job.state) == (ConsentStatus.REJECTED, JobState.REJECTED)
            assert any(words.startswith(f"{rolf} has rejected") for words in said)
        assert given.events.exclude(from_status="").count() == 1
        assert Letter.objects.filter(key__startswith="review:", to=given.given_by).count() == 1
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_two_approve_a_child_at_once_and_both_count_once():
    reviewers = [reviewer("rosa"), reviewer("rolf")]
    for _ in range(20):
        given = pending("CHILD")
        said = race(*(partial(decide, fresh(given), by=one) for one in reviewers))
        assert sorted(said) == [ConsentStatus.APPROVED, ConsentStatus.PENDING_REVIEW]
        given.refresh_from_db()
        assert given.status == ConsentStatus.APPROVED
        assert [event.number for event in given.events.all()] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_one_reviewer_in_two_windows_does_not_count_as_two():
    rosa = reviewer("rosa")
    for _ in range(20):
        given = pending("CHILD")
        said = race(*(partial(decide, fresh(given), by=rosa) for _ in range(2)))
        assert ConsentStatus.APPROVED not in said
        given.refresh_from_db()
        assert (given.status, verdicts(given)) == (ConsentStatus.PENDING_REVIEW, ["APPROVE"])


@pytest.mark.django_db(transaction=True)
def test_two_claim_at_once_and_one_has_it():
    reviewers = [reviewer("rosa"), reviewer("rolf")]
    for _ in range(20):
        given = pending()
        said = race(*(partial(review.claim, consent=fresh(given), by=one) for one in reviewers))
        given.refresh_from_db()
        holder = given.holder(now=timezone.now())
        assert holder in reviewers
        assert sum(words.startswith(f"{holder} has this in hand") for words in said) == 1


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_decision_at_once_both_end_and_the_money_returns():
    """Both take their locks in the one documented order, so neither waits for ever."""
    rosa = reviewer()
    for _ in range(5):
        given = pending()
        job = make_job(photo=given.photo)

        def act(number: int, given: Consent = given, job: RestorationJob = job) -> None:
            if number == 0:
                consent.withdraw(photo=given.photo, by=given.given_by)
                return
            with contextlib.suppress(ConsentError):
                decide(given, by=rosa)

        at_once(2, act)
        job.refresh_from_db()
        given.refresh_from_db()
        assert (job.state, given.status) == (JobState.CANCELLED, ConsentStatus.WITHDRAWN)
        assert ledger.wallet_of(given.given_by).held_micros == 0
    assert books.lies() == []
