"""Withdrawal at every moment: no picture comes in late, nothing is left in the bucket, nobody pays.

The store is one inside the process; tests/journeys/test_withdrawal.py asks a real one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import books, ledger
from jobs import images, storage
from jobs.models import Attempt, AttemptOutcome, Photo, PhotoState, RestorationJob
from jobs.states import TERMINAL, JobState
from jobs.steps import aftermath, collect, consent, erase, prepare, settle, submit
from tests.builders import make_consent, make_due, make_job, make_photo, run
from tests.fakes import FakeVendor, png
from tests.staff import client_of, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def stored_photo() -> Photo:
    """With everything in S3 that a prepared photo has."""
    photo = make_photo(title="Anna 1931")
    for key in (photo.original_key, photo.prepared_key, photo.preview_key, photo.thumbnail_key):
        storage.put(key, io.BytesIO(png()), content_type="image/png")
    return photo


def withdraw(photo: Photo) -> None:
    consent.withdraw(photo=photo, by=photo.owner)
    erase.at_once(photo)


def waiting_for_a_reviewer(photo: Photo, vendor: FakeVendor) -> None:
    make_consent(photo, depicted=("CHILD",))
    make_job(photo=photo)
    withdraw(photo)


def before_it_was_sent(photo: Photo, vendor: FakeVendor) -> None:
    make_job(photo=photo)
    withdraw(photo)


def while_it_was_being_sent(photo: Photo, vendor: FakeVendor) -> None:
    """Between the claim and the vendor's answer: its record finds the lease gone."""
    make_job(photo=photo)
    (work,) = submit.claim(1, timezone.now())
    withdraw(photo)
    submit.record(work, submit.call(work), timezone.now())


def in_the_vendors_queue(photo: Photo, vendor: FakeVendor) -> None:
    make_job(photo=photo)
    run("submit")
    withdraw(photo)


def while_it_was_restored(photo: Photo, vendor: FakeVendor) -> None:
    make_job(photo=photo)
    run("submit")
    vendor.finish("PROCESSING")
    callback(vendor)
    withdraw(photo)


def when_it_was_charged_and_not_fetched(photo: Photo, vendor: FakeVendor) -> None:
    make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    callback(vendor)
    withdraw(photo)


def while_it_was_being_fetched(photo: Photo, vendor: FakeVendor) -> None:
    """The result lies in S3 by the time that its record finds the lease gone."""
    make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    callback(vendor)
    (work,) = collect.claim(1, timezone.now())
    withdraw(photo)
    run("erase")
    outcome = collect.call(work)
    assert isinstance(outcome[-1].outcome, collect.Collected)
    assert storage.keys_under(photo.prefix) != []
    collect.record(work, outcome, timezone.now())


def after_it_was_delivered(photo: Photo, vendor: FakeVendor) -> None:
    job = make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    callback(vendor)
    run("collect")
    job.refresh_from_db()
    assert job.state == JobState.DELIVERED
    withdraw(photo)


Moment = Callable[[Photo, FakeVendor], None]
UNCHARGED = "Nothing was charged: the $0.0031 that was set aside is in your wallet again."
REFUNDED = "The charge of $0.0031 was refunded: it costs you nothing."
UNSENT = "Nothing was sent to a restorer."
UNSURE = "A copy without hidden data may have been sent to Pixazo on"
SENT = "A copy without hidden data was sent to Pixazo on"
MADE = "Pixazo made a picture of it, which it may hold, too."
# What the member is told of the charge and of the copy.
MOMENTS: dict[Moment, tuple[str, ...]] = {
    waiting_for_a_reviewer: (UNCHARGED, UNSENT),
    before_it_was_sent: (UNCHARGED, UNSENT),
    while_it_was_being_sent: (UNCHARGED, SENT),
    in_the_vendors_queue: (UNCHARGED, SENT),
    while_it_was_restored: (UNCHARGED, SENT),
    when_it_was_charged_and_not_fetched: (REFUNDED, SENT, MADE),
    while_it_was_being_fetched: (REFUNDED, SENT, MADE),
    after_it_was_delivered: (
        "The charge of $0.0031 stays, because its picture was delivered on",
        SENT,
        MADE,
    ),
}


def callback(vendor: FakeVendor) -> None:
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.last.callback())


def all_that_may_still_happen(vendor: FakeVendor) -> None:
    """Late callbacks and polls, then the erasing, then its second pass."""
    for status in ("PROCESSING", "COMPLETED") if vendor.requests else ():
        vendor.finish(status)
        callback(vendor)
    for job in RestorationJob.objects.all():
        make_due(job)
    for step in ("submit", "observe", "collect", "erase"):
        run(step)
    Photo.objects.filter(state=PhotoState.ERASING).update(
        due_at=timezone.now() - timedelta(seconds=1)
    )
    run("erase")


of_each_moment = pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)


