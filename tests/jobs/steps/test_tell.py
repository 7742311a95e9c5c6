"""steps.tell: one e-mail about all that ended for a member, unless a page has shown it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from accounts.models import User
from jobs.catalog import CODEFORMER
from jobs.models import RestorationJob
from jobs.states import JobState
from jobs.steps import order, settle, tell
from tests.builders import make_job, make_member, make_photo, pending, run
from tests.fakes import FakeVendor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def not_taken(message: EmailMultiAlternatives) -> None:
    raise OSError("no mail")


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
        patch.setattr(EmailMultiAlternatives, "send", not_taken)
        run("tell")
    job.refresh_from_db()
    assert job.told_at is None
    RestorationJob.objects.update(due_at=timezone.now())
    run("tell")
    assert len(mail.outbox) == 1


def ended(member: User, how: JobState = JobState.DELIVERED, **photo: Any) -> RestorationJob:
    """As a job stands when its end has not been told yet."""
    job = make_job(photo=make_photo(owner=member, **photo))
    words = "" if how == JobState.DELIVERED else "The restorer could not restore this photo."
    now = timezone.now()
    RestorationJob.objects.filter(pk=job.pk).update(
        state=how, ended_at=now, due_at=now, failure_words=words
    )
    return job


def test_what_ends_together_is_told_in_one_letter():
    member = make_member()
    done = [ended(member, title=f"Album, {number}") for number in range(3)]
    failed = ended(member, JobState.FAILED, title="The torn one")
    assert run("tell") == 1
    (message,) = mail.outbox
    assert message.to == [member.email]
    assert message.subject == "3 restorations are done, 1 could not be made"
    for job in [*done, failed]:
        assert f"http://testserver/jobs/{job.pk}/" in message.body
    assert message.body.index("The torn one") < message.body.index("Album, 0")
    assert "The restorer could not restore this photo." in message.body
    assert tell.waiting().count() == RestorationJob.objects.to_tell().count() == 0
    assert run("tell") == 0


def test_a_letter_of_many_names_some_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tell, "NAMED_IN_A_LETTER", 2)
    member = make_member()
    for number in range(4):
        ended(member, title=f"Album, {number}")
    ended(member, JobState.FAILED, title="The torn one")
    run("tell")
    (message,) = mail.outbox
    assert message.body.count("http://testserver/jobs/") == 2
    assert "The torn one" in message.body
    assert "And 3 more." in message.body


def test_a_letter_of_one_photo_leads_to_it():
    member = make_member()
    first = ended(member)
    second = make_job(photo=first.photo, model=CODEFORMER)
    now = timezone.now()
    RestorationJob.objects.filter(pk=second.pk).update(
        state=JobState.DELIVERED, ended_at=now, due_at=now
    )
    run("tell")
    (message,) = mail.outbox
    assert f"http://testserver/photos/{first.photo_id}/" in message.body


def test_the_letter_waits_for_what_is_still_under_way_but_not_for_long(settings: Any):
    settings.TELL_TOGETHER_SECONDS = 1800
    member = make_member()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ended(member)
        slow = make_job(photo=make_photo(owner=member))
        assert run("tell") == 0
        clock.shift(1799)
        assert run("tell") == 0
        clock.shift(2)
        assert run("tell") == 1
        RestorationJob.objects.filter(pk=slow.pk).update(
            state=JobState.DELIVERED, ended_at=timezone.now(), due_at=timezone.now()
        )
        assert run("tell") == 1
    assert len(mail.outbox) == 2


def test_what_a_page_may_still_show_is_waited_for():
    member = make_member()
    ended(member)
    shown_now = ended(member)
    soon = timezone.now() + timedelta(seconds=60)
    RestorationJob.objects.filter(pk=shown_now.pk).update(due_at=soon)
    assert run("tell") == 0
    tell.seen(shown_now, timezone.now())
    assert run("tell") == 1
    (message,) = mail.outbox
    assert message.subject == "Your photo “Grandmother” is restored"


def test_neither_a_reviewer_nor_another_member_is_waited_for():
    member = make_member()
    ended(member)
    make_job(photo=pending(owner=member).photo)
    make_job()
    assert run("tell") == 1


def test_each_member_has_a_letter_of_their_own():
    members = [make_member(), make_member()]
    for member in members:
        ended(member)
        ended(member)
    assert run("tell") == 2
    assert sorted(message.to[0] for message in mail.outbox) == sorted(m.email for m in members)


def test_a_letter_that_is_not_taken_lets_all_of_its_news_wait(monkeypatch: pytest.MonkeyPatch):
    member = make_member()
    jobs = [ended(member), ended(member)]
    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", not_taken)
        run("tell")
    assert {(job.told_at, job.tries) for job in RestorationJob.objects.all()} == {(None, 1)}
    RestorationJob.objects.update(due_at=timezone.now())
    run("tell")
    (message,) = mail.outbox
    assert message.subject == f"{len(jobs)} restorations are done"
