"""Several photos at once: a line for each, one exact total, one click, all of it or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import ledger
from accounts.models import User, Wallet
from jobs import prices
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.steps import consent as consent_step
from tests.builders import make_consent, make_job, make_member, make_photo, publish_price

pytestmark = pytest.mark.django_db

EACH = 3_100
# Session, member, photos, prices, consents, live ones, notice, what is under way, wallet twice.
BATCH_QUERIES = 10


@pytest.fixture
def photos(member: User) -> list[Photo]:
    """Three of the member's, prepared, with live consent."""
    photos = [make_photo(owner=member, title=f"Photo {number}") for number in range(3)]
    for photo in photos:
        make_consent(photo)
    return photos


def ids(photos: Sequence[Photo]) -> list[str]:
    return [str(photo.pk) for photo in photos]


def page(client: Client, photos: Sequence[Photo], model: str = "gfpgan") -> Any:
    return client.get(reverse("batch"), {"photo": ids(photos), "model": model})


def token(model: str = "gfpgan") -> str:
    return prices.token(prices.price_list()[model])


def click(client: Client, photos: Sequence[Photo], **said: Any) -> Any:
    """The button under the list, with its form as it is shown; None leaves a field out."""
    form = {
        "click_key": uuid.uuid4(),
        "price_token": token(),
        "model": "gfpgan",
        "photo": ids(photos),
        "line": [f"{photo.pk}:{EACH}" for photo in photos],
        "gfpgan-scale": "2",
        "gfpgan-version": "v1.4",
        **said,
    }
    return client.post(reverse("batch"), {k: v for k, v in form.items() if v is not None})


def balances(user: User) -> tuple[int, int]:
    wallet = Wallet.objects.get(user=user)
    return wallet.available_micros, wallet.held_micros


# --- The list -------------------------------------------------------------------------------
def test_ticked_photos_are_listed_each_with_its_price_and_one_total(
    client: Client, photos: list[Photo]
):
    response = page(client, photos)
    text = response.content.decode()
    assert [one.line.photo for one in response.context["batch"].lines] == photos
    assert text.count("One price for any photo.") == 3
    assert "Restore 3 photos for $0.0093" in text


def test_each_line_shows_its_own_size_and_arithmetic(client: Client, photos: list[Photo]):
    Photo.objects.filter(pk=photos[0].pk).update(width_px=1920, height_px=1080)
    text = page(client, photos, "codeformer").content.decode()
    assert "Result: 3840 × 2160 px. 8.2944 MP out × $0.0021, rounded up." in text
    assert "Result: 128 × 96 px. 0.012288 MP out × $0.0021, rounded up." in text
    # 17,418.24 rounded up, and twice 25.8 rounded up: each is charged by itself.
    assert "Restore 3 photos for $0.017471" in text


def test_the_gallery_offers_to_tick_each_photo(client: Client, photos: list[Photo]):
    text = client.get(reverse("gallery")).content.decode()
    assert f'action="{reverse("batch")}"' in text
    for photo in photos:
        assert f'name="photo" value="{photo.pk}"' in text


def test_a_photo_that_cannot_be_ordered_is_left_out_with_the_reason(
    client: Client, member: User, photos: list[Photo]
):
    others = [
        make_photo(owner=member, title="No word yet"),
        make_photo(owner=member, title="Taken back"),
        make_photo(owner=member, title="Just come", state=PhotoState.UPLOADED),
        make_photo(owner=member, title="Broken", state=PhotoState.UNREADABLE),
        make_photo(owner=member, title="Too large", width_px=9_000, height_px=9_000),
    ]
    make_consent(others[1])
    consent_step.withdraw(photo=others[1], by=member)
    make_consent(others[4])
    response = page(client, [*photos, *others])
    text = response.content.decode()
    assert [one.line.obstacle for one in response.context["batch"].lines[3:]] == [
        "Please say first who is in the photo and that it may be restored.",
        "This photo has been erased.",
        "This photo is still being prepared.",
        "This photo could not be prepared for restoration.",
        "The result would have 324.0 MP; the most we can keep is 100 MP. Please enlarge less.",
    ]
    assert f'href="{reverse("consent", args=[others[0].pk])}"' in text
    assert f'href="{reverse("photo", args=[others[1].pk])}"' not in text
    assert "Restore 3 photos for $0.0093" in text


