"""Pixazo's contract, as our own client meets it: on the sandbox, and on the unit tests' fake.

What the fake says, the sandbox says too; so the fake can't drift into an easier world.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.catalog import CODEFORMER, FLUX_KONTEXT, GFPGAN, MODELS, RestorationModel
from jobs.gateway import errors
from jobs.gateway.output import OutputFetcher
from jobs.gateway.pixazo import PixazoClient, read_report
from jobs.gateway.types import StatusReport, Submission
from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests.fakes import FakeVendor
from tests.sandbox.harness import Loop, Receiver, picture, served

pytestmark = pytest.mark.loopback
PATIENCE_SECONDS = 10


@dataclass
class Peer:
    """One gateway: our client, where results lie, an input picture, and what it called back."""

    client: PixazoClient
    outputs: OutputFetcher
    image_url: str
    callback_url: str
    callbacks: Callable[[], list[bytes]]
    finish: Callable[[], object]
    with_key: Callable[[str], PixazoClient]


@contextmanager
def sandbox(directory: Path) -> Iterator[Peer]:
    loop, receiver = Loop(), Receiver(pictures={"photo.png": picture()})
    settings = Settings(
        directory=directory, latency_seconds=0.02, pictures="echo", picture_workers=1
    )
    with (
        served(loop, receiver.app()) as receiver.url,
        served(loop, make_app(settings)) as url,
        ExitStack() as stack,
    ):

        def with_key(key: str) -> PixazoClient:
            client = PixazoClient(
                base_url=url, api_key=key, connect_seconds=2, read_seconds=5, connections=2
            )
            return stack.enter_context(closing(client))

        host = url.removeprefix("http://")
        outputs = OutputFetcher(
            allowed_hosts=[host], sandbox_hosts=[host], max_bytes=10_000_000, deadline_seconds=10
        )
        yield Peer(
            client=with_key("sandbox-key"),
            outputs=stack.enter_context(closing(outputs)),
            image_url=f"{receiver.url}/photo.png",
            callback_url=f"{receiver.url}/hook",
            callbacks=lambda: [json.dumps(body).encode() for body in receiver.callbacks],
            finish=lambda: None,
            with_key=with_key,
        )
    loop.stop()


@contextmanager
def fake() -> Iterator[Peer]:
    vendor = FakeVendor()
    yield Peer(
        client=vendor.client,
        outputs=vendor.outputs,
        image_url="https://photos.test/photo.png",
        callback_url="https://heirloom.test/callback",
        callbacks=lambda: [r.callback() for r in vendor.requests if r.status == "COMPLETED"],
        finish=vendor.finish,
        with_key=lambda key: vendor.client_with_key(key),
    )


@pytest.fixture(params=["sandbox", "fake"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    with sandbox(tmp_path) if request.param == "sandbox" else fake() as peer:
        yield peer


def submit(peer: Peer, model: RestorationModel = GFPGAN, **parameters: object) -> str:
    return peer.client.submit(
        Submission(
            endpoint=model.usual.endpoint,
            payload=model.usual.payload(
                image_url=peer.image_url, parameters={**model.defaults(), **parameters}
            ),
            callback_url=peer.callback_url,
        )
    ).request_id


def completed(peer: Peer, request_id: str) -> StatusReport:
    peer.finish()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        report = peer.client.status(request_id)
        if report.status not in ("QUEUED", "PROCESSING"):
            return report
        time.sleep(0.02)
    raise AssertionError("not completed in time")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_each_models_defaults_are_accepted_and_its_id_begins_the_requests(
    peer: Peer, model: RestorationModel
):
    assert submit(peer, model).startswith(f"{model.usual.model_id}_")


def test_a_completed_request_names_a_picture_that_can_be_fetched(peer: Peer):
    report = completed(peer, submit(peer))
    assert report.status == "COMPLETED"
    (url,) = report.media_urls
    picture = io.BytesIO()
    assert peer.outputs.fetch(url, picture) > 0
    assert picture.getvalue().startswith(b"\x89PNG")


def test_the_callback_has_the_shape_of_the_status(peer: Peer):
    request_id = submit(peer)
    report = completed(peer, request_id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not peer.callbacks() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert read_report(peer.callbacks()[0]) == report


def test_a_wrong_key_is_our_accounts_problem(peer: Peer):
    client = peer.with_key("wrong")
    with pytest.raises(errors.AccountBlocked):
        client.status("gfpgan_1")
    with pytest.raises(errors.AccountBlocked):
        client.submit(Submission(GFPGAN.usual.endpoint, {"img": peer.image_url}, peer.callback_url))


def test_a_request_that_nobody_made_is_not_known(peer: Peer):
    with pytest.raises(errors.NoSuchRequest):
        peer.client.status("gfpgan_019d0000-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    ("model", "parameters", "words"),
    [
        (FLUX_KONTEXT, {"seed": -1}, "seed must be a non-negative integer"),
        (FLUX_KONTEXT, {"output_format": "gif"}, "output_format must be one of: jpg, png"),
        (FLUX_KONTEXT, {"safety_tolerance": 3}, "safety_tolerance must be an integer in [0, 2]"),
        (GFPGAN, {"scale": 5}, "scale must be an integer in [1, 4]"),
        (CODEFORMER, {"upscale": 9}, "upscale must be an integer in [1, 8]"),
        (
            CODEFORMER,
            {"codeformer_fidelity": 1.5},
            "codeformer_fidelity must be a number in [0, 1]",
        ),
    ],
)
def test_the_sandbox_refuses_what_the_documents_refuse_in_their_words(
    tmp_path: Path, model: RestorationModel, parameters: dict[str, object], words: str
):
    with sandbox(tmp_path) as peer, pytest.raises(errors.Refused) as problem:
        submit(peer, model, **parameters)
    assert str(problem.value) == words
