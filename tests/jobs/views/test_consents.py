"""Saying who is in a photo, for one or for many; the list, the record, the receipt."""

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
from jobs import consent_chain, notices
from jobs.forms.consents import ConsentForm
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
from tests.builders import (
    decide,
    make_consent,
    make_job,
    make_member,
    make_photo,
    publish_notice,
    run,
    the_notice,
)
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db

LIST_QUERIES = 7  # session, member, how many, consents, which are live, newest notice, wallet
RECORD_QUERIES = 12


@pytest.fixture
def photos(member: User) -> list[Photo]:
    """Three of the member's, about which nothing was said."""
    the_notice()
    return [make_photo(owner=member, title=f"Photo {number}") for number in range(3)]


def form_of(changes: dict[str, Any]) -> ConsentForm:
    """The form that the member's page had."""
    return ConsentForm(notice=the_notice(), photos=len(changes.get("photo", "1")))


def said(**changes: Any) -> dict[str, Any]:
    form = {
        "depicted": ["DECEASED"],
        "purpose_restore": "on",
        "purpose_pixazo": "on",
        **form_of(changes).shown,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def say_once(client: Client, photos: list[Photo], **changes: Any) -> Any:
    form = said(photo=[str(photo.pk) for photo in photos], model="gfpgan", **changes)
    return client.post(reverse("consent_many"), form)


def text_of(client: Client, name: str, *arguments: Any) -> str:
    return client.get(reverse(name, args=arguments)).content.decode()


# --- Asking ---------------------------------------------------------------------------------
def test_nothing_is_ticked_for_the_member_and_each_purpose_has_its_own_box(
    client: Client, photos: list[Photo]
):
    text = text_of(client, "consent", photos[0].pk)
    assert "checked" not in text
    boxes = re.findall(r'<input type="checkbox" name="(purpose_\w+)"', text)
    assert boxes == ["purpose_restore", "purpose_pixazo"]
    assert "It may look like another person." in text


def test_a_second_vendor_is_asked_about_only_when_the_house_can_send_there_and_the_notice_names_it(
    client: Client, photos: list[Photo], settings: Any
):
    assert "fal.ai" not in text_of(client, "consent", photos[0].pk)
    settings.FAL_KEY = "key"
    assert "fal.ai" not in text_of(client, "consent", photos[0].pk)
    publish_notice("A copy may go to fal.ai instead.")
    text = text_of(client, "consent", photos[0].pk)
    assert "sent to fal.ai instead" in text
    assert "Only for CodeFormer, without “Sharpen the background too”." in text
    client.post(reverse("consent", args=[photos[0].pk]), said(purpose_fal="on"))
    assert Consent.objects.get().vendors == "|pixazo|fal|"
    client.post(reverse("consent", args=[photos[1].pk]), said())
    assert photos[1].consents.get().vendors == "|pixazo|"


def test_the_second_vendor_alone_is_not_enough_for_it_runs_only_in_the_firsts_stead(
    client: Client, photos: list[Photo], settings: Any
):
    settings.FAL_KEY = "key"
    refused = client.post(
        reverse("consent", args=[photos[1].pk]), said(purpose_pixazo=None, purpose_fal="on")
    )
    assert refused.status_code == 422
    assert "without this we can’t restore" in refused.content.decode()


def test_what_is_said_once_is_kept_for_each_photo_with_its_own_bytes(
    client: Client, photos: list[Photo]
):
    response = say_once(client, photos)
    assert response["Location"].startswith(reverse("batch") + "?photo=")
    given = Consent.objects.all()
    assert {(one.photo_id, one.photo_sha256) for one in given} == {
        (photo.pk, photo.sha256) for photo in photos
    }
    assert {one.depicted_words for one in given} == {"A relative who has died"}
    assert all(one.is_live and one.events.count() == 1 for one in given)


def with_a_reviewer(photo: Photo) -> None:
    make_consent(photo, depicted=("CHILD",))


def erased(photo: Photo) -> None:
    consent_step.withdraw(photo=photo, by=photo.owner)
    Photo.objects.filter(pk=photo.pk).update(state=PhotoState.ERASED, title="Erased photo")


def in_the_trash(photo: Photo) -> None:
    trash.put(photo=photo, by=photo.owner)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (with_a_reviewer, "A reviewer is looking at what you said about this photo."),
        (erased, "This photo has been erased."),
        (in_the_trash, "This photo is in the trash."),
    ],
)
def test_of_many_the_one_that_is_gone_is_named_what_was_typed_is_kept_and_the_others_go_on(
    client: Client, photos: list[Photo], happened: Callable[[Photo], None], why: str
):
    form = said(photo=[str(one.pk) for one in photos], model="gfpgan", basis="Our summer of 1931")
    form[f"title-{photos[1].pk}"] = "Photo 1"
    happened(photos[1])
    answer = client.post(reverse("consent_many"), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was recorded yet" in text
    assert f"<bdi>“Photo 1”</bdi>: {why}" in text
    assert "Our summer of 1931" in text
    assert not Consent.objects.filter(photo__in=[photos[0], photos[2]]).exists()
    assert [line["photo"].photo for line in answer.context["lines"]] == [photos[0], photos[2]]
    form["photo"] = re.findall(r'name="photo" value="([^"]+)"', text)
    form["with"] = re.findall(r'name="with" value="([^"]+)"', text)
    assert client.post(reverse("consent_many"), form)["Location"].startswith(reverse("batch"))
    assert Consent.objects.filter(photo__in=[photos[0], photos[2]]).count() == 2


def test_while_a_vendor_has_a_copy_the_ways_out_are_named_and_what_was_typed_is_kept(
    client: Client, photos: list[Photo], vendor: FakeVendor
):
    photo = photos[0]
    make_job(photo=photo)
    run("submit")
    form = said(depicted=["OTHER"], basis="She is our neighbour", photo=[str(photo.pk)])
    for address in (reverse("consent", args=[photo.pk]), reverse("consent_many")):
        text = client.post(address, form).content.decode()
        assert "A restoration is under way on what you said before" in text
        assert f'href="{reverse("consent_record", args=[photo.pk])}#withdraw"' in text
        assert f'href="{reverse("photo", args=[photo.pk])}"' in text
        assert "She is our neighbour" in text
    assert photo.consents.count() == 1


@pytest.mark.parametrize("happened", [with_a_reviewer, in_the_trash])
def test_a_statement_that_is_not_recorded_is_said_to_be_so_with_all_that_was_typed(
    client: Client, photos: list[Photo], happened: Callable[[Photo], None]
):
    happened(photos[0])
    before = Consent.objects.count()
    for address, more in (
        (reverse("consent", args=[photos[0].pk]), {}),
        (reverse("consent_many"), {"photo": [str(photos[0].pk)]}),
    ):
        answer = client.post(address, said(basis="She is my niece", **more))
        text = answer.content.decode()
        assert answer.status_code == 422
        assert "Nothing was recorded yet" in text
        assert "counts for nothing until you can send it" in text
        assert "She is my niece" in text
        assert re.search(r'value="DECEASED"[^>]* checked', text)
    assert Consent.objects.count() == before


def test_what_happens_to_a_photo_at_the_very_moment_of_sending_loses_nothing_either(
    client: Client, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
):
    """The page saw nothing in the way; the locked rows do."""
    in_the_trash(photos[0])
    real, asked = consent_step.obstacles, list[Any]()

    def nothing_at_first(*given: Any) -> Any:
        asked.append(given)
        return real(*given) if len(asked) > 1 else {}

    monkeypatch.setattr(consent_step, "obstacles", nothing_at_first)
    answer = say_once(client, photos, basis="Our summer of 1931")
    assert answer.status_code == 422
    assert "“Photo 0”" in answer.content.decode()
    assert "Our summer of 1931" in answer.content.decode()
    assert not Consent.objects.exists()


def test_the_page_for_many_names_what_it_leaves_out_before_anything_is_typed(
    client: Client, photos: list[Photo]
):
    with_a_reviewer(photos[2])
    page = client.get(reverse("consent_many"), {"photo": [str(one.pk) for one in photos]})
    assert [line["photo"].photo for line in page.context["lines"]] == photos[:2]
    assert "<bdi>“Photo 2”</bdi>: A reviewer is looking" in page.content.decode()


def test_the_list_of_a_batch_leads_to_one_question_for_all_that_lack_an_answer(
    client: Client, member: User, photos: list[Photo]
):
    make_consent(photos[0])
    chosen = {"photo": [str(photo.pk) for photo in photos], "model": "codeformer"}
    page = client.get(reverse("batch"), chosen)
    address = page.context["batch"].consent_url
    assert "Say who is in these 2 photos" in page.content.decode()
    asked = client.get(address)
    assert [line["photo"].photo for line in asked.context["lines"]] == photos[1:]
    assert "leave <bdi>Photo 2</bdi> out" in asked.content.decode()
    without = client.get(asked.context["lines"][1]["without"])
    assert [line["photo"].photo for line in without.context["lines"]] == [photos[1]]
    form = said(photo=[str(photo.pk) for photo in photos[1:]], model="codeformer")
    form["with"] = [str(photos[0].pk)]
    back = client.post(reverse("consent_many"), form, follow=True)
    assert back.context["batch"].total.count == 3
    assert back.context["batch"].model.key == "codeformer"


def test_somebody_elses_photo_cannot_be_spoken_for(client: Client, photos: list[Photo]):
    assert say_once(client, [*photos, make_photo()]).status_code == 404
    assert not Consent.objects.exists()


# --- Another notice -------------------------------------------------------------------------
def test_a_newer_notice_asks_again_for_new_work_and_leaves_the_old_be(
    client: Client, photo: Photo, vendor: FakeVendor
):
    job = make_job(photo=photo)
    publish_notice("Something new stands here.")
    text = text_of(client, "photo", photo.pk)
    assert "Read the new notice" in text
    assert "What you ordered goes on" in text
    assert "Restore for" in text  # the button stands there, and can't be pressed
    run("submit")
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    asked = text_of(client, "consent", photo.pk)
    assert "Why we ask again" in asked
    assert "Something new stands here." in asked
    client.post(reverse("consent", args=[photo.pk]), said())
    assert "Read the new notice" not in text_of(client, "photo", photo.pk)


def test_a_notice_that_came_out_while_reading_is_shown_before_anything_is_recorded(
    client: Client, photos: list[Photo]
):
    form = said()
    publish_notice("Something new stands here.")
    response = client.post(reverse("consent", args=[photos[0].pk]), form)
    assert response.status_code == 422
    assert "Our notice has changed while you were reading" in response.content.decode()
    assert "Something new stands here." in response.content.decode()
    assert f'name="notice_version" value="{the_notice().version}"' in response.content.decode()
    assert not Consent.objects.exists()


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_under_a_notice_that_came_out_while_reading_nothing_is_ticked_and_the_words_stay(
    client: Client, photos: list[Photo], many: bool, blocked: bool
):
    form = said(
        depicted=["DECEASED", "OTHER"],
        basis="Our summer of 1931",
        keep_until="2999-01-01",
        photo=[str(photo.pk) for photo in photos],
    )
    if blocked:
        in_the_trash(photos[0])
    publish_notice("Something new stands here.")
    address = reverse("consent_many") if many else reverse("consent", args=[photos[0].pk])
    text = client.post(address, form).content.decode()
    assert "Our notice has changed while you were reading" in text
    assert "Something new stands here." in text
    assert not re.search(r"<input[^>]* checked", text)
    assert "Our summer of 1931" in text
    assert 'value="2999-01-01"' in text
    assert not Consent.objects.exists()


# --- Other words beside the boxes -----------------------------------------------------------
@pytest.mark.parametrize("many", [False, True])
def test_words_that_changed_while_reading_are_read_anew_before_anything_is_recorded(
    client: Client, photos: list[Photo], settings: Any, many: bool
):
    """The house learns to send to fal.ai while the page lies open; the notice named it already."""
    publish_notice("A copy may go to fal.ai instead.")
    form = said(
        photo=[str(photo.pk) for photo in photos],
        basis="Our summer of 1931",
        keep_until="2999-01-01",
        **({} if many else form_of({}).shown),
    )
    settings.FAL_KEY = "key"
    address = reverse("consent_many") if many else reverse("consent", args=[photos[0].pk])
    answer = client.post(address, form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Our words on this page have changed while you were reading" in text
    assert "sent to fal.ai instead" in text
    assert not re.search(r"<input[^>]* checked", text)
    assert "Our summer of 1931" in text
    assert 'value="2999-01-01"' in text
    assert not Consent.objects.exists()
    form |= answer.context["form"].shown
    assert client.post(address, form).status_code == 302
    assert Consent.objects.count() == (len(photos) if many else 1)


def test_a_form_that_names_no_words_records_nothing(client: Client, photos: list[Photo]):
    answer = client.post(reverse("consent", args=[photos[0].pk]), said(words_sha256=None))
    assert answer.status_code == 422
    assert not Consent.objects.exists()


def test_that_one_photo_is_left_of_two_asks_for_no_second_reading(
    client: Client, photos: list[Photo]
):
    form = said(photo=[str(one.pk) for one in photos[:2]], model="gfpgan")
    in_the_trash(photos[1])
    answer = client.post(reverse("consent_many"), form)
    text = answer.content.decode()
    assert "Our words on this page have changed" not in text
    assert "Who can be recognised in this photo?" in text
    assert re.search(r'value="DECEASED"[^>]* checked', text)
    form |= {"photo": [str(photos[0].pk)], **answer.context["form"].shown}
    assert client.post(reverse("consent_many"), form).status_code == 302
    given = Consent.objects.get()
    assert given.wording is not None
    assert "Who can be recognised in this photo?" in given.wording.text


@pytest.mark.parametrize("many", [False, True])
def test_while_the_notice_names_nobody_the_member_is_told_so_and_keeps_their_words(
    client: Client, photos: list[Photo], many: bool
):
    form = said(photo=[str(photos[0].pk)], basis="Our summer of 1931")
    notices.add(version=the_notice().version + 1, title="New", text="Somebody gets it.", by=None)
    address = reverse("consent_many") if many else reverse("consent", args=[photos[0].pk])
    asked = client.get(address, {"photo": [str(photos[0].pk)]})
    sent = client.post(address, form)
    for answer in (asked, sent):
        assert answer.status_code == 503
        assert "You can’t be asked at the moment" in answer.content.decode()
    assert "Our summer of 1931" in sent.content.decode()
    assert not Consent.objects.exists()


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
    review.reject(
        consent=given,
        by=make_member(),
        seen=review.seen(given),
        reason_code="NOT_ASKED",
        words="Please ask <her>.",
    )
    text = text_of(client, "photo", photo.pk)
    assert "The person shown should be asked first<br>Please ask &lt;her&gt;." in text
    make_consent(photo, depicted=("OTHER",))
    assert "should be asked first" not in text_of(client, "photo", photo.pk)


def given_and_in_the_trash(photo: Photo) -> None:
    make_consent(photo)
    in_the_trash(photo)


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
