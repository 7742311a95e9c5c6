"""The doorbell is never waited for: a page answers while the ring still hangs in a dead Redis."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from jobs import doorbell, storage, vendors
from jobs.gateway.pixazo import PixazoClient
from jobs.models import RestorationJob
from jobs.states import JobState
from tests.blackhole import Blackhole, blackhole
from tests.builders import make_job, run
from tests.fakes import FakeVendor

PATIENCE_SECONDS = 30  # for what must happen; a test that holds never waits that long


@pytest.fixture
def ringer(monkeypatch: pytest.MonkeyPatch) -> doorbell.Ringer:
    """The site's own way of ringing, with a thread of this test's."""
    ringer = doorbell.Ringer()
    monkeypatch.setattr(doorbell, "ring_soon", ringer.ring)
    return ringer


class Bell:
    """A ring that hangs until it is let go."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.steps = {"submit", "collect", "tell"}  # whose rings are this test's
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.heard = threading.Semaphore(0)

    def ring(self, step: str) -> bool:
        if step not in self.steps:
            return True
        self.begun.set()
        assert self.let_go.wait(PATIENCE_SECONDS)
        self.rung.append(step)
        self.heard.release()
        return True


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    bell = Bell()
    monkeypatch.setattr(doorbell, "ring", bell.ring)
    return bell


def test_whoever_rings_goes_on_while_the_bell_hangs(ringer: doorbell.Ringer, bell: Bell):
    ringer.ring("submit")
    assert bell.begun.wait(PATIENCE_SECONDS)
    for _ in range(1000):
        ringer.ring("collect")
        ringer.ring("tell")
    assert bell.rung == []  # all that, and the first still hangs
    bell.let_go.set()
    for _ in range(3):
        assert bell.heard.acquire(timeout=PATIENCE_SECONDS)
    assert bell.rung == ["submit", "collect", "tell"]


def test_a_step_that_is_rung_for_while_its_ring_hangs_is_rung_for_once_more(
    ringer: doorbell.Ringer, bell: Bell
):
    bell.steps = {"submit"}  # what an earlier test has committed may be rung for only now
    ringer.ring("submit")
    assert bell.begun.wait(PATIENCE_SECONDS)
    ringer.ring("submit")
    bell.let_go.set()
    for _ in range(2):
        assert bell.heard.acquire(timeout=PATIENCE_SECONDS)
    assert bell.rung == ["submit", "submit"]


def test_a_bell_that_breaks_is_not_the_end_of_the_ringer(
    ringer: doorbell.Ringer, monkeypatch: pytest.MonkeyPatch
):
    heard = threading.Event()

    def ring(step: str) -> bool:
        if step == "submit":
            raise RuntimeError("unforeseen")
        heard.set()
        return True

    monkeypatch.setattr(doorbell, "ring", ring)
    ringer.ring("submit")
    ringer.ring("collect")
    assert heard.wait(PATIENCE_SECONDS)


# --- The callback view with everything outside a black hole ---------------------------------------
@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[dict[str, Blackhole]]:
    """Redis, S3 and the gateway take connections and never answer."""
    with blackhole() as of_redis, blackhole() as of_s3, blackhole() as of_gateway:
        monkeypatch.setattr(
            "django_rq.queues.get_connection",
            lambda *args, **options: redis.Redis(port=of_redis.port, socket_timeout=60),
        )
        settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{of_s3.port}"
        for client in (
            storage._client,
            storage._hasty_client,
            storage._upload_client,
            storage._public_client,
        ):
            client.cache_clear()
        yield {"redis": of_redis, "s3": of_s3, "gateway": of_gateway}
    for client in (
        storage._client,
        storage._hasty_client,
        storage._upload_client,
        storage._public_client,
    ):
        client.cache_clear()


@pytest.mark.loopback
@pytest.mark.django_db(transaction=True)
def test_the_callback_is_answered_while_redis_s3_and_the_gateway_hang(
    vendor: FakeVendor,
    outside: dict[str, Blackhole],
    ringer: doorbell.Ringer,
    monkeypatch: pytest.MonkeyPatch,
):
    job = make_job()
    run("submit")
    hung = PixazoClient(
        base_url=f"http://127.0.0.1:{outside['gateway'].port}",
        api_key="key",
        connect_seconds=60,
        read_seconds=60,
        connections=1,
    )
    monkeypatch.setattr(vendors, "pixazo", lambda: hung)
    monkeypatch.setattr(doorbell, "unheard", 0)
    path = vendor.last.callback_url.removeprefix("http://testserver")
    body = vendor.finish().callback()

    response = Client().post(path, data=body, content_type="application/json")

    assert (response.status_code, response.json()) == (200, {"verdict": "APPLIED"})
    assert RestorationJob.objects.get(pk=job.pk).state == JobState.COMPLETED
    assert outside["redis"].taken.wait(PATIENCE_SECONDS)  # it did ring
    assert doorbell.unheard == 0  # and the ring still hangs: nobody waited for it
    assert (outside["s3"].count, outside["gateway"].count) == (0, 0)
