"""A vendor inside the process, at the other end of the transport.

It keeps Pixazo's contract as far as the steps need it; tests/contract runs the same checks on it
and on the sandbox, so that it can't drift.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image

from jobs.gateway.output import OutputFetcher
from jobs.gateway.pixazo import PixazoClient

BASE_URL = "https://gateway.test"
KEY = "test-key"
CDN = "https://cdn.test/v1"


def png(width: int = 64, height: int = 48, colour: str = "tan") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Request:
    """One accepted request."""

    request_id: str
    payload: dict[str, Any]
    callback_url: str
    status: str = "QUEUED"
    error: str | None = None
    media_urls: list[str] | None = None

    def report(self) -> dict[str, Any]:
        """The documented status body, which is the callback's too."""
        done = self.status == "COMPLETED"
        urls = self.media_urls
        if urls is None:
            urls = [f"{CDN}/{self.request_id}/output.png"]
        return {
            "request_id": self.request_id,
            "status": self.status,
            "model_id": self.request_id.partition("_")[0],
            "error": self.error,
            "output": {"media_url": urls, "media_type": "image/png"} if done else None,
            "created_at": "2026-05-22T13:17:32.110Z",
            "updated_at": "2026-05-22 13:19:23",
            "completed_at": "2026-05-22 13:19:23" if done else None,
        }

    def callback(self) -> bytes:
        return json.dumps(self.report()).encode()


@dataclass
class FakeVendor:
    """Set `on_submit` or `on_status` to answer (or raise) something else."""

    requests: list[Request] = field(default_factory=list)
    submissions: list[httpx.Request] = field(default_factory=list)
    status_requests: list[str] = field(default_factory=list)
    output: bytes = field(default_factory=png)
    on_submit: Callable[[httpx.Request], httpx.Response] | None = None
    on_status: Callable[[httpx.Request], httpx.Response] | None = None
    on_output: Callable[[httpx.Request], httpx.Response] | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.client = self.client_with_key(KEY)
        self.outputs = OutputFetcher(
            allowed_hosts=["cdn.test"],
            sandbox_hosts=["cdn.test"],
            max_bytes=50_000_000,
            deadline_seconds=60,
            transport=httpx.MockTransport(self._answer),
        )

    def client_with_key(self, key: str) -> PixazoClient:
        return PixazoClient(
            base_url=BASE_URL,
            api_key=key,
            connect_seconds=1,
            read_seconds=1,
            connections=4,
            transport=httpx.MockTransport(self._answer),
        )

    @property
    def last(self) -> Request:
        return self.requests[-1]

    def finish(self, status: str = "COMPLETED", *, error: str | None = None) -> Request:
        self.last.status, self.last.error = status, error
        return self.last

    def accept(self, request: httpx.Request) -> Request:
        model_id = request.url.path.split("/")[1]
        accepted = Request(
            request_id=f"{model_id}_{next(self._numbers):04d}",
            payload=json.loads(request.content),
            callback_url=request.headers.get("X-Webhook-URL", ""),
        )
        self.requests.append(accepted)
        return accepted

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "cdn.test":
            return (
                self.on_output(request)
                if self.on_output
                else httpx.Response(200, content=self.output)
            )
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return httpx.Response(401, json={"error": "Unauthorized"})
        if request.method == "GET":
            return self._status(request)
        self.submissions.append(request)
        if self.on_submit:
            return self.on_submit(request)
        accepted = self.accept(request)
        return httpx.Response(
            202,
            json={
                "request_id": accepted.request_id,
                "status": "QUEUED",
                "polling_url": f"{BASE_URL}/v2/requests/status/{accepted.request_id}",
            },
        )

    def _status(self, request: httpx.Request) -> httpx.Response:
        request_id = request.url.path.rpartition("/")[2]
        self.status_requests.append(request_id)
        if self.on_status:
            return self.on_status(request)
        for known in self.requests:
            if known.request_id == request_id:
                return httpx.Response(200, json=known.report())
        return httpx.Response(404, json={"error": "Not found"})