@of_each_moment
def test_after_a_withdrawal_nothing_of_the_photo_is_left_or_comes_in(
    moment: Moment, vendor: FakeVendor
):
    photo = stored_photo()
    other = stored_photo()
    started_with = ledger.wallet_of(photo.owner).available_micros
    moment(photo, vendor)
    assert photo.prepared_key not in storage.keys_under(photo.prefix)
    sent = len(vendor.submissions)
    all_that_may_still_happen(vendor)
    assert len(vendor.submissions) == sent
    assert storage.keys_under(photo.prefix) == []
    assert len(storage.keys_under(other.prefix)) == 4
    photo.refresh_from_db()
    assert (photo.state, photo.title, photo.faces) == (PhotoState.ERASED, "Erased photo", [])
    job = RestorationJob.objects.get(photo=photo)
    assert job.state in TERMINAL
    wallet = ledger.wallet_of(photo.owner)
    charged = job.quoted_micros if job.state == JobState.DELIVERED else 0
    assert (wallet.held_micros, wallet.available_micros) == (0, started_with - charged)
    assert books.lies() == []


def test_copies_that_were_being_made_are_gone_after_the_second_pass():
    photo = make_photo(state=PhotoState.UPLOADED, prepared_extension="", due_at=timezone.now())
    storage.put(photo.original_key, io.BytesIO(png()), content_type="image/png")
    make_consent(photo)
    (claimed,) = prepare.claim(1, timezone.now())
    consent.withdraw(photo=photo, by=photo.owner)
    original = io.BytesIO()
    storage.get(photo.original_key, original)
    run("erase")
    made = images.prepare(original)
    claimed.prepared_extension = "png"
    storage.put(claimed.prepared_key, io.BytesIO(made.copy.data), content_type="image/png")
    prepare.record(claimed, prepare.Done(made), timezone.now())
    Photo.objects.update(due_at=timezone.now())
    run("erase")
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASED
    assert storage.keys_under(photo.prefix) == []


@pytest.mark.parametrize("passes", [1, 2])
def test_a_call_that_outlives_its_lease_has_the_photo_erased_once_more(
    vendor: FakeVendor, passes: int
):
    """A slow store, several pictures: it stored them after we had looked for the last time."""
    photo = stored_photo()
    job = make_job(photo=photo)
    run("submit")
    vendor.finish("COMPLETED")
    make_due(job)
    run("observe")
    (work,) = collect.claim(1, timezone.now())
    consent.withdraw(photo=photo, by=photo.owner)
    for _ in range(passes):
        Photo.objects.update(due_at=timezone.now())
        run("erase")
    outcome = collect.call(work)
    assert storage.keys_under(photo.prefix)
    collect.record(work, outcome, timezone.now())
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        run("erase")
        run("erase")
    photo.refresh_from_db()
    assert photo.state == PhotoState.ERASED
    assert storage.keys_under(photo.prefix) == []


# --- What the member sees ---------------------------------------------------------------------
@of_each_moment
def test_page_and_letter_say_of_the_restoration_what_it_cost_and_who_may_still_hold_a_copy(
    moment: Moment, vendor: FakeVendor
):
    photo = stored_photo()
    moment(photo, vendor)
    page = client_of(photo.owner).get(reverse("consent_record", args=[photo.pk]))
    mail.outbox.clear()
    run("send")
    (letter,) = [one for one in mail.outbox if "is withdrawn" in one.subject]
    assert isinstance(letter, EmailMultiAlternatives)
    assert letter.subject == "Consent for “Anna 1931” is withdrawn"
    assert reverse("consent_record", args=[photo.pk]) in letter.body
    html = str(letter.alternatives[0][0])
    known = MOMENTS[moment]
    # The vendor's answer came after the letter was written.
    known_then = (UNCHARGED, UNSURE) if moment is while_it_was_being_sent else known
    for text, told in (
        (page.content.decode(), known),
        (html, known_then),
        (letter.body, known_then),
    ):
        assert "GFPGAN" in text
        for words in told:
            assert words in text
        for words in {UNCHARGED, REFUNDED, UNSENT, UNSURE, SENT, MADE}.difference(told):
            assert words not in text


