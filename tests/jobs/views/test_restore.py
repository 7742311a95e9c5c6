"""Quote and click: the exact price before, the exact price charged, and one job for one click."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import ledger
from accounts.models import Transfer, TransferKind, User, Wallet
from jobs import catalog, prices
from jobs.models import Photo, RestorationJob
from jobs.states import JobState
from jobs.steps import order
from tests.builders import make_consent, make_member, make_photo, publish_price

pytestmark = pytest.mark.django_db

GFPGAN_MICROS = 3_100


def click(client: Client, photo: Photo, *, model: str = "gfpgan", **said: Any) -> Any:
    """The button on GFPGAN's card, with the card as it is shown; None leaves a field out."""
    form = {
        "click_key": uuid.uuid4(),
        f"{model}-price_token": token(model),
        f"{model}-shown_micros": GFPGAN_MICROS,
        "gfpgan-scale": "2",
        "gfpgan-version": "v1.4",
        **said,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("restore", args=[photo.pk, model]), sent)


def card(**said: Any) -> dict[str, Any]:
    """What is said on GFPGAN's card."""
    return {f"gfpgan-{name}": value for name, value in said.items()}


def token(model: str) -> str:
    """What a page that was opened now carries."""
    listed = prices.price_list()
    return prices.token(listed[model]) if model in listed else ""


def balances(user: User) -> tuple[int, int]:
    wallet = Wallet.objects.get(user=user)
    return wallet.available_micros, wallet.held_micros


# --- The quote ------------------------------------------------------------------------------
def quote(client: Client, photo: Photo, model: str, *, token: str = "", **said: str) -> Any:
    asked = {f"{model}-{key}": value for key, value in {**said, "price_token": token}.items()}
    return client.get(reverse("quote", args=[photo.pk, model]), asked)


def test_the_quote_is_a_few_queries(client: Client, photo: Photo, django_assert_num_queries: Any):
    shown = token("codeformer")
    with django_assert_num_queries(5):  # session, member, photo, price, wallet
        quote(client, photo, "codeformer", token=shown, codeformer_fidelity="0.5", upscale="8")


def test_the_quote_follows_what_is_filled_in(client: Client, photo: Photo):
    text = quote(client, photo, "codeformer", codeformer_fidelity="0.5", upscale="8")
    assert 'name="codeformer-shown_micros" value="413"' in text.content.decode()
    assert "512 × 384 px" in text.content.decode()


def test_the_quote_says_what_is_missing(client: Client, photo: Photo):
    Photo.objects.filter(pk=photo.pk).update(width_px=5000, height_px=5000)
    poor = make_member(micros=1)
    Photo.objects.filter(pk=photo.pk).update(owner=poor)
    client.force_login(poor)
    text = quote(client, photo, "gfpgan", scale="1", version="v1.4").content.decode()
    assert "Your wallet is $0.003099 short of this." in text


def test_the_quote_says_when_the_monthly_limit_stands_in_the_way(client: Client, photo: Photo):
    ledger.set_limits(user=photo.owner, monthly_limit_micros=3_000, warn_below_micros=None)
    text = quote(client, photo, "gfpgan", scale="1", version="v1.4").content.decode()
    assert "This would go $0.0001 over the monthly limit that you set." in text
    assert "short of this" not in text


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
    response = click(client, photo, **card(scale="3"))
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


def test_two_tabs_with_the_same_page_order_the_same_once(
    client: Client, photo: Photo, rings: list[str]
):
    shown = [page_key(client, photo) for _ in range(2)]
    for key in shown:
        click(client, photo, click_key=key)
    assert RestorationJob.objects.count() == 1
    response = click(client, photo, click_key=shown[1], **card(scale="3"))
    assert "You ordered from this page before, with other settings." in response.content.decode()
    assert RestorationJob.objects.count() == 1


def test_a_page_that_shows_what_was_ordered_is_for_a_new_order(
    client: Client, photo: Photo, rings: list[str]
):
    click(client, photo, click_key=page_key(client, photo))
    click(client, photo, click_key=page_key(client, photo), **card(scale="3"))
    assert RestorationJob.objects.count() == 2


