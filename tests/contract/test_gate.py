"""Nothing leaves without live consent, as the sandbox's gateway saw it: in its own log.

The site's steps run as they are, over HTTP; the picture's address leads to a server that counts who
asked. The table of consents is tests/gate.py's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts import ledger
from jobs import pipeline, storage, vendors
from jobs.gateway.pixazo import PixazoClient
from jobs.models import RestorationJob
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import order, settle
from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests.builders import make_consent, make_due, make_job, make_member, make_photo, run
from tests.gate import (
    STATUSES,
    Standing,
    addresses_made,
    expected_keys,
    expire,
    forged_between_claim_and_call,
    make_jobs,
    make_live_jobs,
    standings,
    withdraw,
)
from tests.sandbox.harness import Client, Loop, Receiver, picture, served

pytestmark = [pytest.mark.loopback, pytest.mark.django_db]


@dataclass
class Gateway:
    """The sandbox's log, and where pictures lie."""

    client: Client
    pictures_url: str
    receiver: Receiver

    def address(self, key: str, **_: Any) -> str:
        return f"{self.pictures_url}/photo.png?key={key}"

    def saw(self, kind: str) -> list[dict[str, Any]]:
        return self.client.log(kind)

    def saw_in_all(self) -> Counter[str]:
        """How often it was asked for what, and what it fetched."""
        lines = self.client("GET", "/_sandbox/requests").json["log"]
        return Counter(line["kind"] for line in lines if line["kind"] != "callback")

    def deliver(self, count: int) -> None:
        """Take in the callbacks of so many requests, as the site's own door does."""
        self.client.wait_for(lambda: len(self.receiver.called) >= count)
        paths = list(self.receiver.called)  # each is there later than its body, and more may come
        for path, body in zip(paths, self.receiver.callbacks, strict=False):
            token = path.rstrip("/").rpartition("/")[2]
            settle.deliver(token=token, body=json.dumps(body).encode())

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
        yield Gateway(Client(loop, url), pictures_url, receiver)
    loop.stop()


@pytest.mark.parametrize("status", STATUSES)
def test_before_the_hold_nothing_is_ordered_that_is_not_live_or_undecided(
    gateway: Gateway, status: str
):
    owner, jobs = make_member(), {}
    for one in standings(status):
        photo = make_photo(owner=owner)
        one.forge(make_consent(photo))
        if one.may_order:
            jobs[make_job(photo=photo)] = one
            continue
        with pytest.raises(order.CannotOrder):
            make_job(photo=photo)
    with addresses_made(gateway.address) as made:
        run("submit")
    assert sorted(made) == gateway.keys_sent(jobs) == expected_keys(jobs)
    assert len(gateway.saw("submit")) == len(made)


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


# --- A consent that ends later ------------------------------------------------------------------
MOMENTS = ("after it is sent", "after COMPLETED")


@pytest.mark.parametrize("end", [withdraw, expire])
@pytest.mark.parametrize("moment", MOMENTS)
def test_once_it_has_ended_the_log_has_no_line_more(
    gateway: Gateway, bucket: None, moment: str, end: Callable[[RestorationJob], None]
):
    jobs = make_live_jobs()
    with addresses_made(gateway.address) as made:
        while "submit" in pipeline.steps_due(timezone.now()):
            run("submit")
    assert sorted(made) == gateway.keys_sent(jobs) == expected_keys(jobs)
    assert len(made) == len(jobs)
    if moment == "after COMPLETED":
        gateway.deliver(len(jobs))
    else:
        gateway.client.wait_for(lambda: len(gateway.receiver.callbacks) == len(jobs))
    states = set(RestorationJob.objects.values_list("state", flat=True))
    assert states == {"COMPLETED" if moment == "after COMPLETED" else "QUEUED"}

    before = gateway.saw_in_all()
    with addresses_made(gateway.address) as made:
        for job in jobs:
            end(job)
            make_due(job)
        gateway.deliver(len(jobs))  # late
        for step in ("submit", "observe", "collect", "tell"):
            run(step)
    assert made == []
    assert gateway.saw_in_all() == before
    for job in jobs:
        job.refresh_from_db()
        assert (job.state, job.result_key) == (JobState.CANCELLED, "")
        assert job.hold is not None
        balance = ledger.balance_of(job.hold)
        assert (balance.open, balance.charged) == (0, 0)
