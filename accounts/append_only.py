"""Tables that are written once: the database itself refuses UPDATE and DELETE on them.

A migration of each room calls `protect` for its own tables; the triggers are the same on
PostgreSQL and SQLite. (TRUNCATE, which only a table's owner can do, they don't watch.)
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
    return _operation(tables, locking, unlocking)


def unprotect(*tables: str) -> migrations.RunPython:
    """The opposite, for a migration that alters such a table: SQLite rebuilds it, triggers lost.

    Such a migration begins with `unprotect` and ends with `protect`.
    """
    return _operation(tables, unlocking, locking)


def _operation(
    tables: tuple[str, ...],
    forwards: Callable[[str, str], list[str]],
    backwards: Callable[[str, str], list[str]],
) -> migrations.RunPython:
    def run(statements: Callable[[str, str], list[str]]) -> Callable[[Any, Any], None]:
        def operation(apps: Any, schema_editor: Any) -> None:
            connection = schema_editor.connection
            with connection.cursor() as cursor:
                for table in tables:
                    for statement in statements(connection.vendor, table):
                        cursor.execute(statement)

        return operation

    return migrations.RunPython(run(forwards), run(backwards))


def locking(vendor: str, table: str) -> list[str]:
    """The statements after which UPDATE and DELETE on a table are refused."""
    if vendor == "postgresql":
        return [
            POSTGRES_FUNCTION,
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION heirloom_append_only()",
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ]


def unlocking(vendor: str, table: str) -> list[str]:
    """The statements that allow them again: migrating backwards, emptying a test database."""
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"]
    return [f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for verb in ("update", "delete")]
