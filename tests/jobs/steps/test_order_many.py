"""steps.order.place_all: all photos or none, one hold for each, and one click counts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from accounts import books, ledger
from accounts.models import Transfer, User
from jobs import prices
from jobs.catalog import GFPGAN
from jobs.models import JobEvent, Photo, PhotoState, Price, RestorationJob
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import order
from tests.builders import make_consent, make_member, make_photo, publish_price
from tests.racing import at_once

pytestmark = pytest.mark.django_db

EACH = 3_100


def make_photos(owner: User, count: int = 3) -> list[Photo]:
    photos = [make_photo(owner=owner, title=f"Photo {number}") for number in range(count)]
    for photo in photos:
        make_consent(photo)
    return photos


def place(
    photos: Sequence[Photo],
    form_key: uuid.UUID,
    *,
    agreed: int | None = EACH,
    price: Price | None = None,
    scale: int = 2,
) -> list[RestorationJob]:
    one = order.Order(
        clicks={
            photo.pk: order.Click(key=uuid.uuid5(form_key, str(photo.pk)), agreed_micros=agreed)
            for photo in photos
        },
        model=GFPGAN,
        parameters={**GFPGAN.defaults(), "scale": scale},
        price=price or prices.price_list()["gfpgan"],
    )
    return order.place_all([one], by=photos[0].owner)


def nothing_happened(member: User, micros: int = 1_000_000) -> bool:
    wallet = ledger.wallet_of(member)
    return (
        not RestorationJob.objects.exists()
        and not JobEvent.objects.exists()
        and (wallet.available_micros, wallet.held_micros) == (micros, 0)
        and books.lies() == []
    )


def test_each_photo_gets_its_job_and_its_hold_at_the_one_price():
    member = make_member()
    photos = make_photos(member)
    jobs = place(photos, uuid.uuid4())
    assert {job.photo_id for job in jobs} == {photo.pk for photo in photos}
    for job in RestorationJob.objects.all():
        assert job.hold is not None
        assert (job.hold.amount_micros, job.hold.reference) == (EACH, str(job.pk))
        assert (job.quoted_micros, job.vendor_cost_micros, job.state) == (EACH, EACH, "READY")
        assert job.price == prices.price_list()["gfpgan"]
        assert JobEvent.objects.get(job=job).why == "ordered"
    wallet = ledger.wallet_of(member)
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000 - 3 * EACH, 3 * EACH)
    assert books.lies() == []


def test_what_needs_a_reviewer_waits_and_the_rest_goes_on():
    member = make_member()
    photos = make_photos(member, 1)
    child = make_photo(owner=member)
    make_consent(child, depicted=("CHILD",))
    place([*photos, child], uuid.uuid4())
    states = {job.photo_id: job.state for job in RestorationJob.objects.all()}
    assert states == {photos[0].pk: JobState.READY, child.pk: JobState.AWAITING_CONSENT}
    assert RestorationJob.objects.get(photo=child).due_at is None


def test_the_same_form_sent_again_is_the_same_jobs():
    photos, key = make_photos(make_member()), uuid.uuid4()
    first = place(photos, key)
    assert {job.pk for job in place(photos, key)} == {job.pk for job in first}
    assert Transfer.objects.filter(kind="HOLD").count() == 3


def test_the_same_form_with_other_settings_or_other_photos_orders_nothing_more():
    photos, key = make_photos(make_member()), uuid.uuid4()
    place(photos[:2], key)
    for again in (lambda: place(photos[:2], key, scale=4), lambda: place(photos, key)):
        with pytest.raises(order.OrderedBefore):
            again()
    assert RestorationJob.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PhotoState.UPLOADED, "“Photo 1”: This photo is still being prepared."),
        (PhotoState.UNREADABLE, "could not be prepared"),
        (PhotoState.ERASING, "has been erased"),
    ],
)
def test_one_photo_that_cannot_be_ordered_and_none_is(state: PhotoState, words: str):
    member = make_member()
    photos = make_photos(member)
    Photo.objects.filter(pk=photos[1].pk).update(state=state)
    with pytest.raises(order.CannotOrder, match=words):
        place(photos, uuid.uuid4())
    assert nothing_happened(member)


def test_one_consent_that_was_withdrawn_and_none_is_ordered():
    member = make_member()
    photos = make_photos(member)
    consent_step.withdraw(photo=photos[2], by=member)
    with pytest.raises(order.CannotOrder, match="“Photo 2”"):
        place(photos, uuid.uuid4())
    assert nothing_happened(member)


def test_one_photo_that_is_being_restored_so_already_and_none_is_ordered():
    member = make_member()
    photos = make_photos(member)
    place(photos[1:2], uuid.uuid4())
    with pytest.raises(order.CannotOrder, match="“Photo 1”: GFPGAN with these settings is being"):
        place(photos, uuid.uuid4())
    assert RestorationJob.objects.count() == 1
    assert ledger.wallet_of(member).held_micros == EACH


@pytest.mark.parametrize("agreed", [EACH - 1, EACH + 1, None])
def test_a_price_other_than_the_one_beside_a_photo_orders_nothing(agreed: int | None):
    member = make_member()
    with pytest.raises(order.CannotOrder, match=r"is now \$0\.0093\. Press again"):
        place(make_photos(member), uuid.uuid4(), agreed=agreed)
    assert nothing_happened(member)


def test_a_price_that_was_shown_is_the_price_of_all():
    photos, shown = make_photos(make_member()), prices.price_list()["gfpgan"]
    publish_price("gfpgan", 9_900)
    place(photos, uuid.uuid4(), price=shown)
    assert {job.quoted_micros for job in RestorationJob.objects.all()} == {EACH}


def test_somebody_elses_photo_is_never_ordered():
    member = make_member()
    other = make_photo()
    make_consent(other)
    with pytest.raises(order.CannotOrder, match="has gone"):
        place([*make_photos(member), other], uuid.uuid4())
    assert nothing_happened(member)


def test_money_for_some_orders_none_and_says_what_the_whole_lacks():
    member = make_member(micros=2 * EACH)
    with pytest.raises(ledger.InsufficientFunds) as problem:
        place(make_photos(member), uuid.uuid4())
    assert problem.value.needed_micros == 3 * EACH
    assert problem.value.available_micros == 2 * EACH
    assert problem.value.missing_micros == EACH
    assert nothing_happened(member, 2 * EACH)


def test_a_monthly_limit_with_room_for_some_orders_none_and_says_what_the_whole_costs():
    member = make_member()
    ledger.set_limits(user=member, monthly_limit_micros=2 * EACH, warn_below_micros=None)
    with pytest.raises(ledger.OverMonthlyLimit) as problem:
        place(make_photos(member), uuid.uuid4())
    assert (problem.value.needed_micros, problem.value.spent_micros) == (3 * EACH, 0)
    assert nothing_happened(member)


@pytest.mark.django_db(transaction=True)
def test_four_clicks_at_once_are_one_set_of_jobs():
    photos, key = make_photos(make_member()), uuid.uuid4()
    outcomes = at_once(4, lambda _: frozenset(job.pk for job in place(photos, key)))
    assert len(set(outcomes)) == 1
    assert RestorationJob.objects.count() == 3
    assert Transfer.objects.filter(kind="HOLD").count() == 3
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_two_lists_of_the_same_photos_in_opposite_order_do_not_wait_for_each_other_for_ever():
    member = make_member()
    photos = make_photos(member, 5)
    lists = [photos, photos[::-1]] * 2
    at_once(4, lambda number: place(lists[number], uuid.uuid4(), scale=number + 1))
    assert RestorationJob.objects.count() == 20
    assert ledger.wallet_of(member).held_micros == 20 * EACH
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_in_the_midst_of_an_order_leaves_all_or_nothing():
    member = make_member()
    photos = make_photos(member)

    def act(number: int) -> None:
        if number:
            consent_step.withdraw(photo=photos[1], by=member)
            return
        try:
            place(photos, uuid.uuid4())
        except order.CannotOrder:
            assert not RestorationJob.objects.exists()

    at_once(2, act)
    assert RestorationJob.objects.count() in (0, 3)
    assert not RestorationJob.objects.filter(photo=photos[1]).unfinished().exists()
    assert books.lies() == []