def test_back_and_the_same_button_orders_the_same_once(
    client: Client, photo: Photo, rings: list[str]
):
    """Back loads the page anew, for a new order."""
    click(client, photo, click_key=page_key(client, photo))
    response = click(client, photo, click_key=page_key(client, photo))
    assert response.status_code == 422
    words = "GFPGAN with these settings is being restored already. It is not ordered twice."
    assert words in response.content.decode()
    job = RestorationJob.objects.get()
    assert balances(photo.owner) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)
    order.cancel(job=job, by=photo.owner)
    click(client, photo, click_key=page_key(client, photo))
    assert RestorationJob.objects.count() == 2


def page_key(client: Client, photo: Photo) -> uuid.UUID:
    key: uuid.UUID = client.get(reverse("photo", args=[photo.pk])).context["click_key"]
    return key


def test_too_little_money_says_how_much_is_missing_and_keeps_the_form(
    client: Client, rings: list[str]
):
    poor = make_member(micros=1_000)
    client.force_login(poor)
    photo = make_photo(owner=poor)
    make_consent(photo)
    response = click(client, photo, **card(scale="3"))
    text = response.content.decode()
    assert response.status_code == 422
    assert (
        "Your wallet is $0.0021 short: this costs $0.0031 and you have $0.001. "
        "Nothing was ordered or charged." in text
    )
    offer = next(o for o in response.context["choice"].offers if o.model is catalog.GFPGAN)
    assert offer.form["scale"].value() == "3"
    assert not RestorationJob.objects.exists()
    assert balances(poor) == (1_000, 0)
    assert rings == []


def test_over_the_monthly_limit_nothing_is_ordered_and_the_words_say_whose_limit_it_is(
    client: Client, photo: Photo, rings: list[str]
):
    ledger.set_limits(user=photo.owner, monthly_limit_micros=6_000, warn_below_micros=None)
    click(client, photo)
    response = click(client, photo, **card(scale="3"))
    assert response.status_code == 422
    assert (
        "This would go over the monthly limit of $0.006 that you set: it costs $0.0031 and "
        "$0.0031 are spent or set aside. Nothing was ordered or charged."
        in response.content.decode()
    )
    assert RestorationJob.objects.count() == 1
    assert balances(photo.owner) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)


# --- A price that changes -------------------------------------------------------------------
def test_a_price_that_changed_since_the_page_was_opened_does_not_touch_it(
    client: Client, photo: Photo, rings: list[str]
):
    shown = token("gfpgan")
    publish_price("gfpgan", 9_900)
    click(client, photo, **card(price_token=shown))
    job = RestorationJob.objects.get()
    assert (job.quoted_micros, job.price.price_micros) == (GFPGAN_MICROS, GFPGAN_MICROS)
    assert balances(photo.owner) == (1_000_000 - GFPGAN_MICROS, GFPGAN_MICROS)


def test_the_quote_goes_on_at_the_price_that_the_page_began_with(client: Client, photo: Photo):
    shown = token("codeformer")
    publish_price("codeformer", 9_900)
    text = quote(client, photo, "codeformer", token=shown, codeformer_fidelity="0.5", upscale="8")
    assert 'name="codeformer-shown_micros" value="413"' in text.content.decode()
    assert f'name="codeformer-price_token" value="{shown}"' in text.content.decode()
    anew = client.get(reverse("photo", args=[photo.pk])).content.decode()
    assert "$0.0099 a megapixel of the result" in anew


