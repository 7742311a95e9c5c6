"""What a reviewer may decide: the proofs notice a missing look, a claim that nobody minds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import AuditEntry
from desk import review_figures
from desk.views import review as review_pages
from jobs.steps import review
from tests.desk import test_review as test_desk
from tests.desk import test_review_figures
from tests.jobs.steps import test_review, test_review_at_once, test_review_claims
from tests.mutants.mutation import defect, fails_with, notices
from tests.staff import REVIEWERS, client_of, make_staff

changed_meanwhile = (
    test_review.test_what_changed_since_the_page_was_shown_is_told_and_nothing_is_decided
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            review._check_person,
            {"if consent.given_by_id == by.pk:": "if False:"},
            test_review.test_nobody_reviews_their_own,
            id="their own",
        ),
        pytest.param(
            review._check_person,
            {"reviewer=by).exists()": "reviewer=by).exists() and False"},
            fails_with(IntegrityError, test_review.test_a_child_needs_two_different_reviewers),
            id="the second reviewer is the first",
        ),
        pytest.param(
            review.approvals_needed,
            {"return 2 if": "return 1 if"},
            test_review.test_a_child_needs_two_different_reviewers,
            id="one reviewer for a child",
        ),
        pytest.param(
            review._check_seen,
            {"if photo.sha256 != shown.photo_sha256:": "if False:"},
            lambda: test_review.test_a_page_that_showed_something_else_decides_nothing(
                {"photo_sha256": "0" * 64}
            ),
            id="another picture than the page showed",
        ),
        pytest.param(
            review._check_seen,
            {
                "if photo.sha256 != consent.photo_sha256:": "if False:",
                "if photo.sha256 != shown.photo_sha256:": "if False:",
            },
            lambda: (
                test_review.test_what_changed_since_the_page_was_shown_is_told_and_nothing_is_decided(
                    test_review.other_bytes
                )
            ),
            id="changed bytes",
        ),
        pytest.param(
            review._check_seen,
            {"now.newest_version != shown.newest_version": "False"},
            lambda: (
                test_review.test_what_changed_since_the_page_was_shown_is_told_and_nothing_is_decided(
                    test_review.other_notice
                )
            ),
            id="a notice published meanwhile",
        ),
        pytest.param(
            review._check_claim,
            {"if holder is not None and holder != by:": "if False:"},
            test_review_claims.test_what_one_has_in_hand_nobody_else_claims_or_decides,
            id="a claim that nobody minds",
        ),
        pytest.param(
            review._check_waiting,
            {"if words := what_became_of(consent):": "if False:"},
            test_review.test_the_second_of_two_decisions_is_told_who_decided_and_what,
            id="decided twice",
        ),
        pytest.param(
            review._decide,
            {"    audit.record(": "    dict("},
            fails_with(
                AuditEntry.DoesNotExist, test_review.test_a_decision_leaves_a_line_in_the_trail
            ),
            id="nothing in the trail",
        ),
        pytest.param(
            review_figures.percentile,
            {"-(-percent * len(ordered) // 100)": "percent * len(ordered) // 100"},
            lambda: test_review_figures.test_a_percentile_is_the_nearest_rank(19, 10, 19),
            id="a rank rounded down",
        ),
    ],
)
def test_a_proof_about_reviews_notices(
    function: Callable[..., Any], changes: dict[str, str], proof: Callable[[], object]
):
    with defect(function, changes):
        assert notices(proof)


@pytest.mark.django_db
@pytest.mark.usefixtures("bucket")
def test_a_clear_picture_in_the_queue_is_noticed():
    rosa = make_staff(REVIEWERS)
    desk = client_of(rosa)
    with defect(review_pages._veiled_url, {"photo.veiled_key": "photo.thumbnail_key"}):
        assert notices(
            test_desk.test_the_clear_picture_has_no_address_before_its_opening_is_written_down,
            desk,
            rosa,
        )


@pytest.mark.django_db(transaction=True)
def test_two_decisions_without_a_look_under_the_lock_are_noticed():
    look_first = {
        "    photo = Photo.objects.select_for_update().get(pk=consent.photo_id)\n": (
            "    photo = Photo.objects.get(pk=consent.photo_id)\n"
        ),
        "    consent = Consent.objects.select_for_update().get(pk=consent.pk)\n": "",
    }
    with defect(review._locked, look_first):
        proof = (
            test_review_at_once.test_two_decide_at_once_and_it_is_one_decision_and_the_other_is_told
        )
        assert notices(fails_with(ValueError, proof, "too many values to unpack"))
