"""The migrations say what the models say, and go both ways without leaving a door open."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from tests.builders import make_member


@pytest.mark.django_db
def test_no_change_of_a_model_waits_for_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Any]:
    """An empty database of its own in the place of the tests' one, which keeps its tables."""
    ours = connections["default"]
    on_postgres = ours.vendor == "postgresql"
    name = f"scratch_{uuid.uuid4().hex}" if on_postgres else str(tmp_path / "scratch.sqlite3")
    with django_db_blocker.unblock():
        if on_postgres:
            with ours._nodb_cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        other = type(ours)({**ours.settings_dict, "NAME": name}, "default")
        connections["default"] = other
        if not on_postgres:
            with other.cursor() as cursor:
                cursor.execute("PRAGMA synchronous = OFF")  # nothing of it has to outlive anything
        try:
            yield other
        finally:
            other.close()
            connections["default"] = ours
            if on_postgres:
                with ours._nodb_cursor() as cursor:
                    cursor.execute(f"DROP DATABASE {name}")


def migrate(app: str, to: str | None = None) -> None:
    executor = MigrationExecutor(connection)
    leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] == app]
    executor.migrate([(app, to)] if to else leaves)


def locked(table: str) -> bool:
    """Whether the database itself refuses to change or delete the table's rows (it has some)."""
    refused = []
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
                transaction.set_rollback(True)
            refused.append(False)
        except IntegrityError:
            refused.append(True)
    assert len(set(refused)) == 1
    return refused[0]


@pytest.mark.usefixtures("scratch")
def test_all_go_both_ways_and_the_tables_are_locked_by_theirs_and_open_without_it():
    for app in ("account", "accounts", "jobs"):
        migrate(app)
    make_member()
    assert locked("accounts_transfer")
    assert locked("jobs_consentnotice")
    migrate("jobs", "0001_initial")
    assert not locked("jobs_consentnotice")
    migrate("accounts", "0001_initial")  # and all of jobs with it, which needs accounts.0002
    assert not locked("accounts_transfer")
    # On what the way back has left, the way there again, as far as the locks.
    migrate("accounts", "0002_append_only")
    migrate("jobs", "0002_notice_and_triggers")
    assert locked("accounts_transfer")
    assert locked("jobs_consentnotice")