def test_when_no_photo_can_be_ordered_there_is_no_button_to_press(client: Client, member: User):
    text = page(client, [make_photo(owner=member)]).content.decode()
    assert "None of these photos can be ordered now" in text
    assert 'id="batch-button" type="submit" disabled' in text


def test_what_waits_for_a_reviewer_can_be_ordered_and_says_so(client: Client, member: User):
    photo = make_photo(owner=member)
    make_consent(photo, depicted=("CHILD",))
    text = page(client, [photo]).content.decode()
    assert "It waits until a reviewer has agreed." in text
    assert "Restore 1 photo for $0.0031" in text


def test_the_list_warns_of_small_faces_photo_by_photo(client: Client, photos: list[Photo]):
    faces = [{"x": 1, "y": 1, "width": 20, "height": 20}]
    Photo.objects.filter(pk=photos[1].pk).update(faces=faces)
    assert page(client, photos).content.decode().count("may not be the same person") == 1


def test_the_list_does_the_same_few_queries_whatever_its_length(
    client: Client, member: User, photos: list[Photo], django_assert_num_queries: Any
):
    for few in (photos[:1], photos):
        with django_assert_num_queries(BATCH_QUERIES):
            page(client, few)


def test_what_is_being_restored_so_already_is_left_out(
    client: Client, member: User, photos: list[Photo], rings: list[str]
):
    make_job(photo=photos[0], scale=2)
    text = page(client, photos).content.decode()
    assert text.count("Left out.") == 1
    assert "GFPGAN with these settings is being restored already." in text
    assert f'value="{photos[0].pk}:' not in text
    assert click(client, photos).status_code == 422
    assert RestorationJob.objects.count() == 1
    assert balances(member) == (1_000_000 - EACH, EACH)
    click(client, photos, line=[f"{photo.pk}:{EACH}" for photo in photos[1:]])
    assert RestorationJob.objects.count() == 3


@pytest.mark.parametrize("door", ["batch", "batch_quote"])
def test_somebody_elses_photo_is_not_there(client: Client, photos: list[Photo], door: str):
    asked = {"photo": ids([*photos, make_photo()]), "model": "gfpgan"}
    assert client.get(reverse(door), asked).status_code == 404
    assert client.post(reverse("batch"), asked).status_code == 404


@pytest.mark.parametrize("door", ["batch", "batch_quote"])
@pytest.mark.parametrize("said", ["", "1", "x' OR 1=1", str(uuid.UUID(int=0))])
def test_a_photo_that_never_was_is_not_there(client: Client, member: User, door: str, said: str):
    assert client.get(reverse(door), {"photo": said, "model": "gfpgan"}).status_code == 404


@pytest.mark.parametrize("model", ["nano-banana", "x"])
def test_a_model_that_is_not_in_the_catalogue_is_not_there(
    client: Client, photos: list[Photo], model: str
):
    assert page(client, photos, model).status_code == 404
    assert click(client, photos, model=model).status_code == 404


def test_without_a_word_on_the_model_the_first_is_shown(client: Client, photos: list[Photo]):
    response = client.get(reverse("batch"), {"photo": ids(photos)})
    assert response.context["batch"].model.key == "gfpgan"


def test_nothing_ticked_leads_back_to_the_gallery(client: Client, member: User):
    response = client.get(reverse("batch"), follow=True)
    assert response.redirect_chain == [(reverse("gallery"), 302)]
    assert "Please tick the photos that you want to restore." in response.content.decode()


def test_there_is_a_most_that_one_click_orders(
    client: Client, photos: list[Photo], settings: Any, rings: list[str]
):
    settings.BATCH_MAX_PHOTOS = 2
    response = client.get(reverse("batch"), {"photo": ids(photos)}, follow=True)
    assert "Please tick at most 2 photos at a time." in response.content.decode()
    assert click(client, photos)["Location"] == reverse("gallery")
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize("door", ["batch", "batch_quote"])
def test_whoever_is_not_signed_in_is_asked_to(client: Client, door: str):
    response = client.get(reverse(door))
    assert response["Location"].startswith(reverse("account_login"))


