"""manage.py worker: a Redis that goes away, comes back or was emptied is not the worker's end."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator

import django_rq
import fakeredis
import pytest
from django.core.management import call_command
from redis.exceptions import ConnectionError as RedisAway
from rq import Worker as AnyWorker
from rq.exceptions import StopRequested

from restoration_site.management.commands import worker as command

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> fakeredis.FakeServer:
    server = fakeredis.FakeServer()
    connection = fakeredis.FakeRedis(server=server)
    monkeypatch.setattr("django_rq.queues.get_connection", lambda *args, **options: connection)
    monkeypatch.setattr(command, "PAUSE_SECONDS", 0)
    return server


@pytest.fixture
def _signals_stay() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("server")
def test_it_begins_anew_as_often_as_redis_goes_away_and_ends_when_told_to(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    lives: list[str] = []

    def work(worker: command.Worker, **options: str) -> None:
        lives.append(worker.name)
        if len(lives) == 1:
            raise RedisAway("Connection refused")  # at its birth, or at its death
        if len(lives) == 3:
            worker.was_told_to_stop = True
        # else: RQ has logged what was wrong, and left its loop

    monkeypatch.setattr(command.Worker, "work", work)
    with caplog.at_level(logging.WARNING):
        call_command("worker")
    assert len(set(lives)) == 3
    assert caplog.text.count("begins anew") == 2


@pytest.mark.usefixtures("server", "_signals_stay")
def test_a_signal_ends_it_at_work_and_in_its_pauses(monkeypatch: pytest.MonkeyPatch):
    def work(worker: command.Worker, **options: str) -> None:
        with pytest.raises(StopRequested):
            worker.request_stop(signal.SIGTERM, None)

    monkeypatch.setattr(command.Worker, "work", work)
    call_command("worker")

    def pause(seconds: float) -> None:
        raise StopRequested

    monkeypatch.setattr(command.Worker, "work", lambda worker, **options: None)
    monkeypatch.setattr("time.sleep", pause)
    call_command("worker")


@pytest.mark.usefixtures("_signals_stay")
def test_a_worker_whose_registration_was_flushed_is_counted_again_with_its_next_heartbeat(
    server: fakeredis.FakeServer,
):
    queue = django_rq.get_queue("default")
    worker = command.Worker([queue], connection=queue.connection)
    worker.register_birth()
    assert AnyWorker.count(queue=queue) == 1
    queue.connection.flushall()
    assert AnyWorker.count(queue=queue) == 0
    worker.heartbeat()
    assert AnyWorker.count(queue=queue) == 1
    assert queue.connection.hexists(worker.key, "birth")


def test_it_may_be_born_while_redis_is_away(
    server: fakeredis.FakeServer, monkeypatch: pytest.MonkeyPatch
):
    """RQ's worker says its name to Redis when it is made, before it works."""
    lives: list[str] = []

    def work(worker: command.Worker, **options: str) -> None:
        lives.append(worker.name)
        worker.was_told_to_stop = True

    def come_back(seconds: float) -> None:
        server.connected = True

    server.connected = False
    monkeypatch.setattr(command.Worker, "work", work)
    monkeypatch.setattr("time.sleep", come_back)
    call_command("worker")
    assert len(lives) == 1
