"""One writer at a time in a whole table, where no single row says who is first."""

from __future__ import annotations

from django.db import connection, models


def lock_table(model: type[models.Model]) -> None:
    """Let nobody else write here before this transaction ends; reading goes on.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
