"""jobs.prices: one price of a model at a time, none in the past, and a shown one holds an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from jobs import catalog, prices
from jobs.models import Photo, Price
from jobs.steps import orderable
from tests.builders import make_member
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return make_member(micros=0, is_staff=True)


def publish(clerk: User, **said: Any) -> Price:
    return prices.publish(
        **{
            "model_key": "gfpgan",
            "price_micros": 5_000,
            "cost_micros": 3_100,
            "effective_from": None,
            "by": clerk,
            "reason": "The vendor raised its own.",
            **said,
        }
    )


# --- The list -------------------------------------------------------------------------------
def test_the_first_list_is_what_the_vendors_documents_say():
    listed = {key: (p.price_micros, p.cost_micros) for key, p in prices.price_list().items()}
    assert listed == {
        "gfpgan": (3_100, 3_100),
        "codeformer": (2_100, 2_100),
        "flux-kontext": (40_000, 40_000),
    }


@pytest.mark.parametrize(
    ("key", "width", "height", "scale", "micros"),
    [
        ("codeformer", 1920, 1080, 1, 4_355),  # 4,354.56 rounded up once
        ("codeformer", 4000, 3000, 8, 1_612_800),
        ("gfpgan", 1920, 1080, 4, 3_100),
        ("flux-kontext", 8000, 6000, 1, 40_000),
    ],
)
def test_golden_prices(key: str, width: int, height: int, scale: int, micros: int):
    model, price = catalog.MODELS[key], prices.price_list()[key]
    settings = model.defaults()
    if model.scale_parameter:
        settings[model.scale_parameter] = scale
    quote = orderable.quote(
        photo=Photo(width_px=width, height_px=height),
        model=model,
        parameters=settings,
        price=price,
    )
    assert (quote.total_micros, quote.vendor_cost_micros) == (micros, micros)
    assert (quote.output_width_px, quote.output_height_px) == (width * scale, height * scale)


def test_the_list_is_one_query_however_often_prices_changed(
    clerk: User, django_assert_num_queries: Any
):
    for days in range(5):
        begins = timezone.now() + timedelta(days=days + 1)
        publish(clerk, effective_from=begins, price_micros=5_000 + days)
    with django_assert_num_queries(1):
        assert len(prices.price_list(timezone.now() + timedelta(days=3))) == len(catalog.MODELS)


def test_a_price_begins_at_its_moment_and_not_before(clerk: User):
    begins = timezone.now() + timedelta(days=1)
    publish(clerk, effective_from=begins)
    before = prices.price_list(begins - timedelta(microseconds=1))
    assert before["gfpgan"].price_micros == 3_100
    assert prices.price_list(begins)["gfpgan"].price_micros == 5_000
    assert prices.price_list(begins)["codeformer"].price_micros == 2_100


def test_before_any_price_there_is_none():
    assert prices.price_list(timezone.now() - timedelta(days=10_000)) == {}


# --- Changing it ----------------------------------------------------------------------------
def test_a_price_without_a_date_begins_at_once_and_says_who_and_why(clerk: User):
    price = publish(clerk, reason="  Dearer now. ")
    assert prices.price_list()["gfpgan"] == price
    assert (price.set_by, price.reason) == (clerk, "Dearer now.")


def test_a_change_is_in_the_audit_trail(clerk: User):
    price = publish(clerk)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (clerk, "price.publish")
    assert entry.subject == f"price {price.pk}"
    assert "GFPGAN: $0.005, the vendor takes $0.0031" in entry.what
    assert entry.why == "The vendor raised its own."


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"model_key": "nano-banana"}, "no such model"),
        ({"reason": " \n"}, "say why"),
        ({"reason": "x" * 501}, "at most 500 letters"),
        ({"price_micros": 0}, "more than nothing"),
        ({"price_micros": -1}, "more than nothing"),
        ({"price_micros": 10**18}, "at most \\$1,000.00"),
        ({"cost_micros": -1}, "at least nothing"),
        ({"cost_micros": 10**18}, "at most \\$1,000.00"),
    ],
)
def test_what_is_no_price_is_refused_in_words(clerk: User, said: dict[str, Any], words: str):
    with pytest.raises(prices.CannotPublish, match=words):
        publish(clerk, **said)
    assert not Price.objects.filter(set_by=clerk).exists()
    assert not AuditEntry.objects.exists()


def test_a_price_never_begins_in_the_past(clerk: User):
    with pytest.raises(prices.CannotPublish, match="in the past"):
        publish(clerk, effective_from=timezone.now() - timedelta(seconds=1))


def test_two_prices_never_begin_at_one_moment(clerk: User):
    begins = timezone.now() + timedelta(days=1)
    publish(clerk, effective_from=begins)
    with pytest.raises(prices.CannotPublish, match="same moment"):
        publish(clerk, effective_from=begins, price_micros=6_000)
    publish(clerk, effective_from=begins, model_key="codeformer")
    assert AuditEntry.objects.count() == 2


def test_what_holds_at_that_moment_already_is_not_published_again(clerk: User):
    tomorrow, later = (timezone.now() + timedelta(days=days) for days in (1, 2))
    with pytest.raises(prices.NothingChanges, match="costs that already"):
        publish(clerk, price_micros=3_100)
    publish(clerk, effective_from=tomorrow)
    for begins in (tomorrow, later):
        with pytest.raises(prices.NothingChanges):
            publish(clerk, effective_from=begins)
    assert AuditEntry.objects.count() == 1


def test_the_earlier_price_after_another_one_and_another_cost_are_changes(clerk: User):
    tomorrow, later = (timezone.now() + timedelta(days=days) for days in (1, 2))
    publish(clerk, effective_from=tomorrow)
    publish(clerk, effective_from=later, price_micros=3_100)
    publish(clerk, price_micros=3_100, cost_micros=3_000)
    publish(clerk, price_micros=3_100, cost_micros=3_100)
    assert Price.objects.filter(set_by=clerk).count() == 4


def test_a_price_below_the_vendors_cost_is_allowed(clerk: User):
    assert publish(clerk, price_micros=3_000).margin_micros == -100


@pytest.mark.parametrize(
    "verb", ["UPDATE jobs_price SET price_micros = 1", "DELETE FROM jobs_price"]
)
def test_a_price_is_written_once(verb: str):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb)


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_publish_for_one_moment_at_once_one_wins():
    clerk, begins = make_member(micros=0), timezone.now() + timedelta(days=1)

    def try_to(number: int) -> bool:
        try:
            publish(clerk, effective_from=begins, price_micros=5_000 + number)
        except prices.CannotPublish:
            return False
        return True

    assert sorted(at_once(4, try_to)) == [False, False, False, True]
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_clicks_on_publish_at_once_write_one_version():
    clerk = make_member(micros=0)

    def click(_: int) -> bool:
        try:
            publish(clerk)
        except prices.NothingChanges:
            return False
        return True

    assert sorted(at_once(6, click)) == [False] * 5 + [True]
    assert Price.objects.filter(set_by=clerk).count() == AuditEntry.objects.count() == 1


# --- What was shown -------------------------------------------------------------------------
def test_a_shown_price_can_be_named_for_an_hour(clerk: User):
    with time_machine.travel("2026-06-01 12:00:00Z", tick=False) as clock:
        shown = prices.price_list()["gfpgan"]
        token = prices.token(shown)
        publish(clerk)
        clock.move_to("2026-06-01 13:00:00Z")
        assert prices.named(token, model_key="gfpgan") == shown
        clock.move_to("2026-06-01 13:00:02Z")
        assert prices.named(token, model_key="gfpgan") is None


@pytest.mark.parametrize("token", ["", "1", "1:2:3", "x" * 500, "\x00"])
def test_a_token_that_is_not_ours_names_nothing(token: str):
    assert prices.named(token, model_key="gfpgan") is None


def test_a_token_of_another_model_or_of_another_row_names_nothing():
    listed = prices.price_list()
    ours = prices.token(listed["gfpgan"])
    assert prices.named(ours, model_key="codeformer") is None
    _, rest = ours.split(":", 1)
    forged = f"{listed['codeformer'].pk}:{rest}"
    assert prices.named(forged, model_key="codeformer") is None
