"""The vendor's documented contract: the three models, their parameters, prices, texts and shapes.

Source: Pixazo's pages "Flux Kontext Image Restoration API", "GFPGAN Image Restore API" and
"CodeFormer Image Restoration API" (2026). Where a page gives no text for a rule, the text here is
in the wording of the flux page. Everything is pure: no sockets, no files.
"""

from __future__ import annotations

import ipaddress
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

QUEUED, PROCESSING, COMPLETED = "QUEUED", "PROCESSING", "COMPLETED"
FAILED, ERROR = "FAILED", "ERROR"
TERMINAL = frozenset({COMPLETED, FAILED, ERROR})

KEY_HEADER = "Ocp-Apim-Subscription-Key"
WEBHOOK_URL_HEADER, WEBHOOK_MODE_HEADER = "X-Webhook-URL", "X-Webhook-Mode"
WEBHOOK_MODES = ("terminal", "sync")


class Invalid(ValueError):
    """A request that the vendor answers with 400; the message is the vendor's text."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An optional body field: its default, what is allowed, and how the refusal ends."""

    name: str
    default: Any
    allows: Callable[[Any], bool]
    must_be: str

    def read(self, body: Mapping[str, Any]) -> Any:
        value = body.get(self.name, self.default)
        if self.name in body and not self.allows(value):
            raise Invalid(f"{self.name} must be {self.must_be}")
        return value


@dataclass(frozen=True, slots=True)
class VendorModel:
    """One model: where it lives, what it takes, what it costs (micro-dollars)."""

    model_id: str
    path: str
    image_parameter: str
    parameters: tuple[Parameter, ...]
    price_micros: int
    per_megapixel: bool = False

    def read(self, body: Any) -> tuple[str, dict[str, Any]]:
        """The input URL and the parameters with defaults filled in. Raises `Invalid`."""
        if not isinstance(body, dict):
            raise Invalid("Request body must be a JSON object")
        url = body.get(self.image_parameter)
        if not isinstance(url, str) or not url:
            raise Invalid(f"{self.image_parameter} is required and must be a string URL")
        if not is_url(url):
            raise Invalid(f"{self.image_parameter} must be a valid URL")
        return url, {parameter.name: parameter.read(body) for parameter in self.parameters}

    def bill(self, width_px: int, height_px: int) -> int:
        """Micro-dollars for a COMPLETED output of this size, rounded up once."""
        if not self.per_megapixel:
            return self.price_micros
        return -(-self.price_micros * width_px * height_px // 1_000_000)


def _integer(low: int, high: int | None = None) -> Callable[[Any], bool]:
    def allows(value: Any) -> bool:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and low <= value and (high is None or value <= high)

    return allows


def _number(low: float, high: float) -> Callable[[Any], bool]:
    def allows(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and low <= value <= high

    return allows


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


MODELS = (
    VendorModel(
        "flux-kontext-restore-image",
        "/flux-kontext-restore-image/v1/flux-kontext-restore-image/generate",
        "input_image",
        (
            Parameter(
                "output_format", "png", lambda value: value in ("jpg", "png"), "one of: jpg, png"
            ),
            Parameter("safety_tolerance", 2, _integer(0, 2), "an integer in [0, 2]"),
            Parameter("seed", None, _integer(0), "a non-negative integer"),
        ),
        40_000,
    ),
    VendorModel(
        "gfpgan",
        "/gfpgan/v1/gfpgan/generate",
        "img",
        (
            Parameter("scale", 2, _integer(1, 4), "an integer in [1, 4]"),
            Parameter(
                "version",
                "v1.4",
                lambda value: isinstance(value, str) and bool(value),
                "a non-empty string",
            ),
        ),
        3_100,
    ),
    VendorModel(
        "codeformer-image-restoration",
        "/codeformer-image-restoration/v1/codeformer/generate",
        "image",
        (
            Parameter("codeformer_fidelity", 0.5, _number(0, 1), "a number in [0, 1]"),
            Parameter("background_enhance", True, _boolean, "a boolean"),
            Parameter("face_upsample", True, _boolean, "a boolean"),
            Parameter("upscale", 2, _integer(1, 8), "an integer in [1, 8]"),
        ),
        2_100,
        per_megapixel=True,
    ),
)
# The second vendor's (`fal.py` reads its bodies).
FAL_CODEFORMER = VendorModel(
    "fal-ai/codeformer", "/fal/fal-ai/codeformer", "image_url", (), 2_100, per_megapixel=True
)
BY_PATH: Mapping[str, VendorModel] = {model.path: model for model in MODELS}
BY_ID: Mapping[str, VendorModel] = {model.model_id: model for model in (*MODELS, FAL_CODEFORMER)}


def is_url(text: str) -> bool:
    """Whether this is an absolute http or https URL with a host."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_webhook(headers: Mapping[str, str], body: Mapping[str, Any]) -> tuple[str | None, str]:
    """The callback URL (None for none) and its mode. Raises `Invalid`.

    "HTTPS required: plain http:// URLs are rejected" (Delivery semantics), except to loopback,
    where the whole sandbox lives. The body's `webhook` is checked and then left alone: the pages
    do not say what its callbacks look like.
    """
    url = headers.get(WEBHOOK_URL_HEADER)
    for candidate in (url, body.get("webhook")):
        if candidate is not None and not _is_webhook_url(candidate):
            raise Invalid("Invalid webhook URL")
    mode = headers.get(WEBHOOK_MODE_HEADER, "terminal").lower()
    if mode not in WEBHOOK_MODES:
        raise Invalid(f"{WEBHOOK_MODE_HEADER} must be one of: {', '.join(WEBHOOK_MODES)}")
    return url, mode


def _is_webhook_url(url: Any) -> bool:
    if not isinstance(url, str) or not is_url(url):
        return False
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def new_request_id(model_id: str) -> str:
    """``<model_id>_<uuid version 7>``, as in the documented examples (RFC 9562, section 5.7)."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{model_id}_{uuid.UUID(int=value)}"


def stamp(at: float) -> str:
    """A time (Unix seconds) as the status endpoint writes it: ``2026-05-01T14:30:28.735Z``."""
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def callback_stamp(at: float) -> str:
    """A time as callbacks write updates: ``2026-05-22 13:19:23``, UTC without saying so."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
