"""The sandbox's fal: refusals in fal's words, and callbacks that lie, by the same faults.

What it says when all is well is in tests/contract/facts.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.gateway.fal_signature import Seal, judge, read_keys
from tests.contract.peers import SETTINGS, Callback, Peer, sandbox

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def fal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with sandbox("fal", tmp_path_factory.mktemp("fal")) as peer:
        yield peer


def post(fal: Peer, fault: str) -> httpx.Response:
    payload = fal.route.payload(image_url=fal.image_url, parameters=SETTINGS["fal"])
    return fal.post(payload, **{"X-Sandbox-Fault": fault})


def seal_of(fal: Peer, callback: Callback) -> Seal:
    assert fal.keys is not None
    keys = read_keys(fal.keys())
    headers = httpx.Headers(callback.headers)
    return judge(headers, callback.body, keys=keys, now=datetime.now(UTC))


def callback_of(fal: Peer, request_id: str) -> Callback:
    fal.wait_for(request_id)
    for _ in range(300):
        for one in fal.callbacks() if fal.callbacks else []:
            if request_id in (one.headers.get("X-Fal-Webhook-Request-Id"), _number(one)):
                return one
        httpx.get(f"{fal.image_url}", trust_env=False)
    raise AssertionError("no callback came")


def _number(callback: Callback) -> str:
    return str(httpx.Response(200, content=callback.body).json()["request_id"])


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("payment_required", 403, "User is locked. Reason: Exhausted balance."),
        ("forbidden", 403, "User is locked. Reason: Admin lock."),
        ("unauthorized", 401, "Authentication is required"),
        ("rate_limited", 429, "Too many requests"),
        ("server_error", 500, "Internal Server Error"),
    ],
)
def test_a_refusal_is_in_fals_words(fal: Peer, fault: str, status: int, words: str):
    answer = post(fal, fault)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(words)


@pytest.mark.parametrize(("fault", "status"), [("failed", 422), ("error", 500)])
def test_what_fails_is_completed_with_an_error_for_a_result(fal: Peer, fault: str, status: int):
    request_id = post(fal, fault).json()["request_id"]
    assert fal.wait_for(request_id).status == "ERROR"
    last = fal.http.get(fal.status_path(request_id))
    assert last.json()["status"] == "COMPLETED"
    result = fal.http.get(fal.status_path(request_id).removesuffix("/status"))
    assert result.status_code == status
    callback: Any = httpx.Response(200, content=callback_of(fal, request_id).body).json()
    assert (callback["status"], callback["error"]) == ("ERROR", f"Invalid status code: {status}")


@pytest.mark.parametrize(
    ("fault", "seal"),
    [
        ("callback_forged", Seal.GENUINE),  # it lies, but it is fal's
        ("callback_unsigned", Seal.MISSING),
        ("callback_missigned", Seal.WRONG),
    ],
)
def test_callbacks_can_be_signed_by_fal_by_another_or_by_nobody(fal: Peer, fault: str, seal: Seal):
    request_id = post(fal, fault).json()["request_id"]
    assert seal_of(fal, callback_of(fal, request_id)) == seal


def test_its_bill_is_not_in_the_other_vendors_export(fal: Peer):
    request_id = fal.journey.request_id
    home = str(fal.http.base_url).rstrip("/").removesuffix("/fal")
    usage = httpx.get(f"{home}/_sandbox/usage.csv", trust_env=False).text
    assert request_id not in usage
    billing = httpx.get(f"{home}/_sandbox/billing", trust_env=False).json()
    assert billing["billed_micros"] > 0


def test_its_key_outlives_a_restart(tmp_path: Path):
    seen = []
    for _ in range(2):
        with sandbox("fal", tmp_path) as peer:
            assert peer.keys is not None
            seen.append(read_keys(peer.keys()))
    assert seen[0] == seen[1] != []
