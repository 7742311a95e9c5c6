"""What a consent lets through, and what was read before it: proofs notice a defect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from jobs import notices, pipeline, risks, vendors, wording
from jobs.forms.consents import ConsentForm
from jobs.models.consent import ConsentQuerySet
from jobs.steps import consent, orderable, submit
from tests.builders import make_member, make_photo, the_notice
from tests.fakes import FakeVendor
from tests.jobs import test_forms, test_gate, test_notices, test_risks, test_wording
from tests.jobs.steps import test_consent
from tests.jobs.test_wording import member as member
from tests.jobs.views import test_consents
from tests.mutants.mutation import defect, ready
from tests.mutants.mutation import notices as is_noticed

pytestmark = pytest.mark.django_db

is_asked_about = test_wording.test_a_vendor_is_asked_about_only_when_the_notice_names_it
in_force, live = ConsentQuerySet.in_force, ConsentQuerySet.live
LETS_THROUGH = {
    "no status": (in_force, "status__in=LIVE,", "", "WITHDRAWN"),
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
            {
                "purpose_restore=True,": (
                    "purpose_restore=True,"
                    " notice__version=__import__('jobs').notices.newest_version(),"
                )
            },
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
