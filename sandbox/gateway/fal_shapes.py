"""What fal.ai sends for a request: addresses, status, result, and callbacks with their signature.

Source: fal's documentation, "Queue" and "Webhooks", and its page on CodeFormer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox.gateway import shapes
from sandbox.gateway.contract import COMPLETED, FAILED, FAL_CODEFORMER, QUEUED
from sandbox.gateway.faults import CallbackFault
from sandbox.gateway.store import VendorRequest

KEY_FILE = "fal-signing-key"
USER_ID = "sandbox-user"


class Signer:
    """Signs callbacks. The key is made once and kept, for the site keeps what it has read of it."""

    def __init__(self, directory: Path) -> None:
        path = directory / KEY_FILE
        if not path.exists():
            directory.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        self._other = Ed25519PrivateKey.generate()

    def key_set(self) -> dict[str, Any]:
        """As published."""
        raw = self._key.public_key().public_bytes_raw()
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1", "use": "sig"}]}

    def headers(self, request_id: str, body: bytes, *, seal: str) -> dict[str, str]:
        """Of one delivery; `seal` is a `CallbackFault`'s."""
        if seal == "none":
            return {}
        stamp = str(int(time.time()))
        lines = "\n".join([request_id, USER_ID, stamp, hashlib.sha256(body).hexdigest()])
        key = self._key if seal == "genuine" else self._other
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": stamp,
            "X-Fal-Webhook-Signature": key.sign(lines.encode()).hex(),
        }


def status(request: VendorRequest) -> dict[str, Any]:
    """The status endpoint's body."""
    said = addresses(request) | {"logs": None}
    if request.is_terminal:
        return said | {"status": "COMPLETED", "metrics": {"inference_time": 1.0}}
    if request.status == QUEUED:
        return said | {"status": "IN_QUEUE", "queue_position": 0}
    return said | {"status": "IN_PROGRESS"}


def result(request: VendorRequest) -> tuple[dict[str, Any], int]:
    """What the model answered, and with which status."""
    if request.status == COMPLETED:
        return {"image": _image(request), "seed": 1}, 200
    if "refusal" in request.parameters:
        return request.parameters["refusal"], 422
    words = request.error or ""
    if request.status == FAILED:
        detail = [{"loc": ["body", "image_url"], "msg": words, "type": "image_error"}]
        return {"detail": detail}, 422
    return {"detail": words, "error_type": "internal_error"}, 500


def callback(request: VendorRequest) -> dict[str, Any]:
    """A callback's body."""
    payload, code = result(request)
    return {
        "request_id": request.request_id,
        "gateway_request_id": request.request_id,
        "status": "OK" if code == 200 else "ERROR",
        "error": None if code == 200 else f"Invalid status code: {code}",
        "payload": payload,
    }


def _image(request: VendorRequest) -> dict[str, Any] | None:
    """fal's CodeFormer has one picture, whatever else lies there."""
    urls = shapes.output(request)["media_url"]
    if not urls:
        return None
    return {
        "url": urls[0],
        "content_type": request.media_type,
        "file_name": request.output_name,
        "width": request.width_px,
        "height": request.height_px,
    }


def addresses(request: VendorRequest) -> dict[str, Any]:
    """What an accepted request is answered with."""
    home = f"{request.base_url}{FAL_CODEFORMER.path}/requests/{request.request_id}"
    return {
        "status": "IN_QUEUE",
        "request_id": request.request_id,
        "response_url": home,
        "status_url": f"{home}/status",
        "cancel_url": f"{home}/cancel",
        "queue_position": 0,
    }


def sealed_body(
    signer: Signer, request: VendorRequest, fault: CallbackFault | None
) -> tuple[bytes, dict[str, str]]:
    """A callback as it goes out: its bytes, and the headers that sign them."""
    payload = callback(request)
    if fault and fault.edit_fal:
        payload = fault.edit_fal(payload)
    body = json.dumps(payload).encode()
    seal = fault.seal if fault else "genuine"
    return body, signer.headers(request.request_id, body, seal=seal)
