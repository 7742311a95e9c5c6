"""jobs.doorbell and jobs.tasks: a ring says that something is due, and nothing else."""

from __future__ import annotations

import contextlib
import json
import logging
import zlib
from collections.abc import Iterator
from typing import cast

import django_rq
import fakeredis
import pytest
import redis
from django.conf import settings
from django.db import transaction

from jobs import doorbell, pipeline, tasks
from jobs.models import RestorationJob
from jobs.queues import HEAVY, QUEUES, QUICK
from jobs.states import JobState
from tests.builders import make_job
from tests.fakes import FakeVendor


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[fakeredis.FakeServer]:
    """A Redis inside the process; `connected = False` takes it away."""
    server = fakeredis.FakeServer()
    connection = fakeredis.FakeRedis(server=server)
    monkeypatch.setattr("django_rq.queues.get_connection", lambda *args, **options: connection)
    monkeypatch.setattr(doorbell, "unheard", 0)
    yield server
    server.connected = True


def rung(*queues: str) -> list[str]:
    """The steps whose rings stand in these queues, or in both."""
    return [
        job.args[0] for name in queues or (QUICK, HEAVY) for job in django_rq.get_queue(name).jobs
    ]


# --- Ringing --------------------------------------------------------------------------------
@pytest.mark.usefixtures("server")
def test_a_ring_stands_in_the_queue_with_the_steps_name_and_no_state():
    assert doorbell.ring("submit") is True
    (job,) = django_rq.get_queue(QUICK).jobs
    assert (job.func_name, list(job.args), job.kwargs) == ("jobs.tasks.answer", ["submit"], {})


@pytest.mark.usefixtures("server")
def test_a_ring_is_written_as_json_so_that_nobody_can_smuggle_code_into_a_worker():
    doorbell.ring("submit")
    (job,) = django_rq.get_queue(QUICK).jobs
    stored = django_rq.get_queue(QUICK).connection.hget(job.key, "data")
    assert json.loads(zlib.decompress(cast(bytes, stored))) == [
        "jobs.tasks.answer",
        None,
        ["submit"],
        {},
    ]


@pytest.mark.usefixtures("server")
def test_of_a_hundred_rings_one_stands_in_the_queue():
    for _ in range(100):
        assert doorbell.ring("submit") is True
    assert rung() == ["submit"]


@pytest.mark.usefixtures("server")
def test_every_step_has_a_bell_of_its_own():
    for step in pipeline.STEPS:
        doorbell.ring(step)
    assert sorted(rung()) == sorted(pipeline.STEPS)


@pytest.mark.usefixtures("server")
def test_what_may_take_a_minute_does_not_stand_before_what_takes_a_moment():
    assert set(QUEUES) == set(pipeline.STEPS)
    assert set(settings.RQ_QUEUES) == {QUICK, HEAVY}
    for step in pipeline.STEPS:
        doorbell.ring(step)
    assert rung(HEAVY) == ["prepare", "collect", "erase"]
    assert rung(QUICK) == ["submit", "observe", "tell", "send", "learn"]


@pytest.mark.usefixtures("server")
def test_once_answered_the_bell_can_be_rung_again():
    doorbell.ring("submit")
    doorbell.ring("collect")
    doorbell.answered("submit")
    doorbell.ring("submit")
    doorbell.ring("collect")
    assert rung() == ["submit", "submit", "collect"]


def test_a_ring_lost_with_its_queue_is_forgotten_in_time(server: fakeredis.FakeServer):
    doorbell.ring("submit")
    connection = django_rq.get_queue(QUICK).connection
    left = connection.ttl("heirloom:ring:submit")
    assert 0 < left <= doorbell.UNANSWERED_SECONDS


