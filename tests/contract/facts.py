"""What we rely on of the vendors' documents, a fact each, and how to see whether it is so.

A fact returns what was seen instead of what is documented, or nothing. `NotSeen`: it can't be
looked at on this peer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from jobs.gateway import fal, fal_signature, pixazo
from jobs.gateway.answers import REQUEST_ID
from tests.contract.peers import Peer

WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
STATUS_FIELDS = {
    "request_id", "status", "model_id", "error", "output", "created_at", "updated_at",
    "completed_at",
}  # fmt: skip


class NotSeen(Exception):
    """Why this peer can't show it."""


@dataclass(frozen=True)
class Fact:
    """`documented` in words; `difference` is what was seen instead, or ""."""

    vendor: str
    name: str
    documented: str
    difference: Callable[[Peer], str]


FACTS: list[Fact] = []


def fact(vendor: str, documented: str) -> Callable[[Callable[[Peer], str]], Callable[[Peer], str]]:
    def add(look: Callable[[Peer], str]) -> Callable[[Peer], str]:
        name = look.__name__.removeprefix(f"{vendor}_").replace("_", " ")
        FACTS.append(Fact(vendor, name, documented, look))
        return look

    return add


# --- Pixazo ---------------------------------------------------------------------------------
@fact("pixazo", "202 with request_id, status QUEUED and the polling_url of that request")
def pixazo_acceptance(peer: Peer) -> str:
    answer = peer.journey.accepted
    said = _object(answer)
    if answer.status_code != 202:
        return f"answered {answer.status_code}"
    if said.get("status") != "QUEUED":
        return f"status {said.get('status')}"
    path = f"/v2/requests/status/{peer.journey.request_id}"
    return "" if str(said.get("polling_url", "")).endswith(path) else "another polling_url"


@fact("pixazo", "the request's number begins with the model's, and stands in a path as it is")
def pixazo_number(peer: Peer) -> str:
    number = peer.journey.request_id
    if not number.startswith(f"{peer.route.model_id}_"):
        return "begins with something else"
    return "" if REQUEST_ID.fullmatch(number) else "has other characters"


@fact("pixazo", f"a status has {', '.join(sorted(STATUS_FIELDS))}")
def pixazo_status_shape(peer: Peer) -> str:
    missing = STATUS_FIELDS - set(_object(peer.journey.last_status))
    return f"without {', '.join(sorted(missing))}" if missing else ""


@fact("pixazo", "the status words are QUEUED, PROCESSING, COMPLETED, FAILED and ERROR")
def pixazo_status_words(peer: Peer) -> str:
    answers = (peer.journey.first_status, peer.journey.last_status)
    words = {str(_object(answer).get("status")) for answer in answers}
    return ", ".join(sorted(words - pixazo.STATUSES))


@fact("pixazo", "output.media_url is a list of addresses, output.media_type an image's")
def pixazo_output(peer: Peer) -> str:
    output = _object(peer.journey.last_status).get("output") or {}
    urls = output.get("media_url")
    if not isinstance(urls, list) or not urls:
        return f"media_url is {type(urls).__name__}"
    if not str(output.get("media_type")).startswith("image/"):
        return f"media_type {output.get('media_type')}"
    return "" if all(httpx.URL(url).is_absolute_url for url in urls) else "no whole addresses"


@fact("pixazo", "created_at is ISO 8601 with milliseconds and Z")
def pixazo_times_of_a_status(peer: Peer) -> str:
    said = str(_object(peer.journey.last_status).get("created_at"))
    return "" if WITH_ZONE.fullmatch(said) else said


@fact("pixazo", "a callback's updated_at and completed_at have a blank and no zone")
def pixazo_times_of_a_callback(peer: Peer) -> str:
    said = json.loads(_callback(peer).body)
    times = [str(said.get(name)) for name in ("updated_at", "completed_at")]
    return ", ".join(time for time in times if not WITHOUT_ZONE.fullmatch(time))


@fact("pixazo", "X-Webhook-URL is called back, in the mode terminal only at the end, in that shape")
def pixazo_callback(peer: Peer) -> str:
    report = pixazo.read_report(_callback(peer).body)
    if report != peer.journey.report:
        return "says something else than the status"
    sent = [one for one in (peer.callbacks or list)() if report.request_id.encode() in one.body]
    return "" if len(sent) == 1 else f"{len(sent)} callbacks"


@fact("pixazo", "a wrong key is 401")
def pixazo_wrong_key(peer: Peer) -> str:
    return _status_of(peer.post({"img": peer.image_url}, **peer.wrong_key), 401)


@fact("pixazo", '400 {"error": "…"} for a parameter outside its range, not charged')
def pixazo_wrong_parameter(peer: Peer) -> str:
    _unless_fake(peer)
    answer = peer.post({"img": peer.image_url, "scale": 9})
    if different := _status_of(answer, 400):
        return different
    return "" if isinstance(_object(answer).get("error"), str) else "without error"


@fact("pixazo", '400 {"error": "Model not found", "message": "…"} for a model that there is not')
def pixazo_unknown_model(peer: Peer) -> str:
    _unless_fake(peer)
    answer = peer.http.post("/no-such-model/v1/no-such-model/generate", json={})
    if different := _status_of(answer, 400):
        return different
    return "" if _object(answer).get("error") == "Model not found" else "another error"


@fact("pixazo", "(undocumented, our reading) 404 for a request that nobody made")
def pixazo_unknown_request(peer: Peer) -> str:
    number = "gfpgan_019d0000-0000-7000-8000-000000000000"
    return _status_of(peer.http.get(peer.status_path(number)), 404)


