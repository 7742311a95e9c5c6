"""steps.order: the click freezes a quote and sets its money aside, once."""

from __future__ import annotations

import uuid

import pytest

from accounts import books, ledger
from accounts.models import Transfer
from jobs import prices
from jobs.catalog import CODEFORMER, GFPGAN
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.steps import order
from tests.builders import make_consent, make_job, make_member, make_photo, publish_price
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def place(photo: Photo, key: uuid.UUID, agreed: int | None = 3_100) -> RestorationJob:
    return order.place(
        photo=photo,
        by=photo.owner,
        model=GFPGAN,
        parameters=GFPGAN.defaults(),
        price=prices.price_list()["gfpgan"],
        agreed_micros=agreed,
        click_key=key,
    )


def test_an_order_holds_exactly_the_quote():
    job = make_job(model=CODEFORMER, upscale=2)
    wallet = ledger.wallet_of(job.owner)
    assert job.quoted_micros == 26
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000 - 26, 26)
    assert (job.quoted_width_px, job.quoted_height_px) == (128, 96)


def test_a_second_click_is_the_same_job():
    photo = make_photo()
    make_consent(photo)
    key = uuid.uuid4()
    assert place(photo, key) == place(photo, key)
    assert RestorationJob.objects.count() == 1
    assert Transfer.objects.filter(kind="HOLD").count() == 1


def test_the_same_click_with_other_settings_orders_nothing_and_says_so():
    photo = make_photo()
    make_consent(photo)
    key = uuid.uuid4()
    place(photo, key)
    with pytest.raises(order.OrderedBefore):
        order.place(
            photo=photo,
            by=photo.owner,
            model=GFPGAN,
            parameters={**GFPGAN.defaults(), "scale": 4},
            price=prices.price_list()["gfpgan"],
            agreed_micros=3_100,
            click_key=key,
        )
    assert RestorationJob.objects.count() == 1


def test_too_little_money_orders_nothing():
    photo = make_photo(owner=make_member(micros=3_000))
    make_consent(photo)
    with pytest.raises(ledger.InsufficientFunds) as problem:
        place(photo, uuid.uuid4())
    assert problem.value.missing_micros == 100
    assert not RestorationJob.objects.exists()


def test_a_price_that_changed_since_it_was_seen_orders_nothing():
    photo = make_photo()
    make_consent(photo)
    with pytest.raises(order.CannotOrder, match="price for these settings is now"):
        place(photo, uuid.uuid4(), agreed=3_000)
    assert not RestorationJob.objects.exists()


def test_a_price_that_does_not_hold_any_more_orders_nothing():
    photo = make_photo()
    make_consent(photo)
    with pytest.raises(order.CannotOrder, match=r"is now \$0\.0031\. Press again to order\."):
        place(photo, uuid.uuid4(), agreed=None)
    assert not RestorationJob.objects.exists()


def test_an_order_keeps_the_row_of_the_price_list_that_it_was_quoted_from():
    publish_price("codeformer", 3_000, cost_micros=2_000)
    job = make_job(photo=make_photo(width_px=1000, height_px=1000), model=CODEFORMER, upscale=1)
    publish_price("codeformer", 9_999)
    job.refresh_from_db()
    assert (job.price.price_micros, job.price.cost_micros) == (3_000, 2_000)
    assert (job.quoted_micros, job.vendor_cost_micros) == (3_000, 2_000)
    assert job.quote_explanation == "1 MP out × $0.003"


def test_a_result_that_could_not_be_kept_is_not_ordered():
    photo = make_photo(width_px=9_000, height_px=9_000)
    make_consent(photo)
    with pytest.raises(order.CannotOrder, match="the most we can keep is 100 MP"):
        place(photo, uuid.uuid4())


def test_without_consent_nothing_is_ordered():
    with pytest.raises(order.CannotOrder, match="who is in the photo"):
        place(make_photo(), uuid.uuid4())


@pytest.mark.parametrize("state", [PhotoState.UPLOADED, PhotoState.UNREADABLE])
def test_a_photo_that_is_not_prepared_cannot_be_ordered(state: PhotoState):
    photo = make_photo(state=state)
    make_consent(photo)
    with pytest.raises(order.CannotOrder):
        place(photo, uuid.uuid4())


def test_cancelling_before_it_is_sent_returns_the_hold_and_twice_is_once():
    job = make_job()
    order.cancel(job=job, by=job.owner)
    order.cancel(job=job, by=job.owner)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert ledger.wallet_of(job.owner).available_micros == 1_000_000
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_six_clicks_at_once_are_one_job_and_one_hold():
    photo = make_photo()
    make_consent(photo)
    key = uuid.uuid4()
    jobs = at_once(6, lambda _: place(photo, key).pk)
    assert len(jobs) == 6
    assert len(set(jobs)) == 1
    assert Transfer.objects.filter(kind="HOLD").count() == 1
    assert books.lies() == []
