"""Whom the contract is checked on: the sandbox, the fakes of the unit tests, and real vendors.

A real vendor is one whose key is given; asking it costs money, so each peer is asked for one
restoration only, and its answers are kept for all checks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from jobs.catalog import CODEFORMER, GFPGAN, Route
from jobs.gateway.fal import KEEP_LITTLE, FalClient
from jobs.gateway.pixazo import PixazoClient
from jobs.gateway.types import StatusReport, Vendor
from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests import fake_fal, fakes
from tests.fake_fal import FakeFal
from tests.fakes import FakeVendor
from tests.sandbox.harness import Loop, picture, served

SANDBOX_KEY = "sandbox-key"
SANDBOX_FAL_KEY = "sandbox-id:sandbox-secret"
# The pictures that the vendors' own documents use as examples.
EXAMPLES = {
    "pixazo": "https://pub-582b7213209642b9b995c96c95a30381.r2.dev/input_model.png",
    "fal": "https://storage.googleapis.com/falserverless/model_tests/codeformer/codeformer_poor_1.jpeg",
}
ROUTES = {"pixazo": GFPGAN.usual, "fal": CODEFORMER.route("fal")}
SETTINGS: dict[str, dict[str, Any]] = {
    "pixazo": {"scale": 1},
    "fal": {"codeformer_fidelity": 0.5, "upscale": 1, "face_upsample": True},
}


@dataclass(frozen=True)
class Callback:
    """One delivery, as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    """One side of the contract. `callbacks` is None where none can reach us."""

    name: str
    vendor: str
    http: httpx.Client
    client: Vendor
    image_url: str
    callback_url: str = "https://heirloom.example/contract/"
    callbacks: Callable[[], list[Callback]] | None = None
    keys: Callable[[], bytes] | None = None
    finish: Callable[[], object] = lambda: None
    pause_seconds: float = 0.02
    patience_seconds: float = 10
    is_fake: bool = False
    wrong_key: dict[str, str] = field(default_factory=dict)

    @property
    def route(self) -> Route:
        return ROUTES[self.vendor]

    @cached_property
    def journey(self) -> Journey:
        """The one restoration that is asked for."""
        payload = self.route.payload(image_url=self.image_url, parameters=SETTINGS[self.vendor])
        accepted = self.post(payload)
        if accepted.status_code not in (200, 202):
            raise AssertionError(f"{self.name} takes no request: {accepted.status_code}")
        request_id = str(accepted.json()["request_id"])
        first = self.http.get(self.status_path(request_id))
        self.finish()
        report = self.wait_for(request_id)
        last = self.http.get(self.status_path(request_id))
        result = None
        if self.vendor == "fal":
            result = self.http.get(self.status_path(request_id).removesuffix("/status"))
        return Journey(accepted, request_id, first, last, result, report)

    def post(self, payload: dict[str, Any], **headers: str) -> httpx.Response:
        if self.vendor == "fal":
            return self.http.post(
                self.route.endpoint,
                json=payload,
                params={"fal_webhook": self.callback_url},
                headers={**KEEP_LITTLE, **headers},
            )
        ours = {"X-Webhook-URL": self.callback_url, "X-Webhook-Mode": "terminal"}
        return self.http.post(self.route.endpoint, json=payload, headers={**ours, **headers})

    def status_path(self, request_id: str) -> str:
        if self.vendor == "fal":
            return f"{self.route.endpoint}/requests/{request_id}/status"
        return f"/v2/requests/status/{request_id}"

    def wait_for(self, request_id: str) -> StatusReport:
        """Our own reading of it, once it has ended."""
        deadline = time.monotonic() + self.patience_seconds
        while time.monotonic() < deadline:
            report = self.client.status(request_id, endpoint=self.route.endpoint)
            if report.status not in ("QUEUED", "PROCESSING"):
                return report
            time.sleep(self.pause_seconds)
        raise AssertionError(f"not completed within {self.patience_seconds:.0f} s")

    @cached_property
    def callback(self) -> Callback:
        """The terminal one. Raises AssertionError when none comes."""
        assert self.callbacks is not None
        request_id = self.journey.request_id.encode()
        deadline = time.monotonic() + self.patience_seconds
        while time.monotonic() < deadline:
            for one in self.callbacks():
                if request_id in one.body:
                    return one
            time.sleep(self.pause_seconds)
        raise AssertionError("no callback came")


