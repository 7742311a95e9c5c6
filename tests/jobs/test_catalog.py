"""jobs.catalog: what a quote is made of, the vendor's payload, and advice."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.money import dollars
from jobs.catalog import (
    CODEFORMER,
    FLUX_KONTEXT,
    GFPGAN,
    MODELS,
    Quote,
    RestorationModel,
    advice,
    megapixels,
)
from jobs.catalog.quote import PerMegapixel, print_size


def quote(
    model: RestorationModel, width: int, height: int, price: int, cost: int = 0, **said: Any
) -> Quote:
    return model.quote(
        width_px=width,
        height_px=height,
        parameters={**model.defaults(), **said},
        price_micros=price,
        cost_micros=cost,
    )


def test_a_megapixel_is_one_of_the_output_rounded_up_once():
    enlarged = quote(CODEFORMER, 1000, 1000, 2_100, upscale=2)
    assert enlarged.total_micros == 8_400
    assert (enlarged.output_width_px, enlarged.output_height_px) == (2000, 2000)
    assert quote(CODEFORMER, 16, 16, 2_100, upscale=1).total_micros == 1  # never nothing


@example(pixels=768_000_000, unit_micros=123_456_789)  # where a float is one off, every time
@given(pixels=st.integers(1, 10**10), unit_micros=st.integers(1, 10**9))
def test_a_megapixels_price_is_exact_for_any_size_and_rate(pixels: int, unit_micros: int):
    exact = Fraction(pixels * unit_micros, 1_000_000)
    assert PerMegapixel().total(pixels, unit_micros) == ceil(exact)


def test_a_request_costs_the_same_whatever_the_picture():
    assert quote(GFPGAN, 16, 16, 3_100).total_micros == 3_100
    assert quote(GFPGAN, 9000, 9000, 3_100, scale=4).total_micros == 3_100


def test_the_vendors_cost_goes_by_the_same_basis_and_is_rounded_by_itself():
    offer = quote(CODEFORMER, 1920, 1080, 3_000, 2_100, upscale=1)
    assert (offer.total_micros, offer.vendor_cost_micros) == (6_221, 4_355)
    assert quote(GFPGAN, 16, 16, 5_000, 3_100).vendor_cost_micros == 3_100


def test_a_quote_shows_its_arithmetic():
    assert (
        quote(CODEFORMER, 1280, 820, 2_100, upscale=2).explanation
        == "4.1984 MP out × $0.0021, rounded up"
    )
    assert quote(GFPGAN, 1280, 820, 3_100).explanation == "one price for any photo"


def test_a_price_is_told_with_what_it_is_for():
    assert GFPGAN.price_words(3_100) == "$0.0031 a photo"
    assert CODEFORMER.price_words(2_100) == "$0.0021 a megapixel of the result"


@pytest.mark.parametrize(
    ("model", "documented"),
    [
        (FLUX_KONTEXT, {"input_image", "seed", "output_format", "safety_tolerance"}),
        (GFPGAN, {"img", "scale", "version"}),
        (
            CODEFORMER,
            {"image", "codeformer_fidelity", "background_enhance", "face_upsample", "upscale"},
        ),
    ],
)
def test_a_model_knows_every_documented_parameter(model: RestorationModel, documented: set[str]):
    assert {model.usual.image_parameter, *(p.key for p in model.parameters)} == documented


def test_a_payload_has_the_address_and_leaves_out_what_was_left_open():
    payload = FLUX_KONTEXT.usual.payload(
        image_url="https://s3/x", parameters={**FLUX_KONTEXT.defaults(), "seed": None}
    )
    assert payload == {
        "input_image": "https://s3/x",
        "output_format": "png",
        "safety_tolerance": 2,
    }


def test_a_payload_keeps_zero_and_false():
    payload = CODEFORMER.usual.payload(
        image_url="u",
        parameters={
            "codeformer_fidelity": 0.0,
            "background_enhance": False,
            "face_upsample": False,
            "upscale": 1,
        },
    )
    assert payload["codeformer_fidelity"] == 0.0
    assert payload["background_enhance"] is False


def test_advice_warns_of_small_faces_and_of_face_models_without_a_face():
    assert "may not be the same person" in CODEFORMER.advise([210, 34])
    assert "2 faces, the largest 210 px" in GFPGAN.advise([210, 180])
    assert "may not be" not in GFPGAN.advise([210, 180])
    assert "No face found" in GFPGAN.advise([])
    assert "good first choice" in FLUX_KONTEXT.advise([])


def test_settings_are_told_in_the_members_words():
    assert (
        CODEFORMER.words_for({**CODEFORMER.defaults(), "background_enhance": False})
        == "fidelity 0.5; enlarge 2; background only resized; extra detail in faces"
    )
    assert FLUX_KONTEXT.words_for(FLUX_KONTEXT.defaults()) == "file format: PNG, no loss"
    assert "content filter: Strictest" in FLUX_KONTEXT.words_for(
        {**FLUX_KONTEXT.defaults(), "safety_tolerance": 0}
    )
    assert GFPGAN.words_for(GFPGAN.defaults()) == "enlarge 2"  # one version is no choice


def test_keys_name_their_models():
    assert all(model.key == key for key, model in MODELS.items())


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (4_355, "$0.004355"),
        (3_100, "$0.0031"),
        (40_000, "$0.04"),
        (5_000_000, "$5.00"),
        (1_234_500_000, "$1,234.50"),
    ],
)
def test_money_in_words_rounds_nothing_away(micros: int, words: str):
    assert dollars(micros) == words


def test_megapixels_never_say_zero():
    assert megapixels(3072) == "0.003 MP"


# --- The second vendor ----------------------------------------------------------------------
def test_fals_codeformer_is_told_the_same_in_fals_own_words():
    said = {**CODEFORMER.defaults(), "codeformer_fidelity": 0.7, "background_enhance": False}
    assert CODEFORMER.route("fal").payload(image_url="https://x.test/a", parameters=said) == {
        "image_url": "https://x.test/a",
        "fidelity": 0.7,
        "upscaling": 2,
        "face_upscale": True,
    }


def test_what_fal_has_no_word_for_is_never_left_out_of_an_order():
    fal = CODEFORMER.route("fal")
    assert not fal.serves(CODEFORMER.defaults())  # which sharpen the background
    assert fal.serves({**CODEFORMER.defaults(), "background_enhance": False})
    assert all(model.usual.serves(model.defaults()) for model in MODELS.values())


def test_only_codeformer_can_go_anywhere_else():
    ways = {key: [route.vendor for route in model.routes] for key, model in MODELS.items()}
    assert ways == {
        "gfpgan": ["pixazo"],
        "codeformer": ["pixazo", "fal"],
        "flux-kontext": ["pixazo"],
    }
    with pytest.raises(KeyError):
        GFPGAN.route("fal")


@pytest.mark.parametrize(
    ("faces", "key"),
    [([], "flux-kontext"), ([34], "flux-kontext"), ([48], "gfpgan"), ([210, 34], "gfpgan")],
)
def test_what_to_begin_with_follows_from_the_faces_found(faces: list[int], key: str):
    found, why = advice.suggested(faces)
    assert found == key
    assert why
    assert found in MODELS


def test_a_print_is_told_in_centimetres_and_inches():
    assert print_size(3_000, 2_400) == "25.4 × 20.3 cm (10.0 × 8.0 in)"
