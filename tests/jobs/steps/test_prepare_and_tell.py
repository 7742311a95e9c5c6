"""steps.prepare and steps.tell: the copies of a photo, and the e-mail at a job's end."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from PIL import Image

from jobs import storage
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.steps import intake, order, prepare, settle, tell
from tests.builders import make_job, make_member, run
from tests.fakes import FakeVendor, png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def uploaded() -> Photo:
    data = png(100, 60)
    return intake.receive(
        owner=make_member(), file=io.BytesIO(data), name="anna.png", byte_size=len(data)
    )


def test_preparing_makes_the_four_copies():
    photo = uploaded()
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED
    assert photo.is_veiled
    assert set(storage.keys_under(photo.prefix)) == {
        photo.original_key,
        photo.prepared_key,
        photo.preview_key,
        photo.thumbnail_key,
        photo.veiled_key,
    }
    copy = io.BytesIO()
    storage.get(photo.prepared_key, copy)
    assert Image.open(copy).size == (100, 60)


def test_an_original_that_cannot_be_prepared_says_why():
    photo = uploaded()
    storage.put(photo.original_key, io.BytesIO(b"damaged"), content_type="image/png")
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.UNREADABLE
    assert photo.note


def test_a_store_that_is_down_lets_the_photo_wait(monkeypatch: pytest.MonkeyPatch):
    photo = uploaded()
    with monkeypatch.context() as patch:

        def down(*args: object, **kwargs: object) -> None:
            raise storage.StorageUnavailable("down")

        patch.setattr(storage, "get", down)
        run("prepare")
    photo.refresh_from_db()
    assert (photo.state, photo.tries) == (PhotoState.UPLOADED, 1)
    assert photo.due_at is not None
    assert photo.due_at > timezone.now()
    Photo.objects.update(due_at=timezone.now())
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


def test_a_worker_killed_while_preparing_is_made_good_when_its_lease_ends():
    photo = uploaded()
    prepare.claim(1, timezone.now())
    assert run("prepare") == 0
    Photo.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


def failed_job(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("FAILED").callback())
    return job


def test_a_member_hears_once_how_a_job_ended(vendor: FakeVendor):
    job = failed_job(vendor)
    assert run("tell") == 1
    assert run("tell") == 0
    (message,) = mail.outbox
    assert message.to == [job.owner.email]
    assert "could not be restored" in message.subject
    assert f"http://testserver/jobs/{job.pk}/" in message.body


def test_a_delivered_job_tells_what_was_charged(vendor: FakeVendor):
    make_job()
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
    run("collect")
    run("tell")
    (message,) = mail.outbox
    assert "is restored" in message.subject
    assert "$0.0031 charged." in message.body
    (html, _) = message.alternatives[0]  # type: ignore[attr-defined]
    assert "$0.0031" in html


def test_who_cancelled_needs_no_mail():
    job = make_job()
    order.cancel(job=job, by=job.owner)
    run("tell")
    assert mail.outbox == []
    assert tell.waiting().count() == 0


def test_an_open_page_has_its_time_to_show_the_end_before_an_e_mail_does(
    vendor: FakeVendor, settings: Any
):
    settings.TELL_AFTER_SECONDS = 90
    with time_machine.travel(timezone.now(), tick=False) as clock:
        failed_job(vendor)
        assert run("tell") == 0
        clock.shift(89)
        assert run("tell") == 0
        clock.shift(2)
        assert run("tell") == 1
    assert len(mail.outbox) == 1


def test_who_has_seen_it_on_the_page_gets_no_e_mail(vendor: FakeVendor, settings: Any):
    settings.TELL_AFTER_SECONDS = 90
    job = failed_job(vendor)
    tell.seen(job, timezone.now())
    assert tell.waiting().count() == 0
    RestorationJob.objects.update(due_at=timezone.now())
    assert run("tell") == 0
    assert mail.outbox == []


def test_nothing_is_told_by_a_page_before_it_has_ended(vendor: FakeVendor):
    job = make_job()
    tell.seen(job, timezone.now())
    job.refresh_from_db()
    assert job.told_at is None
    assert job.due_at is not None


def test_a_page_that_shows_it_while_the_e_mail_goes_out_is_no_second_telling(vendor: FakeVendor):
    job = failed_job(vendor)
    (work,) = tell.claim(1, timezone.now())
    tell.seen(job, timezone.now())
    tell.record(work, None, timezone.now())
    assert run("tell") == 0


def test_a_mail_server_that_is_down_lets_the_news_wait(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    job = failed_job(vendor)
    with monkeypatch.context() as patch:

        def down(*args: object) -> None:
            raise OSError("no mail")

        patch.setattr(EmailMultiAlternatives, "send", down)
        run("tell")
    job.refresh_from_db()
    assert job.told_at is None
    RestorationJob.objects.update(due_at=timezone.now())
    run("tell")
    assert len(mail.outbox) == 1