# --- The quote ------------------------------------------------------------------------------
def test_the_total_and_every_line_follow_what_is_filled_in(client: Client, photos: list[Photo]):
    asked = {
        "photo": ids(photos),
        "model": "codeformer",
        "codeformer-codeformer_fidelity": "0.5",
        "codeformer-upscale": "8",
        "price_token": token("codeformer"),
    }
    text = client.get(reverse("batch_quote"), asked).content.decode()
    assert text.count("Result: 512 × 384 px.") == 3
    assert text.count('data-hx-swap-oob="true"') == 4
    assert f'name="line" value="{photos[0].pk}:413"' in text
    assert "Restore 3 photos for $0.001239" in text
    asked["codeformer-upscale"] = "9"
    text = client.get(reverse("batch_quote"), asked).content.decode()
    assert "Enlarge: Ensure this value is less than or equal to 8." in text
    assert 'name="line"' not in text


def test_the_total_goes_on_at_the_price_that_the_page_began_with(
    client: Client, photos: list[Photo]
):
    asked = {"photo": ids(photos), "model": "gfpgan", "gfpgan-scale": "1"}
    asked |= {"gfpgan-version": "v1.4", "price_token": token()}
    publish_price("gfpgan", 9_900)
    assert "for $0.0093" in client.get(reverse("batch_quote"), asked).content.decode()
    assert "for $0.0297" in page(client, photos).content.decode()


def test_the_total_says_what_is_missing_and_what_the_monthly_limit_forbids(client: Client):
    poor = make_member(micros=5_000)
    client.force_login(poor)
    photos = [make_photo(owner=poor) for _ in range(2)]
    for photo in photos:
        make_consent(photo)
    ledger.set_limits(user=poor, monthly_limit_micros=6_000, warn_below_micros=None)
    text = page(client, photos).content.decode()
    assert "Your wallet is $0.0012 short of this." in text
    assert "This would go $0.0002 over the monthly limit that you set." in text


# --- The click ------------------------------------------------------------------------------
def test_one_click_orders_all_rings_once_and_leads_to_the_gallery(
    client: Client, photos: list[Photo], rings: list[str]
):
    response = click(client, photos)
    assert response["Location"] == reverse("gallery")
    assert "3 photos ordered with GFPGAN for $0.0093." in client.get("/photos/").content.decode()
    assert {job.photo_id for job in RestorationJob.objects.all()} == {p.pk for p in photos}
    assert balances(photos[0].owner) == (1_000_000 - 3 * EACH, 3 * EACH)
    assert rings == ["submit"]


def test_the_form_of_the_page_is_the_click(client: Client, photos: list[Photo], rings: list[str]):
    batch = page(client, photos).context["batch"]
    lines = [f"{one.line.photo.pk}:{one.line.quote.total_micros}" for one in batch.lines]
    click(client, photos, click_key=batch.click_key, price_token=batch.shown.token, line=lines)
    assert RestorationJob.objects.count() == 3


def test_a_form_that_is_sent_again_orders_nothing_twice(
    client: Client, photos: list[Photo], rings: list[str]
):
    key = uuid.uuid4()
    for _ in range(3):
        response = click(client, photos, click_key=key)
        assert response["Location"] == reverse("gallery")
    assert RestorationJob.objects.count() == 3
    assert balances(photos[0].owner) == (1_000_000 - 3 * EACH, 3 * EACH)
    assert "These are ordered already" in client.get("/photos/").content.decode()


def test_what_was_left_out_stays_out(
    client: Client, member: User, photos: list[Photo], rings: list[str]
):
    late = make_photo(owner=member)
    response = page(client, [*photos, late])
    assert response.context["batch"].total.count == 3
    make_consent(late)  # between the page and the click
    lines = [f"{photo.pk}:{EACH}" for photo in photos]
    click(client, [*photos, late], line=lines)
    assert set(RestorationJob.objects.values_list("photo", flat=True)) == {p.pk for p in photos}


