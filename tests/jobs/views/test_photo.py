"""One photo's page and everything that can be done from it: whose it is, what it costs, once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Transfer, TransferKind, User, Wallet
from jobs import catalog
from jobs.models import Consent, ConsentStatus, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from tests.builders import make_consent, make_job, make_member, make_photo, run, the_notice
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db

PHOTO_QUERIES = 13  # at most
JOB_QUERIES = 5  # session, member, job, and two looks at the ledger
GFPGAN_MICROS = 3_100


@pytest.fixture
def member(client: Client) -> User:
    """Signed in, with a dollar."""
    user = make_member()
    client.force_login(user)
    return user


@pytest.fixture
def photo(member: User) -> Photo:
    """The member's, prepared, with live consent."""
    photo = make_photo(owner=member)
    make_consent(photo)
    return photo


def page(client: Client, photo: Photo) -> str:
    return client.get(reverse("photo", args=[photo.pk])).content.decode()


def click(client: Client, photo: Photo, *, model: str = "gfpgan", **said: Any) -> Any:
    """The button under GFPGAN, with its form as it is shown; None leaves a field out."""
    form = {
        "click_key": uuid.uuid4(),
        "shown_micros": GFPGAN_MICROS,
        "gfpgan-scale": "2",
        "gfpgan-version": "v1.4",
        **said,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("restore", args=[photo.pk, model]), sent)


def balances(user: User) -> tuple[int, int]:
    wallet = Wallet.objects.get(user=user)
    return wallet.available_micros, wallet.held_micros


# --- Whose photo ----------------------------------------------------------------------------
DOORS = [
    ("get", "photo", ()),
    ("get", "consent", ()),
    ("post", "consent", ()),
    ("post", "withdraw", ()),
    ("get", "quote", ("gfpgan",)),
    ("post", "restore", ("gfpgan",)),
]
JOB_DOORS = [("get", "job"), ("get", "job_photo"), ("post", "job_cancel")]


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


