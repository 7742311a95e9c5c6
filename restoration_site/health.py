"""Is the house well? Two views for whoever watches, and the checks that the commands wait on.

`live` touches nothing: the process answers. `ready` asks the database, Redis and S3, each for about
two seconds at most, and says in one sentence what is wrong with each; never an address or a secret,
for anybody may read it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import django_rq
import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rq import Worker

from jobs import storage

SECONDS = 2


def checks() -> dict[str, str | None]:
    """What is wrong with each part, in one sentence; None when it is well."""
    return {
        "database": database(),
        "redis": doorbell(),
        "s3": pictures(),
    }


def database() -> str | None:
    """Reachable, and its tables are those of this code."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = %s", [SECONDS * 1000])
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "The database does not answer."
    if waiting:
        return f"The database lacks {len(waiting)} migrations: run manage.py migrate."
    return None


def doorbell() -> str | None:
    """Redis answers a PING."""
    try:
        _redis().ping()
    except redis.RedisError:
        return "Redis does not answer."
    return None


def pictures() -> str | None:
    """The store answers, and has our bucket."""
    return _within(SECONDS, _bucket, late="S3 does not answer in time.")


def workers_alive() -> dict[str, bool]:
    """For each queue, whether at least one worker listens on it, by RQ's own registry.

    A worker that was killed leaves the registry a minute and a half after its last heartbeat.
    """
    return {name: _listens(name) for name in settings.RQ_QUEUES}


def _listens(queue: str) -> bool:
    try:
        return bool(Worker.count(queue=django_rq.get_queue(queue)))
    except redis.RedisError:
        return False


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when pages can be served, else 503. A site without a worker still serves pages, so that
    is told (`workers_alive`, for each queue) but is no 503."""
    found = checks()
    well = not any(found.values())
    return JsonResponse(
        {"ready": well, "checks": found, "workers_alive": workers_alive()},
        status=200 if well else 503,
    )


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1, retry=None
    )


def _bucket() -> str | None:
    try:
        storage.check()
    except storage.StorageUnavailable:
        return "S3 does not answer, or has no bucket for us."
    return None


def _within(seconds: float, check: Callable[[], str | None], *, late: str) -> str | None:
    """The check's answer, or `late`. A daemon thread: one that hangs must not hold the process."""
    answers: list[str | None] = []
    thread = threading.Thread(target=lambda: answers.append(check()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else late
