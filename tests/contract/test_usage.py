"""The sandbox's bill against our books: exactly the differences that were provoked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import reconciliation, storage, vendors
from jobs.gateway.output import OutputFetcher
from jobs.gateway.pixazo import PixazoClient
from jobs.models import Finding, Photo, RestorationJob, UsageImport
from jobs.states import JobState
from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests.builders import make_due, make_job, make_member, make_photo, run
from tests.sandbox.harness import Client, Loop, Receiver, picture, served

pytestmark = [pytest.mark.loopback, pytest.mark.django_db]
PATIENCE_SECONDS = 20


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Client]:
    """The real sandbox, and our own clients speaking to it."""
    loop, receiver = Loop(), Receiver(pictures={"photo.png": picture(64, 48)})
    sandbox = Settings(directory=tmp_path, latency_seconds=0.02, pictures="echo", picture_workers=1)
    with (
        served(loop, receiver.app()) as receiver.url,
        served(loop, make_app(sandbox)) as url,
    ):
        settings.PUBLIC_BASE_URL = receiver.url  # nobody takes callbacks there: we ask
        client = PixazoClient(
            base_url=url, api_key="sandbox-key", connect_seconds=2, read_seconds=5, connections=2
        )
        host = url.removeprefix("http://")
        outputs = OutputFetcher(
            allowed_hosts=[host], sandbox_hosts=[host], max_bytes=10_000_000, deadline_seconds=10
        )
        monkeypatch.setattr(vendors, "pixazo", lambda: client)
        monkeypatch.setattr(vendors, "outputs", lambda: outputs)
        photo = f"{receiver.url}/photo.png"
        monkeypatch.setattr(storage, "address", lambda key, *, seconds: photo)
        yield Client(loop, url)
        client.close()
        outputs.close()
    loop.stop()


@pytest.fixture
def photo() -> Photo:
    return make_photo()


def sent(photo: Photo) -> RestorationJob:
    job = make_job(photo=photo)
    run("submit")
    return job


def restored(photo: Photo) -> RestorationJob:
    """A job that the sandbox completed and the member paid for."""
    return until(sent(photo), JobState.COMPLETED, "observe")


def until(job: RestorationJob, state: JobState, step: str) -> RestorationJob:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job.state != state:
        assert time.monotonic() < deadline, f"the job stays {job.state}"
        make_due(job)
        run(step)
        job.refresh_from_db()
        time.sleep(0.02)
    return job


def exported(gateway: Client, day: str = "") -> bytes:
    answer = gateway("GET", f"/_sandbox/usage.csv?day={day}")
    assert answer.status == 200
    return answer.body


def request_of(job: RestorationJob) -> str:
    return job.attempts.get().request_id or ""


def test_the_sandboxs_export_shows_exactly_what_was_provoked(gateway: Client, photo: Photo):
    clerk = make_member(micros=0)
    restored(photo)
    dearer = restored(photo)
    RestorationJob.objects.filter(pk=dearer.pk).update(vendor_cost_micros=3_000)
    gateway.behave(next=[{"fault": "no_media_url"}])
    lost = until(restored(photo), JobState.ERROR, "collect")
    gateway.behave(next=[{"fault": "failed"}])
    until(sent(photo), JobState.FAILED, "observe")
    gateway.behave(next=[{"fault": "drop_after_accept"}])
    sent(photo)
    gateway.wait_for(lambda: exported(gateway).count(b"\n") == 5)
    known = {request_of(job) for job in RestorationJob.objects.all()}
    (unknown,) = (
        line.split(",")[0]
        for line in exported(gateway).decode().splitlines()[1:]
        if line.split(",")[0] not in known
    )
    early = exported(gateway)
    late = restored(photo)

    days: dict[str, Any] = {
        "first_day": datetime.now(UTC).date() - timedelta(days=1),
        "last_day": datetime.now(UTC).date(),
        "now": datetime.now(UTC) + timedelta(days=1),
    }
    reconciliation.import_usage(file_name="early.csv", data=early, by=clerk, **days)

    assert set(Finding.objects.values_list("kind", "request_id")) == {
        ("MISPRICED", request_of(dearer)),
        ("ORPHANED", request_of(lost)),
        ("EXTRA", unknown),
        ("MISSING", request_of(late)),
    }
    assert Finding.objects.count() == 4

    whole = reconciliation.import_usage(
        file_name="whole.csv", data=exported(gateway), by=clerk, overlaps=True, **days
    )
    assert whole.usage_import.line_count == 1
    assert Finding.objects.count() == 4
    assert Finding.objects.get(kind="MISSING").explanation == "Came in whole.csv"
    assert UsageImport.objects.count() == 2


def test_an_export_that_is_brought_twice_with_a_new_line_is_doubled(gateway: Client, photo: Photo):
    clerk = make_member(micros=0)
    first = restored(photo)
    reconciliation.import_usage(file_name="1.csv", data=exported(gateway), by=clerk)
    restored(photo)
    reconciliation.import_usage(file_name="2.csv", data=exported(gateway), by=clerk)
    assert list(Finding.objects.values_list("kind", "request_id")) == [
        ("DOUBLED", request_of(first))
    ]


def test_the_export_is_of_the_day_that_is_asked_for(gateway: Client, photo: Photo):
    restored(photo)
    today = datetime.now(UTC).date()
    assert exported(gateway, str(today - timedelta(days=1))).count(b"\n") == 1
    assert gateway("GET", "/_sandbox/usage.csv?day=May").status == 400
    assert b'href="/_sandbox/usage.csv"' in gateway("GET", "/_sandbox/").body
