"""Waits until the database is migrated and Redis and S3 answer.

For the processes that need a finished house: `manage.py await_ready worker` waits, then
runs that command in the same process, which saves starting Django twice.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.core.management import execute_from_command_line
from django.core.management.base import BaseCommand, CommandError, CommandParser

from restoration_site import health

LOOK_EVERY_SECONDS = 0.25


class Command(BaseCommand):
    help = "Wait until the database is migrated and Redis and S3 answer."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=170, help="how long at most")
        parser.add_argument("then", nargs=argparse.REMAINDER, help="a command to run after that")

    def handle(self, *, seconds: float, then: list[str], **options: Any) -> None:
        deadline = time.monotonic() + seconds
        while problems := [text for text in health.checks().values() if text]:
            if time.monotonic() >= deadline:
                raise CommandError(f"Not ready after {seconds:g} seconds. {' '.join(problems)}")
            time.sleep(LOOK_EVERY_SECONDS)
        if then:
            execute_from_command_line(["manage.py", *then])
