"""Lists what lies in S3 and belongs to no photo; with --all, erases it, however much it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs import storage
from jobs.models import Photo
from jobs.steps import orphans


class Command(BaseCommand):
    help = "List the folders in S3 that belong to no photo; with --all, erase them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="Erase them, however many they are.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            if options["all"]:
                check = orphans.erase(now, however_many=True)
                self.stdout.write(f"{check.erased_count} folders erased.")
                return
            found = orphans.find(now)
        except storage.StorageUnavailable as problem:
            raise CommandError(f"S3 can't be asked: {problem}") from None
        for folder in found:
            self.stdout.write(folder)
        self.stdout.write(
            f"{len(found)} folders belong to none of the {Photo.objects.count()} photos of this "
            "database. Nothing was erased. If it is this bucket's database, and no older copy of "
            "it: manage.py erase_orphans --all"
        )
