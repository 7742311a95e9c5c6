"""The vendor's documents, sentence by sentence, without a socket."""

from __future__ import annotations

import re

import pytest

from sandbox.gateway.contract import (
    BY_ID,
    Invalid,
    callback_stamp,
    new_request_id,
    read_webhook,
    stamp,
)

URL = "https://photos.example/one.png"
FLUX, GFPGAN, CODEFORMER = "flux-kontext-restore-image", "gfpgan", "codeformer-image-restoration"


@pytest.mark.parametrize(
    ("model", "body", "text"),
    [
        (FLUX, {}, "input_image is required and must be a string URL"),
        (FLUX, {"input_image": 7}, "input_image is required and must be a string URL"),
        (FLUX, {"input_image": "photo.png"}, "input_image must be a valid URL"),
        (FLUX, {"output_format": "gif"}, "output_format must be one of: jpg, png"),
        (FLUX, {"safety_tolerance": 3}, "safety_tolerance must be an integer in [0, 2]"),
        (FLUX, {"safety_tolerance": 1.0}, "safety_tolerance must be an integer in [0, 2]"),
        (FLUX, {"seed": -1}, "seed must be a non-negative integer"),
        (FLUX, {"seed": True}, "seed must be a non-negative integer"),
        (GFPGAN, {"img": None}, "img is required and must be a string URL"),
        (GFPGAN, {"scale": 0}, "scale must be an integer in [1, 4]"),
        (GFPGAN, {"scale": 5}, "scale must be an integer in [1, 4]"),
        (CODEFORMER, {"image": "ftp://x/y"}, "image must be a valid URL"),
        (CODEFORMER, {"upscale": 9}, "upscale must be an integer in [1, 8]"),
        (
            CODEFORMER,
            {"codeformer_fidelity": 1.1},
            "codeformer_fidelity must be a number in [0, 1]",
        ),
        (CODEFORMER, {"background_enhance": 1}, "background_enhance must be a boolean"),
        (CODEFORMER, {"face_upsample": "yes"}, "face_upsample must be a boolean"),
    ],
)
def test_a_wrong_body_is_refused_in_the_vendors_words(model, body, text):
    vendor = BY_ID[model]
    given = body if vendor.image_parameter in body or not body else {vendor.image_parameter: URL}

    with pytest.raises(Invalid, match=f"^{re.escape(text)}$"):
        vendor.read(given | body)


@pytest.mark.parametrize(
    ("model", "defaults"),
    [
        (FLUX, {"output_format": "png", "safety_tolerance": 2, "seed": None}),
        (GFPGAN, {"scale": 2, "version": "v1.4"}),
        (
            CODEFORMER,
            {
                "codeformer_fidelity": 0.5,
                "background_enhance": True,
                "face_upsample": True,
                "upscale": 2,
            },
        ),
    ],
)
def test_what_is_left_out_has_the_documented_default(model, defaults):
    vendor = BY_ID[model]

    assert vendor.read({vendor.image_parameter: URL}) == (URL, defaults)


@pytest.mark.parametrize(
    ("model", "width", "height", "micros"),
    [
        (FLUX, 4000, 3000, 40_000),
        (GFPGAN, 4000, 3000, 3_100),
        (CODEFORMER, 2000, 2000, 8_400),
        (CODEFORMER, 1920, 1080, 4_355),  # "1080p image (~2.1 MP) is about $0.0044"
        (CODEFORMER, 1, 1, 1),
    ],
)
def test_a_completed_request_is_billed_at_the_documented_price(model, width, height, micros):
    assert BY_ID[model].bill(width, height) == micros


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://heirloom.example/hook", True),
        ("http://heirloom.example/hook", False),
        ("http://127.0.0.1:8000/hook", True),
        ("http://localhost:8000/hook", True),
        ("http://127.0.0.1.heirloom.example/hook", False),
        ("javascript:alert(1)", False),
        ("https://", False),
    ],
)
def test_callbacks_go_over_https_except_on_this_machine(url, fine):
    if fine:
        assert read_webhook({"X-Webhook-URL": url}, {}) == (url, "terminal")
    else:
        with pytest.raises(Invalid, match=r"^Invalid webhook URL$"):
            read_webhook({"X-Webhook-URL": url}, {})


def test_a_request_id_is_the_model_and_a_version_7_uuid():
    first, second = new_request_id("gfpgan"), new_request_id("gfpgan")

    assert re.fullmatch(
        r"gfpgan_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-.{12}", first
    )
    assert first != second


def test_the_status_and_the_callback_write_their_times_differently():
    assert stamp(1779455963.5) == "2026-05-22T13:19:23.500Z"
    assert callback_stamp(1779455963.5) == "2026-05-22 13:19:23"
