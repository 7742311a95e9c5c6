"""steps.not_them: one free restoration for each photo, at the house's cost, and the books agree."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer
from jobs import prices
from jobs.catalog import CODEFORMER, FLUX_KONTEXT, GFPGAN, MODELS, RestorationModel
from jobs.models import NotThem, Photo, RestorationJob
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import erase, not_them, order, settle, stop, trash
from tests.builders import make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

START, PRICE = 1_000_000, 3_100
SMALL = {"upscale": 1}


def call_back(vendor: FakeVendor, status: str = "COMPLETED") -> None:
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish(status).callback())


def restored(vendor: FakeVendor, photo: Photo | None = None) -> RestorationJob:
    """A GFPGAN result in the photo's own size, paid for."""
    job = make_job(photo=photo or make_photo())
    return bring(job, vendor)


def bring(job: RestorationJob, vendor: FakeVendor) -> RestorationJob:
    run("submit")
    call_back(vendor)
    run("collect")
    job.refresh_from_db()
    assert job.state == JobState.DELIVERED
    return job


def again(
    job: RestorationJob,
    *,
    model: RestorationModel = CODEFORMER,
    key: uuid.UUID | None = None,
    **settings: Any,
) -> RestorationJob:
    return not_them.order_again(
        job=job,
        by=job.owner,
        model=model,
        parameters={**model.defaults(), **(SMALL if model is CODEFORMER else {}), **settings},
        price=prices.price_list()[model.key],
        click_key=key or uuid.uuid4(),
        reason="ANOTHER_PERSON",
        words="She had brown eyes.",
        now=timezone.now(),
    )


def money(job: RestorationJob) -> tuple[int, int]:
    wallet = ledger.wallet_of(job.owner)
    return wallet.available_micros, wallet.held_micros


def of_the_house(job: RestorationJob) -> list[tuple[str, int]]:
    found = Transfer.objects.filter(reference=str(job.pk)).order_by("pk")
    return [(transfer.kind, transfer.amount_micros) for transfer in found]


def test_it_costs_the_member_nothing_and_the_house_its_price(vendor: FakeVendor):
    first = restored(vendor)
    rerun = again(first)
    assert money(rerun) == (START - PRICE, 0)
    assert (rerun.hold, rerun.instead_of, rerun.state) == (None, first, JobState.READY)
    assert of_the_house(rerun) == []
    bring(rerun, vendor)
    assert money(rerun) == (START - PRICE, 0)
    assert of_the_house(rerun) == [("WAIVED", rerun.quoted_micros)]
    assert rerun.quoted_micros > 0
    assert books.lies() == []


def test_what_was_said_is_kept_beside_it(vendor: FakeVendor):
    rerun = again(restored(vendor))
    said = NotThem.objects.get()
    assert (said.rerun, said.reason, said.words) == (rerun, "ANOTHER_PERSON", "She had brown eyes.")


def test_with_an_empty_wallet_and_beyond_the_monthly_limit_it_is_still_free(vendor: FakeVendor):
    first = restored(vendor, make_photo(owner=make_member(micros=PRICE)))
    ledger.set_limits(user=first.owner, monthly_limit_micros=PRICE, warn_below_micros=None)
    assert again(first).state == JobState.READY
    assert ledger.spent_in_month(first.owner) == PRICE


def test_the_same_click_is_the_same_job(vendor: FakeVendor):
    first, key = restored(vendor), uuid.uuid4()
    assert again(first, key=key) == again(first, key=key)
    assert NotThem.objects.count() == 1


def test_there_is_one_for_each_photo(vendor: FakeVendor):
    first = restored(vendor)
    rerun = bring(again(first), vendor)
    for doubted in (first, rerun):
        with pytest.raises(not_them.CannotRerun, match="one for each photo"):
            again(doubted, codeformer_fidelity=0.9)
    assert again(restored(vendor, make_photo(owner=first.owner))).is_free


@pytest.mark.parametrize("status", ["FAILED", "ERROR"])
def test_one_that_brings_no_picture_does_not_count_and_costs_nobody_anything(
    vendor: FakeVendor, status: str
):
    first = restored(vendor)
    rerun = again(first)
    run("submit")
    call_back(vendor, status)
    rerun.refresh_from_db()
    assert (rerun.state, of_the_house(rerun)) == (status, [])
    assert again(first).is_free
    assert books.lies() == []


def test_a_picture_that_is_lost_after_all_gives_the_house_its_money_back(vendor: FakeVendor):
    first = restored(vendor)
    rerun = again(first)
    run("submit")
    call_back(vendor)
    vendor.output = b"no picture"
    run("collect")
    rerun.refresh_from_db()
    assert rerun.state == JobState.ERROR
    assert of_the_house(rerun) == [
        ("WAIVED", rerun.quoted_micros),
        ("UNWAIVED", rerun.quoted_micros),
    ]
    assert money(rerun) == (START - PRICE, 0)
    assert books.lies() == []


