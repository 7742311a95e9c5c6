"""Proves that what members said is still what stands in the database; exits 1 with what is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jobs import consent_proof


class Command(BaseCommand):
    help = "Check every consent's sealed chain of events, decisions and notices."

    def handle(self, *args: Any, **options: Any) -> None:
        checked = consent_proof.check(timezone.now())
        if checked.problems:
            raise CommandError("Not as it was sealed:\n" + "\n".join(checked.problems))
        self.stdout.write(f"{checked.consent_count} consents are as they were sealed.")
