"""steps.review: taken in hand, decided once, bound to what was seen; the member hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import books, ledger, mailing
from accounts.models import AuditEntry, Letter
from jobs import notices
from jobs.models import (
    Consent,
    ConsentStatus,
    Photo,
    PhotoState,
    RestorationJob,
    ReviewDecision,
)
from jobs.states import JobState
from jobs.steps import aftermath, consent, review
from jobs.steps.consent import ConsentError
from jobs.steps.review import Changed, DecidedBefore, NotYours, ReviewError, Seen
from tests.builders import decide, make_consent, make_job, make_photo, pending, run
from tests.fakes import FakeVendor
from tests.jobs.reviewing import reviewer, verdicts

pytestmark = pytest.mark.django_db


# --- Deciding -----------------------------------------------------------------------------------
def test_approval_lets_waiting_jobs_go():
    given = pending()
    job = make_job(photo=given.photo)
    decide(given)
    job.refresh_from_db()
    given.refresh_from_db()
    assert (given.status, job.state) == (ConsentStatus.APPROVED, JobState.READY)
    assert job.due_at is not None


def test_rejection_ends_waiting_jobs_uncharged():
    given = pending()
    job = make_job(photo=given.photo)
    decide(given, approve=False, words="Ask your neighbour first.")
    job.refresh_from_db()
    assert job.state == JobState.REJECTED
    assert ledger.wallet_of(given.given_by).held_micros == 0
    assert books.lies() == []
    event = given.events.get(to_status=ConsentStatus.REJECTED)
    assert event.why == "The person shown should be asked first. Ask your neighbour first."


def test_a_decision_is_kept_with_the_bytes_and_the_notice_it_was_about():
    given, rosa = pending(), reviewer()
    review.reject(
        consent=given, by=rosa, seen=review.seen(given), reason_code="UNSUITABLE", words="No."
    )
    decision = given.decisions.get()
    assert (decision.reviewer, decision.verdict) == (rosa, "REJECT")
    assert (decision.reason_code, decision.note) == ("UNSUITABLE", "No.")
    assert decision.photo_sha256 == given.photo.sha256
    assert decision.notice_version == given.notice.version


def test_a_decision_cannot_be_rewritten():
    decide(pending())
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewDecision.objects.update(verdict="REJECT", reason_code="OTHER")
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewDecision.objects.all().delete()


def test_nobody_reviews_their_own():
    given = pending()
    for act in (review.approve, review.ask, review.reject):
        more: dict[str, str] = {}
        if act is review.ask:
            more = {"question": "Who?"}
        if act is review.reject:
            more = {"reason_code": "OTHER"}
        with pytest.raises(NotYours):
            act(consent=given, by=given.given_by, seen=review.seen(given), **more)
    given.refresh_from_db()
    assert given.status == ConsentStatus.PENDING_REVIEW
    assert verdicts(given) == []


def test_the_second_of_two_decisions_is_told_who_decided_and_what():
    given = pending()
    shown = review.seen(given)
    review.reject(
        consent=given, by=reviewer("rosa"), seen=shown, reason_code="NOT_ASKED", words="Ask."
    )
    with pytest.raises(DecidedBefore, match=r"rosa@.* has rejected this already: The person"):
        review.approve(consent=given, by=reviewer(), seen=shown)
    given.refresh_from_db()
    assert given.status == ConsentStatus.REJECTED
    assert verdicts(given) == ["REJECT"]


def test_what_was_decided_can_be_neither_asked_about_nor_claimed():
    given = decide(pending(), by=reviewer("rosa"))
    for act in (
        lambda: review.ask(
            consent=given, by=reviewer(), seen=review.seen(given), question="Who is it?"
        ),
        lambda: review.claim(consent=given, by=reviewer()),
    ):
        with pytest.raises(DecidedBefore, match=r"rosa@.* has approved this already"):
            act()


def test_what_the_member_took_back_is_not_decided():
    given = pending()
    shown = review.seen(given)
    consent.withdraw(photo=given.photo, by=given.given_by)
    with pytest.raises(DecidedBefore, match="The member has withdrawn this"):
        review.approve(consent=given, by=reviewer(), seen=shown)


@pytest.mark.parametrize(
    "gone", [{"trashed_at": timezone.now()}, {"state": PhotoState.ERASED}], ids=["trash", "erased"]
)
def test_a_photo_that_was_thrown_away_is_not_decided_on(gone: dict[str, Any]):
    given = pending()
    Photo.objects.update(**gone)
    with pytest.raises(DecidedBefore, match=r"(thrown this|had this) photo"):
        decide(given)
    assert not Consent.objects.to_review().exists()


def test_a_picture_that_cannot_be_seen_yet_is_not_approved_but_may_be_asked_about():
    given = pending(state=PhotoState.UPLOADED)
    with pytest.raises(ReviewError, match="can’t be seen yet"):
        decide(given)
    asked = review.ask(consent=given, by=reviewer(), seen=review.seen(given), question="Who?")
    assert asked.status == ConsentStatus.QUESTIONED


@pytest.mark.parametrize("code", ["", "WEATHER"])
def test_a_rejection_needs_a_reason_from_the_list(code: str):
    given = pending()
    with pytest.raises(ReviewError, match="choose a reason"):
        review.reject(consent=given, by=reviewer(), seen=review.seen(given), reason_code=code)
    assert verdicts(given) == []


def test_words_that_would_be_cut_are_refused():
    given = pending()
    with pytest.raises(ReviewError, match="at most 400"):
        review.ask(consent=given, by=reviewer(), seen=review.seen(given), question="x" * 401)
    given.refresh_from_db()
    assert given.status == ConsentStatus.PENDING_REVIEW


# --- Bound to what was seen -----------------------------------------------------------------------
def other_bytes(given: Consent) -> None:
    Photo.objects.filter(pk=given.photo_id).update(sha256="f" * 64)


def other_notice(given: Consent) -> None:
    notices.add(version=99, title="New", text="New", by=None)


@pytest.mark.parametrize("change", [other_bytes, other_notice])
def test_what_changed_since_the_page_was_shown_is_told_and_nothing_is_decided(
    change: Callable[[Consent], None],
):
    given = pending()
    shown = review.seen(given)
    change(given)
    given = Consent.objects.get(pk=given.pk)
    with pytest.raises(Changed):
        review.approve(consent=given, by=reviewer(), seen=shown)
    given.refresh_from_db()
    assert given.status == ConsentStatus.PENDING_REVIEW
    assert verdicts(given) == []


@pytest.mark.parametrize(
    "said", [{"photo_sha256": "0" * 64}, {"notice_version": 7}, {"newest_version": 7}]
)
def test_a_page_that_showed_something_else_decides_nothing(said: dict[str, Any]):
    given = pending()
    now = review.seen(given)
    shown = Seen(
        **{
            "photo_sha256": now.photo_sha256,
            "notice_version": now.notice_version,
            "newest_version": now.newest_version,
            **said,
        }
    )
    with pytest.raises(Changed, match="Please look again"):
        review.reject(consent=given, by=reviewer(), seen=shown, reason_code="OTHER")
    assert verdicts(given) == []


# --- Children: two different people -------------------------------------------------------------
def test_a_child_needs_two_different_reviewers():
    given, rosa, rolf = pending("CHILD"), reviewer("rosa"), reviewer("rolf")
    job = make_job(photo=given.photo)
    review.approve(consent=given, by=rosa, seen=review.seen(given))
    given.refresh_from_db()
    job.refresh_from_db()
    assert (given.status, job.state) == (ConsentStatus.PENDING_REVIEW, JobState.AWAITING_CONSENT)
    assert not Letter.objects.filter(kind__startswith="review").exists()
    with pytest.raises(NotYours, match="must be somebody else"):
        review.approve(consent=given, by=rosa, seen=review.seen(given))
    review.approve(consent=given, by=rolf, seen=review.seen(given))
    given.refresh_from_db()
    job.refresh_from_db()
    assert (given.status, job.state) == (ConsentStatus.APPROVED, JobState.READY)
    assert [event.by for event in given.events.exclude(from_status="")] == [rosa, rolf]


def test_the_second_reviewer_may_reject_what_the_first_approved():
    given = pending("CHILD")
    review.approve(consent=given, by=reviewer(), seen=review.seen(given))
    decide(given, approve=False)
    given.refresh_from_db()
    assert given.status == ConsentStatus.REJECTED
    assert verdicts(given) == ["APPROVE", "REJECT"]


def test_a_house_with_one_reviewer_says_so_in_its_settings(settings: Any):
    settings.CHILDREN_NEED_TWO_REVIEWERS = False
    given = pending("CHILD")
    review.approve(consent=given, by=reviewer(), seen=review.seen(given))
    given.refresh_from_db()
    assert given.status == ConsentStatus.APPROVED


def test_a_child_that_only_an_earlier_statement_named_needs_two_as_well():
    photo = make_photo()
    decide(make_consent(photo, depicted=("CHILD",)), approve=False)
    again = make_consent(photo, depicted=("OTHER",))
    assert review.approvals_needed(again) == 2


def test_others_need_one():
    assert review.approvals_needed(pending("OTHER")) == 1


# --- Asking -------------------------------------------------------------------------------------
def test_a_question_goes_to_the_member_and_comes_back_with_the_answer():
    given, rosa = pending(), reviewer("rosa")
    job = make_job(photo=given.photo)
    review.ask(
        consent=given, by=rosa, seen=review.seen(given), question="Does your neighbour know?"
    )
    given.refresh_from_db()
    assert given.status == ConsentStatus.QUESTIONED
    assert not Consent.objects.waiting().exists()
    with pytest.raises(DecidedBefore, match=r"rosa@.* has asked the member something"):
        decide(given)
    review.answer(consent=given, by=given.given_by, text=" Yes, she asked me to. ")
    given.refresh_from_db()
    job.refresh_from_db()
    assert (given.status, job.state) == (ConsentStatus.PENDING_REVIEW, JobState.AWAITING_CONSENT)
    asked, answered = given.events.exclude(from_status="")
    assert (asked.by, asked.why) == (rosa, "Does your neighbour know?")
    assert (answered.by, answered.why) == (given.given_by, "Yes, she asked me to.")
    assert decide(given, by=rosa).status == ConsentStatus.APPROVED


def test_only_the_member_answers_once_and_in_words():
    given = pending()
    with pytest.raises(ConsentError, match="no question"):
        review.answer(consent=given, by=given.given_by, text="Yes")
    asked = review.ask(consent=given, by=reviewer(), seen=review.seen(given), question="Who?")
    with pytest.raises(ConsentError, match="Only who gave this consent"):
        review.answer(consent=asked, by=reviewer(), text="Yes")
    for text in ("  ", "x" * 501):
        with pytest.raises(ConsentError):
            review.answer(consent=asked, by=given.given_by, text=text)
    review.answer(consent=asked, by=given.given_by, text="Yes")
    with pytest.raises(ConsentError, match="no question"):
        review.answer(consent=asked, by=given.given_by, text="Yes")


def test_a_question_needs_words():
    given = pending()
    with pytest.raises(ReviewError, match="what you want to know"):
        review.ask(consent=given, by=reviewer(), seen=review.seen(given), question="  ")


# --- The member hears ---------------------------------------------------------------------------
def the_mail(given: Consent) -> tuple[str, str]:
    run("send")
    (message,) = mail.outbox
    assert message.to == [given.given_by.email]
    assert isinstance(message, EmailMultiAlternatives)
    return str(message.subject), f"{message.body}\n{message.alternatives[0][0]!s}"


def test_the_member_reads_that_it_was_approved_and_what_happens_next():
    given = pending(title="Class of 1931")
    make_job(photo=given.photo)
    review.approve(consent=given, by=reviewer(), seen=review.seen(given), words="Lovely.")
    subject, text = the_mail(given)
    assert subject == "“Class of 1931” may be restored"
    for words in ("They wrote: Lovely.", "goes on now", reverse("photo", args=[given.photo_id])):
        assert text.count(words) >= 2, "not in both the plain and the HTML text"


def test_the_member_reads_the_reason_the_note_and_that_it_costs_nothing():
    given = pending(title="Class of 1931")
    make_job(photo=given.photo)
    decide(given, approve=False, words="Ask Anna & tell us.")
    subject, text = the_mail(given)
    assert subject == "“Class of 1931” was not accepted"
    assert "They wrote: Ask Anna & tell us." in text
    for words in ("The reason: “The person shown should be asked first”.", "It costs nothing"):
        assert text.count(words) >= 2, "not in both the plain and the HTML text"


def test_the_member_reads_the_question_and_where_to_answer():
    given = pending(title="Class of 1931")
    review.ask(consent=given, by=reviewer(), seen=review.seen(given), question="Who is this?")
    subject, text = the_mail(given)
    assert subject == "A question about “Class of 1931”"
    for words in ("Who is this?", reverse("photo", args=[given.photo_id])):
        assert text.count(words) >= 2, "not in both the plain and the HTML text"


def test_a_decision_leaves_a_line_in_the_trail():
    given, rosa = pending(), reviewer()
    review.ask(consent=given, by=rosa, seen=review.seen(given), question="Who is this?")
    entry = AuditEntry.objects.get(action="consent.ask")
    assert (entry.actor, entry.member, entry.why) == (rosa, given.given_by, "Who is this?")
    assert entry.subject == f"consent {given.pk}"


def test_the_letter_about_a_rejection_says_what_was_sent_and_what_was_not(vendor: FakeVendor):
    photo = make_photo()
    make_consent(photo)
    job = make_job(photo=photo)
    run("submit")
    RestorationJob.objects.filter(pk=job.pk).update(state=JobState.DELIVERED)
    decide(make_consent(photo, depicted=("OTHER",)), approve=False)
    decide(pending(), approve=False)
    sent, unsent = Letter.objects.filter(kind="review_rejected").order_by("pk")
    assert "A copy without hidden data was sent to Pixazo" in sent.context["copies"]
    assert unsent.context["copies"] == aftermath.NEVER_SENT
    for letter in (sent, unsent):
        message = mailing.letter(letter.kind, {**letter.context, "site_url": ""}, to=letter.to)
        for words in (str(message.body), str(message.alternatives[0][0])):
            assert ("Nothing was sent" in words) == (letter == unsent)
