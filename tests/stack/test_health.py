"""What the site says of itself, and the clock that outlives its Redis."""

from __future__ import annotations

import json
from typing import Any

import django_rq
import pytest
from django.db.migrations.executor import MigrationExecutor
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisIsDown

from jobs import storage
from restoration_site import health
from restoration_site.management.commands import clock

WELL: dict[str, str | None] = {"database": None, "redis": None, "s3": None}


def test_live_asks_nobody(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "checks", lambda: pytest.fail("live must touch nothing"))
    assert health.live(rf.get("/health/")).status_code == 200


@pytest.mark.parametrize("heavy", [True, False])
def test_ready_when_all_is_well_with_or_without_a_worker(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, heavy: bool
):
    monkeypatch.setattr(health, "checks", lambda: WELL)
    monkeypatch.setattr(health, "_listens", lambda queue: heavy or queue == "quick")
    answer = health.ready(rf.get("/health/ready/"))
    assert answer.status_code == 200
    assert json.loads(answer.content) == {
        "ready": True,
        "checks": WELL,
        "workers_alive": {"quick": True, "heavy": heavy},
    }


def test_not_ready_names_the_part_that_is_missing(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "checks", lambda: WELL | {"redis": "Redis does not answer."})
    monkeypatch.setattr(health, "_listens", lambda queue: False)
    answer = health.ready(rf.get("/health/ready/"))
    assert answer.status_code == 503
    assert json.loads(answer.content)["checks"]["redis"] == "Redis does not answer."


@pytest.mark.django_db
def test_a_migrated_database_is_well():
    assert health.database() is None


@pytest.mark.django_db
def test_a_missing_migration_is_told(monkeypatch: pytest.MonkeyPatch):
    two = [("jobs", False), ("jobs", False)]
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: two)
    assert health.database() == "The database lacks 2 migrations: run manage.py migrate."


def test_a_store_that_fails_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise storage.StorageUnavailable("http://key:secret@10.0.0.1/ refused")

    monkeypatch.setattr(storage, "check", fail)
    assert health.pictures() == "S3 does not answer, or has no bucket for us."


class Queue:
    def __init__(self, problem: Exception | None = None) -> None:
        self.problem, self.taken = problem, []  # type: ignore[var-annotated]

    def enqueue(self, name: str, **options: Any) -> None:
        if self.problem:
            raise self.problem
        self.taken.append((name, options))


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> clock.Clock:
    monkeypatch.setattr(clock, "PAUSE_WITHOUT_REDIS_SECONDS", 0)
    made = clock.Clock()
    made.load_config_from_file("restoration_site.cron")
    return made


def test_the_clock_rings_through_the_sites_own_queue(
    ticking: clock.Clock, monkeypatch: pytest.MonkeyPatch
):
    queue = Queue()
    monkeypatch.setattr(django_rq, "get_queue", lambda name: queue)
    ticking.enqueue_jobs()
    assert "jobs.tasks.sweep" in [name for name, _ in queue.taken]
    assert ticking.enqueue_jobs() == []  # not due again yet


def test_what_happens_by_the_clock_and_how_long_a_ring_is_worth_something(ticking: clock.Clock):
    rings = {
        job.func_name: (
            job.queue_name,
            job.interval,
            job.job_options["ttl"],
            job.job_options["result_ttl"],
        )
        for job in ticking.get_jobs()
    }
    assert rings == {
        "jobs.tasks.sweep": ("quick", 2, 4, 0),
        "jobs.tasks.keep_promises": ("heavy", 600, 600, 0),
        "jobs.tasks.check_consents": ("heavy", 600, 600, 0),
        "jobs.tasks.erase_orphans": ("heavy", 86_400, 86_400, 0),
        "accounts.tasks.look_at_top_ups": ("heavy", 600, 600, 0),
        "accounts.tasks.check_books": ("heavy", 600, 600, 0),
    }


def test_the_clock_outlives_its_redis(ticking: clock.Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(django_rq, "get_queue", lambda name: Queue(RedisIsDown("gone")))
    assert ticking.enqueue_jobs()  # due, not taken, no error