def test_a_photo_that_was_taken_back_meanwhile_orders_nothing_and_shows_the_page_anew(
    client: Client, photos: list[Photo], rings: list[str]
):
    consent_step.withdraw(photo=photos[1], by=photos[1].owner)
    response = click(client, photos)
    text = response.content.decode()
    assert response.status_code == 422
    assert "“Photo 1”: This photo has been erased." in text
    assert "Restore 2 photos for $0.0062" in text
    assert not RestorationJob.objects.exists()
    assert balances(photos[0].owner) == (1_000_000, 0)
    assert rings == []


def test_a_photo_whose_quote_changed_meanwhile_orders_nothing(
    client: Client, photos: list[Photo], rings: list[str]
):
    said = {"model": "codeformer", "price_token": token("codeformer")}
    said |= {"codeformer-codeformer_fidelity": "0.5", "codeformer-upscale": "1"}
    lines = [f"{photo.pk}:7" for photo in photos]
    Photo.objects.filter(pk=photos[2].pk).update(width_px=1000, height_px=1000)
    response = click(client, photos, line=lines, **said)
    assert response.status_code == 422
    assert "is now $0.002114. Press again to order." in response.content.decode()
    assert not RestorationJob.objects.exists()


def test_a_price_that_changed_since_the_page_was_opened_does_not_touch_it(
    client: Client, photos: list[Photo], rings: list[str]
):
    shown = token()
    publish_price("gfpgan", 9_900)
    click(client, photos, price_token=shown)
    assert {job.quoted_micros for job in RestorationJob.objects.all()} == {EACH}


def test_after_its_time_a_shown_price_orders_nothing(
    client: Client, photos: list[Photo], rings: list[str]
):
    with time_machine.travel(timezone.now() - timedelta(hours=1, seconds=1)):
        shown = token()
    response = click(client, photos, price_token=shown)
    assert response.status_code == 422
    assert "is now $0.0093. Press again to order." in response.content.decode()
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"gfpgan-scale": "9"},
        {"gfpgan-scale": None},
        {"click_key": None},
        {"click_key": "x"},
        {"line": None},
        {"line": ["x:1"]},
        {"price_token": None},
        {"price_token": "1:1tWx0k:forged"},
    ],
)
def test_a_form_that_is_wrong_orders_nothing_and_shows_the_page_again(
    client: Client, photos: list[Photo], rings: list[str], said: dict[str, Any]
):
    response = click(client, photos, **said)
    assert response.status_code == 422
    assert not RestorationJob.objects.exists()
    assert rings == []


def test_a_line_of_a_photo_that_is_not_on_the_list_is_refused(
    client: Client, photos: list[Photo], rings: list[str]
):
    lines = [f"{photo.pk}:{EACH}" for photo in photos]
    assert click(client, photos[:2], line=lines).status_code == 404
    assert not RestorationJob.objects.exists()


def test_the_prices_can_be_asked_for_without_a_script_and_without_ordering(
    client: Client, photos: list[Photo], rings: list[str]
):
    response = click(client, photos, show_price="1", **{"gfpgan-scale": "3"})
    assert response.status_code == 200
    assert response.content.decode().count("Result: 192 × 144 px.") == 3
    assert not RestorationJob.objects.exists()


def test_too_little_money_says_what_the_whole_lacks_and_keeps_the_settings(
    client: Client, rings: list[str]
):
    poor = make_member(micros=5_000)
    client.force_login(poor)
    photos = [make_photo(owner=poor) for _ in range(2)]
    for photo in photos:
        make_consent(photo)
    response = click(client, photos, **{"gfpgan-scale": "3"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "Your wallet is $0.0012 short: this costs $0.0062 and you have $0.005." in text
    assert response.context["batch"].form["scale"].value() == "3"
    assert balances(poor) == (5_000, 0)


def test_over_the_monthly_limit_nothing_is_ordered(
    client: Client, photos: list[Photo], rings: list[str]
):
    ledger.set_limits(user=photos[0].owner, monthly_limit_micros=7_000, warn_below_micros=None)
    response = click(client, photos)
    assert response.status_code == 422
    assert "over the monthly limit of $0.007 that you set" in response.content.decode()
    assert not RestorationJob.objects.exists()


def test_an_order_from_another_site_is_refused(photos: list[Photo]):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(photos[0].owner)
    assert click(strict, photos).status_code == 403
