"""`manage.py worker quick`: answers a queue's doorbells until it is told to stop, come what may.

RQ's own worker, in one process that stays loaded, made to keep three promises of this house. RQ
ends its loop at many an error of Redis, and the process with it; here it begins anew as soon as
Redis is back. A worker whose registration was flushed says again that it is alive
(`/health/ready/`). And whoever tells it to stop is heard at any moment, also between two lives.
"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)
PAUSE_SECONDS = 2
WORKER_TTL_SECONDS = 30
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Worker(SimpleWorker):
    """RQ's, which knows whether it was told to stop, and registers as often as it must."""

    told: threading.Event  # the process's; set by whichever of its lives hears of it
    max_connection_wait_time = 10  # RQ's own is three minutes: so long nobody would answer

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.told.set()
        try:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]
        except RedisError as problem:
            # It wanted to note the moment. What is in hand must not break for that.
            log.debug("not noted in Redis: %s", problem)

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        if self.told.is_set():  # while it was being born
            self._stop_requested = True

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)


class Command(BaseCommand):
    help = "Answer the doorbells of these queues (of all, when none is named) until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        names = list(settings.RQ_QUEUES)
        parser.add_argument("queues", nargs="*", metavar="queue", help=" or ".join(names))

    def handle(self, *, queues: list[str], **options: Any) -> None:
        queues = queues or list(settings.RQ_QUEUES)
        if unknown := set(queues) - set(settings.RQ_QUEUES):
            raise CommandError(f"There is no queue {', '.join(sorted(unknown))}.")
        told = threading.Event()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            while True:
                _hear(told)
                _one_life(queues, told)
                _hear(told)
                if told.is_set():
                    return
                log.warning("The worker's Redis went away; it begins anew.")
                if told.wait(PAUSE_SECONDS):
                    return
        except StopRequested:
            pass  # told by RQ's own handler
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _hear(told: threading.Event) -> None:
    """Between two lives nobody else would; while it works RQ does."""
    for number in SIGNALS:
        signal.signal(number, lambda *_: told.set())


def _one_life(queues: list[str], told: threading.Event) -> None:
    """Until it was told to stop, or Redis went away."""
    try:
        worker = django_rq.get_worker(  # which says its name to Redis at once
            *queues,
            worker_class=f"{__name__}.Worker",
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
        )
    except (RedisError, OSError) as problem:
        log.warning("Redis did not answer a new worker: %s", problem)
        return
    assert isinstance(worker, Worker)
    worker.told = told
    connections.close_all()
    try:
        worker.work(logging_level="WARNING")
    except (RedisError, OSError) as problem:
        log.warning("Redis did not answer the worker: %s", problem)
