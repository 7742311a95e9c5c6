"""What every test stands on: blocked sockets, an S3 and a vendor inside the process, no Redis.

Unit tests need no process and no network. A test marked `loopback`, `processes` or `browser` may
speak to this machine, and to nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.test import Client
from django.utils import translation
from moto import mock_aws
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from accounts import append_only
from accounts.models import User
from jobs import doorbell, storage, vendors
from tests.fakes import FakeVendor
from tests.jobs.world import World, worlds
from tests.staff import client_of, make_clerk

pytest_plugins = ["tests.suite"]

PROTECTED_TABLES = (
    "accounts_transfer",
    "accounts_auditentry",
    "accounts_bookscheck",
    "accounts_cardevent",
    "jobs_jobevent",
    "jobs_consentevent",
    "jobs_consentnotice",
    "jobs_consentwording",
    "jobs_consentcheck",
    "jobs_reviewdecision",
    "jobs_price",
    "jobs_usageimport",
    "jobs_usageline",
    "jobs_dayclose",
    "jobs_breakerevent",
)


@pytest.fixture(autouse=True)
def houses_own_language() -> Iterator[None]:
    """What a page was served in stays in force in its thread until the next request."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if any(item.get_closest_marker(name) for name in ("loopback", "processes", "browser")):
        enable_socket()
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True, scope="session")
def _a_flush_brings_the_first_prices_back() -> Iterator[None]:
    """A transactional test empties all tables at its end; Django then says post_migrate."""

    def publish(sender: AppConfig, **_: Any) -> None:
        if sender.label == "jobs" and "jobs_price" in connection.introspection.table_names():
            import_module("jobs.migrations.0004_first_prices").publish(apps, None)

    post_migrate.connect(publish, weak=False)
    yield
    post_migrate.disconnect(publish)


@pytest.fixture(autouse=True)
def _rings_are_rung_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the test's own thread, so that it sees them; test_ringer looks at the site's."""
    monkeypatch.setattr(doorbell, "ring_soon", lambda step: doorbell.ring(step))


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doorbells rung, by step; Redis isn't asked."""
    rung: list[str] = []

    def ring(step: str) -> bool:
        rung.append(step)
        return True

    monkeypatch.setattr(doorbell, "ring", ring)
    return rung


@pytest.fixture
def bucket() -> Iterator[None]:
    """A private S3 inside the process, empty at first.

    The clients of `jobs.storage` stay from test to test, as they do in the site: making one takes
    ten times as long as most tests. A test that moves the store makes its own (test_storage).
    """
    with mock_aws():
        storage.ensure_bucket()
        yield


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    """A gateway at the other end of the transport; our own clients are the real ones."""
    fake = FakeVendor()
    monkeypatch.setattr(vendors, "pixazo", lambda: fake.client)
    monkeypatch.setattr(vendors, "outputs", lambda: fake.outputs)
    return fake


@pytest.fixture
def make_world(vendor: FakeVendor) -> Iterator[Callable[[], World]]:
    """A job in a hostile world, a new one with each call."""
    with worlds(vendor) as make:
        yield make


@pytest.fixture(autouse=True, scope="session")
def _a_flush_deletes_and_may_empty_append_only_tables() -> Iterator[None]:
    """Transactional tests' tables are emptied with DELETE; our triggers step aside for it alone.

    PostgreSQL's own way is TRUNCATE, which makes a new file of each table and index: with a busy
    disk a second or two, for a few rows. Foreign keys are checked at the end, so any order will do.
    """
    operations, vendor = connection.ops, connection.vendor
    flush = operations.sql_flush

    def sql_flush(style: Any, tables: Any, **options: Any) -> list[str]:
        statements = flush(style, tables, **options)
        if vendor == "postgresql" and statements:
            statements = [f"DELETE FROM {operations.quote_name(table)}" for table in tables]
            statements.append("SET CONSTRAINTS ALL IMMEDIATE")
        protected = [table for table in PROTECTED_TABLES if table in tables]
        aside = [sql for table in protected for sql in append_only.unlocking(vendor, table)]
        again = [sql for table in protected for sql in append_only.locking(vendor, table)]
        return aside + statements + again

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        yield


# --- Billing staff, and their browser -----------------------------------------------------------
@pytest.fixture
def ben() -> User:
    return make_clerk(email="ben@heirloom.example")


@pytest.fixture
def billing(ben: User) -> Client:
    return client_of(ben)
