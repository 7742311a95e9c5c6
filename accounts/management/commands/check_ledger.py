"""Proves that every wallet is the sum of its transfers; exits 1 with the list of lies."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import books


class Command(BaseCommand):
    help = "Check that every wallet is the sum of its transfers."

    def handle(self, *args: Any, **options: Any) -> None:
        checked = books.check()
        if checked.lies:
            raise CommandError("The books do not balance:\n" + "\n".join(checked.lies))
        self.stdout.write(f"{checked.wallet_count} wallets are the sum of their transfers.")
