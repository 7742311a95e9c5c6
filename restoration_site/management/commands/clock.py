"""`manage.py clock restoration_site.cron`: rings by the clock what the given module registers.

RQ's own scheduler, made to keep two promises of this house: tasks go through the site's queue, so
they are JSON like all others (RQ's would be pickled, which our workers refuse to read), and a Redis
that is down is logged and asked again, not the end of the process.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import django_rq
from django.core.management.base import BaseCommand, CommandParser
from django_rq.cron import DjangoCronScheduler
from redis.exceptions import RedisError
from rq.cron import CronJob
from rq.utils import now

log = logging.getLogger(__name__)
PAUSE_WITHOUT_REDIS_SECONDS = 2


class Clock(DjangoCronScheduler):
    """RQ's scheduler over the site's queues."""

    def enqueue_jobs(self) -> list[CronJob]:
        due = [job for job in self.get_jobs() if job.should_run()]
        for job in due:
            job.set_enqueue_time(now())
            options = {name: value for name, value in job.job_options.items() if value is not None}
            try:
                queue = django_rq.get_queue(job.queue_name)
                queue.enqueue(job.func_name, *job.args, **job.kwargs, **options)
            except RedisError as problem:
                log.warning("Redis did not take %s: %s", job.func_name, problem)
                time.sleep(PAUSE_WITHOUT_REDIS_SECONDS)
        return due

    def heartbeat(self) -> None:
        try:
            super().heartbeat()
        except RedisError:
            log.debug("no heartbeat: Redis does not answer")

    def save(self, pipeline: Any = None) -> None:
        try:
            super().save(pipeline)
        except RedisError:
            log.debug("not saved: Redis does not answer")

    def register_death(self, pipeline: Any = None) -> None:
        try:
            super().register_death(pipeline)
        except RedisError:
            log.debug("death not registered: Redis does not answer")


class Command(BaseCommand):
    help = "Ring by the clock what a module registers with rq.cron."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("module", help="for example restoration_site.cron")

    def handle(self, *, module: str, **options: Any) -> None:
        logging.getLogger("rq.cron").setLevel(logging.WARNING)
        clock = Clock()
        clock.load_config_from_file(module)
        names = ", ".join(job.func_name for job in clock.get_jobs())
        self.stdout.write(f"Ringing by the clock: {names}")
        clock.start()  # type: ignore[no-untyped-call]
