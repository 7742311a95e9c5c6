"""jobs.breaker: a vendor that refuses our account is left alone, by all, until it takes a job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts import books
from accounts.models import Letter
from accounts.models.leased import lease
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs import pipeline
from jobs.models import (
    Attempt,
    Breaker,
    BreakerState,
    RestorationJob,
)
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import submit
from tests.builders import make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import K, answers, diary, row, states, stop
from tests.racing import at_once
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


# --- It stops -------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refusal_of_our_account_stops_everything_and_loses_nothing(
    vendor: FakeVendor, settings: Any, status: int
):
    settings.CALLS_IN_FLIGHT = 1
    for _ in range(3):
        make_job()
    vendor.on_submit = answers(status)
    run("submit")
    assert len(vendor.submissions) == 1
    assert states() == ["READY"] * 3
    assert list(RestorationJob.objects.values_list("tries", flat=True)) == [0, 0, 0]
    assert (row().state, row().http_status, row().met_by) == (BreakerState.OPEN, status, "submit")
    assert diary() == [K.OPENED]
    assert books.lies() == []


def test_a_breaker_that_opens_after_the_lease_lets_nothing_more_through(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    job = make_job()

    def leased_and_then_stopped(*args: Any, **options: Any) -> list[RestorationJob]:
        rows = lease(*args, **options)
        stop()
        return rows

    monkeypatch.setattr(submit, "lease", leased_and_then_stopped)
    assert submit.claim(16, timezone.now()) == []
    job.refresh_from_db()
    assert (job.state, job.lease_token, job.tries) == (JobState.READY, None, 0)
    assert not job.attempts.exists()


def test_while_it_is_stopped_nobody_is_rung_for_what_nobody_can_send(
    stopped: list[RestorationJob], clock: Any
):
    clock.shift(timedelta(seconds=20))
    assert "submit" not in pipeline.steps_due(timezone.now())
    assert run("submit") == 0
    make_job()
    assert "submit" not in pipeline.steps_due(timezone.now())


def test_what_a_killed_worker_left_is_looked_after_all_the_same(
    vendor: FakeVendor, stopped: list[RestorationJob]
):
    dead = stopped[2]
    RestorationJob.objects.filter(pk=dead.pk).update(state=JobState.SUBMITTING)
    assert "submit" in pipeline.steps_due(timezone.now())
    run("submit")
    dead.refresh_from_db()
    assert dead.state == JobState.UNKNOWN
    assert len(vendor.submissions) == 1


def test_calls_in_flight_that_meet_it_too_stop_it_once_and_staff_hear_once(vendor: FakeVendor):
    clerk, other = make_staff(BILLING_STAFF), make_staff(BILLING_STAFF)
    make_staff(REVIEWERS)
    for _ in range(8):
        make_job()
    vendor.on_submit = answers(402)
    run("submit")
    assert len(vendor.submissions) == 8
    assert diary() == [K.OPENED]
    letters = Letter.objects.filter(kind="gateway_stopped")
    assert {letter.to for letter in letters} == {clerk, other}
    assert letters.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_workers_that_meet_it_stop_it_once(vendor: FakeVendor, settings: Any):
    settings.CALLS_IN_FLIGHT = 1
    make_staff(BILLING_STAFF)
    owner = make_member()
    for _ in range(8):
        make_job(photo=make_photo(owner=owner))
    works = [submit.claim(1, timezone.now())[0] for _ in range(8)]
    vendor.on_submit = answers(402)
    outcomes = [submit.call(work) for work in works]

    def record(number: int) -> None:
        with transaction.atomic():
            submit.record(works[number], outcomes[number], timezone.now())

    at_once(8, record)
    assert diary() == [K.OPENED]
    assert Letter.objects.count() == 1
    assert states() == ["READY"] * 8


# --- It tries -------------------------------------------------------------------------------
def test_when_its_time_comes_exactly_one_job_tries(
    vendor: FakeVendor, stopped: list[RestorationJob], clock: Any, settings: Any
):
    settings.CALLS_IN_FLIGHT = 16
    clock.shift(timedelta(seconds=75))
    assert "submit" in pipeline.steps_due(timezone.now())
    run("submit")
    assert len(vendor.submissions) == 2
    assert states() == ["READY"] * 3
    assert diary() == [K.OPENED, K.PROBED]
    assert "submit" not in pipeline.steps_due(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_tries(vendor: FakeVendor, settings: Any):
    owner = make_member()
    for _ in range(8):
        make_job(photo=make_photo(owner=owner))
    now = timezone.now()
    Breaker.objects.create(
        vendor="pixazo", state=BreakerState.OPEN, http_status=402, opened_at=now, probe_at=now
    )
    works = at_once(8, lambda _: submit.claim(16, timezone.now()))
    assert sorted(len(found) for found in works) == [0] * 7 + [1]
    assert Attempt.objects.count() == 1
    assert RestorationJob.objects.filter(lease_token=None, state="READY").count() == 7


def test_the_one_that_was_refused_tries_first_so_a_cheaper_one_does_not_mislead(
    vendor: FakeVendor, stopped: list[RestorationJob], clock: Any
):
    clock.shift(timedelta(hours=1))
    run("submit")
    assert list(Attempt.objects.values_list("job", flat=True)) == [stopped[0].pk] * 2


def test_each_try_in_vain_makes_the_next_pause_longer_up_to_half_an_hour(
    vendor: FakeVendor, stopped: list[RestorationJob], clock: Any
):
    pauses = []
    for _ in range(9):
        probe_at = row().probe_at
        assert probe_at is not None
        clock.move_to(probe_at)
        run("submit")
        again_at = row().probe_at
        assert again_at is not None
        pauses.append((again_at - timezone.now()).total_seconds())
    assert 96 <= pauses[0] <= 144
    assert pauses[1] > pauses[0]
    assert all(1440 <= pause <= 2160 for pause in pauses[5:])
    assert len(set(pauses)) == 9  # jittered
    assert diary() == [K.OPENED] + [K.PROBED] * 9
    assert Letter.objects.filter(kind="gateway_stopped").count() == 0  # there is no staff here


def test_when_the_vendor_takes_it_all_go_at_once_and_staff_hear(
    vendor: FakeVendor, stopped: list[RestorationJob], clock: Any
):
    clerk = make_staff(BILLING_STAFF)
    vendor.on_submit = None
    clock.shift(timedelta(seconds=75))
    run("submit")
    assert states() == ["QUEUED"] * 3
    assert diary() == [K.OPENED, K.CLOSED]
    assert row().state == BreakerState.CLOSED
    assert [(one.to, one.kind) for one in Letter.objects.all()] == [(clerk, "gateway_sending")]


@pytest.mark.parametrize(
    ("opened_by", "probe", "after"),
    [
        (401, 400, BreakerState.CLOSED),  # our key was let in
        (402, 400, BreakerState.OPEN),  # it may not have looked at the balance yet
        (401, 500, BreakerState.OPEN),
        (402, 429, BreakerState.OPEN),
        (402, 401, BreakerState.OPEN),
    ],
)
def test_what_an_answer_proves(
    vendor: FakeVendor, settings: Any, clock: Any, opened_by: int, probe: int, after: str
):
    settings.CALLS_IN_FLIGHT = 1
    make_job()
    vendor.on_submit = answers(opened_by)
    run("submit")
    vendor.on_submit = answers(probe)
    clock.shift(timedelta(seconds=75))
    run("submit")
    assert row().state == after


def test_a_key_that_may_submit_but_not_ask_stops_it_once(vendor: FakeVendor):
    """However often a probe is taken: else it would flap, with two letters each time."""
    make_staff(BILLING_STAFF)
    make_job()
    run("submit")
    vendor.on_status = answers(401)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            make_job()
            clock.shift(timedelta(hours=1))
            run("observe")
            run("submit")
        assert len(vendor.submissions) > 1  # there were probes
        assert (row().state, row().met_by) == (BreakerState.OPEN, "observe")
        assert diary() == [K.OPENED]
        assert Letter.objects.count() == 1
        vendor.on_status = None
        clock.shift(timedelta(minutes=10))
        run("observe")
    assert row().state == BreakerState.CLOSED


def test_after_a_402_a_photo_that_is_refused_lets_the_next_one_try_at_once(
    vendor: FakeVendor, stopped: list[RestorationJob], clock: Any
):
    taken = iter([400, 202])

    def on_submit(request: httpx.Request) -> httpx.Response:
        if next(taken, 202) == 400:
            return httpx.Response(400, json={"error": "The picture is too dark"})
        accepted = vendor.accept(request)
        return httpx.Response(202, json={"request_id": accepted.request_id, "status": "QUEUED"})

    vendor.on_submit = on_submit
    clock.shift(timedelta(seconds=75))
    run("submit")
    assert states() == ["ERROR", "QUEUED", "QUEUED"]


def test_a_202_of_before_it_stopped_proves_nothing(vendor: FakeVendor):
    make_job()
    make_job()
    works = submit.claim(2, timezone.now())
    taken = submit.call(works[0])
    vendor.on_submit = answers(402)
    submit.record(works[1], submit.call(works[1]), timezone.now())
    submit.record(works[0], taken, timezone.now())
    assert row().state == BreakerState.OPEN
    assert set(states()) == {"QUEUED", "READY"}


def test_a_probe_whose_consent_ends_before_the_call_leaves_the_try_to_the_next(
    vendor: FakeVendor,
    stopped: list[RestorationJob],
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
):
    clock.shift(timedelta(seconds=75))
    (work,) = submit.claim(16, timezone.now())
    consent_step.withdraw(photo=work.job.photo, by=work.job.owner)
    never = submit.instead_of_call(work, timezone.now())
    assert isinstance(never, submit.NeverSent)
    submit.record(work, never, timezone.now())
    (next_one,) = submit.claim(16, timezone.now())
    assert next_one.is_probe
    assert next_one.job.pk != work.job.pk
