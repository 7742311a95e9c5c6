"""One photo's page and its consent: whose it is, what is offered, what was said and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User, Wallet
from jobs import catalog
from jobs.catalog import advice
from jobs.forms.consents import ConsentForm
from jobs.models import Consent, ConsentStatus, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from tests.builders import make_consent, make_job, make_member, make_photo, run, the_notice
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db

PHOTO_QUERIES = 19  # at most


def page(client: Client, photo: Photo) -> str:
    return client.get(reverse("photo", args=[photo.pk])).content.decode()


# --- Whose photo ----------------------------------------------------------------------------
DOORS = [
    ("get", "photo", ()),
    ("get", "consent", ()),
    ("post", "consent", ()),
    ("post", "withdraw", ()),
    ("get", "quote", ("gfpgan",)),
    ("post", "restore", ("gfpgan",)),
    ("post", "compare", ()),
]


@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_somebody_elses_photo_is_not_there_whichever_door_is_tried(
    client: Client, member: User, method: str, name: str, more: tuple[str, ...]
):
    other = make_photo()
    make_consent(other)
    response = getattr(client, method)(reverse(name, args=[other.pk, *more]))
    assert response.status_code == 404
    assert Consent.objects.get().status == ConsentStatus.GRANTED
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_whoever_is_not_signed_in_is_asked_to_whichever_door_is_tried(
    client: Client, method: str, name: str, more: tuple[str, ...]
):
    address = reverse(name, args=[make_photo().pk, *more])
    response = getattr(client, method)(address)
    assert response["Location"] == f"{reverse('account_login')}?next={address}"


def test_staff_see_no_members_photo_through_the_members_pages(client: Client):
    client.force_login(make_member(is_staff=True, is_superuser=True))
    assert client.get(reverse("photo", args=[make_photo().pk])).status_code == 404


@pytest.mark.parametrize("state", [PhotoState.ERASING, PhotoState.ERASED])
@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_every_door_of_an_erased_photo_leads_its_owner_to_the_record(
    client: Client, member: User, state: str, method: str, name: str, more: tuple[str, ...]
):
    photo = make_photo(owner=member, state=state)
    address, record = reverse(name, args=[photo.pk, *more]), record_of(photo)
    assert getattr(client, method)(address)["Location"] == record
    text = client.get(record).content.decode()
    assert "This photo has been erased." in text
    assert "Nothing was ever said about who is in it." in text
    fragment = getattr(client, method)(address, headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"] == record  # a page that is swapped in parts goes there whole


def record_of(photo: Photo) -> str:
    return reverse("consent_record", args=[photo.pk])


def test_the_statements_link_of_an_erased_photos_job_leads_to_the_record(
    client: Client, photo: Photo, vendor: FakeVendor, rings: list[str]
):
    job = make_job(photo=photo)
    address = reverse("job", args=[job.pk])
    client.post(reverse("withdraw", args=[photo.pk]))
    assert client.get(address, follow=True).redirect_chain[-1] == (record_of(photo), 302)
    client.force_login(make_member())
    for stranger_at in (address, reverse("photo", args=[photo.pk]), record_of(photo)):
        assert client.get(stranger_at).status_code == 404


@pytest.mark.parametrize(
    ("method", "name", "more"),
    [("get", "withdraw", ()), ("get", "restore", ("gfpgan",)), ("get", "compare", ())],
)
def test_what_changes_something_is_never_done_by_looking(
    client: Client, photo: Photo, bucket: None, method: str, name: str, more: tuple[str, ...]
):
    page = getattr(client, method)(reverse(name, args=[photo.pk, *more]), follow=True)
    assert page.redirect_chain == [(reverse("photo", args=[photo.pk]), 302)]
    assert "Nothing was done yet. Please press the button again." in page.content.decode()
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


# --- The page -------------------------------------------------------------------------------
def test_the_page_does_the_same_few_queries_however_often_the_photo_was_restored(
    client: Client, photo: Photo, vendor: FakeVendor, bucket: None
):
    for model in catalog.MODELS.values():  # how long each usually takes is a query
        make_job(photo=photo, model=model)
    with CaptureQueriesContext(connection) as once:
        page(client, photo)
    for model in (catalog.GFPGAN, catalog.CODEFORMER, catalog.FLUX_KONTEXT) * 2:
        make_job(photo=photo, model=model)
    run("submit")
    make_job(photo=photo)  # whether what waits can be sent is a query
    with CaptureQueriesContext(connection) as often:
        page(client, photo)
    assert len(once) == len(often) <= PHOTO_QUERIES


def test_every_model_is_offered_with_its_exact_price_before_the_click(client: Client, photo: Photo):
    text = page(client, photo)
    assert "Restore for $0.0031" in text
    assert "Restore for $0.04" in text
    # CodeFormer: 64 × 48 px enlarged twice is 12,288 px of output, at $0.0021 a megapixel.
    assert "Restore for $0.000026" in text


def test_without_consent_nothing_can_be_ordered(client: Client, member: User):
    photo = make_photo(owner=member)
    assert "Give consent first" in page(client, photo)


def test_advice_warns_of_small_faces_before_the_click(client: Client, photo: Photo):
    photo.faces = [{"x": 1, "y": 1, "width": 20, "height": 20}]
    photo.save()
    assert "Smallest face 20 px: a restored face may not be the same person." in page(client, photo)


def test_a_photo_that_nobody_prepares_says_so_after_a_while(
    client: Client, member: User, settings: Any
):
    photo = make_photo(owner=member, state=PhotoState.UPLOADED)
    fresh = page(client, photo)
    assert ("a few seconds" in fresh, "longer than usual" in fresh) == (True, False)
    assert "every 40s" in fresh  # the page that stays open hears of it, too
    settings.PREPARED_WITHIN_SECONDS = 0
    late = page(client, photo)
    assert ("a few seconds" in late, "longer than usual" in late) == (False, True)
    assert "every 40s" not in late


def test_a_photo_that_could_not_be_read_says_why(client: Client, member: User):
    photo = make_photo(owner=member, state=PhotoState.UNREADABLE, note="It is damaged.")
    assert "It is damaged." in page(client, photo)


# --- Consent --------------------------------------------------------------------------------
def say(client: Client, photo: Photo, **said: Any) -> Any:
    form = {
        "depicted": ["MYSELF"],
        "purpose_restore": "on",
        "purpose_pixazo": "on",
        **ConsentForm(notice=the_notice()).shown,
        **said,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("consent", args=[photo.pk]), sent)


def test_the_notice_is_shown_in_the_version_that_is_recorded(client: Client, member: User):
    photo, notice = make_photo(owner=member), the_notice()
    shown = client.get(reverse("consent", args=[photo.pk])).context["notice"]
    say(client, photo)
    assert Consent.objects.get().notice == notice
    assert shown.version == notice.version


def test_a_statement_is_recorded_with_the_bytes_it_is_about(client: Client, member: User):
    photo = make_photo(owner=member)
    response = say(client, photo, depicted=["MYSELF", "DECEASED"], keep_until="2999-01-01")
    consent = Consent.objects.get()
    assert response["Location"] == reverse("photo", args=[photo.pk])
    assert consent.status == ConsentStatus.GRANTED
    assert consent.depicted == ["MYSELF", "DECEASED"]
    assert (consent.given_by, consent.photo_sha256) == (member, photo.sha256)
    assert str(consent.keep_until) == "2999-01-01"
    session_key = client.session.session_key
    assert session_key
    assert session_key not in consent.session_fingerprint


def test_a_child_waits_for_a_reviewer_and_the_member_is_told(client: Client, member: User):
    photo = make_photo(owner=member)
    say(client, photo, depicted=["CHILD"], basis="My daughter, five years old")
    assert Consent.objects.get().status == ConsentStatus.PENDING_REVIEW
    assert "A reviewer will look at it before it is sent." in page(client, photo)


@pytest.mark.parametrize(
    "said", [{"depicted": None}, {"purpose_restore": None}, {"purpose_pixazo": None}]
)
def test_an_incomplete_statement_is_no_consent_and_keeps_the_form(
    client: Client, member: User, said: dict[str, Any]
):
    photo = make_photo(owner=member)
    response = say(client, photo, basis="In my own words", **said)
    assert response.status_code == 422
    assert "In my own words" in response.content.decode()
    assert not Consent.objects.exists()


def test_withdrawing_stops_the_jobs_returns_the_money_and_begins_to_erase(
    client: Client, photo: Photo, rings: list[str]
):
    job = make_job(photo=photo)
    response = client.post(reverse("withdraw", args=[photo.pk]), follow=True)
    assert response.redirect_chain == [(record_of(photo), 302)]
    assert "are being erased" in response.content.decode()
    photo.refresh_from_db()
    job.refresh_from_db()
    assert (photo.state, job.state) == (PhotoState.ERASING, JobState.CANCELLED)
    wallet = Wallet.objects.get(user=photo.owner)
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000, 0)
    assert rings == ["erase"]


@pytest.mark.parametrize(
    ("faces", "suggested"), [([], ["flux-kontext"]), ([210], ["gfpgan", "codeformer"])]
)
def test_what_suits_this_photo_is_marked_on_its_card_and_said_with_its_reason(
    client: Client, photo: Photo, faces: list[int], suggested: list[str]
):
    boxes = [{"x": 0, "y": 0, "width": width, "height": width} for width in faces]
    Photo.objects.filter(pk=photo.pk).update(faces=boxes)
    answer = client.get(reverse("photo", args=[photo.pk]))
    offers = answer.context["choice"].offers
    assert [offer.model.key for offer in offers if offer.is_suggested] == suggested
    text = answer.content.decode()
    assert text.count("Suggested for this photo") == len(suggested)
    for sentence in advice.for_photo(faces):
        assert sentence in text


def test_the_price_says_how_large_the_result_prints(client: Client, photo: Photo):
    Photo.objects.filter(pk=photo.pk).update(width_px=1500, height_px=1200)
    text = client.get(reverse("photo", args=[photo.pk])).content.decode()
    assert "Prints 25.4 × 20.3 cm (10.0 × 8.0 in) at 300 dpi." in text