@pytest.mark.parametrize(("method", "name"), JOB_DOORS)
def test_somebody_elses_job_is_not_there_whichever_door_is_tried(
    client: Client, member: User, method: str, name: str
):
    job = make_job()
    assert getattr(client, method)(reverse(name, args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.state == JobState.READY


@pytest.mark.parametrize(("method", "name"), JOB_DOORS)
def test_a_job_is_shown_to_nobody_who_is_not_signed_in(client: Client, method: str, name: str):
    address = reverse(name, args=[make_job().pk])
    response = getattr(client, method)(address)
    assert response["Location"] == f"{reverse('account_login')}?next={address}"


def test_staff_see_no_members_photo_through_the_members_pages(client: Client):
    client.force_login(make_member(is_staff=True, is_superuser=True))
    assert client.get(reverse("photo", args=[make_photo().pk])).status_code == 404


@pytest.mark.parametrize("state", [PhotoState.ERASING, PhotoState.ERASED])
@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_an_erased_photo_is_gone_for_its_owner_too(
    client: Client, member: User, state: str, method: str, name: str, more: tuple[str, ...]
):
    photo = make_photo(owner=member, state=state)
    assert getattr(client, method)(reverse(name, args=[photo.pk, *more])).status_code == 404


@pytest.mark.parametrize(
    ("method", "name", "more"),
    [("post", "photo", ()), ("get", "withdraw", ()), ("get", "restore", ("gfpgan",))],
)
def test_what_changes_something_is_never_done_by_looking(
    client: Client, photo: Photo, method: str, name: str, more: tuple[str, ...]
):
    response = getattr(client, method)(reverse(name, args=[photo.pk, *more]))
    assert response.status_code == 405
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


def test_an_order_from_another_site_is_refused(photo: Photo):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(photo.owner)
    assert click(strict, photo).status_code == 403
    assert not RestorationJob.objects.exists()


# --- The page -------------------------------------------------------------------------------
def test_the_page_does_the_same_few_queries_however_often_the_photo_was_restored(
    client: Client, photo: Photo, vendor: FakeVendor, bucket: None
):
    make_job(photo=photo)
    with CaptureQueriesContext(connection) as once:
        page(client, photo)
    for model in (catalog.GFPGAN, catalog.CODEFORMER, catalog.FLUX_KONTEXT) * 2:
        make_job(photo=photo, model=model)
    run("submit")
    with CaptureQueriesContext(connection) as often:
        page(client, photo)
    assert len(once) == len(often) <= PHOTO_QUERIES


def test_a_jobs_card_takes_few_queries(
    client: Client, photo: Photo, django_assert_num_queries: Any
):
    job = make_job(photo=photo)
    with django_assert_num_queries(JOB_QUERIES):
        client.get(reverse("job", args=[job.pk]))


def test_every_model_is_offered_with_its_exact_price_before_the_click(client: Client, photo: Photo):
    text = page(client, photo)
    assert "Restore for $0.0031" in text
    assert "Restore for $0.04" in text
    # CodeFormer: 64 × 48 px enlarged twice is 12,288 px of output, at $0.0021 a megapixel.
    assert "Restore for $0.000026" in text


def test_without_consent_nothing_can_be_ordered(client: Client, member: User):
    photo = make_photo(owner=member)
    assert "Give consent first" in page(client, photo)
    response = click(client, photo)
    assert response.status_code == 422
    assert "Please say first who is in the photo" in response.content.decode()
    assert balances(member) == (1_000_000, 0)


def test_advice_warns_of_small_faces_before_the_click(client: Client, photo: Photo):
    photo.faces = [{"x": 1, "y": 1, "width": 20, "height": 20}]
    photo.save()
    assert "Smallest face 20 px: a restored face may not be the same person." in page(client, photo)


def test_a_photo_that_could_not_be_read_says_why(client: Client, member: User):
    photo = make_photo(owner=member, state=PhotoState.UNREADABLE, note="It is damaged.")
    assert "It is damaged." in page(client, photo)


# --- The quote ------------------------------------------------------------------------------
def quote(client: Client, photo: Photo, model: str, **said: str) -> Any:
    asked = {f"{model}-{key}": value for key, value in said.items()}
    return client.get(reverse("quote", args=[photo.pk, model]), asked)


def test_the_quote_follows_what_is_filled_in(client: Client, photo: Photo):
    text = quote(client, photo, "codeformer", codeformer_fidelity="0.5", upscale="8")
    assert 'name="shown_micros" value="413"' in text.content.decode()
    assert "512 × 384 px" in text.content.decode()


def test_the_quote_says_what_is_missing(client: Client, photo: Photo):
    Photo.objects.filter(pk=photo.pk).update(width_px=5000, height_px=5000)
    poor = make_member(micros=1)
    Photo.objects.filter(pk=photo.pk).update(owner=poor)
    client.force_login(poor)
    text = quote(client, photo, "gfpgan", scale="1", version="v1.4").content.decode()
    assert "Your wallet is $0.003099 short of this." in text


def test_a_setting_that_is_wrong_has_no_price_but_a_reason(client: Client, photo: Photo):
    text = quote(client, photo, "gfpgan", scale="9", version="v1.4").content.decode()
    assert "less than or equal to 4" in text
    assert "shown_micros" not in text


@pytest.mark.parametrize("model", ["nano-banana", "gfpgan2"])
def test_a_model_that_is_not_in_the_catalogue_is_not_there(
    client: Client, photo: Photo, model: str
):
    assert quote(client, photo, model).status_code == 404
    assert click(client, photo, model=model).status_code == 404


# --- The click ------------------------------------------------------------------------------
def test_a_click_orders_what_was_shown_sets_the_money_aside_and_rings(
    client: Client, photo: Photo, rings: list[str]
):
    response = click(client, photo, **{"gfpgan-scale": "3"})
    job = RestorationJob.objects.get()
    assert response["Location"] == reverse("photo", args=[photo.pk])
    assert (job.state, job.owner, job.photo) == (JobState.READY, photo.owner, photo)
    assert job.parameters == {"scale": 3, "version": "v1.4"}
    assert balances(photo.owner) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)
    assert rings == ["submit"]


def test_a_second_click_is_the_same_job_and_the_same_money(
    client: Client, photo: Photo, rings: list[str]
):
    key = uuid.uuid4()
    answers = [click(client, photo, click_key=key) for _ in range(3)]
    assert {answer["Location"] for answer in answers} == {reverse("photo", args=[photo.pk])}
    assert RestorationJob.objects.count() == 1
    assert Transfer.objects.filter(kind=TransferKind.HOLD).count() == 1
    assert balances(photo.owner) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)


def test_a_page_shown_anew_is_a_new_click(client: Client, photo: Photo, rings: list[str]):
    keys = set()
    for _ in range(2):
        offers = client.get(reverse("photo", args=[photo.pk])).context["offers"]
        keys |= {offer.click_key for offer in offers}
    assert len(keys) == 2 * len(catalog.MODELS)


