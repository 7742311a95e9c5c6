"""steps.order: the click freezes a quote and sets its money aside, once."""

from __future__ import annotations

import uuid

import pytest

from accounts import books, ledger
from accounts.models import Transfer
from jobs import prices
from jobs.catalog import CODEFORMER, GFPGAN
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.states import TERMINAL, JobState
from jobs.steps import order
from tests.builders import make_consent, make_job, make_member, make_photo, publish_price
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def place(
    photo: Photo, key: uuid.UUID, agreed: int | None = 3_100, **settings: int
) -> RestorationJob:
    return order.place(
        photo=photo,
        by=photo.owner,
        model=GFPGAN,
        parameters={**GFPGAN.defaults(), **settings},
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
        place(photo, key, scale=4)
    assert RestorationJob.objects.count() == 1


@pytest.mark.parametrize("state", sorted(set(JobState) - TERMINAL))
def test_what_is_under_way_is_not_ordered_twice_and_holds_nothing(state: JobState):
    photo = make_photo()
    make_consent(photo)
    first = place(photo, uuid.uuid4())
    RestorationJob.objects.filter(pk=first.pk).update(state=state)
    with pytest.raises(order.CannotOrder, match="GFPGAN with these settings is being restored"):
        place(photo, uuid.uuid4())
    assert RestorationJob.objects.get() == first
    assert ledger.wallet_of(photo.owner).held_micros == 3_100


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_once_it_has_ended_the_same_can_be_ordered_again(state: JobState):
    photo = make_photo()
    make_consent(photo)
    first = place(photo, uuid.uuid4())
    RestorationJob.objects.filter(pk=first.pk).update(state=state)
    assert place(photo, uuid.uuid4()) != first


def test_other_settings_another_model_and_another_photo_are_no_second_order():
    first = make_job(scale=2)
    place(first.photo, uuid.uuid4(), scale=3)
    make_job(photo=first.photo, model=CODEFORMER)
    make_job(photo=make_photo(owner=first.owner), scale=2)
    assert RestorationJob.objects.for_member(first.owner).count() == 4


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


@pytest.mark.django_db(transaction=True)
def test_the_same_from_four_pages_at_once_is_ordered_once():
    """Each page has a click key of its own: what counts is what is under way."""
    photo = make_photo()
    make_consent(photo)

    def act(_: int) -> bool:
        try:
            place(photo, uuid.uuid4())
        except order.CannotOrder:
            return False
        return True

    assert sum(at_once(4, act)) == 1
    assert RestorationJob.objects.count() == 1
    assert ledger.wallet_of(photo.owner).held_micros == 3_100
    assert books.lies() == []
