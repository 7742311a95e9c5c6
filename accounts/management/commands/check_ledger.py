"""Proves that every wallet is the sum of its transfers; exits 1 with the list of lies."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import books
from accounts.models import Wallet


class Command(BaseCommand):
    help = "Check that every wallet is the sum of its transfers."

    def handle(self, *args: Any, **options: Any) -> None:
        lies = books.lies()
        if lies:
            raise CommandError("The books do not balance:\n" + "\n".join(lies))
        self.stdout.write(f"{Wallet.objects.count()} wallets are the sum of their transfers.")
