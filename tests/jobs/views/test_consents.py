"""Saying who is in a photo, for one or for many."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs import notices
from jobs.forms.consents import ConsentForm
from jobs.models import Consent, Photo, PhotoState
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import trash
from tests.builders import make_consent, make_job, make_photo, publish_notice, run, the_notice
from tests.fakes import FakeVendor
from tests.jobs.views.reading import text_of

pytestmark = pytest.mark.django_db


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


def test_of_an_empty_form_all_that_is_missing_is_said_at_once_at_the_top_and_beside_each_field(
    client: Client, member: User
):
    the_notice()
    address = reverse("consent", args=[make_photo(owner=member).pk])
    page = client.get(address)
    form = page.content.decode().partition('id="consent-form"')[2].partition("</form>")[0]
    assert " required" not in form  # a browser would stop at the first box
    assert "novalidate" not in form  # or it would send a day that is half typed as none
    refused = client.post(address, page.context["form"].shown)
    assert refused.status_code == 422
    summary, _, below = refused.content.decode().partition('id="consent-form"')
    for name in ("depicted", "purpose_restore", "purpose_pixazo"):
        assert f'<a class="standalone" href="#id_{name}">' in summary
        assert f'id="id_{name}_error"' in below


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
