"""`manage.py worker`: answers the doorbells until it is told to stop, however Redis fares.

RQ's own worker, in one process that stays loaded, made to keep two promises of this house. RQ ends
its loop at many an error of Redis, and the process with it; here it begins anew as soon as Redis is
back. And a worker whose registration was flushed says again that it is alive (`/health/ready/`).
"""

from __future__ import annotations

import logging
import time
from types import FrameType
from typing import Any

import django_rq
from django.core.management.base import BaseCommand
from django.db import connections
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)
PAUSE_SECONDS = 2
WORKER_TTL_SECONDS = 30


class Worker(SimpleWorker):
    """RQ's, which knows whether it was told to stop, and registers as often as it must."""

    was_told_to_stop = False
    max_connection_wait_time = 10  # RQ's own is three minutes: so long nobody would answer

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.was_told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)


class Command(BaseCommand):
    help = "Answer the doorbells until told to stop."

    def handle(self, **options: Any) -> None:
        try:
            while not self._one_life():
                log.warning("The worker's Redis went away; it begins anew.")
                time.sleep(PAUSE_SECONDS)
        except StopRequested:
            pass  # told while it paused

    def _one_life(self) -> bool:
        """Whether it ended because it was told to."""
        try:
            worker = django_rq.get_worker(  # which says its name to Redis at once
                "default",
                worker_class=f"{__name__}.Worker",
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_SECONDS,
            )
        except (RedisError, OSError) as problem:
            log.warning("Redis did not answer a new worker: %s", problem)
            return False
        assert isinstance(worker, Worker)
        connections.close_all()
        try:
            worker.work(logging_level="WARNING")
        except (RedisError, OSError) as problem:
            log.warning("Redis did not answer the worker: %s", problem)
        return worker.was_told_to_stop