@dataclass(frozen=True)
class Journey:
    """What was answered on the way of one restoration. `result` is fal's."""

    accepted: httpx.Response
    request_id: str
    first_status: httpx.Response
    last_status: httpx.Response
    result: httpx.Response | None
    report: StatusReport


# --- The sandbox ----------------------------------------------------------------------------
@contextmanager
def sandbox(vendor: str, directory: Path) -> Iterator[Peer]:
    came: list[Callback] = []
    loop = Loop()
    settings = Settings(
        directory=directory,
        latency_seconds=0.1,  # so that the first status finds it on its way
        pictures="echo",
        picture_workers=1,
        fal_key=SANDBOX_FAL_KEY,
    )
    with ExitStack() as stack:
        stack.callback(loop.stop)
        ours = stack.enter_context(served(loop, _receiver(came)))
        url = stack.enter_context(served(loop, make_app(settings)))
        key = SANDBOX_KEY if vendor == "pixazo" else SANDBOX_FAL_KEY
        peer = _over_http(
            "sandbox", vendor, url if vendor == "pixazo" else f"{url}/fal", key, stack
        )
        peer.image_url = f"{ours}/photo.png"
        peer.callback_url = f"{ours}/hook"
        peer.callbacks = lambda: list(came)
        peer.keys = lambda: httpx.get(f"{url}/fal/.well-known/jwks.json", trust_env=False).content
        yield peer


def _receiver(came: list[Callback]) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        came.append(Callback(dict(request.headers), await request.read()))
        return web.Response()

    async def give(request: web.Request) -> web.Response:
        return web.Response(body=picture())

    app = web.Application()
    app.router.add_post("/hook", take)
    app.router.add_get("/photo.png", give)
    return app


# --- The fakes ------------------------------------------------------------------------------
@contextmanager
def fake(vendor: str) -> Iterator[Peer]:
    inside: FakeVendor | FakeFal = FakeVendor() if vendor == "pixazo" else FakeFal()
    module = fakes if vendor == "pixazo" else fake_fal
    with httpx.Client(
        base_url=module.BASE_URL,
        headers=_key(vendor, module.KEY),
        transport=httpx.MockTransport(inside._answer),
    ) as http:
        yield Peer(
            name="fake",
            vendor=vendor,
            http=http,
            client=inside.client,
            image_url="https://photos.test/photo.png",
            callbacks=lambda: _callbacks_of(inside),
            keys=lambda: _keys_of(inside),
            finish=lambda: inside.finish(),
            is_fake=True,
            wrong_key=_key(vendor, "wrong"),
        )


def _callbacks_of(inside: FakeVendor | FakeFal) -> list[Callback]:
    if isinstance(inside, FakeVendor):
        return [Callback({}, request.callback()) for request in inside.requests]
    bodies = [(request.request_id, request.callback()) for request in inside.requests]
    return [Callback(inside.signer.headers(number, body), body) for number, body in bodies]


def _keys_of(inside: FakeVendor | FakeFal) -> bytes:
    assert isinstance(inside, FakeFal)
    return httpx.Response(200, json=inside.signer.key_set()).content


# --- The real ones --------------------------------------------------------------------------
@contextmanager
def real(
    vendor: str, *, url: str, key: str, image_url: str = "", keys_url: str = ""
) -> Iterator[Peer]:
    """Costs money. Its callbacks can't reach us here."""
    with ExitStack() as stack:
        peer = _over_http("real", vendor, url, key, stack)
        peer.image_url = image_url or EXAMPLES[vendor]
        peer.keys = lambda: httpx.get(keys_url, timeout=30).content
        peer.pause_seconds, peer.patience_seconds = 5, 300
        yield peer


def _over_http(name: str, vendor: str, url: str, key: str, stack: ExitStack) -> Peer:
    http = httpx.Client(base_url=url, headers=_key(vendor, key), timeout=30, trust_env=False)
    made = PixazoClient if vendor == "pixazo" else FalClient
    client = made(base_url=url, api_key=key, connect_seconds=10, read_seconds=30, connections=2)
    stack.enter_context(closing(http))
    stack.enter_context(closing(client))
    return Peer(
        name=name,
        vendor=vendor,
        http=http,
        client=client,
        image_url="",
        wrong_key=_key(vendor, "wrong"),
    )


def _key(vendor: str, key: str) -> dict[str, str]:
    if vendor == "fal":
        return {"Authorization": f"Key {key}"}
    return {"Ocp-Apim-Subscription-Key": key}
