"""Nothing leaves without live consent, as the sandbox's gateway saw it: in its own log.

The site's steps run as they are, over HTTP; the picture's address leads to a server that counts who
asked. The table of consents is tests/gate.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jobs import pipeline, storage, vendors
from jobs.gateway.pixazo import PixazoClient
from jobs.models import RestorationJob
from jobs.steps import consent as consent_step
from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests.builders import make_job, make_photo, run
from tests.gate import (
    STATUSES,
    Standing,
    addresses_made,
    expected_keys,
    forged_between_claim_and_call,
    make_jobs,
)
from tests.sandbox.harness import Client, Loop, Receiver, picture, served

pytestmark = [pytest.mark.loopback, pytest.mark.django_db]


@dataclass
class Gateway:
    """The sandbox's log, and where pictures lie."""

    client: Client
    pictures_url: str

    def address(self, key: str, **_: Any) -> str:
        return f"{self.pictures_url}/photo.png?key={key}"

    def saw(self, kind: str) -> list[dict[str, Any]]:
        return self.client.log(kind)

    def keys_sent(self, jobs: dict[RestorationJob, Standing]) -> list[str]:
        """The copies whose addresses came in, by what its requests hold."""
        text = self.client("GET", "/_sandbox/requests").body.decode()
        return sorted(job.photo.prepared_key for job in jobs if job.photo.prepared_key in text)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    loop, receiver = Loop(), Receiver(pictures={"photo.png": picture()})
    made = Settings(directory=tmp_path, latency_seconds=0.02, pictures="echo", picture_workers=1)
    with (
        served(loop, receiver.app()) as pictures_url,
        served(loop, make_app(made)) as url,
        closing(
            PixazoClient(
                base_url=url,
                api_key="sandbox-key",
                connect_seconds=2,
                read_seconds=5,
                connections=4,
            )
        ) as client,
    ):
        monkeypatch.setattr(vendors, "pixazo", lambda: client)
        monkeypatch.setattr("django.conf.settings.PUBLIC_BASE_URL", pictures_url)
        yield Gateway(Client(loop, url), pictures_url)
    loop.stop()


@pytest.mark.parametrize("status", STATUSES)
def test_before_it_is_sent_only_what_is_live_reaches_the_gateway(gateway: Gateway, status: str):
    jobs = make_jobs(status)
    for job, one in jobs.items():
        one.forge(job.consent)
    with addresses_made(gateway.address) as made:
        while "submit" in pipeline.steps_due(timezone.now()):
            run("submit")
    assert sorted(made) == gateway.keys_sent(jobs) == expected_keys(jobs)
    assert len(gateway.saw("submit")) == len(made)


@pytest.mark.parametrize("status", STATUSES)
def test_between_claim_and_call_only_what_is_live_reaches_the_gateway(
    gateway: Gateway, status: str
):
    jobs = make_jobs(status)
    with addresses_made(gateway.address) as made, forged_between_claim_and_call(jobs):
        run("submit")
    assert sorted(made) == gateway.keys_sent(jobs) == expected_keys(jobs)
    assert len(gateway.saw("submit")) == len(made)


def test_what_is_withdrawn_before_it_is_sent_leaves_no_line_in_the_log(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "address", gateway.address)
    job = make_job(photo=make_photo())
    consent_step.withdraw(photo=job.photo, by=job.owner)
    for step in ("submit", "observe", "collect"):
        run(step)
    for kind in ("submit", "status", "input_fetch", "callback", "cdn"):
        assert gateway.saw(kind) == []
