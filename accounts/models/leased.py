"""Rows that a step may take up: when they are due, who has them now, and how often we tried.

A lease is a random token with an end. Recording an outcome checks that the token is still there;
a call that takes longer than a lease has its own renewed (`jobs.pipeline`), and a worker that was
killed simply renews and records no more: its lease ends, and the row is due again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import Q

Row = TypeVar("Row", bound="Leased")


class Leased(models.Model):
    """`due_at` None means that no step wants the row."""

    due_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


def due(rows: models.QuerySet[Row], now: datetime) -> models.QuerySet[Row]:
    """The rows that are due and that nobody holds, longest due first."""
    return rows.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now), due_at__lte=now
    ).order_by("due_at", "pk")


def lease(rows: models.QuerySet[Row], *, limit: int, seconds: int, now: datetime) -> list[Row]:
    """Claim up to `limit` due rows in one short transaction.

    PostgreSQL skips rows that another worker is claiming; SQLite has one writer at a time, so the
    transaction itself is the lock.
    """
    until = now + timedelta(seconds=seconds)
    with transaction.atomic():
        wanted = due(rows, now)
        if connection.features.has_select_for_update_skip_locked:
            wanted = wanted.select_for_update(skip_locked=True, of=("self",))
        claimed = list(wanted[:limit])
        for row in claimed:
            row.lease_token, row.lease_until = uuid.uuid4(), until
            type(row)._default_manager.filter(pk=row.pk).update(
                lease_token=row.lease_token, lease_until=until
            )
    return claimed


def renew(rows: Sequence[Leased], *, seconds: int, now: datetime) -> None:
    """Put off the end of our leases on rows of one kind; whoever has one of them now keeps it."""
    tokens = {row.pk: row.lease_token for row in rows}
    manager = type(rows[0])._default_manager
    with transaction.atomic():
        # Locked by their keys first: an UPDATE alone would lock them in any order.
        held = manager.select_for_update().filter(pk__in=tokens, lease_token__in=tokens.values())
        ours = list(held.order_by("pk").values_list("pk", flat=True))
        manager.filter(pk__in=ours).update(lease_until=now + timedelta(seconds=seconds))


def still_ours(row: Row) -> Row | None:
    """The row, freshly read and locked, if our lease on it stands; else None.

    Call inside the recording transaction.
    """
    manager: Any = type(row)._default_manager
    fresh: Row | None = (
        (
            manager.select_for_update(of=("self",))
            if connection.features.has_select_for_update_of
            else manager.select_for_update()
        )
        .filter(pk=row.pk, lease_token=row.lease_token)
        .first()
    )
    return fresh
