"""Makes the house ready to serve: tables, bucket, static files; in the sandbox demo people, too.

Safe to run at every start: each part does nothing when it is done already. Waits for the database,
Redis and S3 first, because at a start all processes begin together.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from jobs import storage
from restoration_site import health

LOOK_EVERY_SECONDS = 0.25


class Command(BaseCommand):
    help = "Migrate, make the bucket, collect static files, create the sandbox's people and notice."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=150, help="how long to wait for each")

    def handle(self, *, seconds: float, **options: Any) -> None:
        self._until_well("database", database_answers, seconds)
        self._until_well("Redis", health.doorbell, seconds)
        call_command("migrate", interactive=False, verbosity=0)
        self._until_well("S3", make_bucket, seconds)
        if not settings.DEBUG:
            collect_static()
        if settings.SANDBOX:
            call_command("create_demo_people", verbosity=0)
            call_command("publish_demo_notice")

    def _until_well(self, name: str, check: Callable[[], str | None], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while problem := check():
            if time.monotonic() >= deadline:
                raise CommandError(f"Waited {seconds:g} seconds for {name}. {problem}")
            time.sleep(LOOK_EVERY_SECONDS)


def database_answers() -> str | None:
    """Tables or not: before the first migration there are none."""
    try:
        connection.ensure_connection()
    except DatabaseError as problem:
        return f"The database does not answer: {str(problem).splitlines()[0]}"
    return None


def make_bucket() -> str | None:
    try:
        storage.ensure_bucket()
    except storage.StorageUnavailable as problem:
        return f"The bucket can't be had: {problem}"
    return None


def collect_static() -> None:
    """`collectstatic`, but only when a source file changed: compressing takes five seconds."""
    seen = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage_of_it in finder.list([]):
            stat = Path(storage_of_it.path(path)).stat()
            seen.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(seen.hexdigest())
