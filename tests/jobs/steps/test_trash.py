"""steps.trash: out of sight at once, erased after its days, and back until then."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts import books, ledger
from jobs import storage
from jobs.models import ConsentStatus, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.steps import consent, order, trash
from tests.builders import make_consent, make_job, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=settings.TRASH_DAYS)


def trashed(**fields: Any) -> Photo:
    photo = make_photo(**fields)
    make_consent(photo)
    trash.put(photo=photo, by=photo.owner)
    photo.refresh_from_db()
    return photo


def test_what_waits_is_cancelled_uncharged_and_the_photo_is_out_of_sight():
    photo = make_photo()
    make_consent(photo, depicted=("CHILD",))
    jobs = [make_job(photo=photo), make_job(photo=photo)]
    assert trash.put(photo=photo, by=photo.owner) == 2
    for job in jobs:
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED
    assert ledger.wallet_of(photo.owner).held_micros == 0
    assert not Photo.objects.visible().filter(pk=photo.pk).exists()
    assert Photo.objects.in_trash().get() == photo
    assert books.lies() == []


def test_a_second_time_changes_nothing_not_even_the_day():
    photo = trashed()
    assert trash.put(photo=photo, by=photo.owner) == 0
    assert Photo.objects.get(pk=photo.pk).trashed_at == photo.trashed_at


def test_while_a_restoration_is_under_way_it_is_refused_and_nothing_is_changed(
    bucket: None, vendor: FakeVendor
):
    photo = make_photo()
    sent, waiting = make_job(photo=photo), None
    run("submit")
    waiting = make_job(photo=photo)
    with pytest.raises(trash.TrashError, match="under way"):
        trash.put(photo=photo, by=photo.owner)
    for job, state in ((sent, JobState.QUEUED), (waiting, JobState.READY)):
        job.refresh_from_db()
        assert job.state == state
    photo.refresh_from_db()
    assert not photo.is_in_trash


def test_in_the_trash_nothing_can_be_ordered_said_or_sent():
    photo = trashed()
    with pytest.raises(order.CannotOrder, match="in the trash"):
        make_job(photo=photo)
    with pytest.raises(consent.ConsentError, match="in the trash"):
        make_consent(photo)
    given = photo.current_consent
    assert given is not None
    assert not given.is_live


def test_put_back_everything_is_as_it_was():
    photo = trashed()
    trash.put_back(photo=photo, by=photo.owner)
    photo.refresh_from_db()
    assert not photo.is_in_trash
    assert make_job(photo=photo).state == JobState.READY


def test_erased_after_its_days_and_not_before(bucket: None):
    photo = trashed()
    storage.put(photo.original_key, io.BytesIO(b"x"), content_type="image/png")
    assert photo.trashed_at is not None
    assert photo.erased_on == (photo.trashed_at + DAYS).date()
    assert trash.erase_old(photo.trashed_at + DAYS - timedelta(seconds=1), 10) == 0
    assert trash.erase_old(photo.trashed_at + DAYS, 10) == 1
    run("erase")
    photo.refresh_from_db()
    assert photo.title == "Erased photo"
    assert storage.keys_under(photo.prefix) == []
    given = photo.consents.get()
    assert given.status == ConsentStatus.WITHDRAWN
    event = given.events.last()
    assert event is not None
    assert (event.by, event.why) == (None, "erased after 30 days in the trash")


def test_the_oldest_first_and_no_more_than_asked_for():
    photos = [trashed() for _ in range(3)]
    Photo.objects.filter(pk=photos[2].pk).update(trashed_at=timezone.now() - 3 * DAYS)
    later = timezone.now() + DAYS
    assert trash.erase_old(later, 1) == 1
    assert Photo.objects.get(state=PhotoState.ERASING) == photos[2]
    assert trash.erase_old(later, 10) == 2
    assert trash.erase_old(later, 10) == 0


def test_erase_now_does_not_wait_and_asks_that_it_lies_in_the_trash():
    photo = trashed()
    trash.erase_now(photo=photo, by=photo.owner)
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASING
    with pytest.raises(trash.TrashError):
        trash.put_back(photo=photo, by=photo.owner)
    kept = make_photo()
    with pytest.raises(trash.TrashError):
        trash.erase_now(photo=kept, by=kept.owner)


@pytest.mark.django_db(transaction=True)
def test_of_an_order_and_the_trash_at_once_no_job_is_left_in_the_trash():
    """Whoever locks the photo first: the other looks again."""
    for _ in range(5):
        photo = make_photo()
        make_consent(photo)

        def act(number: int, photo: Photo = photo) -> str:
            try:
                if number:
                    make_job(photo=photo)
                else:
                    trash.put(photo=photo, by=photo.owner)
            except order.CannotOrder as problem:
                return str(problem)
            return ""

        at_once(2, act)
        photo.refresh_from_db()
        assert photo.is_in_trash
        assert not RestorationJob.objects.filter(photo=photo).unfinished().exists()
        assert ledger.wallet_of(photo.owner).held_micros == 0
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket")
def test_of_the_trash_and_the_sending_at_once_one_is_first(vendor: FakeVendor):
    """Sent: it stays in the gallery. In the trash: the vendor hears nothing of it."""
    for _ in range(5):
        photo = make_photo()
        job = make_job(photo=photo)
        calls = len(vendor.submissions)

        def act(number: int, photo: Photo = photo) -> bool:
            if number:
                run("submit")
                return True
            try:
                trash.put(photo=photo, by=photo.owner)
            except trash.TrashError:
                return False
            return True

        went = at_once(2, act)
        photo.refresh_from_db()
        job.refresh_from_db()
        if photo.is_in_trash:
            assert job.state == JobState.CANCELLED
            assert len(vendor.submissions) == calls
        else:
            assert (False in went, job.state) == (True, JobState.QUEUED)
