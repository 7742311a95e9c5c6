"""A Redis inside the process, time that stands still, and a vendor that has refused us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
import time_machine
from django.utils import timezone

from jobs.models import RestorationJob
from tests.builders import make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import answers


@pytest.fixture
def redis_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[fakeredis.FakeServer]:
    """Set `connected` to False, and it is down."""
    server = fakeredis.FakeServer()
    connection = fakeredis.FakeRedis(server=server)
    monkeypatch.setattr("django_rq.queues.get_connection", lambda *args, **options: connection)
    yield server
    server.connected = True


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


@pytest.fixture
def stopped(vendor: FakeVendor, clock: Any, settings: Any) -> list[RestorationJob]:
    """Three jobs; the first met a 402."""
    owner = make_member()
    jobs = []
    for _ in range(3):
        jobs.append(make_job(photo=make_photo(owner=owner)))
        clock.shift(timedelta(seconds=1))
    vendor.on_submit = answers(402)
    settings.CALLS_IN_FLIGHT = 1
    run("submit")
    return jobs