def test_too_little_money_says_how_much_is_missing_and_keeps_the_form(
    client: Client, rings: list[str]
):
    poor = make_member(micros=1_000)
    client.force_login(poor)
    photo = make_photo(owner=poor)
    make_consent(photo)
    key = uuid.uuid4()
    response = click(client, photo, click_key=key, **{"gfpgan-scale": "3"})
    text = response.content.decode()
    assert response.status_code == 422
    assert (
        "Your wallet is $0.0021 short: this costs $0.0031 and you have $0.001. "
        "Nothing was ordered or charged." in text
    )
    offer = next(o for o in response.context["offers"] if o.model is catalog.GFPGAN)
    assert offer.form["scale"].value() == "3"
    assert offer.click_key == key
    assert not RestorationJob.objects.exists()
    assert balances(poor) == (1_000, 0)
    assert rings == []


def test_a_price_that_changed_since_it_was_shown_is_not_charged(
    client: Client, photo: Photo, rings: list[str], settings: Any
):
    settings.PRICE_GFPGAN_MICROS = 9_900
    response = click(client, photo)
    text = response.content.decode()
    assert response.status_code == 422
    assert "The price has changed since you saw it. Please look again." in text
    assert 'name="shown_micros" value="9900"' in text
    assert not RestorationJob.objects.exists()
    assert rings == []


def test_a_forged_price_is_not_believed(client: Client, photo: Photo, rings: list[str]):
    assert click(client, photo, shown_micros=1).status_code == 422
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"gfpgan-scale": "9"},
        {"gfpgan-scale": None},
        {"gfpgan-version": "v9"},
        {"shown_micros": None},
        {"click_key": "not-a-key"},
        {"click_key": None},
    ],
)
def test_a_form_that_is_wrong_orders_nothing_and_shows_the_page_again(
    client: Client, photo: Photo, rings: list[str], said: dict[str, Any]
):
    response = click(client, photo, **said)
    assert response.status_code == 422
    assert not RestorationJob.objects.exists()
    assert rings == []


def test_a_correction_in_one_form_leaves_the_others_as_they_were(client: Client, photo: Photo):
    response = click(client, photo, **{"gfpgan-scale": "9"})
    offers = {offer.model.key: offer for offer in response.context["offers"]}
    assert offers["gfpgan"].form.errors
    assert not offers["codeformer"].form.is_bound
    assert offers["codeformer"].quote is not None


def test_an_order_that_needs_a_reviewer_waits_with_its_money_set_aside(
    client: Client, member: User, rings: list[str]
):
    photo = make_photo(owner=member)
    make_consent(photo, depicted=("CHILD",))
    click(client, photo)
    assert RestorationJob.objects.get().state == JobState.AWAITING_CONSENT
    assert balances(member) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)


# --- A job ----------------------------------------------------------------------------------
def test_a_moving_jobs_card_asks_again_and_a_finished_one_does_not(client: Client, photo: Photo):
    job = make_job(photo=photo)
    card = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "hx-trigger" in card
    client.post(reverse("job_cancel", args=[job.pk]))
    card = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "hx-trigger" not in card
    assert "You were not charged" in card


def test_an_order_can_be_taken_back_before_it_is_sent(client: Client, photo: Photo):
    job = make_job(photo=photo)
    response = client.post(reverse("job_cancel", args=[job.pk]), follow=True)
    assert "Cancelled. You were not charged." in response.content.decode()
    assert balances(photo.owner) == (1_000_000, 0)


def test_what_is_sent_cannot_be_taken_back_and_the_member_is_told(
    client: Client, photo: Photo, vendor: FakeVendor
):
    job = make_job(photo=photo)
    run("submit")
    response = client.post(reverse("job_cancel", args=[job.pk]), follow=True)
    assert "has already been sent" in response.content.decode()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_the_statement_leads_to_the_jobs_place_on_its_page(client: Client, photo: Photo):
    job = make_job(photo=photo)
    response = client.get(reverse("job_photo", args=[job.pk]))
    assert response["Location"] == f"{reverse('photo', args=[photo.pk])}#job-{job.pk}"


# --- Consent --------------------------------------------------------------------------------
def say(client: Client, photo: Photo, **said: Any) -> Any:
    the_notice()
    form = {"depicted": ["MYSELF"], "purpose_restore": "on", "purpose_vendor": "on", **said}
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("consent", args=[photo.pk]), sent)


def test_the_notice_is_shown_in_the_version_that_is_recorded(client: Client, member: User):
    photo, notice = make_photo(owner=member), the_notice()
    shown = client.get(reverse("consent", args=[photo.pk])).context["notice"]
    say(client, photo)
    assert Consent.objects.get().notice == shown == notice


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
    "said", [{"depicted": None}, {"purpose_restore": None}, {"purpose_vendor": None}]
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
    assert "are being erased" in response.content.decode()
    photo.refresh_from_db()
    job.refresh_from_db()
    assert (photo.state, job.state) == (PhotoState.ERASING, JobState.CANCELLED)
    assert balances(photo.owner) == (1_000_000, 0)
    assert rings == ["erase"]