def test_stopping_it_is_the_houses_loss_and_gives_the_next(vendor: FakeVendor):
    first = restored(vendor)
    rerun = again(first)
    run("submit")
    rerun.refresh_from_db()
    stop.stop(job=rerun, by=rerun.owner)
    assert rerun.attempts.get().house_cost_micros > 0
    assert again(first).is_free


def test_the_same_again_is_no_other_try(vendor: FakeVendor):
    first = restored(vendor)
    with pytest.raises(not_them.CannotRerun, match="what you have already"):
        again(first, model=GFPGAN, scale=1)
    assert not NotThem.objects.exists()


def test_another_file_format_is_no_other_try(vendor: FakeVendor):
    first = bring(make_job(photo=make_photo(), model=FLUX_KONTEXT), vendor)
    for said in ({"output_format": "jpg"}, {"safety_tolerance": 0}):
        with pytest.raises(not_them.TheSame, match="changes the picture"):
            again(first, model=FLUX_KONTEXT, **said)
    assert not NotThem.objects.exists()
    assert again(first, model=FLUX_KONTEXT, seed=7).is_free


def test_a_model_is_another_way_when_its_form_can_change_the_picture(vendor: FakeVendor):
    def ways(model: RestorationModel, **settings: Any) -> set[str]:
        job = make_job(photo=make_photo(), model=model, **settings)
        return {key for key, one in MODELS.items() if not_them.has_another_way(job, one)}

    assert ways(FLUX_KONTEXT) == {"gfpgan", "codeformer"}
    assert ways(GFPGAN, scale=1) == {"codeformer", "flux-kontext"}
    assert ways(GFPGAN, scale=2) == ways(CODEFORMER, upscale=1) == set(MODELS)


def test_the_same_model_with_another_fidelity_is_another_try(vendor: FakeVendor):
    job = make_job(photo=make_photo(), model=CODEFORMER, codeformer_fidelity=0.5, **SMALL)
    first = bring(job, vendor)
    with pytest.raises(not_them.CannotRerun, match="what you have already"):
        again(first, codeformer_fidelity=0.5)
    assert not NotThem.objects.exists()
    rerun = again(first, codeformer_fidelity=0.9)
    assert (rerun.is_free, rerun.parameters["codeformer_fidelity"]) == (True, 0.9)


def test_what_is_being_restored_already_is_no_other_try(vendor: FakeVendor):
    first = restored(vendor)
    paid = make_job(photo=first.photo, model=CODEFORMER, **SMALL)
    with pytest.raises(order.CannotOrder, match="CodeFormer with these settings is being"):
        again(first)
    assert not NotThem.objects.exists()
    order.cancel(job=paid, by=paid.owner)
    assert again(first).is_free


def test_it_is_no_larger_than_what_was_paid_for(vendor: FakeVendor):
    with pytest.raises(not_them.CannotRerun, match="64 × 48 px"):
        again(restored(vendor), upscale=2)
    assert RestorationJob.objects.count() == 1


@pytest.mark.parametrize("gone", ["unfinished", "trashed", "withdrawn"])
def test_without_a_picture_there_is_none(vendor: FakeVendor, gone: str):
    first = make_job() if gone == "unfinished" else restored(vendor)
    if gone == "trashed":
        trash.put(photo=first.photo, by=first.owner)
    if gone == "withdrawn":
        consent_step.withdraw(photo=first.photo, by=first.owner)
    with pytest.raises(order.CannotOrder):
        again(first)
    assert not RestorationJob.objects.filter(instead_of__isnull=False).exists()


def test_what_was_written_of_a_face_goes_with_the_photo_and_the_reason_stays(vendor: FakeVendor):
    rerun = bring(again(restored(vendor)), vendor)
    consent_step.withdraw(photo=rerun.photo, by=rerun.owner)
    run(erase.NAME)
    said = NotThem.objects.get()
    assert (said.words, said.reason) == ("", "ANOTHER_PERSON")


def test_the_database_refuses_a_second_free_one_and_one_with_money(vendor: FakeVendor):
    first = restored(vendor)
    rerun = again(first)
    other = make_job(photo=first.photo)
    with pytest.raises(IntegrityError), transaction.atomic():
        RestorationJob.objects.filter(pk=other.pk).update(instead_of=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        RestorationJob.objects.filter(pk=other.pk).update(instead_of=first, hold=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        RestorationJob.objects.filter(pk=rerun.pk).update(hold=first.hold)


def test_the_database_refuses_a_second_waiver_for_one_job(vendor: FakeVendor):
    rerun = bring(again(restored(vendor)), vendor)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.waive(
            user=rerun.owner, amount_micros=1, key="another", memo="", reference=str(rerun.pk)
        )


@pytest.mark.django_db(transaction=True)
def test_four_clicks_at_once_give_one_free_restoration(vendor: FakeVendor):
    first = restored(vendor)

    def act(number: int) -> bool:
        try:
            again(first, codeformer_fidelity=number / 10)
        except not_them.CannotRerun:
            return False
        return True

    assert sum(at_once(4, act)) == 1
    assert RestorationJob.objects.free().count() == NotThem.objects.count() == 1
    assert money(first) == (START - PRICE, 0)
    assert books.lies() == []
