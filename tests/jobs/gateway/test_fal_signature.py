"""jobs.gateway.fal_signature: who signed a callback, and which keys fal has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from jobs.gateway import errors, fal_signature
from jobs.gateway.fal_signature import TOLERANCE_SECONDS, Seal, fetch_keys, read_keys
from tests.fake_fal import Signer

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODY = b'{"request_id": "r-1", "status": "OK"}'


def signed(signer: Signer, *, body: bytes = BODY, late: float = 0) -> dict[str, str]:
    return signer.headers("r-1", body, at=NOW.timestamp() - late)


def seal_of(headers: dict[str, Any], *, keys: list[str], body: bytes = BODY) -> Seal:
    return fal_signature.judge(headers, body, keys=keys, now=NOW)


def test_what_fal_signed_is_genuine_with_whichever_of_its_keys():
    fal, other = Signer(), Signer()
    assert seal_of(signed(fal), keys=[other.public, fal.public]) == Seal.GENUINE


def test_what_somebody_else_signed_is_wrong():
    assert seal_of(signed(Signer()), keys=[Signer().public]) == Seal.WRONG


def test_each_part_is_signed():
    fal = Signer()
    headers = signed(fal)
    assert seal_of(headers, body=BODY + b" ", keys=[fal.public]) == Seal.WRONG
    for name in ("Request-Id", "User-Id", "Timestamp"):
        changed = headers | {f"X-Fal-Webhook-{name}": "17"}
        assert seal_of(changed, keys=[fal.public]) == Seal.WRONG, name


@pytest.mark.parametrize("name", ["Request-Id", "User-Id", "Timestamp", "Signature"])
@pytest.mark.parametrize("value", [None, "", "no hex, no number"])
def test_without_one_of_the_headers_it_is_not_signed(name: str, value: str | None):
    fal = Signer()
    headers: dict[str, Any] = signed(fal)
    headers.pop(f"X-Fal-Webhook-{name}")
    if value is not None:
        headers[f"X-Fal-Webhook-{name}"] = value
    seal = seal_of(headers, keys=[fal.public])
    assert seal == (Seal.WRONG if value and name.endswith("Id") else Seal.MISSING)


@pytest.mark.parametrize("sign", [1, -1])
def test_five_minutes_may_lie_between_the_clocks(sign: int):
    fal = Signer()
    within, beyond = sign * TOLERANCE_SECONDS, sign * (TOLERANCE_SECONDS + 1)
    assert seal_of(signed(fal, late=within), keys=[fal.public]) == Seal.GENUINE
    assert seal_of(signed(fal, late=beyond), keys=[fal.public]) == Seal.OTHER_TIME


def test_without_keys_nothing_can_be_said():
    assert seal_of(signed(Signer()), keys=[]) == Seal.NO_KEYS


def test_only_a_wrong_signature_says_that_it_is_not_fals():
    assert [seal.name for seal in Seal if seal.proves_nothing] == [
        "MISSING",
        "NO_KEYS",
        "OTHER_TIME",
    ]


# --- The keys -------------------------------------------------------------------------------
def test_the_published_keys_are_read_and_others_let_be():
    fal = Signer()
    key_set = fal.key_set()
    key_set["keys"] += [{"kty": "RSA", "n": "x"}, {"crv": "Ed25519", "x": "c2hvcnQ"}, {"x": 5}]
    assert read_keys(json.dumps(key_set).encode()) == [fal.public]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"keys": 5}', b'{"keys": [5]}', b"[" * 99999]
)
def test_what_is_no_key_set_has_no_keys(body: bytes):
    assert read_keys(body) == []


def answering(status: int, body: Any) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, json=body))


def test_the_keys_are_fetched_without_our_key():
    fal, seen = Signer(), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=fal.key_set())

    url = "https://rest.fal.test/.well-known/jwks.json"
    assert fetch_keys(url, seconds=1, transport=httpx.MockTransport(answer)) == [fal.public]
    assert "Authorization" not in seen[0].headers


@pytest.mark.parametrize("answer", [(500, {}), (302, {}), (200, {}), (200, {"keys": []})])
def test_keys_that_cannot_be_had_are_told(answer: tuple[int, Any]):
    with pytest.raises(errors.Ambiguous):
        fetch_keys("https://x.test/", seconds=1, transport=answering(*answer))


def test_a_wire_that_breaks_is_told():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    with pytest.raises(errors.Ambiguous):
        fetch_keys("https://x.test/", seconds=1, transport=httpx.MockTransport(answer))


def test_the_tolerance_is_fals():
    assert timedelta(seconds=TOLERANCE_SECONDS) == timedelta(minutes=5)