def test_after_its_time_a_shown_price_orders_nothing_and_the_page_shows_todays(
    client: Client, photo: Photo, rings: list[str]
):
    with time_machine.travel(timezone.now() - timedelta(hours=1, seconds=1)):
        shown = token("gfpgan")
    publish_price("gfpgan", 9_900)
    response = click(client, photo, **card(price_token=shown))
    text = response.content.decode()
    assert response.status_code == 422
    assert "The price for these settings is now $0.0099. Press again to order." in text
    assert 'name="gfpgan-shown_micros" value="9900"' in text
    assert not RestorationJob.objects.exists()
    assert rings == []
    offer = next(o for o in response.context["choice"].offers if o.model is catalog.GFPGAN)
    click(
        client,
        photo,
        **card(price_token=offer.shown.token, shown_micros=9_900),
    )
    assert RestorationJob.objects.get().quoted_micros == 9_900


def test_a_second_click_after_its_time_is_still_the_same_job(
    client: Client, photo: Photo, rings: list[str]
):
    key, shown = uuid.uuid4(), token("gfpgan")
    click(client, photo, click_key=key, **card(price_token=shown))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        client.force_login(photo.owner)
        response = click(client, photo, click_key=key, **card(price_token=shown))
    assert response["Location"] == reverse("photo", args=[photo.pk])
    assert RestorationJob.objects.count() == 1


@pytest.mark.parametrize("forged", ["", "1", "1:1tWx0k:forged", "another model's", None])
def test_a_token_that_is_not_of_this_page_orders_nothing(
    client: Client, photo: Photo, rings: list[str], forged: str | None
):
    said = token("codeformer") if forged == "another model's" else forged
    response = click(client, photo, **card(price_token=said))
    assert response.status_code == 422
    assert "is now $0.0031. Press again to order." in response.content.decode()
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize("door", ["quote", "restore"])
def test_a_model_without_a_price_is_not_offered_and_breaks_no_page(
    client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch, door: str
):
    monkeypatch.setitem(catalog.MODELS, "new", replace(catalog.GFPGAN, key="new"))
    offers = client.get(reverse("photo", args=[photo.pk])).context["choice"].offers
    assert [offer.model.key for offer in offers] == ["gfpgan", "codeformer", "flux-kontext"]
    ask = client.post if door == "restore" else client.get
    assert ask(reverse(door, args=[photo.pk, "new"])).status_code == 404


def test_a_forged_price_is_not_believed(client: Client, photo: Photo, rings: list[str]):
    assert click(client, photo, **card(shown_micros=1)).status_code == 422
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"gfpgan-scale": "9"},
        {"gfpgan-scale": None},
        {"gfpgan-version": "v9"},
        {"gfpgan-shown_micros": None},
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


def test_a_click_without_a_price_on_it_shows_the_price_first(
    client: Client, photo: Photo, rings: list[str]
):
    response = click(client, photo, **card(shown_micros=None))
    text = response.content.decode()
    assert "Here is the price for these settings. Press again to order." in text
    assert 'name="gfpgan-shown_micros" value="3100"' in text
    assert not RestorationJob.objects.exists()


def test_the_price_can_be_asked_for_without_a_script_and_without_ordering(
    client: Client, photo: Photo, rings: list[str]
):
    shown = token("gfpgan")
    response = click(client, photo, show_price="1", **card(price_token=shown, scale="3"))
    assert response.status_code == 200
    offer = next(o for o in response.context["choice"].offers if o.model is catalog.GFPGAN)
    assert offer.form["scale"].value() == "3"
    assert offer.shown.token == shown
    assert not RestorationJob.objects.exists()
    assert rings == []


def test_a_correction_in_one_form_leaves_the_others_as_they_were(client: Client, photo: Photo):
    response = click(client, photo, **card(scale="9"))
    offers = {offer.model.key: offer for offer in response.context["choice"].offers}
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


def test_without_consent_nothing_can_be_ordered(client: Client, member: User, rings: list[str]):
    response = click(client, make_photo(owner=member))
    assert response.status_code == 422
    assert "Please say first who is in the photo" in response.content.decode()
    assert balances(member) == (1_000_000, 0)
    assert rings == []


def test_an_order_from_another_site_is_refused(photo: Photo):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(photo.owner)
    assert click(strict, photo).status_code == 403
    assert not RestorationJob.objects.exists()
