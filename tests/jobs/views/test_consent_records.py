"""What a member said, read again: the list, the record, the receipt; taken back, and answered."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs import consent_chain
from jobs.models import (
    Attempt,
    Consent,
    ConsentStatus,
    Photo,
    PhotoState,
    RestorationJob,
    ReviewDecision,
)
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import review, trash
from tests.builders import decide, make_consent, make_job, make_member, make_photo, run, the_notice
from tests.fakes import FakeVendor
from tests.jobs.views.reading import text_of

pytestmark = pytest.mark.django_db

LIST_QUERIES = 7  # session, member, how many, consents, which are live, newest notice, wallet
RECORD_QUERIES = 12


# --- Withdrawing --------------------------------------------------------------------------
def rejected(photo: Photo) -> None:
    decide(make_consent(photo, depicted=("OTHER",)), approve=False)


def test_the_photos_page_says_why_a_reviewer_did_not_accept_it_until_something_new_is_said(
    client: Client, photo: Photo
):
    given = photo.consents.get()
    Consent.objects.filter(pk=given.pk).update(status=ConsentStatus.PENDING_REVIEW)
    given.refresh_from_db()
    assert "should be asked first" not in text_of(client, "photo", photo.pk)
    decide(given, approve=False, words="Please ask <her>.")
    text = text_of(client, "photo", photo.pk)
    assert "The person shown should be asked first<br>Please ask &lt;her&gt;." in text
    make_consent(photo, depicted=("OTHER",))
    assert "should be asked first" not in text_of(client, "photo", photo.pk)


def given_and_in_the_trash(photo: Photo) -> None:
    make_consent(photo)
    trash.put(photo=photo, by=photo.owner)


@pytest.mark.parametrize(
    ("happened", "pages"),
    [
        (rejected, ["photo", "consent_record", "consents"]),
        (given_and_in_the_trash, ["consent_record", "consents"]),
    ],
)
def test_withdrawal_is_offered_and_erases_after_a_rejection_and_from_the_trash(
    client: Client,
    photos: list[Photo],
    bucket: None,
    happened: Callable[[Photo], None],
    pages: list[str],
):
    photo = photos[0]
    happened(photo)
    for page in pages:
        text = text_of(client, page, *([] if page == "consents" else [photo.pk]))
        assert "Withdraw consent" in text
    client.post(reverse("withdraw", args=[photo.pk]))
    photo.refresh_from_db()
    assert photo.is_erased
    assert not photo.consents.standing().exists()


def test_where_nothing_was_said_nothing_is_withdrawn_and_nothing_said_to_be(
    client: Client, photos: list[Photo]
):
    answer = client.post(reverse("withdraw", args=[photos[0].pk]), follow=True)
    text = answer.content.decode()
    assert "You have said nothing about this photo" in text
    assert "is withdrawn" not in text
    photos[0].refresh_from_db()
    assert not photos[0].is_erased


# --- Reading again --------------------------------------------------------------------------
def test_the_list_says_of_each_photo_where_it_stands(
    client: Client, member: User, photos: list[Photo]
):
    make_consent(photos[0])
    make_consent(photos[1], depicted=("CHILD",))
    make_consent(photos[2])
    consent_step.withdraw(photo=photos[2], by=member)
    make_consent(make_photo())
    page = client.get(reverse("consents"))
    found = {card.photo.photo.title: card.status_words for card in page.context["consents"]}
    assert found == {
        "Photo 0": "Given",
        "Photo 1": "Waiting for a reviewer",
        "Photo 2": "Withdrawn",
    }
    text = page.content.decode()
    assert "A child whose parent or guardian I am" in text
    for photo in photos:
        assert f'<span title="{photo.sha256}">SHA-256 <code>{photo.sha256[:12]}</code>' in text
        assert reverse("consent_receipt", args=[photo.consents.get().pk]) in text
        withdrawal = f"{reverse('consent_record', args=[photo.pk])}#withdraw"
        assert (withdrawal in text) == (photo != photos[2])
    assert 'id="withdraw"' in text_of(client, "consent_record", photos[0].pk)


def test_only_the_newest_statement_of_a_photo_is_listed(client: Client, photo: Photo):
    make_consent(photo, depicted=("DECEASED",))
    (card,) = client.get(reverse("consents")).context["consents"]
    assert card.depicted_words == "A relative who has died"


def test_past_its_day_it_is_said_to_have_ended_before_any_sweep_came(
    client: Client, photos: list[Photo]
):
    given = make_consent(photos[0])
    Consent.objects.filter(pk=given.pk).update(keep_until=timezone.now().date() - timedelta(days=1))
    assert "Ended on its date" in text_of(client, "consents")


def test_the_list_does_the_same_few_queries_whatever_its_length(
    client: Client, member: User, django_assert_num_queries: Any
):
    make_consent(make_photo(owner=member))
    client.get(reverse("consents"))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(reverse("consents"))
    for _ in range(4):
        make_consent(make_photo(owner=member))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(reverse("consents"))


def test_the_record_shows_the_whole_text_what_was_said_and_the_history(
    client: Client, photo: Photo
):
    make_consent(photo, depicted=("ADULT_RELATIVE",))
    text = text_of(client, "consent_record", photo.pk)
    notice = the_notice()
    assert notice.text.split("\n")[0][:40] in text
    assert notice.sha256 in text
    assert photo.sha256 in text
    assert "An adult who agreed to this" in text
    assert "What you had said before" in text
    assert "said something newer, which takes its place" in text
    assert "replaced by a newer statement" not in text
    assert "it says about somebody else is not theirs" in text


def test_the_record_names_no_reviewer_and_shows_what_they_wrote_to_the_member(
    client: Client, member: User
):
    photo, reviewer = make_photo(owner=member), make_member(micros=0, name="Rita Reviewer")
    given = make_consent(photo, depicted=("CHILD",))
    ReviewDecision.objects.create(
        consent=given,
        reviewer=reviewer,
        verdict="REJECT",
        reason_code="NOT_GUARDIAN",
        note="Please write to us.",
        photo_sha256=photo.sha256,
        notice_version=given.notice.version,
    )
    consent_step.change(given, ConsentStatus.REJECTED, reviewer, "for staff alone")
    text = text_of(client, "consent_record", photo.pk)
    assert "A reviewer" in text
    assert "did not accept it" in text
    assert "It is not clear that you are the child&#x27;s parent or guardian" in text
    assert "Please write to us." in text
    receipt = client.get(reverse("consent_receipt", args=[given.pk])).content.decode()
    for secret in ("Rita", reviewer.email, "for staff alone"):
        assert secret not in text + receipt


def test_the_record_shows_the_words_beside_the_boxes_with_what_was_ticked(
    client: Client, photo: Photo
):
    given = photo.consents.get()
    text = " ".join(text_of(client, "consent_record", photo.pk).split())
    assert "The words beside the boxes" in text
    assert given.wording is not None
    assert given.wording.sha256 in text
    assert "A model invents what it can’t see" in text
    boxes = dict(re.findall(r"<span>([^<]+) <span class=\"soft\">\((ticked|not ticked)\)", text))
    assert boxes["Myself"] == "ticked"
    assert boxes["A child whose parent or guardian I am"] == "not ticked"
    assert boxes["A copy without any hidden data may be sent to Pixazo for this."] == "ticked"
    Consent.objects.filter(pk=given.pk).update(wording=None)
    text = text_of(client, "consent_record", photo.pk)
    assert "The words beside the boxes were not kept yet when you said this." in text


@pytest.mark.parametrize(
    ("state", "erased_at", "words"),
    [
        (PhotoState.ERASING, None, "is being erased just now, with everything made from it."),
        (PhotoState.ERASING, timezone.now(), "is erased, with everything made from it."),
        (PhotoState.ERASED, timezone.now(), "is erased, with everything made from it."),
    ],
)
def test_the_record_stays_when_the_photo_is_gone_and_says_no_more_than_was_done(
    client: Client,
    member: User,
    photo: Photo,
    state: str,
    erased_at: datetime | None,
    words: str,
):
    consent_step.withdraw(photo=photo, by=member)
    Photo.objects.filter(pk=photo.pk).update(state=state, erased_at=erased_at)
    text = text_of(client, "consent_record", photo.pk)
    assert words in text
    assert "being erased" not in text.replace(words, "")  # the banner says nothing else
    assert "<dt>Kept until</dt>" not in text
    assert "<dt>Was to be kept until</dt>" in text
    assert "<strong>You</strong>: withdrew it" in text
    assert "withdrawn by the member" not in text
    assert "Withdraw consent" not in text
    assert photo.sha256 in text


def test_before_the_button_stands_what_a_withdrawal_does_now(
    client: Client, member: User, photo: Photo, vendor: FakeVendor
):
    sent = make_job(photo=photo)
    run("submit")
    make_job(photo=photo)
    delivered = make_job(photo=photo)
    RestorationJob.objects.filter(pk=delivered.pk).update(
        state=JobState.DELIVERED, result_key=f"{photo.prefix}results/one.png"
    )
    for page in ("photo", "consent_record"):
        text = text_of(client, page, photo.pk)
        assert "1 restoration that waits is cancelled." in text
        assert "1 restoration is with the restorer now." in text
        assert "1 restoration was delivered. It stays charged" in text
        assert "1 copy was sent to the restorer, or could be fetched by it." in text
    client.post(reverse("withdraw", args=[photo.pk]))
    sent.refresh_from_db()
    assert sent.state == JobState.CANCELLED


def test_the_record_names_a_vendor_that_refused_and_could_fetch_a_copy(
    client: Client, photo: Photo, vendor: FakeVendor
):
    make_job(photo=photo)
    run("submit")
    sent = Attempt.objects.filter(job__photo=photo)
    assert "it refused" not in text_of(client, "consent_record", photo.pk)
    sent.update(outcome="NOT_ACCEPTED", http_status=402, vendor_status="")
    text = text_of(client, "consent_record", photo.pk)
    assert "(perhaps: it refused, and could fetch a copy all the same)" in text
    assert "1 copy was sent to the restorer, or could be fetched by it." in text


def test_the_record_does_a_bounded_number_of_queries(client: Client, photo: Photo):
    client.get(reverse("consent_record", args=[photo.pk]))
    with CaptureQueriesContext(connection) as once:
        client.get(reverse("consent_record", args=[photo.pk]))
    for _ in range(4):
        make_consent(photo)
    with CaptureQueriesContext(connection) as often:
        client.get(reverse("consent_record", args=[photo.pk]))
    assert len(once) == len(often) <= RECORD_QUERIES


def test_a_reviewers_question_is_read_and_answered_on_the_record(client: Client, member: User):
    photo = make_photo(owner=member)
    given = make_consent(photo, depicted=("CHILD",))
    asked = review.ask(
        consent=given, by=make_member(), seen=review.seen(given), question="Whose child is it?"
    )
    assert "A reviewer asks you something" in text_of(client, "photo", photo.pk)
    assert "Whose child is it?" in text_of(client, "consent_record", photo.pk)
    address = reverse("consent_answer", args=[photo.pk])
    for nothing in ("", " ", "\u200b\u2060", "x" * 501):
        refused = client.post(address, {"text": nothing})
        assert refused.status_code == 422
        assert re.search(
            r'<ul class="errorlist"[^>]*>.*?</ul>\s*<textarea', refused.content.decode()
        )
        assert (nothing.strip() or "<textarea") in refused.content.decode()
        at_the_top = '<a class="standalone" href="#id_text">Your answer</a>'
        assert at_the_top in refused.content.decode()
    with pytest.raises(consent_step.ConsentError):
        review.answer(consent=asked, by=member, text="\u200b")
    asked.refresh_from_db()
    assert asked.status == ConsentStatus.QUESTIONED
    client.post(address, {"text": "My own, born in 2019."})
    asked.refresh_from_db()
    assert asked.status == ConsentStatus.PENDING_REVIEW
    text = text_of(client, "consent_record", photo.pk)
    assert "answered" in text
    assert "My own, born in 2019." in text
    assert "Whose child is it?" in text
    late = client.post(address, {"text": "And her name is Ida."})
    assert late.status_code == 422
    assert (
        "This was not recorded. There is no question to answer any more." in late.content.decode()
    )
    assert "And her name is Ida." in late.content.decode()


# --- Whose ----------------------------------------------------------------------------------
def test_nobody_reads_what_another_member_said(client: Client, member: User):
    given = make_consent(make_photo())
    for address in (
        reverse("consent_record", args=[given.photo_id]),
        reverse("consent_receipt", args=[given.pk]),
        reverse("consent_record", args=[make_photo(owner=member).pk]),  # nothing was said
        reverse("consent_receipt", args=[uuid.uuid4()]),
    ):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("name", ["consents", "consent_many", "consent_record", "consent_receipt"])
def test_whoever_is_not_signed_in_is_asked_to(client: Client, name: str):
    takes_one = name in ("consent_record", "consent_receipt")
    address = reverse(name, args=[uuid.uuid4()] if takes_one else [])
    assert client.get(address)["Location"] == f"{reverse('account_login')}?next={address}"


def test_the_receipt_is_a_file_whose_seals_are_the_chains(client: Client, photo: Photo):
    response = client.get(reverse("consent_receipt", args=[photo.consents.get().pk]))
    assert "attachment" in response["Content-Disposition"]
    (event,) = response.json()["events"]
    given = photo.consents.get()
    form = consent_chain.FORM
    statement = consent_chain.statement_sha256(given, form=form)
    sealed = consent_chain.event_sha256(given.events.get(), statement=statement, form=form)
    assert event["x_seal_sha256"] == sealed
