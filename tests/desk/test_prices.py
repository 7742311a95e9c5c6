"""The price list's page: what holds, what comes, what was; and no loss by mistake."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.money import micros
from accounts.roles import BILLING_STAFF, REVIEWERS
from desk.price_list import examples
from jobs import prices
from jobs.catalog import CODEFORMER, GFPGAN
from jobs.models import Price
from tests.staff import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> tuple[Client, User]:
    return staff(BILLING_STAFF)


def said(**changes: Any) -> dict[str, Any]:
    return {
        "price_micros": "0.0026",
        "cost_micros": "0.0021",
        "effective_from": "",
        "reason": "The vendor is dearer.",
        **changes,
    }


def publish(client: Client, *, answer: bool = True, **changes: Any) -> Any:
    """Fill the form in, look at what it means, and send it again."""
    address = reverse("desk_publish_price", args=[CODEFORMER.key])
    shown = client.post(address, said(**changes))
    if not answer:
        return shown
    (seen,) = re.findall(r'name="seen" value="([^"]*)"', shown.content.decode())
    return client.post(address, said(**changes) | {"seen": seen})


def published() -> Price:
    return Price.objects.exclude(set_by=None).get()


def test_a_price_is_published_after_its_meaning_was_shown(desk: tuple[Client, User]):
    client, clerk = desk
    text = publish(client, answer=False).content.decode()
    assert not Price.objects.exclude(set_by=None).exists()
    assert "A 2 MP photo at ×2" in text
    assert "$0.0168" in text  # now: 8 MP at $0.0021
    assert "$0.0208" in text  # then
    assert publish(client)["Location"] == reverse("desk_prices")
    price = published()
    assert (price.price_micros, price.cost_micros, price.set_by) == (2_600, 2_100, clerk)
    text = client.get(reverse("desk_prices")).content.decode()
    assert "CodeFormer costs $0.0026 a megapixel of the result from" in text
    assert "19.2 %" in text
    assert "The vendor is dearer." in text
    assert str(clerk) in text


def test_a_second_click_publishes_nothing_and_is_told_so_kindly(desk: tuple[Client, User]):
    client, _ = desk
    for _click in range(2):
        assert publish(client)["Location"] == reverse("desk_prices")
    assert published().price_micros == 2_600
    text = client.get(reverse("desk_prices")).content.decode()
    assert "CodeFormer costs that already; nothing was published." in text


def test_other_amounts_than_those_shown_are_shown_first(desk: tuple[Client, User]):
    client, _ = desk
    address = reverse("desk_publish_price", args=[CODEFORMER.key])
    assert client.post(address, said(seen="9/9")).status_code == 200
    assert not Price.objects.exclude(set_by=None).exists()


def test_a_price_below_cost_warns_and_needs_a_tick(desk: tuple[Client, User]):
    client, _ = desk
    text = publish(client, answer=False, price_micros="0.0020").content.decode()
    assert "This price is below cost" in text
    assert "I know that each one loses $0.0001" in text
    refused = publish(client, price_micros="0.0020")
    assert refused.status_code == 422
    assert "Please tick that you know." in refused.content.decode()
    assert not Price.objects.exclude(set_by=None).exists()

    publish(client, price_micros="0.0020", knows_the_loss="on")
    assert published().margin_micros == -100
    assert "each one loses $0.0001" in client.get(reverse("desk_prices")).content.decode()


def test_a_price_may_begin_later_and_stands_as_the_next(desk: tuple[Client, User]):
    client, _ = desk
    begins = (timezone.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    publish(client, effective_from=f"{begins:%Y-%m-%dT%H:%M}")
    assert published().effective_from == begins
    text = client.get(reverse("desk_prices")).content.decode()
    assert f"from {begins:%Y-%m-%d %H:%M}" in text
    assert "to come" in text
    assert prices.price_list()[CODEFORMER.key].price_micros == 2_100


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "required"),
        ({"price_micros": "0.0000001"}, "write an amount in dollars"),
        ({"price_micros": "-1"}, "write an amount in dollars"),
        ({"price_micros": "cheap"}, "write an amount in dollars"),
        ({"price_micros": "1e-3"}, "write an amount in dollars"),
        ({"price_micros": "٣"}, "write an amount in dollars"),
        ({"reason": "\u200b"}, "say why the price changes"),
        ({"cost_micros": ""}, "required"),
        ({"effective_from": "tomorrow"}, "valid date"),
    ],
)
def test_what_is_no_price_is_refused_in_words(
    desk: tuple[Client, User], changes: dict[str, Any], words: str
):
    client, _ = desk
    refused = publish(client, answer=False, **changes)
    assert refused.status_code == 422
    assert words in refused.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"effective_from": "2026-01-02T00:00"}, "begin in the past"),
        ({"price_micros": "0", "cost_micros": "0"}, "more than nothing"),
        ({"price_micros": "1000.000001"}, "at most $1,000.00"),
        ({"price_micros": "5", "cost_micros": "1000.01"}, "at most $1,000.00"),
    ],
)
def test_what_the_price_list_refuses_is_said_before_it_is_offered(
    desk: tuple[Client, User], changes: dict[str, Any], words: str
):
    client, _ = desk
    refused = publish(client, answer=False, **changes)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert words in text
    assert ">Publish</button>" not in text
    assert 'name="seen" value' not in text


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"price_micros": "0.021001"}, "$0.0021 → $0.021001"),
        ({"price_micros": "0.000209", "knows_the_loss": "on"}, "$0.0021 → $0.000209"),
        ({"price_micros": "0.02", "cost_micros": "0.000001"}, "$0.0021 → $0.000001"),
    ],
)
def test_a_change_by_more_than_ten_times_needs_a_tick(
    desk: tuple[Client, User], changes: dict[str, Any], steps: str
):
    client, _ = desk
    assert f"I mean this: {steps}" in publish(client, answer=False, **changes).content.decode()
    assert publish(client, **changes).status_code == 422
    assert not Price.objects.exclude(set_by=None).exists()
    assert publish(client, means_it="on", **changes).status_code == 302
    assert published().price_micros == micros(Decimal(changes["price_micros"]))


def test_a_change_by_ten_times_and_no_more_needs_none(desk: tuple[Client, User]):
    client, _ = desk
    assert "I mean this" not in publish(client, answer=False, price_micros="0.021").content.decode()
    assert publish(client, price_micros="0.021").status_code == 302


def test_a_model_with_one_price_has_one_example():
    before = Price(price_micros=3_100, cost_micros=3_100)
    (one,) = examples(GFPGAN, price_micros=4_000, cost_micros=3_100, before=before)
    assert (one.words, one.margin_micros) == ("Any photo", 900)
    assert one.before is not None
    assert (one.before.total_micros, one.after.total_micros) == (3_100, 4_000)


def test_the_list_asks_as_little_for_many_versions_as_for_few(desk: tuple[Client, User]):
    client, clerk = desk

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("desk_prices"))
        return len(queries)

    asked()  # what a process asks once
    few = asked()
    for number in range(6):
        Price.objects.create(
            model_key=GFPGAN.key,
            price_micros=4_000,
            cost_micros=3_100,
            effective_from=datetime(2026, 2, 1 + number, tzinfo=UTC),
            set_by=clerk,
            reason="Again.",
        )
    assert asked() == few


def test_a_model_that_is_none_is_not_found(desk: tuple[Client, User]):
    assert desk[0].get(reverse("desk_publish_price", args=["dall-e"])).status_code == 404


@pytest.mark.parametrize("name", ["desk_prices", "desk_publish_price"])
def test_nobody_else_comes_in(name: str):
    address = reverse(name, args=[GFPGAN.key] if name == "desk_publish_price" else [])
    for role in (REVIEWERS, ""):
        client, _ = staff(role)
        assert client.get(address).status_code == 403
    assert Client().get(address).status_code == 302
