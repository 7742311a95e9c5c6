"""manage.py worker: a Redis that goes away, comes back or was emptied is not the worker's end."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator

import django_rq
import fakeredis
import pytest
from django.core.management import CommandError, call_command
from redis.exceptions import ConnectionError as RedisAway
from rq import Worker as AnyWorker

from restoration_site import health
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
    before = {number: signal.getsignal(number) for number in command.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those that came to work; the third is told to stop."""
    names: list[str] = []

    def work(worker: command.Worker, **options: str) -> None:
        names.append(worker.name)
        if len(names) == 1:
            raise RedisAway("Connection refused")  # at its birth, or at its death
        if len(names) == 3:
            worker.told.set()
        # else: RQ has logged what was wrong, and left its loop

    monkeypatch.setattr(command.Worker, "work", work)
    return names


@pytest.mark.usefixtures("server")
def test_it_begins_anew_as_often_as_redis_goes_away_and_ends_when_told_to(
    lives: list[str], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        call_command("worker")
    assert len(set(lives)) == 3
    assert caplog.text.count("begins anew") == 2


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("named", "listens"), [(["quick"], ["quick"]), (["heavy"], ["heavy"]), ([], ["quick", "heavy"])]
)
def test_it_listens_on_the_queues_that_are_named_or_on_all(
    monkeypatch: pytest.MonkeyPatch, named: list[str], listens: list[str]
):
    def work(worker: command.Worker, **options: str) -> None:
        assert worker.queue_names() == listens
        worker.register_birth()
        assert health.workers_alive() == {name: name in listens for name in ("quick", "heavy")}
        worker.told.set()

    monkeypatch.setattr(command.Worker, "work", work)
    call_command("worker", *named)


def test_it_says_so_when_there_is_no_such_queue():
    with pytest.raises(CommandError, match="no queue slow"):
        call_command("worker", "slow")


# --- Told to stop -----------------------------------------------------------------------------
def signalled() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("server", "_signals_stay")
def test_a_signal_ends_it_while_it_waits_for_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command.Worker, "dequeue_job_and_maintain_ttl", lambda *_: signalled())
    call_command("worker")


@pytest.mark.usefixtures("server", "_signals_stay")
def test_a_signal_in_its_pause_ends_the_pause_and_it(monkeypatch: pytest.MonkeyPatch):
    lives = 0

    def work(worker: command.Worker, **options: str) -> None:
        nonlocal lives
        lives += 1
        worker.set_state("busy")  # as an error of Redis may have left it
        worker._install_signal_handlers()
        threading.Timer(0.2, signalled).start()

    monkeypatch.setattr(command, "PAUSE_SECONDS", 30)
    monkeypatch.setattr(command.Worker, "work", work)
    began = time.monotonic()
    call_command("worker")
    assert (lives, time.monotonic() - began < 10) == (1, True)


@pytest.mark.usefixtures("server", "_signals_stay")
def test_a_signal_while_it_is_being_born_ends_it_before_it_waits_for_work(
    monkeypatch: pytest.MonkeyPatch,
):
    def never(*_: object) -> None:
        pytest.fail("it waits for work though it was told to stop")

    born = command.Worker.bootstrap

    def bootstrap(worker: command.Worker, *options: object) -> None:
        signalled()
        born(worker, *options)  # type: ignore[arg-type]

    monkeypatch.setattr(command.Worker, "bootstrap", bootstrap)
    monkeypatch.setattr(command.Worker, "dequeue_job_and_maintain_ttl", never)
    call_command("worker")


@pytest.mark.usefixtures("_signals_stay")
def test_a_signal_while_redis_is_away_does_not_break_what_is_in_hand(
    server: fakeredis.FakeServer, monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []

    def work(worker: command.Worker, **options: str) -> None:
        worker._install_signal_handlers()
        worker.set_state("busy")
        server.connected = False
        signalled()
        done.append("what was in hand")

    monkeypatch.setattr(command.Worker, "work", work)
    call_command("worker")
    assert done == ["what was in hand"]


@pytest.mark.usefixtures("server")
def test_it_leaves_the_process_its_signals_as_they_were(lives: list[str]):
    before = [signal.getsignal(number) for number in command.SIGNALS]
    call_command("worker")
    assert [signal.getsignal(number) for number in command.SIGNALS] == before


# --- Known to be alive ------------------------------------------------------------------------
@pytest.mark.usefixtures("_signals_stay")
def test_a_worker_whose_registration_was_flushed_is_counted_again_with_its_next_heartbeat(
    server: fakeredis.FakeServer,
):
    queue = django_rq.get_queue("quick")
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
        worker.told.set()

    def come_back() -> None:
        server.connected = True

    server.connected = False
    monkeypatch.setattr(command, "PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(command.Worker, "work", work)
    threading.Timer(0.3, come_back).start()
    call_command("worker")
    assert len(lives) == 1
