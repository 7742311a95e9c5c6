"""Which text was read, whose words are kept, which amount was meant: proofs notice a defect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from accounts import adapter, fields, mailing
from accounts.models import Transfer, User
from jobs import consent_chain, notices
from jobs.consent_proof import statements
from jobs.forms.consents import ConsentForm
from jobs.steps import consent, order, review
from restoration_site.middleware import MembersLanguage
from tests.accounts import test_fields, test_kept, test_languages
from tests.jobs import test_notice_languages as about_notices
from tests.mutants.mutation import defect, ready
from tests.mutants.mutation import notices as is_noticed

pytestmark = pytest.mark.django_db

# What the proofs are given.
notice, member, in_german = about_notices.notice, about_notices.member, test_kept.in_german
shown, reason_words = ConsentForm.shown.fget, Transfer.reason_words.fget  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("function", "changes", "proof", "said"),
    [
        pytest.param(
            consent.give_many,
            {"if read.language != notice_language:": "if False:"},
            about_notices.test_a_language_in_which_it_does_not_stand_can_not_have_been_read,
            {},
            id="a text that is not there was read",
        ),
        pytest.param(
            consent.give_many,
            {"notice_sha256=read.sha256,": "notice_sha256=notice.sha256,"},
            about_notices.test_what_was_read_is_what_is_on_record,
            {"language": "de"},
            id="the English hash for the German text",
        ),
        pytest.param(
            ConsentForm.__init__,
            {"notice.in_language(languages.current())": "notice.in_language('en')"},
            about_notices.test_what_was_read_is_what_is_on_record,
            {"language": "de"},
            id="the English text for everybody",
        ),
        pytest.param(
            ConsentForm.__init__,
            {"vendors.to_ask_about(self.read.text)": "vendors.to_ask_about(notice.text)"},
            about_notices.test_a_vendor_that_only_the_other_language_names_is_not_asked_about,
            {},
            id="a vendor that was not read of",
        ),
        pytest.param(
            consent_chain.statement_sha256,
            {"if form >= 4:": "if False:"},
            about_notices.test_a_statement_that_names_another_text_than_was_read_is_found,
            {},
            id="which text was read is not sealed",
        ),
        pytest.param(
            consent_chain.statement_sha256,
            {"if form >= 4:": "if True:"},
            about_notices.test_a_statement_sealed_before_the_text_was_named_still_holds,
            {},
            id="older seals are broken",
        ),
        pytest.param(
            consent_chain.notice_sha256,
            {'facts["translations"] = translations': "pass"},
            about_notices.test_another_translation_than_the_published_one_is_found,
            {"translations": {}},
            id="translations are not sealed",
        ),
        pytest.param(
            consent_chain.notice_sha256,
            {
                'if translations := getattr(notice, "translations", None):': (
                    'if (translations := getattr(notice, "translations", None)) is not None:'
                )
            },
            about_notices.test_a_notice_in_one_language_is_sealed_as_it_always_was,
            {},
            id="notices in one language are sealed anew",
        ),
        pytest.param(
            statements._some_consents,
            {
                "if texts.get((consent.notice_id, consent.notice_language)) != "
                "consent.notice_sha256:": "if False:"
            },
            about_notices.test_a_statement_that_names_another_text_than_was_read_is_found,
            {},
            id="a text that its notice has not",
        ),
        pytest.param(
            notices.obstacle,
            {"for one in texts:\n": "for one in texts[:1]:\n"},
            about_notices.test_no_language_is_published_whose_readers_would_be_asked_something_else,
            {
                "text": "To Pixazo.",
                "german": "An jemanden.",
                "why": "Deutsch: The text does not name Pixazo",
            },
            id="a translation that names nobody",
        ),
        pytest.param(
            notices.obstacle,
            {"if len({catalog.vendors_named_in(one.text) for one in texts}) > 1:": "if False:"},
            about_notices.test_no_language_is_published_whose_readers_would_be_asked_something_else,
            {
                "text": "To Pixazo or fal.ai.",
                "german": "An Pixazo.",
                "why": "do not name the same vendors",
            },
            id="languages that name different vendors",
        ),
        pytest.param(
            notices._words,
            {", said.translations": ""},
            about_notices.test_a_translation_that_the_page_did_not_show_is_not_published,
            {},
            id="a translation that nobody saw",
        ),
        pytest.param(
            review.reject,
            {"with on_record():": "if True:"},
            test_kept.test_what_a_german_reviewer_decides_is_sealed_in_the_houses_words,
            {},
            id="sealed in the reviewer's language",
        ),
        pytest.param(
            review.reject,
            {"with as_read_by(consent.given_by):": "if True:"},
            test_kept.test_what_a_german_reviewer_decides_is_sealed_in_the_houses_words,
            {},
            id="a letter in the reviewer's language",
        ),
        pytest.param(
            order._job,
            {"with on_record():": "if True:"},
            test_kept.test_how_a_price_came_about_is_kept_so_and_read_so,
            {},
            id="arithmetic in the orderer's language",
        ),
        pytest.param(
            reason_words,
            {"self.actor_id is None or self.reason == GIVEN_UP": "True"},
            test_kept.test_what_staff_wrote_is_never_translated_and_what_the_house_wrote_is,
            {},
            id="staff's words translated",
        ),
        pytest.param(
            mailing.compose,
            {"as_read_by(reader) if reader else timezone.override(UTC)": "timezone.override(UTC)"},
            test_languages.test_a_letter_is_in_the_language_of_whom_it_is_for_whoever_sends_it,
            {"to": "de", "by": "en"},
            id="a letter in the sender's language",
        ),
        pytest.param(
            adapter.AccountAdapter.render_mail,
            {"and user.language": ""},
            test_languages.test_what_allauth_sends_is_in_the_accounts_language_else_in_the_pages,
            {"account": "", "browser": "de"},
            id="allauth's mail",
        ),
        pytest.param(
            MembersLanguage.__call__,
            {"translation.activate(request.LANGUAGE_CODE)": "pass"},
            test_languages.test_a_members_choice_goes_with_them_to_another_browser,
            {},
            id="the account's language is not looked at",
        ),
        pytest.param(
            User.choose_language,
            {"if code in languages.known():": "if code:"},
            test_languages.test_what_is_no_language_changes_nothing,
            {"language": "xx"},
            id="any language is kept",
        ),
        pytest.param(
            fields.amount_in,
            {"elif EITHER.fullmatch(text):": "elif False:"},
            test_fields.test_the_refusal_says_what_is_wrong,
            {"text": "1.234", "is_unclear": True},
            id="a guess at two amounts",
        ),
        pytest.param(
            fields.typed,
            {'f"{text}0" if EITHER.fullmatch(text) else text': "text"},
            test_fields.test_what_stands_in_a_field_is_read_as_itself,
            {"language": "de"},
            id="a field that asks about its own amount",
        ),
    ],
)
def test_a_proof_about_languages_notices(
    request: pytest.FixtureRequest,
    function: Callable[..., Any],
    changes: Mapping[str, str],
    proof: Callable[..., object],
    said: Mapping[str, Any],
):
    proved = ready(request, proof, **said)
    with defect(function, changes):
        assert is_noticed(proved)


def test_a_form_that_does_not_compare_the_notices_language_is_noticed(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    proof = about_notices.test_a_page_that_was_read_in_another_language_is_read_anew
    proved = ready(request, proof)
    less = property(lambda form: {k: v for k, v in shown(form).items() if k != "notice_language"})
    monkeypatch.setattr(ConsentForm, "shown", less)
    assert is_noticed(proved)
