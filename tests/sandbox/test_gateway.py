"""The gateway over real sockets on loopback: what the vendor's pages promise."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.gateway import callbacks, fetch, lifecycle
from sandbox.gateway.app import make_app
from sandbox.gateway.callbacks import RETRY_PAUSES_SECONDS
from tests.sandbox.harness import CODEFORMER, FLUX, GFPGAN, KEY, Client, picture, served

pytestmark = pytest.mark.loopback


def requests(gateway: Client) -> list[dict[str, Any]]:
    return gateway("GET", "/_sandbox/requests").json["requests"]


@pytest.mark.parametrize(
    ("path", "parameter", "model"),
    [
        (FLUX, "input_image", "flux-kontext-restore-image"),
        (GFPGAN, "img", "gfpgan"),
        (CODEFORMER, "image", "codeformer-image-restoration"),
    ],
)
def test_each_model_accepts_and_ends_completed(gateway, receiver, path, parameter, model):
    answer = gateway.submit(path, **{parameter: f"{receiver.url}/photo.png"})

    assert answer.status == 202
    request_id = answer.json["request_id"]
    assert request_id.startswith(f"{model}_")
    assert answer.json == {
        "request_id": request_id,
        "status": "QUEUED",
        "polling_url": f"{gateway.url}/v2/requests/status/{request_id}",
    }
    state = gateway.finished(request_id)
    assert set(state) == {
        "request_id",
        "status",
        "model_id",
        "error",
        "output",
        "created_at",
        "updated_at",
        "completed_at",
    }
    assert (state["status"], state["model_id"], state["error"]) == ("COMPLETED", model, None)
    assert state["output"] == {
        "media_url": [f"{gateway.url}/cdn/v1/{request_id}/output.png"],
        "media_type": "image/png",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", state["completed_at"])


def test_before_the_end_there_is_no_output(gateway, receiver):
    gateway.behave(latency_seconds=3600)

    request_id = gateway.submit(img=f"{receiver.url}/photo.png").json["request_id"]

    state = gateway.state(request_id).json
    assert (state["status"], state["output"], state["completed_at"]) == ("QUEUED", None, None)


def test_what_is_held_is_worked_on_and_ends_when_it_is_let_go(gateway, receiver, gateway_settings):
    gateway.behave(held=True)
    request_id = gateway.submit(img=f"{receiver.url}/photo.png").json["request_id"]

    gateway.wait_for((gateway_settings.outputs / request_id / "output.png").exists)
    state = gateway.state(request_id).json
    assert (state["status"], state["output"], state["completed_at"]) == ("PROCESSING", None, None)

    gateway.behave(held=False)
    assert gateway.finished(request_id)["status"] == "COMPLETED"


@pytest.mark.parametrize("key", [{}, {"Ocp-Apim-Subscription-Key": "wrong"}])
def test_without_the_key_nothing_is_said_or_done(gateway, receiver, key):
    body = {"img": f"{receiver.url}/photo.png"}

    assert gateway("POST", GFPGAN, json=body, headers=key).status == 401
    assert gateway("GET", "/v2/requests/status/gfpgan_1", headers=key).status == 401
    assert requests(gateway) == []


def test_an_unknown_request_is_404(gateway):
    assert gateway.state("gfpgan_no-such-thing").status == 404


def test_an_unknown_model_is_400_in_the_documented_words(gateway):
    answer = gateway.submit("/dall-e/v1/dall-e/generate", img="https://x.example/y.png")

    assert answer.status == 400
    assert answer.json == {
        "error": "Model not found",
        "message": "Model 'dall-e' not found or is disabled",
    }


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_400(gateway, body):
    headers = KEY | {"Content-Type": "application/json"}

    assert gateway("POST", GFPGAN, data=body, headers=headers).status == 400


def test_the_output_has_the_promised_size_and_is_public(gateway, receiver):
    request_id = gateway.submit(img=f"{receiver.url}/photo.png", scale=3).json["request_id"]
    gateway.finished(request_id)

    answer = gateway("GET", f"/cdn/v1/{request_id}/output.png")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.body[16:24] == (180).to_bytes(4, "big") + (120).to_bytes(4, "big")


def test_flux_gives_a_jpeg_when_asked(gateway, receiver):
    answer = gateway.submit(FLUX, input_image=f"{receiver.url}/photo.png", output_format="jpg")

    output = gateway.finished(answer.json["request_id"])["output"]

    assert output["media_type"] == "image/jpeg"
    assert output["media_url"][0].endswith("/output.jpg")
    assert gateway("GET", output["media_url"][0].removeprefix(gateway.url)).body[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("dead.png", "Could not fetch the input image: HTTP 403"),
        ("moved.png", "Could not fetch the input image: HTTP 302"),
        ("text.png", "The input is not a readable jpeg, png, gif or webp image"),
    ],
)
def test_an_input_that_cannot_be_had_ends_in_an_error_that_costs_nothing(
    gateway, receiver, name, error
):
    receiver.pictures["text.png"] = b"not a picture"
    request_id = gateway.submit(img=f"{receiver.url}/{name}").json["request_id"]

    state = gateway.finished(request_id)

    assert (state["status"], state["error"], state["output"]) == ("ERROR", error, None)
    assert gateway("GET", "/_sandbox/billing").json["billed_micros"] == 0


def test_a_store_that_stumbles_is_asked_again(gateway, receiver, monkeypatch):
    monkeypatch.setattr(fetch, "PAUSES_SECONDS", (0.01, 0.01))
    receiver.stumbles = 2
    request_id = gateway.submit(img=f"{receiver.url}/photo.png").json["request_id"]

    assert gateway.finished(request_id)["status"] == "COMPLETED"
    assert [entry["status"] for entry in gateway.log("input_fetch")] == [503, 503, 200]


def test_a_store_that_does_not_answer_ends_in_an_error(gateway, monkeypatch):
    monkeypatch.setattr(fetch, "PAUSES_SECONDS", (0.01,))
    request_id = gateway.submit(img="http://127.0.0.1:9/photo.png").json["request_id"]

    assert gateway.finished(request_id)["error"] == (
        "Could not fetch the input image: connection failed"
    )


def test_an_output_that_is_too_large_ends_in_an_error(gateway, receiver):
    receiver.pictures["large.png"] = picture(2000, 1000)
    answer = gateway.submit(CODEFORMER, image=f"{receiver.url}/large.png", upscale=8)

    state = gateway.finished(answer.json["request_id"])

    assert (state["status"], state["error"]) == (
        "ERROR",
        "Output too large: more than 120 megapixels",
    )


def test_what_was_billed_adds_up_at_the_documented_prices(gateway, receiver):
    url = f"{receiver.url}/photo.png"  # 60 × 40
    for path, body in (
        (FLUX, {"input_image": url}),
        (GFPGAN, {"img": url}),
        (CODEFORMER, {"image": url, "upscale": 2}),  # 9,600 pixels: 20.16 micro-dollars
    ):
        gateway.finished(gateway.submit(path, **body).json["request_id"])

    assert gateway("GET", "/_sandbox/billing").json == {
        "billed_requests": 3,
        "billed_micros": 40_000 + 3_100 + 21,
    }


def test_one_callback_tells_the_end_in_the_callbacks_own_time_format(gateway, receiver):
    answer = gateway.submit(img=f"{receiver.url}/photo.png", headers=receiver.hook)
    request_id = answer.json["request_id"]

    callback = gateway.wait_for(lambda: receiver.callbacks)[0]

    state = gateway.finished(request_id)
    assert callback["request_id"] == request_id
    assert callback["output"] == state["output"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", callback["completed_at"])
    assert callback["created_at"] == state["created_at"]
    assert len(receiver.callbacks) == 1


def test_a_callback_that_is_not_taken_comes_again_and_then_stops(gateway, receiver, monkeypatch):
    assert len(RETRY_PAUSES_SECONDS) == 3
    deliver = callbacks.deliver

    async def hasty(*args, **options):
        return await deliver(*args, **options | {"pauses": (0.01, 0.01, 0.01)})

    monkeypatch.setattr(callbacks, "deliver", hasty)
    receiver.answers = [500, 302, 503, 500, 500]

    gateway.submit(img=f"{receiver.url}/photo.png", headers=receiver.hook)

    gateway.wait_for(lambda: len(gateway.log("callback")) == 4)
    assert [entry["status"] for entry in gateway.log("callback")] == [500, 302, 503, 500]


def test_the_sync_mode_also_tells_of_progress(gateway, receiver, monkeypatch):
    monkeypatch.setattr(lifecycle, "SYNC_CYCLE_SECONDS", 0.05)
    gateway.behave(held=True)
    headers = receiver.hook | {"X-Webhook-Mode": "sync"}

    gateway.submit(img=f"{receiver.url}/photo.png", headers=headers)

    def said() -> list[str]:
        return [callback["status"] for callback in receiver.callbacks]

    gateway.wait_for(lambda: {"QUEUED", "PROCESSING"} <= set(said()))
    gateway.behave(held=False)
    gateway.wait_for(lambda: "COMPLETED" in said())
    gateway.wait_for(lambda: requests(gateway)[0]["callback_settled"])
    assert said().count("COMPLETED") == 1


def test_a_restart_takes_up_what_was_left(loop, gateway_settings, receiver):
    with served(loop, make_app(gateway_settings)) as url:
        first = Client(loop, url)
        first.behave(latency_seconds=60)
        answer = first.submit(img=f"{receiver.url}/photo.png", headers=receiver.hook)
        request_id = answer.json["request_id"]

    with served(loop, make_app(gateway_settings)) as url:
        state = Client(loop, url).finished(request_id)
        Client(loop, url).wait_for(lambda: receiver.callbacks)

    assert state["status"] == "COMPLETED"
    assert [callback["request_id"] for callback in receiver.callbacks] == [request_id]
