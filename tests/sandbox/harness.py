"""What the gateway's tests stand on: servers on loopback, a client, and the site's side."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web
from PIL import Image

KEY = {"Ocp-Apim-Subscription-Key": "sandbox-key"}
GFPGAN = "/gfpgan/v1/gfpgan/generate"
FLUX = "/flux-kontext-restore-image/v1/flux-kontext-restore-image/generate"
CODEFORMER = "/codeformer-image-restoration/v1/codeformer/generate"


class Loop:
    """An event loop on a thread of its own, for tests that are plain functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[Any], timeout: float = 30) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)  # type: ignore[arg-type]
        return future.result(timeout)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@dataclass
class Answer:
    """A response that has been read."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any = None


@dataclass
class Client:
    """Plain calls to one server."""

    loop: Loop
    url: str

    def __call__(self, method: str, path: str, **options: Any) -> Answer:
        return self.loop.run(self._ask(method, path, **options))

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, allow_redirects=False, **options) as response,
        ):
            body = await response.read()
            is_json = response.content_type == "application/json"
            parsed = await response.json() if is_json else None
            return Answer(response.status, dict(response.headers), body, parsed)

    def submit(self, path: str = GFPGAN, *, headers: dict[str, str] | None = None, **body: Any):
        return self("POST", path, json=body, headers=KEY | (headers or {}))

    def state(self, request_id: str) -> Answer:
        return self("GET", f"/v2/requests/status/{request_id}", headers=KEY)

    def behave(self, **wanted: Any) -> Answer:
        return self("POST", "/_sandbox/faults", json=wanted)

    def log(self, kind: str) -> list[dict[str, Any]]:
        return self("GET", f"/_sandbox/requests?kind={kind}").json["log"]

    def finished(self, request_id: str, timeout: float = 15) -> dict[str, Any]:
        """The status once it is terminal."""
        return self.wait_for(
            lambda: (
                state
                if (state := self.state(request_id).json)["status"]
                in ("COMPLETED", "FAILED", "ERROR")
                else None
            ),
            timeout,
        )

    def wait_for(self, look: Callable[[], Any], timeout: float = 15) -> Any:
        """What `look` returns once that is something."""
        deadline = threading.Event()
        for _ in range(int(timeout / 0.03)):
            if found := look():
                return found
            deadline.wait(0.03)
        raise AssertionError("it did not happen in time")


@dataclass
class Receiver:
    """The site's side: hands out pictures and takes callbacks."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    called: list[str] = field(default_factory=list)  # the path of each callback
    pictures: dict[str, bytes] = field(default_factory=dict)
    stumbles: int = 0  # how many times it answers 503 before it gives a picture

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.Response:
            assert request.content_type == "application/json"
            self.callbacks.append(await request.json())
            self.called.append(request.path)
            return web.Response(status=self.answers.pop(0) if self.answers else 200)

        async def give(request: web.Request) -> web.Response:
            name = request.match_info["name"]
            if self.stumbles:
                self.stumbles -= 1
                return web.Response(status=503)
            if name == "moved.png":
                raise web.HTTPFound("/photo.png")
            if name not in self.pictures:
                return web.Response(status=403)
            return web.Response(body=self.pictures[name])

        app = web.Application()
        app.router.add_post("/hook", take)
        app.router.add_post("/webhooks/pixazo/{token}/", take)
        app.router.add_get("/{name}", give)
        return app

    @property
    def hook(self) -> dict[str, str]:
        return {"X-Webhook-URL": f"{self.url}/hook"}


@contextmanager
def served(loop: Loop, app: web.Application) -> Iterator[str]:
    """The address at which `app` runs."""
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    loop.run(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run(site.start())
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        loop.run(runner.cleanup())


def picture(width: int = 60, height: int = 40, kind: str = "png") -> bytes:
    """A small gradient."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    pixels = np.stack([x, y, 255 - x], axis=2).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()
