"""A lease lasts as long as its call, however long that is, and no longer than its worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts import letters
from accounts.models.leased import due, renew
from jobs import pipeline, storage
from jobs.models import JobEvent, Photo
from jobs.states import JobState
from tests.builders import make_job, make_member, make_photo, run, seen
from tests.fakes import FakeVendor
from tests.jobs.steps.collecting import charged, completed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]
LEASE = timedelta(seconds=settings.LEASE_SECONDS)


def collecting(vendor: FakeVendor) -> None:
    completed(vendor, make_job())


def telling(vendor: FakeVendor) -> None:
    owner = make_member()
    for _ in range(2):  # of whom one letter tells
        completed(vendor, make_job(photo=make_photo(owner=owner)))
    run("collect")


def sending(_: FakeVendor) -> None:
    letters.write(to=make_member(), kind="low_balance", key="k", context={"available_micros": 1})


def submitting(_: FakeVendor) -> None:
    make_job()


def slowed(step: pipeline.Step, clock: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The first call takes two and a half leases; its worker looks for more all the while.

    Returns what was called, which grows.
    """
    called: list[Any] = []
    call, claim, looked = step.call, step.claim, threading.Semaphore(0)

    def look(limit: int, now: datetime) -> list[Any]:
        works = claim(limit, now)
        looked.release()
        return works

    def slowly(work: Any) -> Any:
        called.append(work)
        for _ in range(5 if len(called) == 1 else 0):
            clock.shift(LEASE / 2)
            while looked.acquire(blocking=False):
                pass
            for _ in range(2):  # one may have begun before the clock went on
                assert looked.acquire(timeout=10)
        return call(work)

    monkeypatch.setattr(step, "claim", look)
    monkeypatch.setattr(step, "call", slowly)
    return called


@pytest.mark.parametrize(
    ("name", "prepare"),
    [
        ("collect", collecting),
        ("tell", telling),
        ("send", sending),
        ("submit", submitting),
    ],
)
def test_nobody_takes_a_row_whose_call_outlasts_its_lease(
    vendor: FakeVendor,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    prepare: Callable[[FakeVendor], None],
):
    prepare(vendor)
    step = pipeline.STEPS[name]
    called = slowed(step, clock, monkeypatch)
    assert pipeline.run_due(step, budget_seconds=10_000) == 1
    assert len(called) == 1
    assert not JobEvent.objects.filter(to_state=JobState.UNKNOWN).exists()


def test_a_result_that_takes_longer_than_a_lease_is_stored_once_and_delivered(
    vendor: FakeVendor, clock: Any, monkeypatch: pytest.MonkeyPatch
):
    job = completed(vendor, make_job())
    slowed(pipeline.STEPS["collect"], clock, monkeypatch)
    put, stored = storage.put, []

    def note(key: str, *rest: Any, **options: Any) -> None:
        stored.append(key)
        put(key, *rest, **options)

    monkeypatch.setattr(storage, "put", note)
    pipeline.run_due(pipeline.STEPS["collect"], budget_seconds=10_000)
    job = seen(job)
    assert job.state == JobState.DELIVERED
    assert charged(job) == job.quoted_micros
    assert len(stored) == len(set(stored)) == 2  # the picture and its preview


def test_a_worker_that_has_no_room_and_no_time_for_more_renews_too(
    vendor: FakeVendor, clock: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
):
    settings.CALLS_IN_FLIGHT = 1
    job = make_job()
    step, renewed = pipeline.STEPS["submit"], threading.Event()
    call = step.call

    def note(*arguments: Any, **named: Any) -> None:
        renew(*arguments, **named)
        renewed.set()

    def slowly(work: Any) -> Any:
        clock.shift(LEASE * 10)
        assert renewed.wait(timeout=10)
        return call(work)

    monkeypatch.setattr(pipeline, "renew", note)
    monkeypatch.setattr(step, "call", slowly)
    assert pipeline.run_due(step, budget_seconds=5) == 1
    assert seen(job).state == JobState.QUEUED


def test_a_lease_that_could_not_be_renewed_stops_no_other_work(
    vendor: FakeVendor, clock: Any, monkeypatch: pytest.MonkeyPatch
):
    asked = threading.Semaphore(0)

    def locked(*_: Any, **__: Any) -> None:
        asked.release()
        raise OperationalError("database is locked")

    job = make_job()
    step = pipeline.STEPS["submit"]
    call = step.call

    def slowly(work: Any) -> Any:
        clock.shift(LEASE / 2)
        for _ in range(2):  # it is tried again
            assert asked.acquire(timeout=10)
        return call(work)

    monkeypatch.setattr(pipeline, "renew", locked)
    monkeypatch.setattr(step, "call", slowly)
    assert pipeline.run_due(step, budget_seconds=10_000) == 1
    assert seen(job).state == JobState.QUEUED


def test_the_rows_of_a_worker_that_was_killed_come_free_a_lease_after_it_renewed_them(clock: Any):
    make_photo(state="UPLOADED", due_at=timezone.now())
    (photo,) = pipeline.STEPS["prepare"].claim(1, timezone.now())
    clock.shift(LEASE / 2)
    renew([photo], seconds=settings.LEASE_SECONDS, now=timezone.now())  # and then it is killed
    clock.shift(LEASE - timedelta(seconds=1))
    assert not due(Photo.objects.to_prepare(), timezone.now()).exists()
    clock.shift(timedelta(seconds=1))
    assert due(Photo.objects.to_prepare(), timezone.now()).exists()


def test_what_somebody_else_has_by_now_or_was_taken_away_is_not_renewed(clock: Any):
    for _ in range(3):
        make_photo(state="UPLOADED", due_at=timezone.now())
    step, now = pipeline.STEPS["prepare"], timezone.now()
    ours, taken, let_go = step.claim(3, now)
    Photo.objects.filter(pk=taken.pk).update(lease_until=now)
    (theirs,) = step.claim(1, now)
    assert theirs.pk == taken.pk
    Photo.objects.filter(pk=let_go.pk).update(lease_token=None, lease_until=None)
    renew([ours, taken, let_go], seconds=3 * settings.LEASE_SECONDS, now=now)
    ends = dict(Photo.objects.values_list("pk", "lease_until"))
    assert ends == {ours.pk: now + 3 * LEASE, taken.pk: now + LEASE, let_go.pk: None}
