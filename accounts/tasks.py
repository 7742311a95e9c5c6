"""RQ's doors: a few lines each. What is due stands in the rows, never in the task."""

from __future__ import annotations

from django.db import close_old_connections
from django.utils import timezone

from accounts import books
from accounts.payments import top_ups


def look_at_top_ups() -> None:
    """Settle payments by card that nobody told us the end of; runs every few minutes."""
    close_old_connections()
    top_ups.look_again()


def check_books() -> None:
    """Prove once a day that the books are true."""
    close_old_connections()
    books.check_if_due(timezone.now())
