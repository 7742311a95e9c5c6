"""Whether a callback comes from fal: its Ed25519 signature, by the keys that fal publishes.

Source: fal's documentation, "Verifying Your Webhook". Signed are the request's number, the user's,
the time, and the SHA-256 of the body, a line each. Nothing says which of the published keys was
used, so each is tried.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobs.gateway import errors
from jobs.gateway.bounded import Bounded

TOLERANCE_SECONDS = 300
MOST_KEYS = 20
KEY_BYTES = 32
REQUEST_ID, USER_ID = "X-Fal-Webhook-Request-Id", "X-Fal-Webhook-User-Id"
TIMESTAMP, SIGNATURE = "X-Fal-Webhook-Timestamp", "X-Fal-Webhook-Signature"


class Seal(Enum):
    """What can be said of a callback's signature, and why."""

    GENUINE = "signed by fal"
    WRONG = "signed by none of fal's keys"
    MISSING = "not signed"
    NO_KEYS = "fal's keys are not known yet"
    OTHER_TIME = "signed at another time"

    @property
    def proves_nothing(self) -> bool:
        """Neither that it is fal's nor that it isn't."""
        return self not in (Seal.GENUINE, Seal.WRONG)


def judge(headers: Mapping[str, str], body: bytes, *, keys: Iterable[str], now: datetime) -> Seal:
    """`keys` as `read_keys` gives them."""
    parts = [headers.get(name, "") for name in (REQUEST_ID, USER_ID, TIMESTAMP)]
    try:
        signature = bytes.fromhex(headers.get(SIGNATURE, ""))
        signed_at = int(parts[2])
    except ValueError:
        return Seal.MISSING
    if not signature or not all(parts):
        return Seal.MISSING
    known = list(keys)
    if not known:
        return Seal.NO_KEYS
    message = "\n".join([*parts, hashlib.sha256(body).hexdigest()]).encode("utf-8", "replace")
    if not any(_has_signed(key, signature, message) for key in known):
        return Seal.WRONG
    if abs(now.timestamp() - signed_at) > TOLERANCE_SECONDS:
        return Seal.OTHER_TIME
    return Seal.GENUINE


def fetch_keys(
    url: str, *, seconds: float, transport: httpx.BaseTransport | None = None
) -> list[str]:
    """The keys that are published now. Raises Ambiguous when they can't be had."""
    try:
        with httpx.Client(
            timeout=seconds,
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            transport=Bounded(seconds=seconds, transport=transport),
        ) as client:
            response = client.get(url)
    except httpx.HTTPError as problem:
        raise errors.Ambiguous(f"no answer: {type(problem).__name__}") from problem
    if response.status_code != 200:
        raise errors.Ambiguous(f"answered {response.status_code}")
    keys = read_keys(response.content)
    if not keys:
        raise errors.Ambiguous("no key that we can use")
    return keys


def read_keys(body: bytes) -> list[str]:
    """Of a JSON Web Key Set, the Ed25519 keys' `x`; what else is in it is let be."""
    try:
        found = json.loads(body)["keys"]
        return [
            key["x"]
            for key in found
            if key.get("crv", "Ed25519") == "Ed25519" and len(_raw(key.get("x"))) == KEY_BYTES
        ][:MOST_KEYS]
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return []


def _has_signed(key: str, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(_raw(key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _raw(key: object) -> bytes:
    """Base64url, with or without padding; nothing for what is none."""
    if not isinstance(key, str):
        return b""
    try:
        return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except ValueError:
        return b""
