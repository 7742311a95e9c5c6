"""Tables that are written once: the database itself refuses UPDATE and DELETE on them.

A migration of each room calls `protect` for its own tables; the triggers are the same on
PostgreSQL and SQLite. TRUNCATE, which only a table's owner can do, is what test databases use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION heirloom_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$ LANGUAGE plpgsql
"""


def protect(*tables: str) -> migrations.RunPython:
    """The migration operation that makes tables append-only."""

    def run(change: Callable[[Any, str], None]) -> Callable[[Any, Any], None]:
        def operation(apps: Any, schema_editor: Any) -> None:
            for table in tables:
                change(schema_editor.connection, table)

        return operation

    return migrations.RunPython(run(lock), run(unlock))


def lock(connection: Any, table: str) -> None:
    """Refuse UPDATE and DELETE on a table from now on."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES_FUNCTION)
            cursor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION heirloom_append_only()"
            )
        else:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )


def unlock(connection: Any, table: str) -> None:
    """Allow UPDATE and DELETE again (migrating backwards, and emptying a test database)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        else:
            for verb in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
