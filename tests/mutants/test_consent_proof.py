"""What the proof of the consents sees: its tests notice one that looks away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jobs import consent_chain
from jobs.consent_proof import anchors, checks, statements, texts, ties
from tests.jobs import (
    forging,
    test_consent_proof_anchors,
    test_consent_proof_checks,
    test_consent_proof_statements,
    test_consent_proof_texts,
    test_consent_proof_ties,
)
from tests.mutants.mutation import defect, notices

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            statements._holds,
            {"computed == event.sha256": "True"},
            lambda: test_consent_proof_statements.test_another_statement_is_found("basis"),
            id="no seal is computed",
        ),
        pytest.param(
            statements._links,
            {"if event.number != number + 1:": "if False:"},
            test_consent_proof_statements.test_an_event_cut_out_of_the_middle_is_found,
            id="numbers may have gaps",
        ),
        pytest.param(
            statements._links,
            {"if event.previous_sha256 != sha256:": "if False:"},
            test_consent_proof_statements.test_an_event_that_was_sealed_anew_does_not_follow,
            id="nothing follows from anything",
        ),
        pytest.param(
            statements._status,
            {"if events and events[-1].to_status != consent.status:": "if False:"},
            test_consent_proof_statements.test_a_status_that_no_event_led_to_is_found,
            id="the row may say anything",
        ),
        pytest.param(
            texts._notices,
            {"if notices.sha256_of(notice.text) != notice.sha256:": "if False:"},
            test_consent_proof_texts.test_another_text_of_a_notice_is_found,
            id="the text may say anything",
        ),
        pytest.param(
            texts._notices,
            {"consent_chain.notice_sha256(notice) != notice.seal": "False"},
            test_consent_proof_texts.test_another_title_of_a_notice_is_found,
            id="the title may say anything",
        ),
        pytest.param(
            statements._fits,
            {"event.decision_sha256 == consent_chain.decision_sha256(decision)": "True"},
            test_consent_proof_statements.test_a_decision_of_somebody_elses_is_found,
            id="anybody decided",
        ),
        pytest.param(
            anchors._replayed,
            {"if mark.sha256 != seals.hexdigest():": "if False:"},
            lambda: (
                test_consent_proof_anchors.test_what_the_chain_itself_cannot_show_an_earlier_check_does(
                    forging.gone_whole
                )
            ),
            id="earlier checks are not asked",
        ),
        pytest.param(
            anchors._fewer,
            {"if saw is not None:": "if False:"},
            test_consent_proof_anchors.test_fewer_consents_than_an_earlier_check_saw_are_found,
            id="there may be fewer",
        ),
        pytest.param(
            anchors._young_missed,
            {"in gone[:1]": "in ()"},
            test_consent_proof_anchors.test_fewer_consents_than_an_earlier_check_saw_are_found,
            id="what is young is not asked for",
        ),
        pytest.param(
            statements.left_behind,
            {".filter(~there)": ".none()"},
            test_consent_proof_statements.test_what_is_left_of_a_statement_that_is_gone_is_found,
            id="a statement may be gone",
        ),
        pytest.param(
            anchors._replayed,
            {"if number <= up_to:": "if True:"},
            test_consent_proof_anchors.test_events_that_may_still_be_joined_by_an_earlier_one_are_not_anchored_yet,
            id="anchored before it has settled",
        ),
        pytest.param(
            checks.not_kept,
            {'yield f"anchor {anchor}: no check has it"': "pass"},
            lambda: (
                test_consent_proof_checks.test_only_an_anchor_kept_elsewhere_finds_that_all_was_written_anew(
                    forging.gone_whole
                )
            ),
            id="any anchor fits",
        ),
        pytest.param(
            checks._findings,
            {"elif check.number != number + 1:": "elif False:"},
            test_consent_proof_checks.test_a_check_that_is_gone_is_found,
            id="a check may be gone",
        ),
        pytest.param(
            checks._findings,
            {"consent_chain.check_sha256(check) != check.sha256": "False"},
            lambda: test_consent_proof_checks.test_a_check_that_was_changed_is_found("young", {}),
            id="a check may say anything",
        ),
        pytest.param(
            ties._not_named,
            {"~Exists(naming)": "pk=0"},
            lambda: test_consent_proof_ties.test_a_copy_for_a_vendor_whom_nobody_named_is_found(
                "OPEN", None, True
            ),
            id="any vendor may have it",
        ),
        pytest.param(
            ties._not_named,
            {"~Exists(ended),": ""},
            test_consent_proof_ties.test_a_vendor_named_by_the_statement_it_was_sent_under_is_no_finding,
            id="what was said before counts for ever",
        ),
        pytest.param(
            ties._not_named,
            {"elsewhere.filter(~Exists(naming))": "elsewhere"},
            test_consent_proof_ties.test_a_vendor_named_by_the_statement_it_was_sent_under_is_no_finding,
            id="what was said when it was sent is nothing",
        ),
        pytest.param(
            ties._still_moving,
            {"ended__lt=long_ago": "ended__lt=now"},
            lambda: (
                test_consent_proof_ties.test_a_job_that_goes_on_without_consent_is_found_when_no_worker_can_have_it(
                    "WITHDRAWN"
                )
            ),
            id="a worker is given no time",
        ),
        pytest.param(
            ties._still_moving,
            {"~Exists(standing), ": ""},
            test_consent_proof_ties.test_what_was_sent_goes_on_under_a_statement_that_was_replaced,
            id="a replaced statement stops what was sent",
        ),
        pytest.param(
            consent_chain.statement_sha256,
            {"if form >= 3:": "if False:"},
            test_consent_proof_texts.test_other_words_beside_the_boxes_are_found,
            id="the words are not sealed",
        ),
        pytest.param(
            texts._wordings,
            {"if notices.sha256_of(wording.text) != wording.sha256:": "if False:"},
            test_consent_proof_texts.test_other_words_beside_the_boxes_are_found,
            id="the words may be others",
        ),
    ],
)
def test_a_proof_about_the_proof_notices(
    function: Callable[..., Any], changes: Mapping[str, str], proof: Callable[[], object]
):
    with defect(function, changes):
        assert notices(proof)