# --- fal ------------------------------------------------------------------------------------
@fact("fal", "200 with request_id and the addresses of response, status and cancel")
def fal_acceptance(peer: Peer) -> str:
    answer = peer.journey.accepted
    if different := _status_of(answer, 200):
        return different
    wanted = {"request_id", "response_url", "status_url", "cancel_url"}
    missing = wanted - set(_object(answer))
    return f"without {', '.join(sorted(missing))}" if missing else ""


@fact("fal", "status and response lie under the model's name and the request's number")
def fal_addresses(peer: Peer) -> str:
    said, number = _object(peer.journey.accepted), peer.journey.request_id
    home = f"/{peer.route.endpoint}/requests/{number}"
    if not str(said.get("response_url", "")).endswith(home):
        return "another response_url"
    return (
        "" if str(said.get("status_url", "")).endswith(f"{home}/status") else "another status_url"
    )


@fact("fal", "a status is IN_QUEUE with queue_position, IN_PROGRESS or COMPLETED, with logs")
def fal_status_shape(peer: Peer) -> str:
    for answer in (peer.journey.first_status, peer.journey.last_status):
        said = _object(answer)
        if said.get("status") not in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
            return f"status {said.get('status')}"
        needed = "queue_position" if said["status"] == "IN_QUEUE" else "logs"
        if needed not in said:
            return f"{said['status']} without {needed}"
    return ""


@fact("fal", "202 while it waits, 200 when it is completed")
def fal_status_codes(peer: Peer) -> str:
    for answer in (peer.journey.first_status, peer.journey.last_status):
        done = _object(answer).get("status") == "COMPLETED"
        if different := _status_of(answer, 200 if done else 202):
            return different
    return ""


@fact("fal", "the result has image.url, image.width and image.height")
def fal_result(peer: Peer) -> str:
    assert peer.journey.result is not None
    image = _object(peer.journey.result).get("image") or {}
    missing = {"url", "width", "height"} - set(image)
    return f"without {', '.join(sorted(missing))}" if missing else ""


@fact(
    "fal",
    "a result that fal was asked not to keep (X-Fal-Store-IO: 0) can be asked for all the same",
)
def fal_result_that_is_not_kept(peer: Peer) -> str:
    assert peer.journey.result is not None
    sent = peer.journey.accepted.request.headers
    if any(sent.get(name) != value for name, value in fal.KEEP_LITTLE.items()):
        return "fal was not asked"
    return _status_of(peer.journey.result, 200)


@fact("fal", "a wrong key is 401 with detail")
def fal_wrong_key(peer: Peer) -> str:
    answer = peer.post({"image_url": peer.image_url}, **peer.wrong_key)
    if different := _status_of(answer, 401):
        return different
    return "" if "detail" in _object(answer) else "without detail"


@fact("fal", "404 for a request that nobody made")
def fal_unknown_request(peer: Peer) -> str:
    number = "00000000-0000-4000-8000-00000000dead"
    return _status_of(peer.http.get(peer.status_path(number)), 404)


@fact("fal", "arguments that are wrong are accepted, then COMPLETED with a result that is 422")
def fal_wrong_arguments(peer: Peer) -> str:
    _unless_fake(peer)
    answer = peer.post({"fidelity": 0.5})
    if different := _status_of(answer, 200):
        return different
    number = str(_object(answer)["request_id"])
    report = peer.wait_for(number)
    if report.status != "ERROR":
        return f"ends {report.status}"
    result = peer.http.get(peer.status_path(number).removesuffix("/status"))
    if different := _status_of(result, 422):
        return different
    detail = _object(result).get("detail")
    listed = isinstance(detail, list) and all({"loc", "msg", "type"} <= set(one) for one in detail)
    return "" if listed else "detail is no list of loc, msg, type"


@fact("fal", "the keys are a JSON Web Key Set of Ed25519 keys")
def fal_keys(peer: Peer) -> str:
    assert peer.keys is not None
    return "" if fal_signature.read_keys(peer.keys()) else "no key that we can use"


@fact("fal", "a callback says OK with the result as payload")
def fal_callback(peer: Peer) -> str:
    report = fal.read_report(_callback(peer).body)
    return "" if report == peer.journey.report else "says something else than the status"


@fact("fal", "a callback is signed over its number, user, time and the body's SHA-256")
def fal_callback_signature(peer: Peer) -> str:
    assert peer.keys is not None
    callback = _callback(peer)
    seal = fal_signature.judge(
        httpx.Headers(callback.headers),
        callback.body,
        keys=fal_signature.read_keys(peer.keys()),
        now=datetime.now(UTC),
    )
    return "" if seal == fal_signature.Seal.GENUINE else seal.value


# --- Both -----------------------------------------------------------------------------------
def _understood(peer: Peer) -> str:
    report = peer.journey.report
    if report.status != "COMPLETED":
        return f"{report.status}: {report.error}"
    return "" if report.media_urls else "no picture named"


for _vendor in ("pixazo", "fal"):
    FACTS.append(
        Fact(
            _vendor,
            "our own client reads it",
            "the restoration ends COMPLETED, and a picture is named",
            _understood,
        )
    )


def _object(answer: httpx.Response) -> dict[str, Any]:
    said = answer.json()
    if not isinstance(said, dict):
        raise AssertionError("no JSON object")
    return said


def _status_of(answer: httpx.Response, wanted: int) -> str:
    return "" if answer.status_code == wanted else f"answered {answer.status_code}"


def _callback(peer: Peer) -> Any:
    if peer.callbacks is None:
        raise NotSeen("its callbacks can't reach us here")
    return peer.callback


def _unless_fake(peer: Peer) -> None:
    if peer.is_fake:
        raise NotSeen("the fake accepts everything")
