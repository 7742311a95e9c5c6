"""When the books were last proved, and what was found. Written once (triggers)."""

from __future__ import annotations

from django.db import models


class BooksCheck(models.Model):
    """One run of `accounts.books.check`; `lies` holds a sentence each, none when all is true."""

    at = models.DateTimeField(auto_now_add=True)
    wallet_count = models.PositiveIntegerField()
    lies = models.JSONField(default=list)

    class Meta:
        get_latest_by = "pk"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {len(self.lies)} lies in {self.wallet_count} wallets"
