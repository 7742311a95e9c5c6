"""Several models for one photo: ticks, one sum, one click, all of it or nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer, User
from jobs import catalog, prices
from jobs.models import Photo, RestorationJob
from jobs.steps import consent as consent_step
from tests.builders import make_consent, make_member, make_photo, publish_price
from tests.racing import at_once

pytestmark = pytest.mark.django_db

EACH = {"gfpgan": 3_100, "codeformer": 26, "flux-kontext": 40_000}
SETTINGS = {
    "gfpgan-scale": "2",
    "gfpgan-version": "v1.4",
    "codeformer-codeformer_fidelity": "0.5",
    "codeformer-upscale": "2",
    "codeformer-background_enhance": "on",
    "codeformer-face_upsample": "on",
    "flux-kontext-output_format": "png",
    "flux-kontext-safety_tolerance": "2",
    "flux-kontext-seed": "",
}
TWO = ("gfpgan", "codeformer")
SUM = EACH["gfpgan"] + EACH["codeformer"]


def cards(*ticked: str, **said: Any) -> dict[str, Any]:
    """What the form holds when it is sent, all cards together; None leaves a field out."""
    listed = prices.price_list()
    form: dict[str, Any] = {
        **SETTINGS,
        "click_key": uuid.uuid4(),
        "tick": list(ticked),
        "total_micros": sum(EACH[key] for key in ticked),
    }
    for key, micros in EACH.items():
        form |= {f"{key}-shown_micros": micros, f"{key}-price_token": prices.token(listed[key])}
    return {name: value for name, value in {**form, **said}.items() if value is not None}


def click(client: Client, photo: Photo, form: Mapping[str, Any]) -> Any:
    return client.post(reverse("compare", args=[photo.pk]), form)


def quote(client: Client, photo: Photo, form: Mapping[str, Any], model: str = "gfpgan") -> str:
    asked = {name: value for name, value in form.items() if name != "click_key"}
    answer = client.get(reverse("quote", args=[photo.pk, model]), asked)
    return str(answer.content.decode())


def balances(user: User) -> tuple[int, int]:
    wallet = ledger.wallet_of(user)
    return wallet.available_micros, wallet.held_micros


def nothing_happened(member: User, micros: int = 1_000_000) -> bool:
    return (
        not RestorationJob.objects.exists()
        and balances(member) == (micros, 0)
        and books.lies() == []
    )


# --- The sum --------------------------------------------------------------------------------
def test_the_sum_follows_the_ticks_and_each_models_own_settings(client: Client, photo: Photo):
    text = quote(client, photo, cards(*TWO, **{"codeformer-upscale": "8"}), "codeformer")
    assert 'name="codeformer-shown_micros" value="413"' in text
    assert 'name="total_micros" value="3513"' in text
    assert "Restore with 2 models for $0.003513" in text


def test_one_tick_alone_asks_for_another(client: Client, photo: Photo):
    text = quote(client, photo, cards("gfpgan"))
    assert "GFPGAN is ticked. Tick another to compare it with." in text
    assert "total_micros" not in text


def test_the_sum_says_what_is_missing_for_all_together(client: Client):
    poor = make_member(micros=3_100)
    client.force_login(poor)
    photo = make_photo(owner=poor)
    make_consent(photo)
    text = quote(client, photo, cards(*TWO))
    assert "Your wallet is $0.000026 short of this." in text


def test_a_ticked_model_with_a_wrong_setting_has_no_sum_but_a_reason(client: Client, photo: Photo):
    text = quote(client, photo, cards(*TWO, **{"codeformer-upscale": "9"}))
    assert "CodeFormer: Enlarge: Ensure this value is less than or equal to 8." in text
    assert "total_micros" not in text


def test_the_sum_costs_a_query_for_each_model_that_is_ticked(
    client: Client, photo: Photo, django_assert_num_queries: Any
):
    form = cards(*TWO)
    with django_assert_num_queries(6):  # session, member, photo, wallet, two prices
        quote(client, photo, form)


# --- The click ------------------------------------------------------------------------------
def test_one_click_orders_all_that_is_ticked_with_their_settings_and_sets_the_sum_aside(
    client: Client, photo: Photo, rings: list[str]
):
    said = {"gfpgan-scale": "3", "codeformer-background_enhance": None}
    response = click(client, photo, cards(*TWO, **said))
    assert response["Location"] == reverse("photo", args=[photo.pk])
    ordered = {job.model_key: job.parameters for job in RestorationJob.objects.all()}
    assert ordered["gfpgan"] == {"scale": 3, "version": "v1.4"}
    assert ordered["codeformer"] == {
        **catalog.CODEFORMER.defaults(),
        "background_enhance": False,
    }
    assert balances(photo.owner) == (1_000_000 - SUM, SUM)
    assert rings == ["submit"]
    text = client.get(response["Location"]).content.decode()
    assert "2 restorations ordered for $0.003126. When they are done, compare them" in text


def test_a_second_click_is_the_same_jobs_and_the_same_money(
    client: Client, photo: Photo, rings: list[str]
):
    form = cards(*TWO)
    for _ in range(3):
        response = click(client, photo, form)
    assert RestorationJob.objects.count() == 2
    assert balances(photo.owner) == (1_000_000 - SUM, SUM)
    text = client.get(response["Location"]).content.decode()
    assert "These are ordered already: one click counts." in text


def test_two_tabs_order_once_and_with_other_ticks_nothing_more(
    client: Client, photo: Photo, rings: list[str]
):
    page = reverse("photo", args=[photo.pk])
    keys = [client.get(page).context["click_key"] for _ in range(2)]
    for key in keys:
        click(client, photo, cards(*TWO, click_key=key))
    assert RestorationJob.objects.count() == 2
    response = click(client, photo, cards("gfpgan", "flux-kontext", click_key=keys[1]))
    assert response.status_code == 422
    assert "You ordered from this page before" in response.content.decode()
    assert RestorationJob.objects.count() == 2
    fresh = response.context["click_key"]
    other = cards("gfpgan", "flux-kontext", click_key=fresh, **{"gfpgan-scale": "3"})
    click(client, photo, other)
    assert RestorationJob.objects.count() == 4


def test_one_that_is_being_restored_so_already_and_none_is_ordered(
    client: Client, photo: Photo, rings: list[str]
):
    client.post(reverse("restore", args=[photo.pk, "gfpgan"]), cards())
    text = click(client, photo, cards(*TWO)).content.decode()
    assert "GFPGAN with these settings is being restored already." in text
    assert RestorationJob.objects.get().model_key == "gfpgan"


def test_a_model_ordered_alone_is_not_ordered_again_with_others_from_the_same_page(
    client: Client, photo: Photo, rings: list[str]
):
    key = uuid.uuid4()
    client.post(reverse("restore", args=[photo.pk, "gfpgan"]), cards(click_key=key))
    assert click(client, photo, cards(*TWO, click_key=key)).status_code == 422
    assert RestorationJob.objects.get().model_key == "gfpgan"


@pytest.mark.parametrize("ticked", [(), ("gfpgan",)])
def test_fewer_than_two_are_no_comparison(
    client: Client, photo: Photo, rings: list[str], ticked: tuple[str, ...]
):
    response = click(client, photo, cards(*ticked))
    assert response.status_code == 422
    assert "Please tick two models or more" in response.content.decode()
    assert nothing_happened(photo.owner)
    assert rings == []


def test_money_for_one_orders_none_and_says_what_the_whole_lacks(client: Client, rings: list[str]):
    poor = make_member(micros=3_100)
    client.force_login(poor)
    photo = make_photo(owner=poor)
    make_consent(photo)
    response = click(client, photo, cards(*TWO, **{"gfpgan-scale": "3"}))
    assert response.status_code == 422
    assert (
        "Your wallet is $0.000026 short: this costs $0.003126 and you have $0.0031. "
        "Nothing was ordered or charged." in response.content.decode()
    )
    choice = response.context["choice"]
    assert [offer.model.key for offer in choice.ticked] == [*TWO]
    assert choice.offers[0].form["scale"].value() == "3"
    assert nothing_happened(poor, 3_100)
    assert rings == []


def test_a_monthly_limit_with_room_for_one_orders_none(
    client: Client, photo: Photo, rings: list[str]
):
    ledger.set_limits(user=photo.owner, monthly_limit_micros=3_100, warn_below_micros=None)
    response = click(client, photo, cards(*TWO))
    assert "it costs $0.003126 and $0.00 are spent" in response.content.decode()
    assert nothing_happened(photo.owner)


@pytest.mark.parametrize(
    "said",
    [
        {"total_micros": None},
        {"total_micros": SUM - 1},
        {"total_micros": EACH["gfpgan"]},
        {"gfpgan-shown_micros": None},
        {"click_key": None},
        {"click_key": "x"},
    ],
)
def test_a_sum_that_did_not_stand_there_orders_nothing_and_is_shown_first(
    client: Client, photo: Photo, rings: list[str], said: dict[str, Any]
):
    response = click(client, photo, cards(*TWO, **said))
    text = response.content.decode()
    assert response.status_code == 422
    assert "Here is the price for these settings. Press again to order." in text
    assert f'name="total_micros" value="{SUM}"' in text
    assert nothing_happened(photo.owner)


def test_a_forged_price_whose_sum_is_right_orders_nothing(
    client: Client, photo: Photo, rings: list[str]
):
    forged = {"gfpgan-shown_micros": 1, "total_micros": 1 + EACH["codeformer"]}
    response = click(client, photo, cards(*TWO, **forged))
    assert "The price for these settings is now $0.003126." in response.content.decode()
    assert nothing_happened(photo.owner)


def test_without_a_script_the_sum_is_shown_before_anything_is_ordered(
    client: Client, photo: Photo, rings: list[str]
):
    form = cards(*TWO, show_price="1", total_micros=None, **{"codeformer-upscale": "8"})
    response = click(client, photo, form)
    assert response.status_code == 200
    text = response.content.decode()
    assert 'name="total_micros" value="3513"' in text
    assert [offer.model.key for offer in response.context["choice"].ticked] == [*TWO]
    assert response.context["choice"].offers[1].form["upscale"].value() == "8"
    assert nothing_happened(photo.owner)
    assert rings == []


def test_enter_in_a_field_shows_the_prices_and_orders_nothing(
    client: Client, photo: Photo, rings: list[str]
):
    text = client.get(reverse("photo", args=[photo.pk])).content.decode()
    form = text[text.index('id="offers"') :]
    assert 'name="show_price"' in form[form.index("<button") :][:150]
    assert click(client, photo, cards(show_price="1")).status_code == 200
    assert nothing_happened(photo.owner)


def test_one_wrong_setting_orders_none(client: Client, photo: Photo, rings: list[str]):
    response = click(client, photo, cards(*TWO, **{"codeformer-upscale": "9"}))
    assert response.status_code == 422
    assert response.context["choice"].offers[1].form.errors
    assert nothing_happened(photo.owner)


def test_a_wrong_setting_of_a_model_that_is_not_ticked_is_in_nobodys_way(
    client: Client, photo: Photo, rings: list[str]
):
    click(client, photo, cards(*TWO, **{"flux-kontext-seed": "lucky"}))
    assert RestorationJob.objects.count() == 2


def test_prices_that_were_shown_hold_for_all_and_one_that_does_not_orders_none(
    client: Client, photo: Photo, rings: list[str]
):
    form = cards(*TWO)
    for key in TWO:
        publish_price(key, 9_900)
    with time_machine.travel(timezone.now() - timedelta(hours=2)):
        late = prices.token(prices.price_list()["codeformer"])
    response = click(client, photo, {**form, "codeformer-price_token": late})
    assert response.status_code == 422
    assert nothing_happened(photo.owner)
    click(client, photo, form)
    assert {job.quoted_micros for job in RestorationJob.objects.all()} == {3_100, 26}


def test_without_consent_none_is_ordered(client: Client, member: User, rings: list[str]):
    response = click(client, make_photo(owner=member), cards(*TWO))
    assert "Please say first who is in the photo" in response.content.decode()
    assert nothing_happened(member)


def test_what_is_no_model_is_not_there(client: Client, photo: Photo, rings: list[str]):
    assert click(client, photo, cards(*TWO, tick=["gfpgan", "nano"])).status_code == 404
    assert nothing_happened(photo.owner)


# --- Presets --------------------------------------------------------------------------------
def test_a_preset_fills_in_model_and_settings_and_orders_nothing(client: Client, photo: Photo):
    page = reverse("photo", args=[photo.pk])
    response = client.get(page, {"preset": "archive"})
    gfpgan, codeformer, _ = response.context["choice"].offers
    assert codeformer.form.settings == {
        "codeformer_fidelity": 0.85,
        "upscale": 1,
        "background_enhance": True,
        "face_upsample": True,
    }
    assert gfpgan.form.settings == catalog.GFPGAN.defaults()
    assert response.context["choice"].ticked == []
    text = response.content.decode()
    # 64 × 48 px at $0.0021 a megapixel.
    assert "Restore for $0.000007" in text
    assert re.findall(r'preset=(\w+)[^"]*" aria-current="true"', text) == ["archive"]
    assert nothing_happened(photo.owner)


def test_a_preset_says_what_it_costs_before_it_is_chosen(client: Client, photo: Photo):
    shown = client.get(reverse("photo", args=[photo.pk])).context["choice"].presets
    assert {card.preset.key: card.total.micros for card in shown} == {
        "family": 40_000,
        "archive": 7,
        "enlarge": 104,
    }


def test_whoever_is_not_sure_gets_both_ticked_with_their_sum(client: Client, photo: Photo):
    Photo.objects.filter(pk=photo.pk).update(faces=[{"x": 0, "y": 0, "width": 210, "height": 210}])
    response = client.get(reverse("photo", args=[photo.pk]), {"preset": "compare"})
    assert [offer.model.key for offer in response.context["choice"].ticked] == [*TWO]
    assert "Restore with 2 models for $0.003126" in response.content.decode()


@pytest.mark.parametrize("said", ["", "nothing-like-this", "compare"])
def test_a_preset_that_this_photo_has_not_fills_in_nothing(client: Client, photo: Photo, said: str):
    choice = client.get(reverse("photo", args=[photo.pk]), {"preset": said}).context["choice"]
    assert all(offer.form.settings == offer.model.defaults() for offer in choice.offers)
    assert choice.ticked == []


# --- Money, many at once --------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(20))
def test_clicks_that_come_together_are_one_order_of_both(rings: list[str], turn: int):
    member = make_member()
    photo = make_photo(owner=member)
    make_consent(photo)
    form = cards(*TWO)

    def act(number: int) -> int:
        client = Client()
        client.force_login(member)
        return int(click(client, photo, form).status_code)

    assert at_once(2, act) == [302, 302]
    assert sorted(job.model_key for job in RestorationJob.objects.all()) == ["codeformer", "gfpgan"]
    assert Transfer.objects.filter(kind="HOLD").count() == 2
    assert balances(member) == (1_000_000 - SUM, SUM)
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_money_for_one_of_two_comparisons_gives_just_one_of_them(rings: list[str]):
    member = make_member(micros=SUM + 3_100)
    photo = make_photo(owner=member)
    make_consent(photo)

    def act(number: int) -> int:
        client = Client()
        client.force_login(member)
        return int(click(client, photo, cards(*TWO)).status_code)

    assert sorted(at_once(2, act)) == [302, 422]
    assert RestorationJob.objects.count() == 2
    assert balances(member) == (3_100, SUM)
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_in_the_midst_leaves_no_half_of_a_comparison(rings: list[str], bucket: None):
    member = make_member()
    photo = make_photo(owner=member)
    make_consent(photo)

    def act(number: int) -> None:
        if number:
            consent_step.withdraw(photo=photo, by=member)
            return
        client = Client()
        client.force_login(member)
        click(client, photo, cards(*TWO))

    at_once(2, act)
    assert RestorationJob.objects.count() in (0, 2)
    assert not RestorationJob.objects.unfinished().exists()
    assert balances(member) == (1_000_000, 0)
    assert books.lies() == []
