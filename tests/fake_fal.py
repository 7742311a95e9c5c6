"""fal.ai inside the process, at the other end of the transport; beside tests/fakes.py.

tests/contract runs the same checks on it and on the sandbox, so that it can't drift.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jobs.gateway.fal import FalClient

BASE_URL = "https://queue.fal.test"
KEY = "test-id:test-secret"
CDN = "https://cdn.test/files"

Headers = dict[str, str]


@dataclass
class Signer:
    """Signs callbacks as fal does, with a key of its own."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        """As the key set has it: base64url without padding."""
        raw = self.private.public_key().public_bytes_raw()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def key_set(self) -> dict[str, Any]:
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": self.public, "kid": "1"}]}

    def headers(self, request_id: str, body: bytes, *, at: float | None = None) -> Headers:
        stamp = str(int(time.time() if at is None else at))
        parts = [request_id, "user-1", stamp, hashlib.sha256(body).hexdigest()]
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": "user-1",
            "X-Fal-Webhook-Timestamp": stamp,
            "X-Fal-Webhook-Signature": self.private.sign("\n".join(parts).encode()).hex(),
        }


@dataclass
class FalRequest:
    """One accepted request."""

    request_id: str
    payload: dict[str, Any]
    callback_url: str
    status: str = "IN_QUEUE"
    error_status: int = 0  # of the model's answer, when it failed
    error_detail: Any = None
    error_type: str = ""  # fal's own name of it, when it was not the model that failed

    @property
    def result(self) -> dict[str, Any]:
        url = f"{CDN}/{self.request_id}/output.png"
        return {
            "image": {"url": url, "content_type": "image/png", "width": 64, "height": 48},
            "seed": 1,
        }

    def callback(self) -> bytes:
        said: dict[str, Any] = {
            "request_id": self.request_id,
            "gateway_request_id": self.request_id,
        }
        if self.error_status:
            said |= {
                "status": "ERROR",
                "error": f"Invalid status code: {self.error_status}",
                "payload": {"detail": self.error_detail},
            }
        else:
            said |= {"status": "OK", "error": None, "payload": self.result}
        return json.dumps(said).encode()


@dataclass
class FakeFal:
    """Set `on_submit`, `on_status` or `on_result` to answer (or raise) something else."""

    requests: list[FalRequest] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    signer: Signer = field(default_factory=Signer)
    on_submit: Callable[[httpx.Request], httpx.Response] | None = None
    on_status: Callable[[httpx.Request], httpx.Response] | None = None
    on_result: Callable[[httpx.Request], httpx.Response] | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.client = self.client_with_key(KEY)

    def client_with_key(self, key: str, *, base_url: str = BASE_URL) -> FalClient:
        return FalClient(
            base_url=base_url,
            api_key=key,
            connect_seconds=1,
            read_seconds=1,
            connections=4,
            transport=httpx.MockTransport(self._answer),
        )

    @property
    def last(self) -> FalRequest:
        return self.requests[-1]

    @property
    def submissions(self) -> list[httpx.Request]:
        return [request for request in self.seen if request.method == "POST"]

    def finish(self) -> FalRequest:
        self.last.status = "COMPLETED"
        return self.last

    def fail(
        self, status: int = 500, detail: Any = "Internal error", error_type: str = ""
    ) -> FalRequest:
        self.last.error_status, self.last.error_detail = status, detail
        self.last.error_type = error_type
        return self.finish()

    def accept(self, request: httpx.Request) -> FalRequest:
        accepted = FalRequest(
            request_id=str(uuid.UUID(int=next(self._numbers))),
            payload=json.loads(request.content),
            callback_url=request.url.params.get("fal_webhook", ""),
        )
        self.requests.append(accepted)
        return accepted

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.headers.get("Authorization") != f"Key {KEY}":
            return httpx.Response(401, json={"detail": "Authentication is required."})
        if request.method == "POST":
            return self.on_submit(request) if self.on_submit else self._accepted(request)
        known = next((one for one in self.requests if one.request_id in request.url.path), None)
        if request.url.path.endswith("/status"):
            if self.on_status:
                return self.on_status(request)
            return self._status(known, request) if known else _unknown()
        if self.on_result:
            return self.on_result(request)
        return self._result(known) if known else _unknown()

    def _accepted(self, request: httpx.Request) -> httpx.Response:
        accepted = self.accept(request)
        home = f"{BASE_URL}/fal-ai/codeformer/requests/{accepted.request_id}"
        return httpx.Response(
            200,
            json={
                "status": "IN_QUEUE",
                "request_id": accepted.request_id,
                "response_url": home,
                "status_url": f"{home}/status",
                "cancel_url": f"{home}/cancel",
                "queue_position": 0,
            },
        )

    def _status(self, known: FalRequest, request: httpx.Request) -> httpx.Response:
        said: dict[str, Any] = {
            "status": known.status,
            "request_id": known.request_id,
            "response_url": str(request.url).partition("/status")[0],
            "logs": None,
        }
        if known.status == "IN_QUEUE":
            said["queue_position"] = 0
        if known.status == "COMPLETED":
            said["metrics"] = {"inference_time": 1.2}
        return httpx.Response(200 if known.status == "COMPLETED" else 202, json=said)

    def _result(self, known: FalRequest) -> httpx.Response:
        if known.status != "COMPLETED":
            return httpx.Response(400, json={"detail": "Request is still in progress"})
        if known.error_status:
            named = {"error_type": known.error_type} if known.error_type else {}
            return httpx.Response(known.error_status, json={"detail": known.error_detail, **named})
        return httpx.Response(200, json=known.result)


def _unknown() -> httpx.Response:
    return httpx.Response(404, json={"detail": "Request not found"})
