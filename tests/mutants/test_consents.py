"""What a consent lets through and what its proof sees: each proof notices the defect it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from jobs import consent_chain, notices, pipeline, risks, vendors, wording
from jobs.consent_proof import anchors, checks, statements, texts, ties
from jobs.forms.consents import ConsentForm
from jobs.models.consent import ConsentQuerySet
from jobs.steps import consent, orderable, submit
from tests.builders import make_member, make_photo, the_notice
from tests.fakes import FakeVendor
from tests.jobs import (
    test_consent_proof,
    test_consent_proof_checks,
    test_consent_proof_ties,
    test_forms,
    test_gate,
    test_notices,
    test_risks,
    test_wording,
)
from tests.jobs.steps import test_consent
from tests.jobs.test_wording import member as member
from tests.jobs.views import test_consents
from tests.mutants.mutation import defect, ready
from tests.mutants.mutation import notices as is_noticed

pytestmark = pytest.mark.django_db

is_asked_about = test_wording.test_a_vendor_is_asked_about_only_when_the_notice_names_it
in_force, live = ConsentQuerySet.in_force, ConsentQuerySet.live
LETS_THROUGH = {
    "no status": (
        in_force,
        "status__in=[ConsentStatus.GRANTED, ConsentStatus.APPROVED],",
        "",
        "WITHDRAWN",
    ),
    "no date": (
        in_force,
        "Q(keep_until__isnull=True) | Q(keep_until__gte=now.date()),",
        "",
        "GRANTED",
    ),
    "the last day is none": (in_force, "keep_until__gte", "keep_until__gt", "GRANTED"),
    "no purpose": (live, "purpose_restore=True,", "", "GRANTED"),
    "any vendor": (live, 'vendors__contains=f"|{vendor}|",', "", "APPROVED"),
}


@pytest.mark.parametrize(
    ("function", "text", "other", "status"), LETS_THROUGH.values(), ids=LETS_THROUGH
)
def test_a_gate_that_lets_too_much_or_too_little_through_is_noticed(
    vendor: FakeVendor, function: Callable[..., Any], text: str, other: str, status: str
):
    with defect(function, {text: other}):
        assert is_noticed(test_gate.test_before_it_is_sent_only_what_is_live_leaves, vendor, status)


@pytest.mark.parametrize(
    ("function", "changes"),
    [
        pytest.param(
            submit.instead_of_call,
            {"if not current.consent.is_live_for(vendor, now=now) and": "if False and"},
            id="the last look asks no consent",
        ),
        pytest.param(
            pipeline._begin,
            {"    if outcome is None:": "    if True:"},
            id="the last look is not heeded",
        ),
    ],
)
def test_a_missing_last_look_is_noticed(
    vendor: FakeVendor, function: Callable[..., Any], changes: Mapping[str, str]
):
    with defect(function, changes):
        assert is_noticed(
            test_gate.test_between_claim_and_call_only_what_is_live_leaves, vendor, "WITHDRAWN"
        )


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            orderable.consent_obstacle,
            {"consent.notice.version < version": "False"},
            test_consent.test_under_an_older_notice_what_is_ordered_goes_on_and_new_work_asks_again,
            id="an older notice is good for new work",
        ),
        pytest.param(
            ConsentQuerySet.live,
            {"purpose_restore=True,": "purpose_restore=True, notice__version__gt=1,"},
            test_consent.test_under_an_older_notice_what_is_ordered_goes_on_and_new_work_asks_again,
            id="a newer notice stops what is ordered",
        ),
    ],
)
def test_what_a_newer_notice_does_is_noticed(
    vendor: FakeVendor,
    function: Callable[..., Any],
    changes: Mapping[str, str],
    proof: Callable[..., object],
):
    with defect(function, changes):
        assert is_noticed(proof, vendor)


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            consent.give_many,
            {"if notice.version != notices.newest_version():": "if False:"},
            test_consent.test_what_was_read_before_a_newer_notice_came_out_is_not_recorded,
            id="what was not read is recorded",
        ),
        pytest.param(
            consent.give_many,
            {"(*depicted, *seen_before[photo.sha256])": "{*depicted}"},
            test_consent.test_of_many_only_the_bytes_that_needed_a_reviewer_before_need_one_again,
            id="the reviewer is gone round",
        ),
        pytest.param(
            consent.obstacles,
            {"status__in=UNDECIDED": "status='PENDING_REVIEW'"},
            test_consent.test_a_question_of_a_reviewers_is_answered_not_gone_round,
            id="a question is gone round",
        ),
        pytest.param(
            consent._replace,
            {"jobs.update(consent=consent)": "pass"},
            test_consent.test_a_newer_statement_replaces_the_older_and_unsent_jobs_follow_it,
            id="jobs stay under what was replaced",
        ),
        pytest.param(
            consent._replace,
            {"change(earlier, ConsentStatus.WITHDRAWN, by, REPLACED)": "pass"},
            test_consent.test_a_newer_statement_replaces_the_older_and_unsent_jobs_follow_it,
            id="what was replaced still stands",
        ),
        pytest.param(
            consent._replace,
            {"if consent.status == ConsentStatus.GRANTED:": "if True:"},
            test_consent.test_a_newer_statement_that_names_a_child_stops_unsent_jobs_uncharged,
            id="what waits for a reviewer takes unsent jobs over",
        ),
        pytest.param(
            consent._replace,
            {"jobs.filter(state=JobState.AWAITING_CONSENT).update(consent=consent)": "pass"},
            test_consent.test_what_waits_for_a_reviewer_can_be_said_again_under_a_newer_notice_and_goes_on_waiting,
            id="what waited is forgotten",
        ),
        pytest.param(
            consent.forget,
            {"if to == ConsentStatus.WITHDRAWN:": "if False:"},
            test_risks.test_what_was_taken_back_after_it_was_rejected_is_withdrawn_and_flagged,
            id="what was rejected can't be taken back",
        ),
        pytest.param(
            consent.forget,
            {"said[-1:]": "said"},
            test_risks.test_what_was_rejected_and_said_anew_is_not_taken_back_twice,
            id="what was rejected before is taken back as well",
        ),
        pytest.param(
            risks.said_before,
            {"photo_sha256__in=hashes": "photo_sha256__in=hashes, given_by=photos[0].owner_id"},
            lambda: (
                test_risks.test_what_needed_a_reviewer_needs_one_from_whoever_brings_the_same_bytes(
                    "CHILD", "CHILD", "approved"
                )
            ),
            id="another account goes round the reviewer",
        ),
        pytest.param(
            submit._taken_over,
            {"vendor=vendor, now=now": "vendor='fal', now=now"},
            test_consent.test_what_is_being_handed_over_goes_on_under_a_newer_statement_that_allows_it,
            id="a newer statement is not asked",
        ),
        pytest.param(
            submit._taken_over,
            {".live(vendor=vendor, now=now)": ""},
            lambda: (
                test_consent.test_under_a_newer_statement_that_does_not_allow_it_nothing_is_handed_over(
                    {"vendors": "|fal|"}
                )
            ),
            id="any newer statement will do",
        ),
    ],
)
def test_a_proof_about_giving_notices(
    function: Callable[..., Any], changes: Mapping[str, str], proof: Callable[[], object]
):
    with defect(function, changes):
        assert is_noticed(proof)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("depicted", "Please say who is in the photo."),
        ("purpose_restore", "Without this we may not restore the photo."),
    ],
)
def test_a_box_that_may_stay_unticked_is_noticed(
    monkeypatch: pytest.MonkeyPatch, field: str, words: str
):
    monkeypatch.setattr(ConsentForm.base_fields[field], "required", False)
    assert is_noticed(test_forms.test_what_is_not_ticked_is_not_agreed_to, field, words)


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            statements._holds,
            {"computed == event.sha256": "True"},
            lambda: test_consent_proof.test_another_statement_is_found("basis"),
            id="no seal is computed",
        ),
        pytest.param(
            statements._links,
            {"if event.number != number + 1:": "if False:"},
            test_consent_proof.test_an_event_cut_out_of_the_middle_is_found,
            id="numbers may have gaps",
        ),
        pytest.param(
            statements._links,
            {"if event.previous_sha256 != sha256:": "if False:"},
            test_consent_proof.test_an_event_that_was_sealed_anew_does_not_follow,
            id="nothing follows from anything",
        ),
        pytest.param(
            statements._status,
            {"if events and events[-1].to_status != consent.status:": "if False:"},
            test_consent_proof.test_a_status_that_no_event_led_to_is_found,
            id="the row may say anything",
        ),
        pytest.param(
            texts._notices,
            {"if notices.sha256_of(notice.text) != notice.sha256:": "if False:"},
            test_consent_proof.test_another_text_of_a_notice_is_found,
            id="the text may say anything",
        ),
        pytest.param(
            texts._notices,
            {"consent_chain.notice_sha256(notice) != notice.seal": "False"},
            test_consent_proof.test_another_title_of_a_notice_is_found,
            id="the title may say anything",
        ),
        pytest.param(
            statements._fits,
            {"event.decision_sha256 == consent_chain.decision_sha256(decision)": "True"},
            test_consent_proof.test_a_decision_of_somebody_elses_is_found,
            id="anybody decided",
        ),
        pytest.param(
            anchors._replayed,
            {"if mark.sha256 != seals.hexdigest():": "if False:"},
            lambda: test_consent_proof.test_what_the_chain_itself_cannot_show_an_earlier_check_does(
                test_consent_proof.gone_whole
            ),
            id="earlier checks are not asked",
        ),
        pytest.param(
            anchors._fewer,
            {"if saw is not None:": "if False:"},
            test_consent_proof.test_fewer_consents_than_an_earlier_check_saw_are_found,
            id="there may be fewer",
        ),
        pytest.param(
            anchors._young_missed,
            {"in gone[:1]": "in ()"},
            test_consent_proof.test_fewer_consents_than_an_earlier_check_saw_are_found,
            id="what is young is not asked for",
        ),
        pytest.param(
            statements.left_behind,
            {".filter(~there)": ".none()"},
            test_consent_proof.test_what_is_left_of_a_statement_that_is_gone_is_found,
            id="a statement may be gone",
        ),
        pytest.param(
            anchors._replayed,
            {"if number <= up_to:": "if True:"},
            test_consent_proof.test_events_that_may_still_be_joined_by_an_earlier_one_are_not_anchored_yet,
            id="anchored before it has settled",
        ),
        pytest.param(
            checks.not_kept,
            {"if anchor not in computed:": "if False:"},
            lambda: (
                test_consent_proof_checks.test_only_an_anchor_kept_elsewhere_finds_that_all_was_written_anew(
                    test_consent_proof.gone_whole
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
    ],
)
def test_a_proof_about_the_proof_notices(
    function: Callable[..., Any], changes: Mapping[str, str], proof: Callable[[], object]
):
    with defect(function, changes):
        assert is_noticed(proof)


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            consent_chain.statement_sha256,
            {"if form >= 3:": "if False:"},
            test_consent_proof.test_other_words_beside_the_boxes_are_found,
            id="the words are not sealed",
        ),
        pytest.param(
            texts._wordings,
            {"if notices.sha256_of(wording.text) != wording.sha256:": "if False:"},
            test_consent_proof.test_other_words_beside_the_boxes_are_found,
            id="the words may be others",
        ),
        pytest.param(
            vendors.to_ask_about,
            {"vendor in named and ": ""},
            lambda settings: is_asked_about(settings, "We send it to Pixazo.", ("pixazo",)),
            id="a vendor that the notice does not name",
        ),
        pytest.param(
            vendors.to_ask_about,
            {" and USUAL_VENDOR in named": ""},
            lambda settings: is_asked_about(settings, "We send it to fal.ai.", ()),
            id="the second vendor alone",
        ),
        pytest.param(
            consent.give_many,
            {"if not set(vendors) <= set(words.vendors):": "if False:"},
            test_wording.test_nobody_agrees_to_what_was_not_asked,
            id="a tick without a question",
        ),
        pytest.param(
            wording.Words.passages,
            {'yield _passage(BOX, self.send_to(vendor), box=f"send={vendor}")': "pass"},
            lambda client, settings, member: (
                test_wording.test_every_word_of_the_form_is_kept_and_every_kept_word_is_shown(
                    client, member, settings, 1, True
                )
            ),
            id="a question is shown and not kept",
        ),
        pytest.param(
            notices.publish,
            {"if why := obstacle(locked.texts):": "if why := '':"},
            lambda: test_notices.test_a_text_beside_which_nobody_could_be_asked_is_not_published(
                make_member(micros=0, is_staff=True), "We send it to somebody."
            ),
            id="a notice that names nobody",
        ),
    ],
)
def test_a_proof_about_words_notices(
    request: pytest.FixtureRequest,
    function: Callable[..., Any],
    changes: Mapping[str, str],
    proof: Callable[..., object],
):
    proof = ready(request, proof)
    the_notice()
    with defect(function, changes):
        assert is_noticed(proof)


def test_a_form_that_is_not_compared_with_what_was_read_is_noticed(client: Client, settings: Any):
    member = make_member()
    client.force_login(member)
    photos = [make_photo(owner=member)]
    is_what_was_read = ConsentForm.is_what_was_read.fget  # type: ignore[attr-defined]
    with defect(is_what_was_read, {"self.data.get(name) == value": "name"}):
        assert is_noticed(
            test_consents.test_words_that_changed_while_reading_are_read_anew_before_anything_is_recorded,
            client,
            photos,
            settings,
            False,
        )


@pytest.mark.parametrize(
    ("changes", "proof"),
    [
        pytest.param(
            {"if version != seen_version:": "if False:"},
            test_notices.test_a_difference_that_was_to_another_version_is_looked_at_again,
            id="another difference than was read",
        ),
        pytest.param(
            {"if draft_sha256(locked) != seen_sha256:": "if False:"},
            test_notices.test_what_the_page_did_not_show_is_not_published,
            id="other words than were read",
        ),
    ],
)
def test_a_proof_about_notices_notices(changes: Mapping[str, str], proof: Callable[..., object]):
    editor = make_member(micros=0, is_staff=True)
    with defect(notices.publish, changes):
        assert is_noticed(proof, editor)