def test_what_the_vendor_did_not_take_or_took_twice_and_what_was_partly_refunded_is_told_so(
    vendor: FakeVendor,
):
    photo = stored_photo()
    after_it_was_delivered(photo, vendor)
    job = RestorationJob.objects.get()
    assert job.hold is not None
    Attempt.objects.update(created_at=datetime(2026, 3, 1, tzinfo=UTC))
    refused = Attempt.objects.create(
        job=job, number=2, vendor="pixazo", token_sha256="2", outcome="NOT_ACCEPTED"
    )
    ledger.refund(hold=job.hold, amount_micros=1_000, key="part", reason="Smaller than quoted")
    (told,) = aftermath.of_photo(photo)
    assert told.money.startswith("The charge of $0.0021 stays, because its picture was delivered")
    assert told.money.endswith("$0.001 more was refunded.")
    assert "was sent to Pixazo on March 1, 2026." in told.vendor
    Attempt.objects.filter(pk=refused.pk).update(
        outcome="UNKNOWN",
        vendor_status="QUEUED",
        house_cost_micros=1,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    (told,) = aftermath.of_photo(photo)
    assert "was sent to Pixazo on March 1, 2026 and March 2, 2026." in told.vendor
    Attempt.objects.filter(pk=refused.pk).update(vendor="fal", vendor_status="")
    (told,) = aftermath.of_photo(photo)
    assert "was sent to Pixazo on March 1, 2026. Pixazo made a picture of it" in told.vendor
    assert "may have been sent to fal.ai on March 2, 2026" in told.vendor


def test_without_any_restoration_that_is_told_and_a_second_time_nothing_more():
    photo = stored_photo()
    make_consent(photo)
    withdraw(photo)
    withdraw(photo)
    text = client_of(photo.owner).get(reverse("consent_record", args=[photo.pk])).content.decode()
    nothing = "nothing was charged, and nothing was sent to a restorer."
    assert nothing in text
    run("send")
    (letter,) = [one for one in mail.outbox if "is withdrawn" in one.subject]
    assert nothing in letter.body


def test_the_record_of_an_erased_photo_asks_the_same_few_queries_however_often_it_was_ordered(
    vendor: FakeVendor,
):
    photo = stored_photo()
    client = client_of(photo.owner)
    address = reverse("consent_record", args=[photo.pk])
    make_job(photo=photo)
    run("submit")
    withdraw(photo)
    once = queries(client, address)
    other = stored_photo()
    for _ in range(3):
        make_job(photo=other)
    run("submit")
    withdraw(other)
    assert queries(client_of(other.owner), reverse("consent_record", args=[other.pk])) == once


def press(client: Client, photo: Photo) -> str:
    answer = client.post(reverse("withdraw", args=[photo.pk]), follow=True)
    return answer.content.decode()


GONE = "The copy that the restorer could fetch is gone already."


@pytest.mark.usefixtures("rings")
def test_when_the_page_has_answered_the_vendors_copy_is_gone(vendor: FakeVendor):
    photo = stored_photo()
    make_job(photo=photo)
    run("submit")
    assert GONE in press(client_of(photo.owner), photo)
    assert photo.prepared_key not in storage.keys_under(photo.prefix)


@pytest.mark.usefixtures("rings")
def test_of_a_copy_that_nobody_could_fetch_nothing_is_said():
    photo = stored_photo()
    make_job(photo=photo)
    said = press(client_of(photo.owner), photo)
    assert "is withdrawn." in said
    assert "could fetch" not in said
    assert photo.prepared_key not in storage.keys_under(photo.prefix)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429])
def test_of_a_vendor_that_refused_it_is_said_how_long_it_could_have_fetched_the_copy(
    vendor: FakeVendor, status: int
):
    photo = stored_photo()
    job = make_job(photo=photo)
    vendor.on_submit = lambda _: httpx.Response(status, json={"message": "No."})
    run("submit")
    attempt = job.attempts.get()
    assert (attempt.outcome, attempt.http_status) == (AttemptOutcome.NOT_ACCEPTED, status)
    withdraw(photo)
    (one,) = aftermath.of_photo(photo)
    until = attempt.created_at + timedelta(seconds=settings.VENDOR_URL_SECONDS)
    assert "Pixazo was asked on" in one.vendor
    assert "and refused. It could have fetched a copy" in one.vendor
    assert f"{until:%H:%M} UTC at the latest" in one.vendor
    assert UNSENT not in one.vendor


def test_of_a_vendor_that_was_never_reached_nothing_was_sent():
    photo = stored_photo()
    job = make_job(photo=photo)
    Attempt.objects.create(
        job=job,
        number=1,
        vendor="pixazo",
        token_sha256="1" * 64,
        outcome=AttemptOutcome.NOT_ACCEPTED,
    )
    withdraw(photo)
    assert aftermath.of_photo(photo)[0].vendor == UNSENT


def test_the_letter_does_not_say_that_is_done_what_is_about_to_be(
    mailoutbox: list[EmailMessage],
):
    photo = stored_photo()
    make_consent(photo)
    withdraw(photo)
    run("send")
    (mail,) = mailoutbox
    assert "are being erased from our store now." in mail.body
    assert storage.keys_under(photo.prefix) != []


@pytest.mark.usefixtures("rings")
def test_a_store_that_does_not_answer_is_said_and_the_step_does_it_later(
    monkeypatch: pytest.MonkeyPatch,
):
    photo = stored_photo()
    make_consent(photo)

    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3.test")

    with monkeypatch.context() as patch:
        patch.setattr(storage._hasty_client(), "delete_object", unreachable)
        assert "goes as soon as it does." in press(client_of(photo.owner), photo)
    assert photo.prepared_key in storage.keys_under(photo.prefix)
    run("erase")
    assert storage.keys_under(photo.prefix) == []


def test_the_page_waits_for_the_store_a_few_seconds_at_most():
    config: Any = storage._hasty_client().meta.config
    tries = config.retries["total_max_attempts"]
    assert (config.connect_timeout + config.read_timeout) * tries <= 6
