"""steps.retain: a photo is kept no longer than its member allowed, and they are told."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Letter
from jobs import consent_proof, storage, tasks
from jobs.models import Consent, ConsentStatus, Photo, PhotoState
from jobs.states import JobState
from jobs.steps import consent, retain, settle, trash
from tests.builders import decide, make_consent, make_job, make_photo, run
from tests.fakes import FakeVendor
from tests.racing import at_once

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def kept_for(days: int, **fields: Any) -> Consent:
    """A consent that allows today and so many days more."""
    return make_consent(make_photo(**fields), keep_until=(timezone.now() + days * DAY).date())


def after(given: Consent) -> datetime:
    """The first instant at which the photo may not be kept any more."""
    assert given.keep_until is not None
    day = given.keep_until + DAY
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())


def letters(kind: str) -> int:
    return Letter.objects.filter(kind=kind).count()


def test_the_last_day_is_whole_and_the_next_ends_it(bucket: None):
    given = kept_for(3)
    photo = given.photo
    storage.put(photo.original_key, io.BytesIO(b"x"), content_type="image/png")
    assert retain.enforce(after(given) - timedelta(seconds=1), 10) == 0
    assert retain.enforce(after(given), 10) == 1
    run("erase")
    given.refresh_from_db()
    photo.refresh_from_db()
    assert given.status == ConsentStatus.EXPIRED
    event = given.events.last()
    assert event is not None
    assert (event.by, event.why, event.number) == (None, "its date has passed", 2)
    assert photo.title == "Erased photo"
    assert storage.keys_under(photo.prefix) == []


def test_a_second_run_finds_nothing_to_do_and_writes_nothing_again():
    given = kept_for(0)
    assert retain.enforce(after(given), 10) == 1
    assert retain.enforce(after(given), 10) == 0
    assert given.events.count() == 2
    assert letters("keep_until_over") == 1


def test_whatever_is_unfinished_ends_uncharged(bucket: None, vendor: FakeVendor):
    given = kept_for(2)
    sent = make_job(photo=given.photo)
    run("submit")
    waiting = make_job(photo=given.photo)
    retain.enforce(after(given), 10)
    for job in (sent, waiting):
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED
    assert ledger.wallet_of(given.given_by).held_micros == 0
    assert books.lies() == []


@pytest.mark.parametrize("depicted", [("MYSELF",), ("CHILD",)])
def test_what_waits_for_a_reviewer_ends_too(depicted: tuple[str, ...]):
    photo = make_photo()
    given = make_consent(photo, depicted=depicted, keep_until=timezone.now().date())
    assert retain.enforce(after(given), 10) == 1


@pytest.mark.parametrize("status", ConsentStatus)
def test_the_date_counts_whatever_became_of_the_statement(
    bucket: None, rings: list[str], status: ConsentStatus
):
    given = kept_for(0)
    photo = given.photo
    storage.put(photo.original_key, io.BytesIO(b"x"), content_type="image/png")
    Consent.objects.filter(pk=given.pk).update(status=status)
    for _ in range(2):
        retain.enforce(after(given) - DAY, 10)
    assert letters("keep_until_near") == 1
    assert [retain.enforce(after(given), 10) for _ in range(2)] == [1, 0]
    assert letters("keep_until_over") == 1
    run("erase")
    assert storage.keys_under(photo.prefix) == []


def test_a_photo_with_results_whose_statement_was_not_accepted_is_erased(
    bucket: None, vendor: FakeVendor
):
    """What a reviewer decided stays on record as they decided it."""
    given = kept_for(5)
    make_job(photo=given.photo)
    run("submit")
    vendor.finish("COMPLETED")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.last.callback())
    run("collect")
    assert storage.keys_under(given.photo.prefix) != []
    anew = make_consent(given.photo, depicted=("OTHER",), keep_until=(timezone.now() + DAY).date())
    decide(anew, approve=False)
    assert retain.enforce(after(anew) - timedelta(seconds=1), 10) == 0
    assert retain.enforce(after(anew), 10) == 1
    run("erase")
    assert storage.keys_under(given.photo.prefix) == []
    anew.refresh_from_db()
    assert anew.status == ConsentStatus.REJECTED
    assert consent_proof.findings(timezone.now())[0] == []


def test_of_an_erased_photo_nothing_is_written_any_more():
    given = kept_for(0)
    consent.withdraw(photo=given.photo, by=given.given_by)
    retain.enforce(after(given) - DAY, 10)
    assert retain.enforce(after(given), 10) == 0
    assert letters("keep_until_near") == letters("keep_until_over") == 0


def test_an_earlier_statement_s_date_counts_no_more():
    given = kept_for(0)
    decide(make_consent(given.photo, depicted=("OTHER",)), approve=False)
    assert retain.enforce(after(given), 10) == 0


def test_without_a_date_or_with_a_later_one_it_stays():
    make_consent(make_photo())
    photo = make_photo()
    make_consent(photo, keep_until=timezone.now().date())
    make_consent(photo, keep_until=(timezone.now() + 30 * DAY).date())  # said anew
    assert retain.enforce(timezone.now() + 5 * DAY, 10) == 0


def test_a_photo_in_the_trash_is_kept_no_longer_either():
    given = kept_for(0)
    trash.put(photo=given.photo, by=given.given_by)
    assert retain.enforce(after(given), 10) == 1
    assert Photo.objects.get().state == PhotoState.ERASING


def test_the_member_is_written_to_a_week_before_once_and_when_it_is_done(rings: list[str]):
    given = kept_for(30, title="Anna 1931")
    week_before = after(given) - 8 * DAY
    retain.enforce(week_before - DAY, 10)
    assert letters("keep_until_near") == 0
    for _ in range(3):
        retain.enforce(week_before, 10)
    assert letters("keep_until_near") == 1
    run("send")
    retain.enforce(after(given), 10)
    run("send")
    near, over = mail.outbox
    assert near.to == over.to == [given.given_by.email]
    assert "Anna 1931" in near.subject
    assert f"/photos/{given.photo_id}/" in near.body
    assert over.subject == "“Anna 1931” is being erased"
    assert [letter.context for letter in Letter.objects.all()] == [{}, {}]


def test_many_are_worked_off_in_several_runs_and_none_is_starved():
    given = [kept_for(0) for _ in range(5)]
    moment = after(given[0])
    assert [retain.enforce(moment, 2) for _ in range(4)] == [2, 2, 1, 0]
    many_near = [kept_for(3) for _ in range(5)]
    for _ in range(3):
        retain.enforce(after(many_near[0]) - 2 * DAY, 2)
    assert letters("keep_until_near") == 5


def test_the_clock_keeps_both_promises(rings: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    given = kept_for(0)
    Consent.objects.filter(pk=given.pk).update(keep_until=(timezone.now() - DAY).date())
    old = make_photo()
    trash.put(photo=old, by=old.owner)
    Photo.objects.filter(pk=old.pk).update(trashed_at=timezone.now() - 31 * DAY)
    tasks.keep_promises()
    assert set(Photo.objects.values_list("state", flat=True)) == {PhotoState.ERASING}
    assert "erase" in rings


@pytest.mark.django_db(transaction=True)
def test_of_the_clock_and_the_member_at_once_one_ends_it_and_both_are_well():
    for _ in range(5):
        given = kept_for(0)
        moment = after(given)

        def act(number: int, given: Consent = given, moment: datetime = moment) -> None:
            if number == 0:
                consent.withdraw(photo=given.photo, by=given.given_by)
            else:
                retain.enforce(moment, 10)

        at_once(3, act)
        given.refresh_from_db()
        assert given.status in (ConsentStatus.EXPIRED, ConsentStatus.WITHDRAWN)
        assert given.events.count() == 2