# --- On commit ------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("server")
def test_it_rings_only_once_the_transaction_is_committed():
    with transaction.atomic():
        doorbell.ring_on_commit("submit")
        assert rung() == []
    assert rung() == ["submit"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("server")
def test_what_was_rolled_back_rings_nobody():
    with transaction.atomic():
        doorbell.ring_on_commit("submit")
        transaction.set_rollback(True)
    assert rung() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("server")
def test_outside_a_transaction_it_rings_at_once():
    doorbell.ring_on_commit("submit")
    assert rung() == ["submit"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("within", [True, False])
def test_a_bell_that_breaks_in_an_unforeseen_way_breaks_nothing_else(
    within: bool, monkeypatch: pytest.MonkeyPatch
):
    def ring(step: str) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(doorbell, "ring", ring)
    with transaction.atomic() if within else contextlib.nullcontext():
        doorbell.ring_on_commit("submit")


# --- Redis down -----------------------------------------------------------------------------
def test_a_dead_redis_is_logged_and_counted_and_no_error(
    server: fakeredis.FakeServer, caplog: pytest.LogCaptureFixture
):
    server.connected = False
    with caplog.at_level(logging.WARNING):
        assert doorbell.ring("submit") is False
        assert doorbell.ring("collect") is False
    assert doorbell.unheard == 2
    assert "doorbell for collect not heard (2 so far)" in caplog.text


@pytest.mark.parametrize(
    "problem", [redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, OSError]
)
def test_whatever_redis_says_ringing_is_no_error(
    problem: type[Exception], monkeypatch: pytest.MonkeyPatch
):
    def get_queue(name: str) -> None:
        raise problem("no")

    monkeypatch.setattr(django_rq, "get_queue", get_queue)
    monkeypatch.setattr(doorbell, "unheard", 0)
    assert doorbell.ring("submit") is False
    doorbell.answered("submit")
    assert doorbell.unheard == 1


@pytest.mark.django_db(transaction=True)
def test_a_dead_redis_at_commit_loses_neither_the_job_nor_the_next_ring(
    server: fakeredis.FakeServer,
):
    server.connected = False
    with transaction.atomic():
        job = make_job()
        doorbell.ring_on_commit("submit")
    assert RestorationJob.objects.get(pk=job.pk).state == JobState.READY
    server.connected = True
    tasks.sweep()
    assert rung() == ["submit"]


# --- Answering ------------------------------------------------------------------------------
@pytest.fixture
def _in_the_tests_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker drops stale connections first; the test's own would go with its transaction."""
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)


def drain(most: int = 20) -> list[str]:
    """Answer rings as a worker does, one after the other, until the queues are empty."""
    answered: list[str] = []
    while full := [queue for queue in map(django_rq.get_queue, (QUICK, HEAVY)) if queue.jobs]:
        assert len(answered) < most, f"no end of rings: {answered}"
        job = full[0].jobs[0]
        full[0].remove(job)
        answered.append(job.args[0])
        tasks.answer(*job.args)
    return answered


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction", "server")
def test_a_sweep_rings_for_what_is_due_and_for_nothing_else(vendor: FakeVendor):
    tasks.sweep()
    assert rung() == []
    make_job()
    tasks.sweep()
    tasks.sweep()
    assert rung() == ["submit"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction", "server")
def test_an_answer_works_off_the_step_and_the_queue_falls_silent(vendor: FakeVendor):
    job = make_job()
    doorbell.ring("submit")
    assert drain() == ["submit"]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction", "server", "bucket")
def test_one_ring_leads_to_the_next_until_the_member_is_told(
    vendor: FakeVendor, mailoutbox: list[object]
):
    job = make_job()
    tasks.answer("submit")
    vendor.finish()
    RestorationJob.objects.filter(pk=job.pk).update(due_at=job.created_at)
    doorbell.ring("observe")
    assert drain() == ["observe", "collect", "tell"]
    job.refresh_from_db()
    assert job.state == JobState.DELIVERED
    assert len(mailoutbox) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction", "server")
def test_a_ring_that_comes_while_a_step_is_at_work_is_not_swallowed(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    def run_due(step: pipeline.Step, *, budget_seconds: float) -> int:
        doorbell.ring("submit")  # somebody orders meanwhile
        return 0

    monkeypatch.setattr(pipeline, "run_due", run_due)
    doorbell.ring("submit")
    queue = django_rq.get_queue(QUICK)
    queue.remove(queue.jobs[0])
    tasks.answer("submit")
    assert rung() == ["submit"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction")
def test_an_answer_without_redis_still_does_the_work(
    server: fakeredis.FakeServer, vendor: FakeVendor
):
    job = make_job()
    server.connected = False
    tasks.answer("submit")
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_the_tests_transaction", "server")
def test_a_ring_of_a_step_that_nobody_knows_moves_nothing():
    with pytest.raises(KeyError):
        tasks.answer("withdraw_all_money")
