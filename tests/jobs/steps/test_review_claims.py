"""steps.review: what one reviewer has in hand, nobody else claims or decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import Consent, ConsentStatus
from jobs.steps import review
from jobs.steps.review import InHand, NotYours
from tests.builders import decide, make_consent, make_photo, pending
from tests.jobs.reviewing import reviewer, verdicts

pytestmark = pytest.mark.django_db


def later(given: Consent, seconds: int) -> None:
    """As if so much time had gone by since it was claimed."""
    given.refresh_from_db()
    assert given.claimed_until is not None
    given.claimed_until -= timedelta(seconds=seconds)
    given.save()


def test_what_one_has_in_hand_nobody_else_claims_or_decides():
    given, rosa, rolf = pending(), reviewer("rosa"), reviewer("rolf")
    review.claim(consent=given, by=rosa)
    with pytest.raises(InHand, match=r"rosa@.* has this in hand until"):
        review.claim(consent=given, by=rolf)
    with pytest.raises(InHand, match="rosa@"):
        decide(given, by=rolf)
    assert verdicts(given) == []
    assert decide(given, by=rosa).status == ConsentStatus.APPROVED


def test_a_claim_ends_by_itself_and_is_kept_by_going_on(settings: Any):
    settings.REVIEW_CLAIM_SECONDS = 600
    given, rosa, rolf = pending(), reviewer("rosa"), reviewer("rolf")
    review.claim(consent=given, by=rosa)
    later(given, 500)
    review.claim(consent=given, by=rosa)
    later(given, 599)
    with pytest.raises(InHand):
        review.claim(consent=given, by=rolf)
    later(given, 2)
    assert given.holder(now=timezone.now()) is None
    assert review.claim(consent=given, by=rolf).claimed_by == rolf


def test_what_was_put_back_is_free_and_only_its_holder_puts_it_back():
    given, rosa, rolf = pending(), reviewer(), reviewer()
    review.claim(consent=given, by=rosa)
    review.release(consent=given, by=rolf)
    with pytest.raises(InHand):
        review.claim(consent=given, by=rolf)
    review.release(consent=given, by=rosa)
    review.claim(consent=given, by=rolf)


def test_nobody_claims_their_own_or_what_they_approved():
    given, rosa = pending("CHILD"), reviewer()
    with pytest.raises(NotYours):
        review.claim(consent=given, by=given.given_by)
    review.approve(consent=given, by=rosa, seen=review.seen(given))
    with pytest.raises(NotYours):
        review.claim(consent=given, by=rosa)


def test_after_a_decision_nobody_has_it_in_hand():
    given, rosa = pending("CHILD"), reviewer()
    review.claim(consent=given, by=rosa)
    review.approve(consent=given, by=rosa, seen=review.seen(given))
    given.refresh_from_db()
    assert (given.claimed_by, given.claimed_until) == (None, None)


def test_the_next_is_the_oldest_that_is_free_for_this_person():
    rosa, rolf = reviewer(), reviewer()
    own = make_consent(make_photo(owner=rosa), depicted=("OTHER",))
    approved, taken, first, second = pending("CHILD"), pending(), pending(), pending()
    review.approve(consent=approved, by=rosa, seen=review.seen(approved))
    review.claim(consent=taken, by=rolf)
    everything = Consent.objects.all()
    assert review.claim_next(by=rosa, among=everything) == first
    assert review.claim_next(by=rosa, among=everything, after=first) == second
    first.refresh_from_db()
    assert first.claimed_by is None
    assert review.claim_next(by=rosa, among=everything, after=second) == first
    assert review.claim_next(by=rosa, among=everything, after=first, backwards=True) is None
    assert review.claim_next(by=rosa, among=everything, after=second, backwards=True) == first
    assert own.status == ConsentStatus.PENDING_REVIEW
